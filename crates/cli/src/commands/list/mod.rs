//! `chainrule list`: what can be chosen, with settings and defaults.

pub mod args;

use std::fmt::Write;
use std::process::ExitCode;

use chainrule_conformance::catalogue::{Entry, Facts, List, catalogue, markdown};
use serde_json::json;

use crate::failure::Failure;
use crate::flags::names::only;
use crate::terminal::console::print;
use args::{Form, ListArgs};

/// Prints the lists with their settings and defaults.
///
/// # Errors
/// A list that is not there, or standard output that cannot be written.
pub fn run(args: &ListArgs) -> Result<ExitCode, Failure> {
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
        let entry = |entry: &Entry| {
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

/// The properties of an activation; a bound that there is not is null.
fn properties(facts: &Facts) -> serde_json::Value {
    let kinks =
        facts.kinks.iter().map(|(at, derivative)| json!({ "at": at, "derivative": derivative }));
    json!({
        "range": facts.range, "kinks": kinks.collect::<Vec<_>>(), "lipschitz": facts.lipschitz,
        "responsive": facts.responsive, "derivative_from": facts.derivative_from(),
        "can_die": facts.can_die, "gain": facts.gain,
    })
}
