//! Tables of samples, read from CSV files.

mod error;
mod labels;
mod lines;
pub mod source;
mod task;

use std::path::Path;

use chainrule::prelude::*;
use csv::StringRecord;

pub use error::TableError;
pub use task::Task;

/// With fewer samples, nothing is left to validate on, or to learn from.
const FEWEST: usize = 4;

/// A data set with what its classes are called.
#[derive(Debug)]
pub struct Table {
    pub data: Dataset,
    /// The name of the column that is predicted.
    pub label: String,
    /// The names of the classes; none for values.
    pub classes: Vec<String>,
}

/// Reads a table: one sample a line, separated by what its first line has most of, commas,
/// semicolons or tabs. The first line is one of names where one of its inputs is not a number.
///
/// # Errors
/// What is wrong, and where.
pub fn read(
    path: &Path,
    text: Vec<u8>,
    label: Option<&str>,
    task: Task,
) -> Result<Table, TableError> {
    let mut lines = lines::lines(path, text)?;
    let empty = || TableError::Empty { path: path.to_owned() };
    let columns = lines.first().ok_or_else(empty)?.len();
    if columns < 2 {
        return Err(TableError::OneColumn { path: path.to_owned() });
    }
    let unnamed: Vec<String> = (1..=columns).map(|column| column.to_string()).collect();
    let (names, target) = match header(&lines, label) {
        true => {
            let names: Vec<String> = lines.remove(0).iter().map(str::to_owned).collect();
            let target = labels::position(path, label, &names)?;
            (names, target)
        }
        false => {
            let target = labels::position(path, label, &unnamed)?;
            (unnamed, target)
        }
    };
    if lines.is_empty() {
        return Err(empty());
    }
    let mut inputs = Vec::with_capacity(lines.len() * (names.len() - 1));
    for line in &lines {
        for (column, text) in line.iter().enumerate().filter(|(column, _)| *column != target) {
            let found = number(text).filter(|x| x.is_finite());
            inputs.push(found.ok_or_else(|| not_a_number(path, line, &names[column], text))?);
        }
    }
    let (targets, classes) = labels::targets(path, &lines, target, &names[target], task)?;
    let inputs = Tensor::new([lines.len(), names.len() - 1], inputs).map_err(Into::into);
    let data = inputs.and_then(|inputs| Dataset::new(inputs, targets));
    let data = data.map_err(|source| TableError::Data { path: path.to_owned(), source })?;
    Ok(Table { data, label: names[target].clone(), classes })
}

impl Table {
    /// A part to train on, and a fifth to validate on, with classes in proportion.
    ///
    /// # Errors
    /// Too few samples, or classes of one sample each.
    pub fn split(&self, path: &Path, seed: u64) -> Result<(Dataset, Dataset), TableError> {
        let (path, samples, column) = (path.to_owned(), self.data.len(), self.label.clone());
        if samples < FEWEST {
            return Err(TableError::TooFew { path, samples, least: FEWEST });
        }
        if self.classes.len() == samples {
            return Err(TableError::AllDifferent { path, column });
        }
        let parts = match self.data.targets() {
            Targets::Classes { .. } => self.data.split_stratified(0.2, seed),
            _ => self.data.split(0.2, seed),
        };
        parts.map_err(|source| TableError::Data { path, source })
    }
}

fn number(text: &str) -> Option<f32> {
    text.parse().ok()
}

/// Returns true if the first line is one of names: where one of its inputs is not a number. If no
/// column was asked for, or by a number, all but that one are inputs; by a name, that line must
/// have the name.
fn header(lines: &[StringRecord], label: Option<&str>) -> bool {
    let first = &lines[0];
    let is_name = |column: usize| number(&first[column]).is_none();
    // A column is surely named where a word stands above a number.
    let surely = |column: usize| {
        is_name(column)
            && lines
                .get(1)
                .and_then(|second| second.get(column))
                .is_some_and(|text| number(text).is_some())
    };
    let by_number = |label: &str| {
        label.parse::<usize>().ok()?.checked_sub(1).filter(|column| *column < first.len())
    };
    let target = match label {
        None => first.len() - 1,
        Some(label) => match (by_number(label), first.iter().position(|name| name == label)) {
            (Some(_), _) if (0..first.len()).any(surely) => return true,
            (Some(column), _) => column,
            (None, Some(column)) => column,
            (None, None) => return (0..first.len()).any(is_name),
        },
    };
    (0..first.len()).any(|column| column != target && is_name(column))
}

fn not_a_number(path: &Path, line: &StringRecord, column: &str, value: &str) -> TableError {
    let advice = match value {
        "" => "fill the value in, or leave the sample out",
        _ if value.parse::<f64>().is_ok_and(f64::is_finite) => {
            "it is too large for single precision; scale the column"
        }
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
        read(Path::new("data.csv"), text.into(), label, task).map_err(|error| error.to_string())
    }

    #[test]
    fn classes_by_name_in_a_named_column() {
        let table =
            table("a;kind;b\n1;dog;2\n3;\"cat; big\";4\n5;dog;6.5\n", Some("kind"), Task::Auto)
                .unwrap();
        assert_eq!(table.data.inputs().values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.5]);
        assert_eq!(
            (table.label.as_str(), table.classes),
            ("kind", vec!["cat; big".to_owned(), "dog".to_owned()])
        );
        assert_eq!(*table.data.targets(), Targets::Classes { indices: vec![1, 0, 1], classes: 2 });
    }

    #[test]
    fn whole_numbers_are_classes_and_fractions_values_unless_told_otherwise() {
        let text = "1,10\n2,9\n3,10\n";
        let classes = table(text, None, Task::Auto).unwrap();
        assert_eq!(
            (classes.label.as_str(), classes.classes),
            ("2", vec!["9".to_owned(), "10".to_owned()])
        );
        let values = table(text, None, Task::Values).unwrap();
        assert!(matches!(
            values.data.targets(),
            Targets::Values(values) if values.values() == [10.0, 9.0, 10.0]
        ));
        let fractions = table("x,y\n1,0.5\n2,1\n", Some("x"), Task::Auto).unwrap();
        assert_eq!(fractions.data.class_counts().unwrap(), [1, 1]);
        assert!(matches!(
            table("x,y\n1,0.5\n2,1\n", None, Task::Auto).unwrap().data.targets(),
            Targets::Values(_)
        ));
        assert_eq!(table("1,0.5\n2,1\n", None, Task::Classes).unwrap().classes, ["0.5", "1"]);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, label, task, expected) in [
            ("", None, Task::Auto, "data.csv has no samples"),
            ("a,b\n", None, Task::Auto, "data.csv has no samples"),
            (
                "1\n2\n",
                None,
                Task::Auto,
                "data.csv has one column only; a table has numbers to learn from",
            ),
            (
                "a,b\n1,2\n",
                Some("c"),
                Task::Auto,
                "--target c: data.csv has no such column; there are: a, b",
            ),
            (
                "age,kind\n1,2\n",
                Some("knd"),
                Task::Auto,
                "no such column (did you mean `kind`?); there are: age, kind",
            ),
            (
                "a,b\n1,2\nx,2\n",
                None,
                Task::Auto,
                "data.csv, line 3, column a: `x` is not a number; write it as",
            ),
            ("a,b\n1,2\n,2\n", None, Task::Auto, "column a: `` is not a number; fill the value in"),
            ("a,b\n1,2\nnan,2\n", None, Task::Auto, "`nan` is not a number; write a finite number"),
            (
                "a,b\n1,2\n1,x\n",
                None,
                Task::Values,
                "data.csv, line 3, column b: `x` is not a number",
            ),
            (
                "a,b\n1,2\n1,2,3\n",
                None,
                Task::Auto,
                "data.csv, line 3: it has 3 values, but the first line has 2; give every",
            ),
        ] {
            let error = table(text, label, task).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    /// Kind: what the program was given is mistaken. Quotes that are not closed, or on another
    /// line.
    #[test]
    fn a_quote_swallows_no_samples() {
        let rows = |n: usize| (0..n).map(|i| format!("{i},k{}\n", i % 2)).collect::<String>();
        for (text, expected) in [
            (
                format!("a,b\n{}5,\"k1\n{}", rows(20), rows(79)),
                "line 22: a quote is opened in `k1` and never closed",
            ),
            (
                format!("a,b\n5,\"k1\n{}6,k\"\n", rows(3)),
                "line 2: a quote is opened in `k1` and closed on line 6 only",
            ),
            (format!("a,\"b\n{}", rows(5)), "line 1: a quote is opened in `b` and never closed"),
            (
                format!("a,b\n{}\"7,k1", rows(5)),
                "line 7: a quote is opened in `7,k1` and never closed",
            ),
        ] {
            let error = table(&text, None, Task::Auto).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(
            table(&format!("a,b\n{}5,\"k \"\"1\"\"\"", rows(5)), None, Task::Auto)
                .unwrap()
                .classes
                .len(),
            3
        );
    }

    /// Kind: what the program was given is mistaken. A column by its number, where a value of the
    /// first line is equal.
    #[test]
    fn a_number_of_a_column_is_no_value_of_the_first_line() {
        let labels =
            |text: &str, label| table(text, Some(label), Task::Classes).map(|table| table.label);
        let values = "3,1,2\n5,7,8\n3,4,4\n";
        for label in ["1", "2", "3"] {
            assert_eq!(labels(values, label), Ok(label.to_owned()));
        }
        let words = "3,1,dog\n5,7,cat\n3,4,dog\n";
        assert_eq!(labels(words, "3"), Ok("3".to_owned()));
        assert_eq!(table(words, Some("3"), Task::Auto).unwrap().data.len(), 3);
        let named = "3,b,1\n5,7,8\n3,4,4\n";
        assert_eq!(
            (labels(named, "1"), labels(named, "2")),
            (Ok("1".to_owned()), Ok("b".to_owned()))
        );
        assert_eq!(
            table(named, Some("1"), Task::Classes).unwrap().data.inputs().values(),
            [5.0, 7.0, 3.0, 4.0]
        );
        for label in ["0", "4", "-1", "18446744073709551616"] {
            assert!(labels(values, label).unwrap_err().contains("no such column"), "{label}");
        }
    }

    /// Kind: what the program was given is mistaken. Labels that are missing, no numbers, or the
    /// same in other words.
    #[test]
    fn labels_are_numbers_or_classes_and_never_missing() {
        for (text, task, expected) in [
            (
                "a,b\n1,1.5\n2,nan\n",
                Task::Auto,
                "data.csv, line 3, column b: `nan` is not a number; write a finite",
            ),
            (
                "a,b\n1,1.5\n2,inf\n",
                Task::Values,
                "line 3, column b: `inf` is not a number; write a finite",
            ),
            (
                "a,b\n1,1.5\n2,1e300\n",
                Task::Auto,
                "`1e300` is not a number; it is too large for single precision",
            ),
            (
                "a,b\n1e39,1\n2,1\n",
                Task::Auto,
                "line 2, column a: `1e39` is not a number; it is too large",
            ),
            ("a,b\n1,x\n2,\n", Task::Auto, "line 3, column b: the label is missing; fill it in"),
        ] {
            let error = table(text, None, task).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let same = table("1,1\n2,1.0\n3,01\n4,0\n5,-0\n", None, Task::Auto).unwrap();
        assert_eq!(
            *same.data.targets(),
            Targets::Classes { indices: vec![1, 1, 1, 0, 0], classes: 2 }
        );
    }

    /// Kind: time and memory that grow with the square. It took minutes.
    #[test]
    fn two_hundred_thousand_labels_are_read() {
        let text: String = (0..200_000).map(|i| format!("{i},k{}\n", i / 2)).collect();
        let table = table(&text, None, Task::Auto).unwrap();
        let (train, validation) = table.split(Path::new("data.csv"), 0).unwrap();
        assert_eq!(
            (table.classes.len(), train.len(), validation.len()),
            (100_000, 100_000, 100_000)
        );
    }

    /// Kind: messages of one line that say what to do.
    #[test]
    fn a_table_too_small_to_split_is_told() {
        for (text, expected) in [
            (
                "a,b\n1,2\n",
                "data.csv has 1 sample, too few to set a fifth aside to validate on; give at least \
                 4",
            ),
            ("a,b\n1,x\n2,x\n3,y\n", "data.csv has 3 samples, too few"),
            ("a,b\n1,x\n2,y\n3,z\n4,w\n", "data.csv: every label in column b is another one"),
        ] {
            let error = table(text, None, Task::Auto)
                .unwrap()
                .split(Path::new("data.csv"), 0)
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    /// Kind: messages of one line. A field of 1 MB, control characters.
    #[test]
    fn a_field_is_shown_in_part_and_steers_no_terminal() {
        let error =
            table(&format!("a,b\n{}\u{1b}[2J,1\n", "x".repeat(1_000_000)), None, Task::Auto)
                .unwrap_err();
        assert!(
            error.len() < 300 && !error.contains('\u{1b}') && error.contains("\\u{1b}[2J"),
            "{error}"
        );
    }
}
