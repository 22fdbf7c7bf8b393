use std::collections::HashMap;

use chainrule_config::shown;
use chainrule_tensor::{Real, Tensor};

use super::column::key;
use super::{Column, Frame};
use crate::{DataError, Targets, check};

/// Whole numbers are guessed to be classes where no more than these differ.
const MOST_CLASSES: usize = 20;

/// The kind of answer that is to be predicted of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// One class of several.
    Classes,
    /// One number, or several.
    Values,
    /// Yes or no to several questions (multi-label).
    Labels,
}

/// The columns that are to be predicted, as [`Targets`].
///
/// ```
/// use chainrule_data::{Column, Frame, Target, Targets, Task};
///
/// let kind = Column::Numbers(vec![3.0, 0.0, 3.0, -0.0]);
/// let frame = Frame::new(vec![("kind".into(), kind)])?;
/// let target = Target::<f32>::new(&frame, None)?;
/// assert_eq!(target.targets, Targets::Classes { indices: vec![1, 0, 1, 0], classes: 2 });
/// assert_eq!((target.task, target.names), (Task::Classes, vec!["0".into(), "3".into()]));
/// # Ok::<(), chainrule_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Target<T: Real = f32> {
    /// The kind that was asked for, or guessed.
    pub task: Task,
    /// The reason for a guess, such as `"2 different whole numbers"`; `None` if it was asked for.
    pub why: Option<String>,
    /// The targets. Values that are to be scaled are best taken in `f64`.
    pub targets: Targets<T>,
    /// The name of each output: the classes, or the columns.
    pub names: Vec<String>,
}

impl<T: Real> Target<T> {
    /// The targets that all columns of a table make together.
    ///
    /// Without a task, one column of categories is classes. So is one of whole numbers where at
    /// most 20 differ and each occurs twice or more. Other numbers are values. Several columns are
    /// labels where each holds yes or no (0 and 1, or two categories such as `no` and `yes`), else
    /// values.
    ///
    /// Classes that are numbers are in the order of the numbers, and equal numbers are one class:
    /// `0`, `0.0` and `-0` are. Other classes keep the order of the column's names, without those
    /// that no row has.
    ///
    /// # Errors
    /// - [`DataError::Empty`] without a row or a column.
    /// - [`DataError::Column`] at the first missing value, or if a column does not fit the task.
    /// - [`DataError::Tensor`] if memory cannot hold the result.
    pub fn new(columns: &Frame, task: Option<Task>) -> Result<Self, DataError> {
        let op = "Target";
        check::not_empty(op, "columns", [columns.rows(), columns.width()].into())?;
        for (name, column) in columns.columns() {
            let missing = match column {
                Column::Numbers(values) => values.iter().position(|value| value.is_nan()),
                Column::Categories { codes, .. } => codes.iter().position(|code| *code == 0),
            };
            if let Some(row) = missing {
                return Err(wrong(name, format!("row {row} has no value: leave the row out")));
            }
        }
        let (guess, why) = match task {
            Some(task) => (task, None),
            None => guess(columns).map(|(task, why)| (task, Some(why)))?,
        };
        let (targets, names) = match guess {
            Task::Classes => classes(columns)?,
            Task::Values => (Targets::Values(matrix(columns, value)?), columns.names().to_vec()),
            Task::Labels => (Targets::Labels(matrix(columns, answer)?), columns.names().to_vec()),
        };
        Ok(Target { task: guess, why, targets, names })
    }
}

fn wrong(column: &str, why: String) -> DataError {
    DataError::Column { op: "Target", column: column.to_owned(), why }
}

/// The task that the columns look like, and why.
fn guess(columns: &Frame) -> Result<(Task, String), DataError> {
    let mut all = columns.columns();
    if let (1, Some((_, column))) = (columns.width(), all.next()) {
        return Ok(match column {
            Column::Categories { .. } => (Task::Classes, "it holds categories".to_owned()),
            Column::Numbers(values) => of_numbers(values),
        });
    }
    let width = columns.width();
    if columns.columns().all(|(_, column)| answers(column).is_some()) {
        return Ok((Task::Labels, format!("each of {width} columns holds yes or no")));
    }
    match columns.columns().find(|(_, column)| matches!(column, Column::Categories { .. })) {
        None => Ok((Task::Values, format!("{width} columns of numbers"))),
        Some((name, _)) => {
            let why = "it holds categories; of several columns each must hold numbers, or each yes \
                       or no: choose one column of categories";
            Err(wrong(name, why.to_owned()))
        }
    }
}

fn of_numbers(values: &[f64]) -> (Task, String) {
    if let Some(fraction) = values.iter().find(|value| value.fract() != 0.0) {
        return (Task::Values, format!("it has fractions, such as {fraction}"));
    }
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for value in values {
        *counts.entry(key(*value)).or_default() += 1;
    }
    let once = counts.values().filter(|count| **count == 1).count();
    let different = counts.len();
    if different > MOST_CLASSES {
        return (Task::Values, format!("{different} different whole numbers, more than 20"));
    }
    match once {
        0 => (Task::Classes, format!("{different} different whole numbers")),
        _ => (Task::Values, format!("whole numbers, of which {once} occur only once")),
    }
}

/// The classes of the only column, and their names.
fn classes<T: Real>(columns: &Frame) -> Result<(Targets<T>, Vec<String>), DataError> {
    let mut all = columns.columns();
    let (Some((name, column)), None) = (all.next(), all.next()) else {
        let why = "classes come from one column: choose one, or take the columns as labels";
        return Err(wrong(&columns.names()[1], why.to_owned()));
    };
    let (indices, names): (Vec<u32>, Vec<String>) = match column {
        Column::Categories { codes, names } => {
            let mut index = vec![0_u32; names.len()];
            codes.iter().for_each(|&code| index[code as usize - 1] = 1);
            let mut kept = Vec::new();
            for (index, name) in index.iter_mut().zip(names) {
                let used = *index == 1;
                *index = kept.len() as u32;
                kept.extend(used.then(|| name.clone()));
            }
            (codes.iter().map(|&code| index[code as usize - 1]).collect(), kept)
        }
        Column::Numbers(values) => {
            let mut different: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
            different.sort_unstable_by(f64::total_cmp);
            different.dedup();
            if u32::try_from(different.len()).is_err() {
                return Err(wrong(name, "more than 2^32 classes: take them as values".to_owned()));
            }
            let index: HashMap<u64, u32> =
                different.iter().map(|value| key(*value)).zip(0..).collect();
            let indices = values.iter().map(|value| index[&key(*value)]).collect();
            (indices, different.iter().map(f64::to_string).collect())
        }
    };
    Ok((Targets::Classes { indices, classes: names.len() }, names))
}

/// The columns side by side, `[rows, columns]`.
fn matrix<T: Real>(
    columns: &Frame,
    each: fn(&str, &Column) -> Result<Vec<f64>, DataError>,
) -> Result<Tensor<T>, DataError> {
    let (rows, width) = (columns.rows(), columns.width());
    check::memory::<T>("Target", [rows, width].into())?;
    let mut out = vec![T::ZERO; rows * width];
    for (at, (name, column)) in columns.columns().enumerate() {
        for (to, value) in out.iter_mut().skip(at).step_by(width).zip(each(name, column)?) {
            *to = T::from_f64(value);
            if !to.is_finite() {
                let why = format!("{value} is too large for {}: take it in f64", T::DTYPE);
                return Err(wrong(name, why));
            }
        }
    }
    Ok(Tensor::new([rows, width], out)?)
}

fn value(name: &str, column: &Column) -> Result<Vec<f64>, DataError> {
    match column {
        Column::Numbers(values) => Ok(values.clone()),
        Column::Categories { names, .. } => {
            let first = names.first().map_or("", String::as_str);
            let why = format!(
                "it holds categories, such as `{}`: values must be numbers, or take it as classes",
                shown(first)
            );
            Err(wrong(name, why))
        }
    }
}

fn answer(name: &str, column: &Column) -> Result<Vec<f64>, DataError> {
    answers(column).ok_or_else(|| {
        let why = "it holds more than yes and no: write 0 and 1, or `no` and `yes`";
        wrong(name, why.to_owned())
    })
}

/// Two words for no and yes.
const NO_AND_YES: [(&str, &str); 6] =
    [("0", "1"), ("f", "t"), ("false", "true"), ("n", "y"), ("no", "yes"), ("off", "on")];

/// 0 for no and 1 for yes, if the column holds nothing else.
fn answers(column: &Column) -> Option<Vec<f64>> {
    match column {
        Column::Numbers(values) => {
            values.iter().all(|value| *value == 0.0 || *value == 1.0).then(|| values.clone())
        }
        Column::Categories { codes, names } => {
            let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
            let (no, yes) = NO_AND_YES
                .into_iter()
                .find(|(no, yes)| lower.iter().all(|name| name == no || name == yes))?;
            let of_name = |name: &String| (name == no, name == yes);
            let of: Vec<(bool, bool)> = lower.iter().map(of_name).collect();
            codes
                .iter()
                .map(|&code| match of[code as usize - 1] {
                    (true, _) => Some(0.0),
                    (_, true) => Some(1.0),
                    _ => None,
                })
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(columns: Vec<(&str, Column)>) -> Frame {
        let columns = columns.into_iter().map(|(name, column)| (name.to_owned(), column));
        Frame::new(columns.collect()).unwrap()
    }

    fn numbers(values: &[f64]) -> Column {
        Column::Numbers(values.into())
    }

    fn guessed(column: Column) -> (Task, String) {
        let target = Target::<f32>::new(&frame(vec![("y", column)]), None).unwrap();
        (target.task, target.why.unwrap())
    }

    #[test]
    fn the_task_is_guessed_and_the_reason_told() {
        let repeated: Vec<f64> = (0..42).map(|i| f64::from(i / 2)).collect();
        for (column, task, why) in [
            (Column::categories(["a", "b"]), Task::Classes, "it holds categories"),
            (numbers(&[2.0, 1.0, 1.0, 2.0]), Task::Classes, "2 different whole numbers"),
            (numbers(&[2.0, 1.0, 1.0]), Task::Values, "whole numbers, of which 1 occur only once"),
            (numbers(&[0.5, 1.0, 0.5]), Task::Values, "it has fractions, such as 0.5"),
            (numbers(&repeated), Task::Values, "21 different whole numbers, more than 20"),
            (numbers(&repeated[..40]), Task::Classes, "20 different whole numbers"),
        ] {
            assert_eq!(guessed(column), (task, why.to_owned()));
        }
    }

    #[test]
    fn several_columns_are_labels_or_values() {
        let words = Column::categories(["Yes", "No", "Yes"]);
        let flags = frame(vec![("a", numbers(&[0.0, 1.0, 1.0])), ("b", words)]);
        let target = Target::<f64>::new(&flags, None).unwrap();
        let expected = Tensor::from_rows([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
        assert_eq!((target.task, target.targets), (Task::Labels, Targets::Labels(expected)));
        assert_eq!(target.names, ["a", "b"]);

        let values = frame(vec![("a", numbers(&[0.0, 1.0])), ("b", numbers(&[7.5, 1e300]))]);
        let target = Target::<f64>::new(&values, None).unwrap();
        let expected = Tensor::from_rows([[0.0, 7.5], [1.0, 1e300]]);
        assert_eq!((target.task, target.targets), (Task::Values, Targets::Values(expected)));
        assert_eq!(
            Target::<f32>::new(&values, None).unwrap_err().to_string(),
            format!("Target: column b: {} is too large for f32: take it in f64", 1e300)
        );
    }

    #[test]
    fn equal_numbers_are_one_class_and_classes_keep_their_names() {
        let y = frame(vec![("y", numbers(&[10.0, 9.0, 0.0, -0.0, 16_777_217.0, 16_777_216.0]))]);
        let target = Target::<f32>::new(&y, Some(Task::Classes)).unwrap();
        let indices = vec![2, 1, 0, 0, 4, 3];
        assert_eq!(target.targets, Targets::Classes { indices, classes: 5 });
        assert_eq!(target.names, ["0", "9", "10", "16777216", "16777217"]);
        assert_eq!(target.why, None);

        let y = Column::Categories {
            codes: vec![3, 1, 3],
            names: vec!["b".into(), "never".into(), "a".into()],
        };
        let target = Target::<f32>::new(&frame(vec![("y", y)]), None).unwrap();
        assert_eq!(target.targets, Targets::Classes { indices: vec![1, 0, 1], classes: 2 });
        assert_eq!(target.names, ["b", "a"]);
    }

    #[test]
    fn what_does_not_fit_the_task_is_told_with_its_column() {
        let words = || Column::categories(["red", "blue"]);
        for (columns, task, expected) in [
            (vec![("y", numbers(&[1.0, f64::NAN]))], None, "y: row 1 has no value: leave the row"),
            (vec![("y", Column::categories(["", "b"]))], None, "y: row 0 has no value"),
            (vec![("y", words())], Some(Task::Values), "y: it holds categories, such as `blue`"),
            (vec![("y", words())], Some(Task::Labels), "y: it holds more than yes and no"),
            (
                vec![("y", numbers(&[1.0])), ("z", numbers(&[1.0]))],
                Some(Task::Classes),
                "z: classes come from one column",
            ),
            (
                vec![("y", numbers(&[1.0, 3.0])), ("z", words())],
                None,
                "z: it holds categories; of several columns each must hold numbers",
            ),
        ] {
            let error = Target::<f32>::new(&frame(columns), task).unwrap_err().to_string();
            assert!(error.starts_with(&format!("Target: column {expected}")), "{error}");
        }
        assert!(matches!(
            Target::<f32>::new(&frame(vec![]), None),
            Err(DataError::Empty { op: "Target", .. })
        ));
    }
}
