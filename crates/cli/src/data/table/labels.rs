//! The column to be predicted: which it is, and what it holds.

use std::collections::HashMap;
use std::path::Path;

use chainrule::prelude::*;
use csv::StringRecord;

use super::{TableError, Task, not_a_number};
use crate::flags::names::near;
use crate::text::shown::listed;

/// Labels with more different numbers than these are values.
const MOST_CLASSES: usize = 50;

/// Where the column to be predicted is: by its name where the table has names, or by its number.
///
/// # Errors
/// No such column.
pub fn position(path: &Path, label: Option<&str>, names: &[String]) -> Result<usize, TableError> {
    let Some(label) = label else { return Ok(names.len() - 1) };
    let by_name = names.iter().position(|name| name == label);
    let by_number =
        || label.parse::<usize>().ok()?.checked_sub(1).filter(|column| *column < names.len());
    by_name.or_else(by_number).ok_or_else(|| {
        let (path, near, columns) = (path.to_owned(), near(label, names), listed(names));
        TableError::Label { path, label: label.to_owned(), near, columns }
    })
}

/// The labels as targets, and the names of the classes; none for values.
///
/// Classes are ordered as numbers where all are numbers, and are then the same whenever the numbers
/// are; else by name.
///
/// # Errors
/// A label that is missing, or not a number where one is needed.
pub fn targets(
    path: &Path,
    lines: &[StringRecord],
    target: usize,
    name: &str,
    task: Task,
) -> Result<(Targets, Vec<String>), TableError> {
    let labels: Vec<&str> = lines.iter().map(|line| &line[target]).collect();
    if let Some(row) = labels.iter().position(|label| label.is_empty()) {
        let line = lines[row].position().map_or(0, csv::Position::line);
        return Err(TableError::NoLabel { path: path.to_owned(), line, column: name.to_owned() });
    }
    let numbers: Option<Vec<f64>> = labels.iter().map(|label| label.parse().ok()).collect();
    let (classes, indices) = classes(&labels, numbers.as_deref());
    let look_like_values =
        |numbers: &[f64]| classes.len() > MOST_CLASSES || numbers.iter().any(|x| x.fract() != 0.0);
    if task == Task::Values
        || (task == Task::Auto && numbers.as_deref().is_some_and(look_like_values))
    {
        return Ok((values(path, lines, target, name)?, Vec::new()));
    }
    Ok((Targets::Classes { indices, classes: classes.len() }, classes))
}

/// The classes in their order, and that of each label.
fn classes(labels: &[&str], numbers: Option<&[f64]>) -> (Vec<String>, Vec<u32>) {
    // What makes two labels one class: the text, or the number, where 1 and 1.0 are the same.
    let key = |row: usize| match numbers {
        // Of two zeros one.
        Some(numbers) => ((numbers[row] + 0.0).to_bits(), ""),
        None => (0, labels[row]),
    };
    let mut first: HashMap<(u64, &str), usize> = HashMap::new();
    for row in 0..labels.len() {
        first.entry(key(row)).or_insert(row);
    }
    let mut rows: Vec<usize> = first.values().copied().collect();
    match numbers {
        Some(numbers) => rows.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b])),
        None => rows.sort_by_key(|&row| labels[row]),
    }
    let index: HashMap<_, u32> = (0..).zip(&rows).map(|(index, &row)| (key(row), index)).collect();
    let indices = (0..labels.len()).map(|row| index[&key(row)]).collect();
    (rows.into_iter().map(|row| labels[row].to_owned()).collect(), indices)
}

fn values(
    path: &Path,
    lines: &[StringRecord],
    target: usize,
    name: &str,
) -> Result<Targets, TableError> {
    let number = |line: &StringRecord| {
        let found = line[target].parse::<f32>().ok().filter(|x| x.is_finite());
        found.ok_or_else(|| not_a_number(path, line, name, &line[target]))
    };
    let values = lines.iter().map(number).collect::<Result<Vec<f32>, _>>()?;
    let values = Tensor::new([lines.len(), 1], values);
    values
        .map(Targets::Values)
        .map_err(|error| TableError::Data { path: path.to_owned(), source: error.into() })
}
