//! Tables of samples, read from CSV files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chainrule::data::DataError;
use chainrule::prelude::*;

use super::args::Task;
use crate::names::{meant, near};

/// Labels with more different numbers than these are values.
const MOST_CLASSES: usize = 50;

/// Why a file is no table of samples.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot read {} as a table: {source}; a table has one sample a line, with values that are separated by commas", path.display())]
    Csv { path: PathBuf, source: csv::Error },
    #[error("{} has no samples", path.display())]
    Empty { path: PathBuf },
    #[error("{} has one column only; a table has numbers to learn from, and a column to be predicted", path.display())]
    OneColumn { path: PathBuf },
    #[error("--label {label}: {} has no such column{}; there are: {columns}", path.display(), meant(.near))]
    Label { path: PathBuf, label: String, near: Option<String>, columns: String },
    #[error("{}, line {line}, column {column}: `{value}` is not a number; {advice}", path.display())]
    Number { path: PathBuf, line: u64, column: String, value: String, advice: &'static str },
    #[error(transparent)]
    Data(#[from] DataError),
}

/// A data set with what its classes are called.
#[derive(Debug)]
pub struct Table {
    pub data: Dataset,
    /// The name of the column that is predicted.
    pub label: String,
    /// The names of the classes; none for values.
    pub classes: Vec<String>,
}

/// Reads a table: one sample a line, separated by what its first line has most of, commas, semicolons or tabs. The first
/// line is one of names where one of its inputs is not a number.
///
/// Classes are ordered as numbers where all are numbers, else by name.
///
/// # Errors
/// What is wrong, and where.
pub fn read(path: &Path, label: Option<&str>, task: Task) -> Result<Table, TableError> {
    let text = std::fs::read(path).map_err(|source| TableError::Read { path: path.to_owned(), source })?;
    let csv_error = |source| TableError::Csv { path: path.to_owned(), source };
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.delimiter(delimiter(&text)).has_headers(false).trim(csv::Trim::All).from_reader(&text[..]);
    let mut lines = reader.records().collect::<Result<Vec<_>, _>>().map_err(csv_error)?;
    let first = lines.first().ok_or(TableError::Empty { path: path.to_owned() })?.clone();
    if first.len() < 2 {
        return Err(TableError::OneColumn { path: path.to_owned() });
    }
    let number = |text: &str| text.parse::<f32>().ok();
    let unnamed: Vec<String> = (1..=first.len()).map(|column| column.to_string()).collect();
    let target = position(path, label, &first, &unnamed)?;
    let named = (0..first.len()).any(|column| column != target && number(&first[column]).is_none());
    let names = if named { lines.remove(0).iter().map(str::to_owned).collect() } else { unnamed };
    if lines.is_empty() {
        return Err(TableError::Empty { path: path.to_owned() });
    }
    let mut inputs = Vec::with_capacity(lines.len() * (names.len() - 1));
    for line in &lines {
        for (column, text) in line.iter().enumerate().filter(|(column, _)| *column != target) {
            let found = number(text).filter(|x| x.is_finite());
            inputs.push(found.ok_or_else(|| not_a_number(path, line, &names[column], text))?);
        }
    }
    let inputs = Tensor::new([lines.len(), names.len() - 1], inputs).map_err(DataError::from)?;
    let labels: Vec<&str> = lines.iter().map(|line| &line[target]).collect();
    let numbers: Option<Vec<f32>> = labels.iter().map(|label| number(label)).collect();
    let distinct: BTreeSet<&str> = labels.iter().copied().collect();
    let looks_like_values =
        numbers.as_ref().is_some_and(|all| distinct.len() > MOST_CLASSES || all.iter().any(|x| x.fract() != 0.0));
    let (targets, classes) = match (task, numbers) {
        (Task::Auto, Some(numbers)) if looks_like_values => (values(numbers)?, Vec::new()),
        (Task::Values, Some(numbers)) => (values(numbers)?, Vec::new()),
        (Task::Values, None) => {
            let line = lines.iter().find(|line| number(&line[target]).is_none()).unwrap_or(&first);
            return Err(not_a_number(path, line, &names[target], &line[target]));
        }
        (_, numbers) => {
            let mut classes: Vec<&str> = distinct.into_iter().collect();
            if numbers.is_some() {
                let value = |class: &str| number(class).unwrap_or(f32::NAN);
                classes.sort_by(|a, b| value(a).total_cmp(&value(b)));
            }
            let index = |label: &&str| classes.iter().position(|class| class == label).unwrap_or(0) as u32;
            let indices = labels.iter().map(index).collect();
            let targets = Targets::Classes { indices, classes: classes.len() };
            (targets, classes.into_iter().map(str::to_owned).collect())
        }
    };
    Ok(Table { data: Dataset::new(inputs, targets)?, label: names[target].clone(), classes })
}

fn values(numbers: Vec<f32>) -> Result<Targets, DataError> {
    Ok(Targets::Values(Tensor::new([numbers.len(), 1], numbers)?))
}

/// What the first line has most of.
fn delimiter(text: &[u8]) -> u8 {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &u8| line.iter().filter(|byte| *byte == delimiter).count();
    // The last of equals is taken.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

/// Where the column to be predicted is.
fn position(
    path: &Path,
    label: Option<&str>,
    first: &csv::StringRecord,
    unnamed: &[String],
) -> Result<usize, TableError> {
    let Some(label) = label else { return Ok(first.len() - 1) };
    let by_name = first.iter().position(|name| name == label);
    let by_number = unnamed.iter().position(|number| number == label);
    by_name.or(by_number).ok_or_else(|| {
        let has_names = first.iter().any(|name| name.parse::<f32>().is_err());
        let names: Vec<String> = if has_names { first.iter().map(str::to_owned).collect() } else { unnamed.to_vec() };
        let (path, near, columns) = (path.to_owned(), near(label, &names), names.join(", "));
        TableError::Label { path, label: label.to_owned(), near, columns }
    })
}

fn not_a_number(path: &Path, line: &csv::StringRecord, column: &str, value: &str) -> TableError {
    let advice = match value {
        "" => "fill the value in, or leave the sample out",
        _ if value.parse::<f32>().is_ok() => "write a finite number",
        _ => "write it as a number, or leave the column out",
    };
    let line = line.position().map_or(0, csv::Position::line);
    let (path, column, value) = (path.to_owned(), column.to_owned(), value.to_owned());
    TableError::Number { path, line, column, value, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str, label: Option<&str>, task: Task) -> Result<Table, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.csv");
        std::fs::write(&path, text).unwrap();
        let folder = format!("{}/", folder.path().display());
        read(&path, label, task).map_err(|error| error.to_string().replace(&folder, ""))
    }

    #[test]
    fn classes_by_name_in_a_named_column() {
        let table = table("a;kind;b\n1;dog;2\n3;\"cat; big\";4\n5;dog;6.5\n", Some("kind"), Task::Auto).unwrap();
        assert_eq!(table.data.inputs().values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.5]);
        assert_eq!((table.label.as_str(), table.classes), ("kind", vec!["cat; big".to_owned(), "dog".to_owned()]));
        assert_eq!(*table.data.targets(), Targets::Classes { indices: vec![1, 0, 1], classes: 2 });
    }

    #[test]
    fn whole_numbers_are_classes_and_fractions_values_unless_told_otherwise() {
        let text = "1,10\n2,9\n3,10\n";
        let classes = table(text, None, Task::Auto).unwrap();
        assert_eq!((classes.label.as_str(), classes.classes), ("2", vec!["9".to_owned(), "10".to_owned()]));
        let values = table(text, None, Task::Values).unwrap();
        assert!(matches!(values.data.targets(), Targets::Values(values) if values.values() == [10.0, 9.0, 10.0]));
        let fractions = table("x,y\n1,0.5\n2,1\n", Some("x"), Task::Auto).unwrap();
        assert_eq!(fractions.data.class_counts().unwrap(), [1, 1]);
        assert!(matches!(table("x,y\n1,0.5\n2,1\n", None, Task::Auto).unwrap().data.targets(), Targets::Values(_)));
        assert_eq!(table("1,0.5\n2,1\n", None, Task::Classes).unwrap().classes, ["0.5", "1"]);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, label, task, expected) in [
            ("", None, Task::Auto, "data.csv has no samples"),
            ("a,b\n", None, Task::Auto, "data.csv has no samples"),
            ("1\n2\n", None, Task::Auto, "data.csv has one column only; a table has numbers to learn from"),
            ("a,b\n1,2\n", Some("c"), Task::Auto, "--label c: data.csv has no such column; there are: a, b"),
            ("age,kind\n1,2\n", Some("knd"), Task::Auto, "no such column (did you mean `kind`?); there are: age, kind"),
            ("a,b\n1,2\nx,2\n", None, Task::Auto, "data.csv, line 3, column a: `x` is not a number; write it as"),
            ("a,b\n1,2\n,2\n", None, Task::Auto, "column a: `` is not a number; fill the value in"),
            ("a,b\n1,2\nnan,2\n", None, Task::Auto, "`nan` is not a number; write a finite number"),
            ("a,b\n1,2\n1,x\n", None, Task::Values, "data.csv, line 3, column b: `x` is not a number"),
            ("a,b\n1,2\n1,2,3\n", None, Task::Auto, "cannot read data.csv as a table: CSV error: record 2"),
        ] {
            let error = table(text, label, task).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let missing = read(Path::new("/no/such/file.csv"), None, Task::Auto).unwrap_err().to_string();
        assert!(missing.starts_with("cannot read /no/such/file.csv: "), "{missing}");
    }
}
