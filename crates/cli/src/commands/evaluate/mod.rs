//! `chainrule evaluate`: how good a saved network is on a table.

pub mod args;

use std::process::ExitCode;

use chainrule::data::{EncodedKind, Target, Task};
use chainrule::prelude::*;
use chainrule::recipe::TableNetwork;
use chainrule_table::{Options, Source, Table};
use serde_json::{Map, Value, json};

use crate::data::model;
use crate::failure::Failure;
use crate::flags::table::refused;
use crate::text::shown::{listed, shown};
use args::EvaluateArgs;
use chainrule::config::number::fixed;

/// Reads, predicts and compares. Gives what the program exits with.
///
/// # Errors
/// A network or a table that is wrong.
pub fn run(args: &EvaluateArgs) -> Result<ExitCode, Failure> {
    let console = args.talk.console();
    let network = model::load(&args.model)?;
    let source = Source::open(&args.data).map_err(refused)?;
    let options = options(&network, args.drop_unlabelled);
    let table = chainrule_table::read(&source, &options).map_err(|error| {
        // The options are the network's, not the user's.
        Failure::input(error)
    })?;
    let targets = targets(&network, &table)?;
    let scores = network.scores_on(&table.inputs, targets)?;
    let mut text = format!("{}: {} samples\n", source.name(), table.samples());
    for (name, value) in &scores.metrics {
        text += &format!("{name} {}\n", fixed(*value, 4));
    }
    text += &format!("loss {}\n", fixed(scores.loss, 4));
    console.report(&text)?;
    console.object(|| {
        let metrics = scores.metrics.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
        json!({
            "table": source.name(),
            "samples": table.samples(),
            "loss": scores.loss,
            "metrics": metrics.collect::<Map<String, Value>>(),
        })
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The table as the network knows it.
fn options(network: &TableNetwork, drop_unlabelled: bool) -> Options {
    let (mut numeric, mut categorical) = (Vec::new(), Vec::new());
    for column in network.columns() {
        match &column.kind {
            EncodedKind::Numbers { .. } => numeric.push(column.name.clone()),
            EncodedKind::Categories { .. } => categorical.push(column.name.clone()),
        }
    }
    Options {
        targets: network.targets().to_vec(),
        task: Some(network.task()),
        only: network.columns().iter().map(|column| column.name.clone()).collect(),
        numeric,
        categorical,
        drop_unlabelled,
        ..Options::default()
    }
}

/// The targets with the classes of the network.
fn targets(network: &TableNetwork, table: &Table) -> Result<Targets, Failure> {
    let Target { targets, names, .. } = table.target::<f32>().map_err(refused)?;
    let Targets::Classes { indices, .. } = targets else { return Ok(targets) };
    debug_assert_eq!(network.task(), Task::Classes);
    let known = network.names();
    let index = |name: &String| known.iter().position(|known| known == name);
    let of: Vec<Option<usize>> = names.iter().map(index).collect();
    let class = |(sample, class): (usize, &u32)| {
        of[*class as usize].map(|class| class as u32).ok_or_else(|| {
            let (file, line) = (&table.report.file, table.place(sample));
            let column = shown(&network.targets()[0]);
            Failure::input(format!(
                "{file}, {line}, column {column}: the network does not know the class `{}`; there \
                 are: {}",
                shown(&names[*class as usize]),
                listed(known)
            ))
        })
    };
    let indices = indices.iter().enumerate().map(class).collect::<Result<_, _>>()?;
    Ok(Targets::Classes { indices, classes: known.len() })
}
