//! The subcommands that show and check the lists: `list`, `gradcheck`, `conformance`.

use std::fmt::Write;
use std::process::ExitCode;

use chainrule_conformance::catalogue::{Facts, List, catalogue, markdown};
use chainrule_conformance::{Checked, derivatives, families};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::commands::digits::run::RunError;
use crate::terminal::console::{Console, print};
use crate::text::shown::shown;

/// The lists to print.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Only this list: activations, losses, initialisers, layers, optimizers, schedules or metrics
    pub list: Option<String>,

    /// In which form
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub format: Form,

    /// As JSON; short for `--format json`
    #[arg(long)]
    pub json: bool,
}

/// The lists to check.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Only this family
    pub family: Option<String>,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// One line for each entry
    Text,
    /// One object
    Json,
    /// A table for each list
    Markdown,
}

/// Prints the lists with their settings and defaults.
///
/// # Errors
/// A list that is not there, or standard output that cannot be written.
pub fn list(args: &ListArgs) -> Result<ExitCode, RunError> {
    let lists = only(catalogue(), args.list.as_deref(), "list", |list| list.name)?;
    print(&match if args.json { Form::Json } else { args.format } {
        Form::Text => text(&lists),
        Form::Json => format!("{}\n", object(&lists)),
        Form::Markdown => markdown(&lists),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn text(lists: &[List]) -> String {
    let mut out = String::new();
    for list in lists {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}", list.name);
        let texts: Vec<String> = list.entries.iter().map(|entry| entry.text()).collect();
        let width =
            texts.iter().map(|text| text.len()).filter(|&length| length <= 48).max().unwrap_or(0);
        for (entry, text) in list.entries.iter().zip(texts) {
            let _ = writeln!(out, "  {text:width$}  {}", entry.formula);
        }
    }
    out
}

fn object(lists: &[List]) -> serde_json::Value {
    let entries = |list: &List| -> Vec<serde_json::Value> {
        let entry = |entry: &chainrule_conformance::catalogue::Entry| {
            let settings: serde_json::Map<_, _> = entry
                .settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
                .collect();
            let mut object =
                json!({ "name": entry.name, "formula": entry.formula, "settings": settings });
            let about = entry.fields.iter().map(|field| {
                let stated = json!({ "means": field.summary(), "rule": field.rule });
                (field.name.to_owned(), stated)
            });
            let about: serde_json::Map<_, _> = about.collect();
            if !about.is_empty() {
                object["about"] = about.into();
            }
            if !entry.aliases.is_empty() {
                object["aliases"] = entry.aliases.clone().into();
            }
            if let Some(facts) = &entry.facts {
                object["properties"] = properties(facts);
            }
            object
        };
        list.entries.iter().map(entry).collect()
    };
    lists
        .iter()
        .map(|list| (list.name.to_owned(), entries(list).into()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The known facts of an activation; a bound that there is not is null.
fn properties(facts: &Facts) -> serde_json::Value {
    let kinks =
        facts.kinks.iter().map(|(at, derivative)| json!({ "at": at, "derivative": derivative }));
    json!({
        "range": facts.range, "kinks": kinks.collect::<Vec<_>>(), "lipschitz": facts.lipschitz,
        "responsive": facts.responsive, "derivative_from": facts.derivative_from(),
        "can_die": facts.can_die, "gain": facts.gain,
    })
}

/// Compares the derivatives of every entry of every list with differences.
///
/// # Errors
/// A family that is not there, or standard output that cannot be written.
pub fn gradcheck(args: &CheckArgs, console: Console) -> Result<ExitCode, RunError> {
    let families =
        only(derivatives::families(), args.family.as_deref(), "family", |family| family.name)?;
    tell(families.iter().map(|family| family.run()), args.json, console)
}

/// Compares chainrule with the cases that published packages wrote.
///
/// # Errors
/// A family that is not there, or standard output that cannot be written.
pub fn conformance(args: &CheckArgs, console: Console) -> Result<ExitCode, RunError> {
    let families = only(families(), args.family.as_deref(), "family", |family| family.name)?;
    tell(families.iter().map(|family| family.run()), args.json, console)
}

/// Prints each family's counts as soon as it is checked, then what failed.
fn tell(
    reports: impl Iterator<Item = Checked>,
    json: bool,
    console: Console,
) -> Result<ExitCode, RunError> {
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
        console.complain(&format!("error: {failed} checks failed"));
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// All, or the one of this name.
fn only<F>(
    all: Vec<F>,
    name: Option<&str>,
    what: &'static str,
    name_of: impl Fn(&F) -> &'static str,
) -> Result<Vec<F>, RunError> {
    let Some(name) = name else { return Ok(all) };
    let known = all.iter().map(&name_of).collect::<Vec<_>>().join(", ");
    let found: Vec<F> = all.into_iter().filter(|one| name_of(one) == name).collect();
    if found.is_empty() {
        Err(RunError::Unknown { what, name: shown(name), known })
    } else {
        Ok(found)
    }
}
