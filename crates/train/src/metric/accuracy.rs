use chainrule_nn::{Configure, TargetKind};
use chainrule_tensor::{Real, TensorView};

use super::rows::{is_first_largest, rows};
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

impl Configure for Accuracy {
    fn formula(&self) -> &'static str {
        "samples with argmax p = t / samples"
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
        for (outputs, target) in rows(prediction, target) {
            self.0.add(target.class(outputs.len()).is_some_and(|class| is_first_largest(outputs, class)));
        }
    }

    fn value(&self) -> f64 {
        self.0.value()
    }
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
