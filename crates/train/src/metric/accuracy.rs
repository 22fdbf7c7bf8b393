use chainrule_config::formula;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView, simd};

use super::rows::{check_classes, is_first_largest, rows};
use super::{Metric, Ratio};

/// The share of samples whose largest output is at the right class. Of equal outputs the first
/// counts; a NaN among them is wrong.
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

formula!(Accuracy: "samples with argmax p = t / samples");

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
        if target.shape() == prediction.shape() {
            for (outputs, target) in rows(prediction, target) {
                self.0.add(
                    target
                        .class(outputs.len())
                        .is_some_and(|class| is_first_largest(outputs, class)),
                );
            }
            return;
        }
        // What nearly every training step does is a loop of its own.
        check_classes(prediction, target);
        let (samples, classes) = prediction.shape().as_rows();
        let (outputs, targets) = (prediction.values(), target.values());
        self.0.trials += samples as u64;
        self.0.hits += simd::dispatch(
            #[inline(always)]
            || {
                let mut hits = 0;
                for (row, &target) in outputs.chunks_exact(classes.max(1)).zip(targets) {
                    hits += u64::from(is_hit(row, target));
                }
                hits
            },
        );
    }

    fn value(&self) -> f64 {
        self.0.value()
    }
}

/// Returns true if the first largest value is at this index, which is a whole number if it is one.
#[inline(always)]
fn is_hit<T: Real>(row: &[T], index: T) -> bool {
    index >= T::ZERO && is_first_largest(row, index.to_f64() as u32 as usize)
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
        accuracy.update(
            outputs.view(),
            Tensor::from_rows([[0.2, 0.8], [1.0, 0.0], [0.6, 0.4], [0.0, 1.0]]).view(),
        );
        assert_eq!(Metric::<f32>::value(&accuracy), 5.0 / 8.0);
        Metric::<f32>::reset(&mut accuracy);
        assert!(Metric::<f32>::value(&accuracy).is_nan());
    }

    #[test]
    fn of_equal_outputs_the_first_counts_whatever_the_number_of_classes() {
        for classes in [1, 2, 3, 7, 8, 9, 10, 16, 33, 100, 70_000] {
            let mut outputs = Tensor::<f32>::zeros([1, classes]);
            let is_right = |outputs: &Tensor, class: f32| {
                let mut accuracy = Accuracy::new();
                accuracy.update(outputs.view(), Tensor::from(vec![class]).view());
                Metric::<f32>::value(&accuracy) == 1.0
            };
            assert!(is_right(&outputs, 0.0) && !is_right(&outputs, 1.0), "{classes} equal ones");
            let last = classes - 1;
            outputs.values_mut()[last] = 0.5;
            assert!(is_right(&outputs, last as f32), "the last of {classes}");
            assert!(classes == 1 || !is_right(&outputs, 0.0), "the first of {classes}");
            outputs.values_mut()[last / 2] = f32::NAN;
            assert!(
                !is_right(&outputs, last as f32) && !is_right(&outputs, (last / 2) as f32),
                "NaN of {classes}"
            );
            assert!(
                [-1.0, f32::NAN, 1e6]
                    .iter()
                    .all(|&class| !is_right(&Tensor::zeros([1, classes]), class))
            );
        }
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
