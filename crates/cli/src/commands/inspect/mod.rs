//! `chainrule inspect`: what a saved network is.

pub mod args;

use std::process::ExitCode;

use chainrule::data::{EncodedColumn, EncodedKind, Task};
use chainrule::nn::Model;
use chainrule::recipe::{Network, RecipeError, TableNetwork};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::text::shown::{listed, shown};
use crate::text::wrap::wrapped;
use args::InspectArgs;
use chainrule::config::number::{fixed, thousands};

/// Tells what is in the file of a network. Gives what the program exits with.
///
/// # Errors
/// A file that is no network.
pub fn run(args: &InspectArgs) -> Result<ExitCode, Failure> {
    let console = args.talk.console();
    let network = Network::<f32>::load(&args.model).map_err(Failure::input)?;
    let table = match TableNetwork::<f32>::load(&args.model) {
        Ok(table) => Some(table),
        // One of digits, or of a program that has no table.
        Err(RecipeError::Description { .. }) => None,
        Err(error) => return Err(Failure::input(error)),
    };
    let mut text = String::new();
    if let Some(table) = &table {
        text += &columns(table);
    } else if !network.class_names().is_empty() {
        text += &wrapped(&format!("Classes: {}.", listed(network.class_names())), 0);
    }
    let parameters = thousands(network.params().count() as u64);
    text += &format!("{}\n{parameters} parameters\n", layers(&network));
    text += &format!("\nTrained by this recipe:\n{}", network.recipe().to_toml());
    console.report(&text)?;
    console.object(|| object(&network, table.as_ref()))?;
    Ok(ExitCode::SUCCESS)
}

fn layers(network: &Network) -> String {
    let summary = network.model().summary(network.sample());
    summary.map_or_else(|error| error.to_string(), |summary| summary.to_string())
}

fn columns(table: &TableNetwork) -> String {
    let what = match table.task() {
        Task::Classes => format!(": one of {}", listed(table.names())),
        Task::Values => ": numbers".to_owned(),
        Task::Labels => ": yes or no to each".to_owned(),
    };
    let mut text = wrapped(&format!("Predicts {}{what}.", listed(table.targets())), 0);
    for score in table.scores() {
        text += &wrapped(&shown(score), 2);
    }
    text += "From these columns:\n";
    for column in table.columns() {
        text += &wrapped(&format!("{}: {}", shown(&column.name), learned(column)), 2);
    }
    text + "\n"
}

fn learned(column: &EncodedColumn) -> String {
    match &column.kind {
        EncodedKind::Numbers { line, missing } => {
            let missing = if *missing { "; an input says where one is missing" } else { "" };
            let (centre, scale) = (fixed(line.centre, 4), fixed(line.scale, 4));
            format!("a number x, as (x - {centre}) {scale}{missing}")
        }
        EncodedKind::Categories { names, .. } => format!("one of {}", listed(names)),
    }
}

fn object(network: &Network, table: Option<&TableNetwork>) -> Value {
    let column = |column: &EncodedColumn| match &column.kind {
        EncodedKind::Numbers { line, missing } => json!({
            "name": column.name, "kind": "number", "centre": line.centre, "scale": line.scale,
            "missing": missing,
        }),
        EncodedKind::Categories { names, .. } => {
            json!({ "name": column.name, "kind": "category", "names": names })
        }
    };
    json!({
        "parameters": network.params().count(),
        "layers": network.params().iter().map(|(name, values)| {
            json!({ "name": name, "shape": values.shape().to_vec() })
        }).collect::<Vec<_>>(),
        "classes": network.class_names(),
        "predicts": table.map(TableNetwork::targets),
        "columns": table.map(|table| table.columns().iter().map(column).collect::<Vec<_>>()),
        "scores": table.map(TableNetwork::scores),
        "recipe": network.recipe().to_toml(),
    })
}
