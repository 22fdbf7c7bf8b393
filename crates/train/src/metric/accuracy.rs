use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::{Metric, Ratio};

/// The share of samples whose largest output is at the right class. Of equal outputs the first counts; a NaN among them
/// is wrong.
///
/// The right class is the index, or the most probable class where targets are probabilities.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accuracy(Ratio);

impl Accuracy {
    /// Before any batch.
    #[must_use]
    pub fn new() -> Self {
        Accuracy::default()
    }
}

impl<T: Real> Metric<T> for Accuracy {
    fn name(&self) -> &'static str {
        "accuracy"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        matches!(target, TargetKind::Classes | TargetKind::Probabilities)
    }

    fn reset(&mut self) {
        self.0 = Ratio::default();
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        let (_, classes) = prediction.shape().as_rows();
        let by_index = target.shape() != prediction.shape();
        for (row, outputs) in prediction.values().chunks_exact(classes.max(1)).enumerate() {
            let right = if by_index {
                target.values()[row].to_f64() as usize
            } else {
                largest(&target.values()[row * classes..][..classes]).unwrap_or(usize::MAX)
            };
            self.0.add(is_first_largest(outputs, right));
        }
    }

    fn value(&self) -> f64 {
        self.0.value()
    }
}

/// Whether the value at this position is larger than all before it and at least as large as all after it. Looks at all
/// of them in one loop without a branch, unlike a search for the largest.
#[inline]
fn is_first_largest<T: Real>(row: &[T], position: usize) -> bool {
    let Some(&value) = row.get(position) else { return false };
    let mut largest = true;
    for (i, &x) in row.iter().enumerate() {
        largest &= (x < value) | ((x == value) & (i >= position));
    }
    largest
}

/// The first position of the largest value; none if a value is NaN.
fn largest<T: Real>(row: &[T]) -> Option<usize> {
    let (mut best, mut nan) = (0, false);
    for (i, &x) in row.iter().enumerate() {
        nan |= x.is_nan();
        if x > row[best] {
            best = i;
        }
    }
    (!nan).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::Tensor;

    #[test]
    fn it_counts_over_batches_for_indices_and_probabilities() {
        let outputs = Tensor::from_rows([[0.1, 0.9], [2.0, -1.0], [0.5, 0.5], [f32::NAN, 1.0]]);
        let mut accuracy = Accuracy::new();
        assert!(Metric::<f32>::value(&accuracy).is_nan());
        accuracy.update(outputs.view(), Tensor::from(vec![1.0, 1.0, 0.0, 1.0]).view());
        assert_eq!(Metric::<f32>::value(&accuracy), 0.5);
        accuracy.update(outputs.view(), Tensor::from_rows([[0.2, 0.8], [1.0, 0.0], [0.6, 0.4], [0.0, 1.0]]).view());
        assert_eq!(Metric::<f32>::value(&accuracy), 5.0 / 8.0);
        Metric::<f32>::reset(&mut accuracy);
        assert!(Metric::<f32>::value(&accuracy).is_nan());
    }

    #[test]
    fn a_single_class_is_told_from_indices_by_its_axis() {
        let (outputs, mut accuracy) = (Tensor::from_rows([[0.3_f32], [-0.3]]), Accuracy::new());
        accuracy.update(outputs.view(), Tensor::from_rows([[1.0], [1.0]]).view());
        assert_eq!(Metric::<f32>::value(&accuracy), 1.0);
        accuracy.update(outputs.view(), Tensor::from(vec![0.0, 0.0]).view());
        assert_eq!(Metric::<f32>::value(&accuracy), 1.0);
    }
}
