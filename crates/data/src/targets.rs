use chainrule_tensor::{Real, Shape, Tensor};

use crate::{DataError, check};

/// The right answer for each sample, and what kind of answer it is.
///
/// The kind decides which loss fits: class indices and probabilities go with softmax cross-entropy,
/// labels with binary cross-entropy on logits, values with a regression loss.
/// [`Dataset::new`](crate::Dataset::new) checks what is said here.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets<T: Real = f32> {
    /// One class for each sample.
    Classes {
        /// The class of each sample, below `classes`.
        indices: Vec<u32>,
        /// The number of classes; there may be classes without a sample.
        classes: usize,
    },
    /// Numbers to be predicted (regression), `[samples, outputs]`, all finite.
    Values(Tensor<T>),
    /// One-hot or soft class labels, `[samples, classes]`, each from 0 to 1. That a row sums to 1
    /// is not checked.
    Probabilities(Tensor<T>),
    /// Independent yes-or-no answers (multi-label), `[samples, labels]`, each from 0 to 1; they may
    /// be soft.
    Labels(Tensor<T>),
}

impl<T: Real> Targets<T> {
    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Targets::Classes { indices, .. } => indices.len(),
            Targets::Values(x) | Targets::Probabilities(x) | Targets::Labels(x) => {
                x.shape().first().copied().unwrap_or(0)
            }
        }
    }

    /// Returns true if there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of values per sample: 1 for class indices, the number of columns otherwise.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Targets::Classes { .. } => 1,
            Targets::Values(x) | Targets::Probabilities(x) | Targets::Labels(x) => {
                x.shape().as_rows().1
            }
        }
    }

    /// The number of outputs that a network needs for these targets: the classes, or the number of
    /// columns.
    #[must_use]
    pub fn outputs(&self) -> usize {
        match self {
            Targets::Classes { classes, .. } => *classes,
            _ => self.width(),
        }
    }

    /// The shape of a batch of these targets: `[samples]` for class indices, `[samples, width]`
    /// otherwise.
    #[must_use]
    pub fn shape(&self, samples: usize) -> Shape {
        match self {
            Targets::Classes { .. } => samples.into(),
            _ => [samples, self.width()].into(),
        }
    }

    /// The kind as a message says it: `"class indices"`, `"values"`, `"probabilities"` or
    /// `"labels"`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Targets::Classes { .. } => "class indices",
            Targets::Values(_) => "values",
            Targets::Probabilities(_) => "probabilities",
            Targets::Labels(_) => "labels",
        }
    }

    /// The number of samples of each class.
    ///
    /// # Errors
    /// [`DataError::Kind`] unless the targets are class indices; [`DataError::Class`] at an index
    /// that is no class; [`DataError::Tensor`] if memory cannot hold the result.
    pub fn class_counts(&self) -> Result<Vec<usize>, DataError> {
        let (indices, classes) = self.classes("class_counts")?;
        check::memory::<usize>("class_counts", classes.into())?;
        let mut counts = vec![0; classes];
        for &class in indices {
            counts[class as usize] += 1;
        }
        Ok(counts)
    }

    /// Class indices as [`Targets::Probabilities`]: 1 at the class, 0 elsewhere.
    ///
    /// # Errors
    /// [`DataError::Kind`] unless the targets are class indices; [`DataError::Class`] at an index
    /// that is no class; [`DataError::Tensor`] if memory cannot hold the result.
    pub fn one_hot(&self) -> Result<Self, DataError> {
        self.one_hot_smoothed(0.0)
    }

    /// Class indices as smoothed [`Targets::Probabilities`]: `one_hot (1 - s) + s / classes`, with
    /// `s` from 0 to 1 (Szegedy et al., Rethinking the Inception Architecture, 2016, section 7).
    ///
    /// # Errors
    /// As [`one_hot`](Targets::one_hot); [`DataError::Parameter`] if `label_smoothing` is not from
    /// 0 to 1.
    pub fn one_hot_smoothed(&self, label_smoothing: f64) -> Result<Self, DataError> {
        let op = "one_hot";
        let (indices, classes) = self.classes(op)?;
        if !(0.0..=1.0).contains(&label_smoothing) {
            let (rule, value) = ("from 0 to 1".into(), label_smoothing.to_string());
            return Err(DataError::Parameter { op, what: "label_smoothing", rule, value });
        }
        let off = label_smoothing / classes as f64;
        let on = T::from_f64(1.0 - label_smoothing + off);
        check::memory::<T>(op, [indices.len(), classes].into())?;
        let mut rows = Tensor::full([indices.len(), classes], T::from_f64(off));
        for (row, &class) in rows.values_mut().chunks_exact_mut(classes.max(1)).zip(indices) {
            row[class as usize] = on;
        }
        Ok(Targets::Probabilities(rows))
    }

    /// The indices, all of them below the number of classes that comes with them.
    pub(crate) fn classes(&self, op: &'static str) -> Result<(&[u32], usize), DataError> {
        let Targets::Classes { indices, classes } = self else {
            return Err(DataError::Kind { op, kind: self.kind() });
        };
        match indices.iter().position(|&class| class as usize >= *classes) {
            Some(row) => Err(DataError::Class { row, class: indices[row], classes: *classes }),
            None => Ok((indices, *classes)),
        }
    }

    /// An error unless there are samples and each of them is what the kind says.
    pub(crate) fn check(&self) -> Result<(), DataError> {
        let op = "Dataset";
        let matrix = |what, x: &Tensor<T>, expected| {
            check::matrix(op, what, x.shape(), expected)?;
            check::not_empty(op, what, x.shape())
        };
        match self {
            Targets::Classes { indices, classes } => {
                check::not_empty(op, "class indices", indices.len().into())?;
                // A batch carries indices as T, which counts without gaps up to here only.
                let most = 2.0 / T::EPSILON.to_f64();
                if *classes as f64 > most {
                    let rule = format!("at most {most}, what {} can count", T::DTYPE);
                    return Err(DataError::Parameter {
                        op,
                        what: "classes",
                        rule,
                        value: classes.to_string(),
                    });
                }
                self.classes(op).map(|_| ())
            }
            Targets::Values(x) => {
                matrix("values", x, "[samples, outputs]")?;
                check::finite(op, "values", x)
            }
            Targets::Probabilities(x) => {
                matrix("probabilities", x, "[samples, classes]")?;
                check::unit("probabilities", x)
            }
            Targets::Labels(x) => {
                matrix("labels", x, "[samples, labels]")?;
                check::unit("labels", x)
            }
        }
    }

    /// The targets of the given samples, in that order; samples may repeat.
    ///
    /// # Errors
    /// [`DataError::Row`] at the first index that is no sample; [`DataError::Empty`] without an
    /// index.
    pub fn select(&self, rows: &[usize]) -> Result<Self, DataError> {
        let op = "select";
        check::not_empty(op, "indices", rows.len().into())?;
        if let Some(&row) = rows.iter().find(|&&row| row >= self.len()) {
            return Err(DataError::Row { op, row, samples: self.len() });
        }
        Ok(match self {
            Targets::Classes { indices, classes } => Targets::Classes {
                indices: rows.iter().map(|&row| indices[row]).collect(),
                classes: *classes,
            },
            Targets::Values(x) => Targets::Values(x.select_rows(rows)?),
            Targets::Probabilities(x) => Targets::Probabilities(x.select_rows(rows)?),
            Targets::Labels(x) => Targets::Labels(x.select_rows(rows)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(indices: &[u32], classes: usize) -> Targets<f64> {
        Targets::Classes { indices: indices.into(), classes }
    }

    fn message(targets: &Targets<f64>) -> String {
        targets.check().unwrap_err().to_string()
    }

    #[test]
    fn widths_and_shapes_follow_the_kind() {
        let x = Tensor::<f64>::zeros([4, 3]);
        for targets in
            [Targets::Values(x.clone()), Targets::Probabilities(x.clone()), Targets::Labels(x)]
        {
            assert_eq!((targets.len(), targets.width(), targets.outputs()), (4, 3, 3));
            assert_eq!(targets.shape(2), [2, 3].into());
            assert!(targets.check().is_ok());
        }
        let targets = classes(&[0, 2], 5);
        assert_eq!((targets.len(), targets.width(), targets.outputs()), (2, 1, 5));
        assert_eq!(targets.shape(7), [7].into());
        assert!(targets.check().is_ok());
    }

    #[test]
    fn a_class_out_of_range_names_row_class_and_classes() {
        let expected = "Dataset: row 2 has class 3, but with 3 classes the index must be below 3";
        assert_eq!(message(&classes(&[0, 2, 3], 3)), expected);
        assert_eq!(classes(&[0, 2, 3], 3).one_hot().unwrap_err().to_string(), expected);
        assert_eq!(classes(&[0, 2, 3], 3).class_counts().unwrap_err().to_string(), expected);
        assert_eq!(
            classes(&[0], 0).class_counts().unwrap_err().to_string(),
            message(&classes(&[0], 0))
        );
    }

    #[test]
    fn more_classes_than_the_scalar_counts_are_an_error() {
        let most = 1 << 24;
        assert!(
            Targets::<f32>::Classes { indices: vec![most - 1], classes: most as usize }
                .check()
                .is_ok()
        );
        let error = Targets::<f32>::Classes { indices: vec![most], classes: most as usize + 1 }
            .check()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "Dataset: classes must be at most 16777216, what f32 can count, not 16777217"
        );
        assert!(classes(&[most], most as usize + 1).check().is_ok());
    }

    #[test]
    fn probabilities_and_labels_lie_from_0_to_1() {
        let with = |value| Tensor::from_rows([[0.0, 1.0], [0.5, value]]);
        for (value, text) in
            [(1.5, "1.5"), (-0.25, "-0.25"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")]
        {
            let rest = format!("have {text} in row 1, column 1: each must lie from 0 to 1");
            assert_eq!(
                message(&Targets::Probabilities(with(value))),
                format!("Dataset: probabilities {rest}")
            );
            assert_eq!(message(&Targets::Labels(with(value))), format!("Dataset: labels {rest}"));
        }
        assert_eq!(
            message(&Targets::Values(with(f64::NAN))),
            "Dataset: values have NaN in row 1, column 1: remove the sample or put a number there"
        );
        assert!(Targets::Values(with(-7.0)).check().is_ok());
    }

    #[test]
    fn targets_without_columns_or_samples_are_errors() {
        assert_eq!(
            message(&Targets::Values(vec![1.0, 2.0].into())),
            "Dataset: values of shape [2] do not fit: they must be [samples, outputs]"
        );
        assert_eq!(
            message(&Targets::Labels(Tensor::zeros([2, 0]))),
            "Dataset: labels of shape [2, 0] hold no values: give at least one sample with at \
             least one value"
        );
        assert!(
            message(&classes(&[], 3))
                .starts_with("Dataset: class indices of shape [0] hold no values")
        );
    }

    #[test]
    fn one_hot_puts_all_on_the_class_and_smoothing_shares_some() {
        let targets = classes(&[2, 0], 4);
        let plain = Tensor::from_rows([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]]);
        assert_eq!(targets.one_hot().unwrap(), Targets::Probabilities(plain));
        let smoothed =
            Tensor::from_rows([[0.0625, 0.0625, 0.8125, 0.0625], [0.8125, 0.0625, 0.0625, 0.0625]]);
        assert_eq!(targets.one_hot_smoothed(0.25).unwrap(), Targets::Probabilities(smoothed));
        assert_eq!(
            targets.one_hot_smoothed(1.0).unwrap(),
            Targets::Probabilities(Tensor::full([2, 4], 0.25))
        );
        for (value, text) in [(-0.1, "-0.1"), (1.1, "1.1"), (f64::NAN, "NaN")] {
            let error = targets.one_hot_smoothed(value).unwrap_err().to_string();
            assert_eq!(error, format!("one_hot: label_smoothing must be from 0 to 1, not {text}"));
        }
    }

    #[test]
    fn what_needs_classes_says_what_it_was_given() {
        let labels = Targets::<f64>::Labels(Tensor::zeros([2, 3]));
        let error = labels.one_hot().unwrap_err().to_string();
        assert_eq!(error, "one_hot: needs class indices as targets, these are labels");
        let error =
            Targets::Values(Tensor::<f64>::zeros([2, 3])).class_counts().unwrap_err().to_string();
        assert_eq!(error, "class_counts: needs class indices as targets, these are values");
    }

    #[test]
    fn classes_without_a_sample_are_counted_as_zero() {
        assert_eq!(classes(&[3, 0, 3], 5).class_counts().unwrap(), [1, 0, 0, 2, 0]);
    }
}
