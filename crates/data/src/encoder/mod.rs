//! From the columns of a table to the features of a tensor.

mod line;

use chainrule_tensor::{Real, Tensor};

use crate::{Column, DataError, Frame, check};

pub use line::{ColumnScaling, Line};

/// Makes the columns of a table the features of a tensor: fitted on the training rows, the same for
/// all that come later.
///
/// Numbers are scaled. A missing one becomes 0, the centre of its column. A column that lacks a
/// number in training gets an indicator, which is 1 where it is missing. Layers such as
/// `learned_missing` learn a value for it; others take the indicator as one more feature.
///
/// Categories have the code 0 where they are missing, or were not there in training. With 3 to 8
/// names they become one column for each name, which is 1 where it is that name. Two names become
/// one column of 1 and -1, with 0 for missing; a single name is 1, and -1 where it is missing. With
/// more names they stay codes, to be embedded by a layer such as `embed_columns`. A category
/// without a name is left out.
///
/// The features stand in the order numbers, indicators, one-hot columns, codes: see
/// [`layout`](TableEncoder::layout). All is computed in `f64` and narrowed at the end.
///
/// ```
/// use chainrule_data::{Column, ColumnScaling, Frame, TableEncoder};
/// use chainrule_tensor::Tensor;
///
/// let frame = Frame::new(vec![
///     ("colour".into(), Column::categories(["red", "blue", "", "blue"])),
///     ("size".into(), Column::Numbers(vec![1.0, 3.0, f64::NAN, 5.0])),
/// ])?;
/// let encoder = TableEncoder::fit(&frame, ColumnScaling::Standard)?;
/// assert_eq!(encoder.features(), ["size", "size is missing", "colour"]);
/// let rows: Tensor<f64> = encoder.transform(&frame)?;
/// let shown = [[-1.5_f64.sqrt(), 0.0, -1.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]];
/// for (row, expected) in shown.iter().enumerate() {
///     for (x, expected) in rows.row(row).iter().zip(expected) {
///         assert!((x - expected).abs() < 1e-15);
///     }
/// }
/// # Ok::<(), chainrule_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TableEncoder {
    scaling: ColumnScaling,
    columns: Vec<EncodedColumn>,
}

/// The knowledge of one column from training: plain names and numbers, from which the encoder can
/// be made [again](TableEncoder::from_parts).
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedColumn {
    /// The column's name.
    pub name: String,
    /// Its kind.
    pub kind: EncodedKind,
}

/// The knowledge of a column of one kind.
#[derive(Clone, Debug, PartialEq)]
pub enum EncodedKind {
    /// Numbers.
    Numbers {
        /// Their scaling.
        line: Line,
        /// True if one was missing in training, so that there is an indicator.
        missing: bool,
    },
    /// Categories.
    Categories {
        /// The names of training, in the order of their codes from 1.
        names: Vec<String>,
        /// The scaling of each one-hot column; empty for codes.
        lines: Vec<Line>,
    },
}

/// The places of the features: numbers first, then indicators, then one-hot columns, then codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureLayout {
    /// The number of columns of numbers.
    pub numbers: usize,
    /// The numbers, counted from 0, that have an indicator.
    pub missing: Vec<usize>,
    /// The number of columns that categories have become.
    pub one_hot: usize,
    /// For each column of codes, how many there are, 0 among them.
    pub codes: Vec<usize>,
}

impl FeatureLayout {
    /// The number of features.
    #[must_use]
    pub fn width(&self) -> usize {
        self.numbers + self.missing.len() + self.one_hot + self.codes.len()
    }
}

/// The most names of a category that become columns.
const MOST_ONE_HOT: usize = 8;

/// The number of columns of a category with so many names; none if it stays a code.
fn one_hot_width(names: usize) -> Option<usize> {
    match names {
        0 => Some(0),
        1 | 2 => Some(1),
        names if names <= MOST_ONE_HOT => Some(names),
        _ => None,
    }
}

/// The value of a category's column, before it is scaled.
fn one_hot(names: usize, column: usize, code: u32) -> f64 {
    match (names, code) {
        (1, code) => 2.0 * f64::from(code) - 1.0,
        (2, 0) => 0.0,
        (2, code) => 3.0 - 2.0 * f64::from(code),
        (_, code) => f64::from(u8::from(code as usize == column + 1)),
    }
}

impl TableEncoder {
    /// Learns from the training rows.
    ///
    /// # Errors
    /// [`DataError::Empty`] without a row or a column.
    pub fn fit(frame: &Frame, scaling: ColumnScaling) -> Result<Self, DataError> {
        check::not_empty("TableEncoder", "rows", [frame.rows(), frame.width()].into())?;
        let encoded = |(name, column): (&str, &Column)| {
            let kind = match column {
                Column::Numbers(values) => EncodedKind::Numbers {
                    line: Line::fit(scaling, &mut values.clone()),
                    missing: column.missing() > 0,
                },
                Column::Categories { codes, names } => {
                    let width = one_hot_width(names.len()).unwrap_or(0);
                    let line = |at| match scaling {
                        ColumnScaling::Standard => Line::SAME,
                        ColumnScaling::Robust => {
                            let value = |&code| one_hot(names.len(), at, code);
                            Line::fit(scaling, &mut codes.iter().map(value).collect())
                        }
                    };
                    EncodedKind::Categories {
                        names: names.clone(),
                        lines: (0..width).map(line).collect(),
                    }
                }
            };
            EncodedColumn { name: name.to_owned(), kind }
        };
        Ok(TableEncoder { scaling, columns: frame.columns().map(encoded).collect() })
    }

    /// The encoder of what was learned before and kept.
    ///
    /// # Errors
    /// [`DataError::Column`] for numbers that no data can have left, and for a name that is there
    /// twice.
    pub fn from_parts(
        scaling: ColumnScaling,
        columns: Vec<EncodedColumn>,
    ) -> Result<Self, DataError> {
        let op = "TableEncoder::from_parts";
        let wrong = |name: &str, why: &str| {
            Err(DataError::Column { op, column: name.to_owned(), why: why.to_owned() })
        };
        let mut seen = std::collections::HashSet::new();
        for EncodedColumn { name, kind } in &columns {
            if !seen.insert(name) {
                return wrong(name, "the name is there twice: leave one out");
            }
            let lines = match kind {
                EncodedKind::Numbers { line, .. } => std::slice::from_ref(line),
                EncodedKind::Categories { names, lines } => {
                    if lines.len() != one_hot_width(names.len()).unwrap_or(0) {
                        return wrong(name, "there must be a line for each one-hot column");
                    }
                    lines
                }
            };
            let sound = |line: &Line| {
                line.centre.is_finite() && line.scale.is_finite() && line.scale >= 0.0
            };
            if !lines.iter().all(sound) {
                return wrong(name, "its centre and scale must be finite, its scale not negative");
            }
        }
        Ok(TableEncoder { scaling, columns })
    }

    /// The scaling of the columns.
    #[must_use]
    pub fn scaling(&self) -> ColumnScaling {
        self.scaling
    }

    /// The knowledge of each column.
    #[must_use]
    pub fn columns(&self) -> &[EncodedColumn] {
        &self.columns
    }

    /// The places of the features.
    #[must_use]
    pub fn layout(&self) -> FeatureLayout {
        let mut layout = FeatureLayout::default();
        for column in &self.columns {
            match &column.kind {
                EncodedKind::Numbers { missing, .. } => {
                    if *missing {
                        layout.missing.push(layout.numbers);
                    }
                    layout.numbers += 1;
                }
                EncodedKind::Categories { names, .. } => match one_hot_width(names.len()) {
                    Some(width) => layout.one_hot += width,
                    None => layout.codes.push(names.len() + 1),
                },
            }
        }
        layout
    }

    /// A name for each feature.
    #[must_use]
    pub fn features(&self) -> Vec<String> {
        let [mut numbers, mut indicators, mut one_hot, mut codes] = [const { Vec::new() }; 4];
        for EncodedColumn { name, kind } in &self.columns {
            match kind {
                EncodedKind::Numbers { missing, .. } => {
                    numbers.push(name.clone());
                    indicators.extend(missing.then(|| format!("{name} is missing")));
                }
                EncodedKind::Categories { names, .. } => match one_hot_width(names.len()) {
                    Some(0) => {}
                    Some(1) => one_hot.push(name.clone()),
                    Some(_) => one_hot.extend(names.iter().map(|of| format!("{name} = {of}"))),
                    None => codes.push(name.clone()),
                },
            }
        }
        [numbers, indicators, one_hot, codes].concat()
    }

    /// The rows of a table as a tensor `[rows, features]`. Columns are found by their names; others
    /// are left alone. A name of a category that training has not seen counts as missing. A number
    /// that is missing where training missed none becomes 0.
    ///
    /// # Errors
    /// [`DataError::NoColumn`] for a column that is not there, [`DataError::Column`] for one of
    /// categories where training had numbers; [`DataError::Tensor`] if memory cannot hold the
    /// tensor.
    pub fn transform<T: Real>(&self, frame: &Frame) -> Result<Tensor<T>, DataError> {
        let op = "TableEncoder";
        let layout = self.layout();
        let (rows, width) = (frame.rows(), layout.width());
        check::memory::<T>(op, [rows, width].into())?;
        let mut values = vec![T::ZERO; rows * width];
        let mut next = Places::of(&layout);
        for EncodedColumn { name, kind } in &self.columns {
            let column = frame.column(name)?;
            match (kind, column) {
                (EncodedKind::Numbers { line, missing }, Column::Numbers(numbers)) => {
                    let at = next.numbers;
                    next.numbers += 1;
                    let indicator = missing.then_some(next.indicators);
                    next.indicators += usize::from(*missing);
                    for (row, &value) in values.chunks_exact_mut(width).zip(numbers) {
                        match (value.is_nan(), indicator) {
                            (false, _) => row[at] = T::from_f64(line.apply(self.scaling, value)),
                            (true, Some(indicator)) => row[indicator] = T::ONE,
                            (true, None) => {}
                        }
                    }
                }
                (EncodedKind::Numbers { .. }, Column::Categories { .. }) => {
                    let why = "it has categories, but in training it had numbers: give numbers";
                    return Err(DataError::Column {
                        op,
                        column: name.clone(),
                        why: why.to_owned(),
                    });
                }
                (EncodedKind::Categories { names, lines }, column) => {
                    let Column::Categories { codes, .. } = column.recoded(names) else {
                        unreachable!("recoded columns are categories");
                    };
                    let Some(count) = one_hot_width(names.len()) else {
                        let at = next.codes;
                        next.codes += 1;
                        let rows = values.chunks_exact_mut(width);
                        rows.zip(&codes)
                            .for_each(|(row, &code)| row[at] = T::from_usize(code as usize));
                        continue;
                    };
                    let at = next.one_hot;
                    next.one_hot += count;
                    // A table of what each code becomes, of which there are few.
                    let line = |code: u32, column: usize| {
                        let value = one_hot(names.len(), column, code);
                        T::from_f64(match self.scaling {
                            ColumnScaling::Standard => value,
                            ColumnScaling::Robust => lines[column].apply(self.scaling, value),
                        })
                    };
                    let known: Vec<Vec<T>> = (0..=names.len() as u32)
                        .map(|code| (0..count).map(|column| line(code, column)).collect())
                        .collect();
                    for (row, &code) in values.chunks_exact_mut(width).zip(&codes) {
                        row[at..at + count].copy_from_slice(&known[code as usize]);
                    }
                }
            }
        }
        Ok(Tensor::new([rows, width], values)?)
    }
}

/// The place of the next feature of each kind.
struct Places {
    numbers: usize,
    indicators: usize,
    one_hot: usize,
    codes: usize,
}

impl Places {
    fn of(layout: &FeatureLayout) -> Self {
        let one_hot = layout.numbers + layout.missing.len();
        Places { numbers: 0, indicators: layout.numbers, one_hot, codes: one_hot + layout.one_hot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(count: usize, rows: usize) -> Column {
        let texts: Vec<String> = (0..rows).map(|row| format!("name {:02}", row % count)).collect();
        Column::categories(texts.iter().map(String::as_str))
    }

    fn frame() -> Frame {
        let numbers = |f: fn(usize) -> f64| Column::Numbers((0..40).map(f).collect());
        Frame::new(vec![
            ("many".into(), texts(12, 40)),
            ("whole".into(), numbers(|i| i as f64)),
            ("two".into(), texts(2, 40)),
            ("gaps".into(), numbers(|i| if i % 4 == 0 { f64::NAN } else { i as f64 * 1e6 })),
            ("eight".into(), texts(8, 40)),
            ("nine".into(), texts(9, 40)),
            ("one".into(), texts(1, 40)),
            ("none".into(), Column::categories([""; 40])),
        ])
        .unwrap()
    }

    #[test]
    fn every_kind_of_column_has_its_place() {
        for scaling in [ColumnScaling::Standard, ColumnScaling::Robust] {
            let encoder = TableEncoder::fit(&frame(), scaling).unwrap();
            let layout = encoder.layout();
            let expected =
                FeatureLayout { numbers: 2, missing: vec![1], one_hot: 10, codes: vec![13, 10] };
            assert_eq!(layout, expected);
            let features = encoder.features();
            assert_eq!(features.len(), layout.width());
            assert_eq!(
                features[..5],
                ["whole", "gaps", "gaps is missing", "two", "eight = name 00"]
            );
            assert_eq!(features[12..], ["one", "many", "nine"]);
            let x: Tensor = encoder.transform(&frame()).unwrap();
            assert_eq!(x.shape(), [40, 15].into());
            assert!(x.values().iter().all(|x| x.is_finite()));
            assert_eq!((x.row(4)[1], x.row(4)[2], x.row(5)[2]), (0.0, 1.0, 0.0));
            assert_eq!(x.row(11)[13..], [12.0, 3.0]);
            let again = TableEncoder::from_parts(scaling, encoder.columns().to_vec()).unwrap();
            assert_eq!(again, encoder);
        }
    }

    #[test]
    fn what_training_has_not_seen_is_missing() {
        let encoder = TableEncoder::fit(&frame(), ColumnScaling::Standard).unwrap();
        let few = frame().select(&[0, 1, 2]).unwrap();
        let columns = few.into_columns().into_iter().map(|(name, column)| {
            let column = match &*name {
                "many" | "two" | "eight" => Column::categories(["another"; 3]),
                "whole" => Column::Numbers(vec![f64::NAN, 1e30, 19.5]),
                _ => column,
            };
            (name, column)
        });
        let mut columns: Vec<_> = columns.collect();
        columns.reverse();
        columns.push(("extra".into(), Column::Numbers(vec![0.0; 3])));
        let x: Tensor<f64> = encoder.transform(&Frame::new(columns).unwrap()).unwrap();
        assert_eq!(x.row(0)[0], 0.0);
        assert_eq!(x.row(2)[0], 0.0);
        assert_eq!((x.row(0)[3], &x.row(0)[4..12], x.row(0)[13]), (0.0, &[0.0; 8][..], 0.0));
    }

    #[test]
    fn columns_that_do_not_fit_are_named() {
        let encoder = TableEncoder::fit(&frame(), ColumnScaling::Robust).unwrap();
        let mut without = frame();
        let _ = without.take(&["gaps"]).unwrap();
        let error = encoder.transform::<f32>(&without).unwrap_err().to_string();
        assert!(error.contains("there is no column `gaps`"), "{error}");
        let mut columns = without.into_columns();
        columns.push(("gaps".into(), texts(3, 40)));
        let error = encoder.transform::<f32>(&Frame::new(columns).unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "TableEncoder: column gaps: it has categories, but in training it had numbers: give \
             numbers"
        );
        assert!(TableEncoder::fit(&Frame::default(), ColumnScaling::Robust).is_err());
        let line = Line { centre: 0.0, scale: f64::NAN };
        let kind = EncodedKind::Numbers { line, missing: false };
        let columns = vec![EncodedColumn { name: "x".into(), kind }];
        assert!(TableEncoder::from_parts(ColumnScaling::Standard, columns).is_err());
    }
}
