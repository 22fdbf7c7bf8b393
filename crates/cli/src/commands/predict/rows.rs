//! Predictions as lines of text.

use std::io;

use chainrule::prelude::Tensor;
use chainrule::recipe::{Answers, TableNetwork};
use serde_json::{Map, Value, json};

use super::args::Form;
use chainrule::data::Task;

/// The line of names, where the form has one.
///
/// # Errors
/// None: writing to memory does not fail.
pub fn head(network: &TableNetwork, form: Form) -> io::Result<String> {
    if form == Form::Jsonl {
        return Ok(String::new());
    }
    let names = network.names().iter();
    let targets = network.targets().iter().cloned();
    let cells: Vec<String> = match network.task() {
        Task::Classes => {
            targets.chain(names.map(|name| format!("probability of {name}"))).collect()
        }
        Task::Values => targets.collect(),
        Task::Labels => {
            names.flat_map(|name| [name.clone(), format!("probability of {name}")]).collect()
        }
    };
    line(cells)
}

/// A line for each answer.
///
/// # Errors
/// None: writing to memory does not fail.
pub fn rows(network: &TableNetwork, answers: &Answers, form: Form) -> io::Result<String> {
    let mut text = String::new();
    for row in 0..answers.rows() {
        match form {
            Form::Csv => text += &line(cells(network, answers, row))?,
            Form::Jsonl => text += &format!("{}\n", object(network, answers, row)),
        }
    }
    Ok(text)
}

fn cells(network: &TableNetwork, answers: &Answers, row: usize) -> Vec<String> {
    let number = |x: &f32| x.to_string();
    match answers {
        Answers::Classes { classes, probabilities } => {
            let name = class(network, classes[row]);
            let chances = probabilities.as_ref().map_or(&[][..], |chances| chances.row(row));
            let missing = network.names().len() - chances.len();
            let chances = chances.iter().map(number);
            [name].into_iter().chain(chances).chain(vec![String::new(); missing]).collect()
        }
        Answers::Values(values) => of_row(network, values, row).map(number).collect(),
        Answers::Labels(chances) => chances
            .row(row)
            .iter()
            .flat_map(|chance| [yes(*chance).to_owned(), number(chance)])
            .collect(),
    }
}

fn object(network: &TableNetwork, answers: &Answers, row: usize) -> Value {
    let named = |values: &[f32]| -> Map<String, Value> {
        network.names().iter().cloned().zip(values.iter().map(|x| json!(x))).collect()
    };
    match answers {
        Answers::Classes { classes, probabilities } => {
            let mut object = Map::new();
            let target = network.targets().first().cloned().unwrap_or_default();
            object.insert(target, class(network, classes[row]).into());
            if let Some(chances) = probabilities {
                object.insert("probabilities".to_owned(), named(chances.row(row)).into());
            }
            object.into()
        }
        Answers::Values(values) => {
            let of = of_row(network, values, row).map(|x| json!(x));
            network.targets().iter().cloned().zip(of).collect::<Map<_, _>>().into()
        }
        Answers::Labels(chances) => {
            let labels = network.names().iter().zip(chances.row(row));
            let mut object: Map<String, Value> =
                labels.map(|(name, chance)| (name.clone(), yes(*chance).into())).collect();
            object.insert("probabilities".to_owned(), named(chances.row(row)).into());
            object.into()
        }
    }
}

/// The outputs of a row that are predictions: the first ones, where a loss has others beside them.
fn of_row<'a>(
    network: &TableNetwork,
    values: &'a Tensor,
    row: usize,
) -> impl Iterator<Item = &'a f32> {
    values.row(row).iter().take(network.targets().len())
}

fn class(network: &TableNetwork, class: usize) -> String {
    network.names().get(class).cloned().unwrap_or_else(|| class.to_string())
}

fn yes(chance: f32) -> &'static str {
    if chance >= 0.5 { "yes" } else { "no" }
}

/// A line of CSV.
fn line(cells: Vec<String>) -> io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&cells)?;
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
