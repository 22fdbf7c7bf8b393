use std::fmt;

use super::{Ledger, Local};

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d {}/d {}", self.value, self.operand)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "d {}/d {} {}: norm {:.3e}", self.loss, self.parameter, self.shape, self.norm)?;
        writeln!(
            f,
            "{}, {}; {} with the table, {} without",
            counted(self.operations as f64, "operation"),
            counted(self.paths, "path"),
            counted(self.with_table as f64, "local derivative"),
            number(self.without_table)
        )?;
        let width =
            self.locals.iter().map(|local| local.to_string().chars().count()).max().unwrap_or(0);
        for local in &self.locals {
            let [rows, columns] = local.jacobian();
            let about = if local.estimated { "about " } else { "" };
            let shape = format!("[{rows} x {columns}]");
            writeln!(
                f,
                "  {:<width$}  {shape:>12}  norm {about}{:.3e}",
                local.to_string(),
                local.norm
            )?;
        }
        for (path, number) in self.listed.iter().zip(1..) {
            let factors: Vec<String> =
                path.locals.iter().map(|&local| self.locals[local].to_string()).collect();
            let product = if factors.is_empty() { "1".to_owned() } else { factors.join(" . ") };
            writeln!(
                f,
                "path {number}: {product}: norm {:.3e} of at most {:.3e}",
                path.norm, path.bound
            )?;
        }
        let more = self.paths - self.listed.len() as f64;
        if more > 0.0 { writeln!(f, "and {} more", counted(more, "path")) } else { Ok(()) }
    }
}

fn counted(count: f64, what: &str) -> String {
    format!("{} {what}{}", number(count), if count == 1.0 { "" } else { "s" })
}

/// A count, exactly while it is short.
fn number(count: f64) -> String {
    if count < 1e15 { format!("{count}") } else { format!("{count:.3e}") }
}
