//! The course of a training as text for other programs.

use std::collections::BTreeSet;

use chainrule::train::EpochRecord;
use serde_json::{Map, Value, json};

/// Loss and metrics of each epoch as CSV, with a line of names.
pub fn csv(epochs: &[EpochRecord]) -> String {
    let rows: Vec<Map<String, Value>> = epochs.iter().map(row).collect();
    let mut names: Vec<&String> = Vec::new();
    let mut known = BTreeSet::new();
    for name in rows.iter().flat_map(Map::keys) {
        if known.insert(name) {
            names.push(name);
        }
    }
    let mut text =
        format!("{}\n", names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(","));
    for row in &rows {
        let cell = |name: &&String| row.get(*name).filter(|cell| !cell.is_null());
        let cells: Vec<String> = names
            .iter()
            .map(|name| cell(name).map_or_else(String::new, Value::to_string))
            .collect();
        text += &format!("{}\n", cells.join(","));
    }
    text
}

/// The same as JSON, one epoch a line.
pub fn lines(epochs: &[EpochRecord]) -> String {
    epochs.iter().map(|epoch| format!("{}\n", Value::from(row(epoch)))).collect()
}

fn row(epoch: &EpochRecord) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("epoch".to_owned(), json!(epoch.epoch));
    row.insert("learning_rate".to_owned(), json!(epoch.learning_rate));
    let parts = [("training", Some(&epoch.train)), ("validation", epoch.validation.as_ref())];
    for (part, scores) in parts.into_iter().filter_map(|(part, scores)| Some((part, scores?))) {
        row.insert(format!("{part}_loss"), json!(scores.loss));
        for (name, value) in &scores.metrics {
            row.insert(format!("{part}_{name}"), json!(value));
        }
    }
    row.insert("seconds".to_owned(), json!(epoch.seconds));
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule::train::Scores;

    #[test]
    fn each_epoch_is_a_row_and_a_line() {
        let scores = |loss| Scores { loss, metrics: vec![("accuracy", 0.5)] };
        let epoch = |epoch| EpochRecord {
            epoch,
            train: scores(0.25),
            validation: Some(scores(f64::NAN)),
            learning_rate: 0.1,
            seconds: 2.0,
            samples_per_second: 1.0,
        };
        let epochs = [epoch(1), epoch(2)];
        let csv = csv(&epochs);
        let mut lines_of = csv.lines();
        let names: Vec<&str> = lines_of.next().unwrap().split(',').collect();
        let first: Vec<&str> = lines_of.next().unwrap().split(',').collect();
        let at = |name: &str| first[names.iter().position(|known| *known == name).unwrap()];
        assert_eq!((at("epoch"), at("training_loss"), at("validation_loss")), ("1", "0.25", ""));
        assert_eq!(at("validation_accuracy"), "0.5");
        let lines = lines(&epochs);
        let second: Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
        assert_eq!((second["epoch"].as_u64(), second["seconds"].as_f64()), (Some(2), Some(2.0)));
    }
}
