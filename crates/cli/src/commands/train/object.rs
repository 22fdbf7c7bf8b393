//! The training of a table as JSON.

use chainrule::data::{Target, Task};
use chainrule::recipe::{Parts, TableNetwork};
use chainrule::train::Scores;
use chainrule_table::Table;
use serde_json::{Map, Value, json};

use crate::output::folder::Folder;

/// All of it as one object.
#[expect(clippy::too_many_arguments, reason = "an object of all that is known")]
pub fn training(
    table: &Table,
    target: &Target<f32>,
    parts: &Parts,
    network: &TableNetwork,
    test: Option<&Scores>,
    best: Option<(usize, f64)>,
    folder: &Folder,
    seconds: f64,
) -> Value {
    let columns = table.report.columns.iter().map(|column| {
        json!({
            "name": column.name,
            "taken_for": column.kind.name(),
            "left_out": column.is_left_out(),
            "missing": column.missing,
            "distinct": column.distinct.count,
            "why": column.why,
        })
    });
    let metrics = test.map(|test| {
        let numbers =
            test.metrics.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        numbers.collect::<Map<String, Value>>()
    });
    json!({
        "table": table.report.file,
        "samples": table.samples(),
        "columns": columns.collect::<Vec<_>>(),
        "predicts": table.targets.names(),
        "task": match target.task {
            Task::Classes => "classes",
            Task::Values => "values",
            Task::Labels => "labels",
        },
        "why": target.why,
        "names": target.names,
        "training_samples": parts.train.len(),
        "validation_samples": parts.validation.len(),
        "test_samples": parts.test.len(),
        "test_loss": test.map(|test| test.loss),
        "test": metrics,
        "best_epoch": best.map(|(epoch, _)| epoch),
        "parameters": network.network().params().count(),
        "seconds": seconds,
        "folder": folder.path().to_string_lossy(),
        "recipe": network.network().recipe().to_toml(),
    })
}
