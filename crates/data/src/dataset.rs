use chainrule_tensor::{Real, Shape, Tensor, simd};

use crate::{DataError, Targets, check};

/// Inputs and what a network is to answer for them, checked once: `inputs` is `[samples, ...]`,
/// `targets` has as many samples.
///
/// A data set holds at least one sample, its inputs are finite and its targets are what their kind
/// says.
///
/// ```
/// use chainrule_data::{Dataset, Targets};
/// use chainrule_tensor::Tensor;
///
/// let xor: Dataset = Dataset::new(
///     Tensor::from_rows([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
///     Targets::Classes { indices: vec![0, 1, 1, 0], classes: 2 },
/// )?;
/// assert_eq!(xor.len(), 4);
/// assert_eq!(xor.class_counts()?, [2, 2]);
///
/// let (mut inputs, mut targets) = ([0.0; 4], [0.0; 2]);
/// xor.gather(&[3, 1], &mut inputs, &mut targets);
/// assert_eq!(inputs, [1.0, 1.0, 0.0, 1.0]);
/// assert_eq!(targets, [0.0, 1.0]);
/// # Ok::<(), chainrule_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset<T: Real = f32> {
    pub(crate) inputs: Tensor<T>,
    pub(crate) targets: Targets<T>,
}

impl<T: Real> Dataset<T> {
    /// The data set of these inputs, `[samples, ...]`, and their targets.
    ///
    /// NaN and infinite inputs are refused: one of them makes every weight NaN within a step.
    /// Missing values have to be filled in or their samples left out first.
    ///
    /// # Errors
    /// - [`DataError::Empty`] without a sample, or with samples without values.
    /// - [`DataError::Samples`] if there are more or fewer targets than inputs.
    /// - [`DataError::NonFinite`] at the first input or regression target that is NaN or infinite.
    /// - [`DataError::Class`] at the first class index that is not below the number of classes.
    /// - [`DataError::OutsideUnit`] at the first probability or label that is not from 0 to 1.
    /// - [`DataError::Axes`] if the inputs have no axis, or target values other than two.
    /// - [`DataError::Parameter`] if there are more classes than `T` can count (2^24 for `f32`).
    pub fn new(inputs: Tensor<T>, targets: Targets<T>) -> Result<Self, DataError> {
        let (op, what, shape) = ("Dataset", "inputs", inputs.shape());
        let Some(&samples) = shape.first() else {
            return Err(DataError::Axes { op, what, shape, expected: "[samples, ...]" });
        };
        check::not_empty(op, what, shape)?;
        if samples != targets.len() {
            return Err(DataError::Samples { inputs: samples, targets: targets.len() });
        }
        check::finite(op, what, &inputs)?;
        targets.check()?;
        Ok(Dataset { inputs, targets })
    }

    /// The number of samples, at least 1.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a data set is never empty")]
    pub fn len(&self) -> usize {
        self.inputs.shape()[0]
    }

    /// The inputs, `[samples, ...]`.
    #[must_use]
    pub fn inputs(&self) -> &Tensor<T> {
        &self.inputs
    }

    /// The targets.
    #[must_use]
    pub fn targets(&self) -> &Targets<T> {
        &self.targets
    }

    /// The inputs and the targets, without a copy.
    #[must_use]
    pub fn into_parts(self) -> (Tensor<T>, Targets<T>) {
        (self.inputs, self.targets)
    }

    /// The shape of a batch of inputs.
    #[must_use]
    pub fn input_shape(&self, samples: usize) -> Shape {
        self.inputs.shape().with_length(0, samples)
    }

    /// The number of input values per sample.
    #[must_use]
    pub fn input_width(&self) -> usize {
        self.inputs.values().len() / self.len()
    }

    /// The data set of the given samples, in that order; samples may repeat.
    ///
    /// # Errors
    /// [`DataError::Row`] at the first index that is no sample; [`DataError::Empty`] without an
    /// index.
    pub fn select(&self, rows: &[usize]) -> Result<Self, DataError> {
        let targets = self.targets.select(rows)?;
        Ok(Dataset { inputs: self.inputs.select_rows(rows)?, targets })
    }

    /// The number of samples of each class.
    ///
    /// # Errors
    /// [`DataError::Kind`] unless the targets are class indices.
    pub fn class_counts(&self) -> Result<Vec<usize>, DataError> {
        self.targets.class_counts()
    }

    /// The data set with its class indices as [`Targets::Probabilities`]: 1 at the class, 0
    /// elsewhere.
    ///
    /// # Errors
    /// [`DataError::Kind`] unless the targets are class indices.
    pub fn one_hot(self) -> Result<Self, DataError> {
        self.one_hot_smoothed(0.0)
    }

    /// The data set with its class indices as smoothed probabilities: see
    /// [`Targets::one_hot_smoothed`].
    ///
    /// # Errors
    /// [`DataError::Kind`] unless the targets are class indices; [`DataError::Parameter`] if
    /// `label_smoothing` is not from 0 to 1.
    pub fn one_hot_smoothed(self, label_smoothing: f64) -> Result<Self, DataError> {
        let targets = self.targets.one_hot_smoothed(label_smoothing)?;
        Ok(Dataset { inputs: self.inputs, targets })
    }

    /// Copies the given samples into the caller's buffers, which become a batch of
    /// [`input_shape`](Dataset::input_shape) and [`Targets::shape`].
    ///
    /// Class indices are written as numbers, one per sample. Nothing is allocated.
    ///
    /// # Panics
    /// If a buffer has another length than `indices.len()` times the values per sample, or an index
    /// is no sample.
    #[track_caller]
    pub fn gather(&self, indices: &[usize], inputs: &mut [T], targets: &mut [T]) {
        let n = indices.len();
        let (width, buffer) = (self.input_width(), inputs.len());
        assert!(
            buffer == n * width,
            "gather: {n} samples need a buffer of {} inputs ({width} each), this one has {buffer}",
            n * width
        );
        self.gather_targets(indices, targets);
        copy_rows(self.inputs.values(), width, indices, inputs);
    }

    /// Copies the targets of the given samples, as [`gather`](Dataset::gather) does.
    ///
    /// # Panics
    /// As [`gather`](Dataset::gather).
    #[track_caller]
    pub fn gather_targets(&self, indices: &[usize], targets: &mut [T]) {
        let (n, width, buffer) = (indices.len(), self.targets.width(), targets.len());
        assert!(
            buffer == n * width,
            "gather: {n} samples need a buffer of {} targets ({width} each), this one has {buffer}",
            n * width
        );
        if let Some(row) = indices.iter().find(|&&row| row >= self.len()) {
            panic!("gather: there is no sample {row} among {}", self.len());
        }
        match &self.targets {
            Targets::Classes { indices: classes, .. } => {
                for (target, &row) in targets.iter_mut().zip(indices) {
                    *target = T::from_f64(f64::from(classes[row]));
                }
            }
            Targets::Values(x) | Targets::Probabilities(x) | Targets::Labels(x) => {
                copy_rows(x.values(), self.targets.width(), indices, targets);
            }
        }
    }
}

/// About how many bytes before its turn a row is asked for: scattered rows come from a far cache,
/// and each would be waited for. Batches of 128 rows of 784 values took 0.55 to 0.85 of the time; a
/// training of 64-64-10 on batches of 32 out of 3200 took 0.98.
const AHEAD: usize = 2 << 10;

/// Wide enough that a row of a few hundred bytes is copied without a call.
const BLOCK: usize = 16;

fn copy_rows<T: Real>(from: &[T], width: usize, rows: &[usize], to: &mut [T]) {
    simd::dispatch(
        #[inline(always)]
        move || {
            let row_of = move |row: usize| from[row * width..][..width].as_chunks::<BLOCK>();
            let ahead = (AHEAD / (width * size_of::<T>())).max(1);
            let mut later = rows.iter().skip(ahead);
            for (to, row) in to.chunks_exact_mut(width).zip(rows) {
                let (to, to_rest) = to.as_chunks_mut();
                let (from, from_rest) = row_of(*row);
                let (next, _) = row_of(*later.next().unwrap_or(row));
                for ((to, from), next) in to.iter_mut().zip(from).zip(next) {
                    simd::prefetch(next);
                    *to = *from;
                }
                to_rest.iter_mut().zip(from_rest).for_each(|(to, from)| *to = *from);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(samples: usize) -> Dataset<f64> {
        let inputs = Tensor::from_fn([samples, 2, 3], |i| i as f64);
        let indices = (0..samples).map(|i| (i % 3) as u32).collect();
        Dataset::new(inputs, Targets::Classes { indices, classes: 3 }).unwrap()
    }

    fn message(inputs: Tensor<f64>, targets: Targets<f64>) -> String {
        Dataset::new(inputs, targets).unwrap_err().to_string()
    }

    fn values(samples: usize) -> Targets<f64> {
        Targets::Values(Tensor::zeros([samples, 1]))
    }

    #[test]
    fn what_cannot_be_learned_from_is_refused() {
        assert_eq!(
            message(Tensor::zeros([3, 2]), values(4)),
            "Dataset: the inputs have 3 samples, the targets 4: give one target for each input"
        );
        let advice = "hold no values: give at least one sample with at least one value";
        assert_eq!(
            message(Tensor::zeros([0, 2]), values(0)),
            format!("Dataset: inputs of shape [0, 2] {advice}")
        );
        assert_eq!(
            message(Tensor::zeros([2, 0]), values(2)),
            format!("Dataset: inputs of shape [2, 0] {advice}")
        );
        assert_eq!(
            message(Tensor::scalar(1.0), values(1)),
            "Dataset: inputs of shape [] do not fit: they must be [samples, ...]"
        );
        let outside = Targets::Classes { indices: vec![0, 1, 2], classes: 2 };
        assert_eq!(
            message(Tensor::zeros([3, 2]), outside),
            "Dataset: row 2 has class 2, but with 2 classes the index must be below 2"
        );
    }

    #[test]
    fn inputs_that_are_not_finite_are_refused_with_their_place() {
        for (value, text) in
            [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")]
        {
            let inputs = Tensor::from_fn([3, 2, 2], |i| if i == 10 { value } else { 0.0 });
            assert_eq!(
                message(inputs, values(3)),
                format!(
                    "Dataset: inputs have {text} in row 2, column 2: remove the sample or put a \
                     number there"
                )
            );
        }
        let one_axis = Tensor::from(vec![0.0, f64::NAN]);
        assert!(message(one_axis, values(2)).contains("row 1, column 0"));
    }

    #[test]
    fn selected_samples_keep_their_targets() {
        let chosen = numbered(7).select(&[5, 0, 5]).unwrap();
        assert_eq!(chosen.inputs().shape(), [3, 2, 3].into());
        assert_eq!(chosen.inputs().row(0), [30.0, 31.0, 32.0, 33.0, 34.0, 35.0]);
        assert_eq!(chosen.targets(), &Targets::Classes { indices: vec![2, 0, 2], classes: 3 });

        let labels = Tensor::from_fn([4, 2], |i| i as f64 / 8.0);
        for kind in [Targets::Values, Targets::Probabilities, Targets::Labels] {
            let data = Dataset::new(Tensor::zeros([4, 1]), kind(labels.clone())).unwrap();
            let expected = kind(Tensor::from_rows([[0.75, 0.875], [0.0, 0.125]]));
            assert_eq!(data.select(&[3, 0]).unwrap().targets(), &expected);
        }
    }

    #[test]
    fn a_sample_that_does_not_exist_is_an_error() {
        let data = numbered(3);
        assert_eq!(
            data.select(&[0, 3]).unwrap_err().to_string(),
            "select: there is no sample 3 among 3"
        );
        assert!(matches!(data.select(&[]), Err(DataError::Empty { .. })));
    }

    #[test]
    fn gathered_rows_land_in_the_buffers() {
        let data = numbered(5);
        let (mut inputs, mut targets) = ([0.0; 12], [9.0; 2]);
        data.gather(&[4, 1], &mut inputs, &mut targets);
        assert_eq!(inputs, [24.0, 25.0, 26.0, 27.0, 28.0, 29.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        assert_eq!(targets, [1.0, 1.0]);

        let data = data.one_hot().unwrap();
        let mut targets = [9.0; 6];
        data.gather(&[2, 0], &mut inputs, &mut targets);
        assert_eq!(targets, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(data.input_shape(2), [2, 2, 3].into());
    }

    #[test]
    fn rows_of_any_width_are_copied() {
        for width in [1, 7, 15, 16, 17, 63, 64, 200, 255, 256, 257, 1000] {
            let inputs = Tensor::from_fn([20, width], |i| i as f64);
            let data = Dataset::new(inputs.clone(), values(20)).unwrap();
            for rows in [
                &[][..],
                &[19],
                &[3, 3, 0],
                &[18, 1, 17, 2, 16, 3, 15, 4, 14, 5, 13, 6, 12, 7, 11, 8, 10, 9],
            ] {
                let mut x = vec![-1.0; rows.len() * width];
                data.gather(rows, &mut x, &mut vec![0.0; rows.len()]);
                let expected: Vec<f64> =
                    rows.iter().flat_map(|&row| inputs.row(row).to_vec()).collect();
                assert_eq!(x, expected, "{rows:?} of {width} values");
            }
        }
    }

    #[test]
    #[should_panic(
        expected = "gather: 2 samples need a buffer of 12 inputs (6 each), this one has 11"
    )]
    fn a_buffer_of_another_length_panics() {
        numbered(3).gather(&[0, 1], &mut [0.0; 11], &mut [0.0; 2]);
    }

    #[test]
    #[should_panic(expected = "gather: there is no sample 3 among 3")]
    fn gathering_a_sample_that_does_not_exist_panics() {
        numbered(3).gather(&[3], &mut [0.0; 6], &mut [0.0; 1]);
    }

    #[test]
    fn one_hot_needs_classes() {
        let data = numbered(3).one_hot_smoothed(0.3).unwrap();
        let error = data.one_hot().unwrap_err().to_string();
        assert_eq!(error, "one_hot: needs class indices as targets, these are probabilities");
    }
}
