//! Checks of the library, as they are told.

use std::io;
use std::process::ExitCode;

use chainrule_conformance::Checked;
use serde_json::json;

use crate::terminal::console::{Console, print};

/// Prints each family's counts as soon as it is checked, then what failed.
///
/// # Errors
/// Standard output that cannot be written.
pub fn tell(reports: impl Iterator<Item = Checked>, json: bool) -> io::Result<ExitCode> {
    let (mut objects, mut failed) = (serde_json::Map::new(), 0);
    for report in reports {
        let Checked { family, source, passed, failures, skipped } = &report;
        failed += failures.len();
        let skipped: usize = skipped.iter().map(|skipped| skipped.cases).sum();
        if json {
            let failures: Vec<_> =
                failures.iter().map(|(name, why)| json!({ "case": name, "reason": why })).collect();
            objects.insert(
                (*family).to_owned(),
                json!({
                    "source": source, "passed": passed, "failed": failures.len(),
                    "failures": failures, "skipped": skipped,
                }),
            );
            continue;
        }
        let left_out =
            if skipped == 0 { String::new() } else { format!(", {skipped} not expressible") };
        print(&format!(
            "{family:14} {passed:4} passed, {} failed{left_out}   {source}\n",
            failures.len()
        ))?;
        for (name, why) in failures {
            print(&format!("  {name}: {why}\n"))?;
        }
    }
    if json {
        print(&format!("{}\n", serde_json::Value::from(objects)))?;
    }
    if failed > 0 {
        Console::new(false, json).complain(&format!("error: {failed} checks failed"));
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
