use chainrule_config::formula;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::Metric;
use super::rows::{row_pairs, same_width};

/// The share of the targets' variance that is explained, `1 - sum (p - t)^2 / sum (t - mean t)^2`
/// for each output, the mean over outputs. 1 is perfect, 0 what the mean of the targets would give;
/// it can be negative.
///
/// An output whose targets are all the same counts 1 if it is predicted without error and 0
/// otherwise, scikit-learn's `force_finite`. NaN over fewer than two samples, as there, and with a
/// NaN among the numbers. The variance is gathered without cancellation (Welford, Note on a method
/// for calculating corrected sums of squares and products, 1962).
#[derive(Clone, Debug, Default)]
pub struct R2 {
    samples: u64,
    outputs: Vec<Output>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Output {
    mean: f64,
    /// The sum of squared distances of the targets from their mean.
    total: f64,
    /// The sum of squared errors.
    residual: f64,
    /// True if all of it is of numbers times [`SMALLER`].
    shrunk: bool,
}

/// Beyond it, sums of squares may not fit into `f64`: `2^480`.
const LARGE: f64 = f64::from_bits((1023 + 480) << 52);
/// `2^-560`.
const SMALLER: f64 = f64::from_bits((1023 - 560) << 52);

impl Output {
    /// Goes over to smaller numbers, which have the same shares.
    #[cold]
    fn shrink(&mut self) {
        self.shrunk = true;
        self.mean *= SMALLER;
        let varies = self.total > 0.0;
        for square in [&mut self.total, &mut self.residual] {
            *square = *square * SMALLER * SMALLER;
        }
        if varies && self.total == 0.0 {
            self.total = f64::MIN_POSITIVE;
        }
    }
}

impl R2 {
    /// Before any batch.
    #[must_use]
    pub fn new() -> Self {
        R2::default()
    }

    /// The value of each output.
    #[must_use]
    pub fn per_output(&self) -> Vec<f64> {
        self.outputs.iter().map(|output| self.of(output)).collect()
    }

    fn of(&self, output: &Output) -> f64 {
        match (output.residual, output.total) {
            _ if self.samples < 2 => f64::NAN,
            (0.0, 0.0) => 1.0,
            (residual, 0.0) if !residual.is_nan() => 0.0,
            (residual, total) => 1.0 - residual / total,
        }
    }
}

formula!(R2: "1 - sum (p - t)^2 / sum (t - mean t)^2");

impl<T: Real> Metric<T> for R2 {
    fn name(&self) -> &'static str {
        "r2"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        target == TargetKind::Values
    }

    fn reset(&mut self) {
        self.samples = 0;
        self.outputs.clear();
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        let (_, width) = prediction.shape().as_rows();
        same_width(self.outputs.len(), width, self.samples > 0);
        self.outputs.resize(width, Output::default());
        for (predictions, targets) in row_pairs(prediction, target) {
            self.samples += 1;
            for ((output, p), t) in self.outputs.iter_mut().zip(predictions).zip(targets) {
                let (mut p, mut t) = (p.to_f64(), t.to_f64());
                let is_large = |x: f64| x.abs() > LARGE && x.is_finite();
                if output.shrunk || is_large(p) || is_large(t) {
                    if !output.shrunk {
                        output.shrink();
                    }
                    (p, t) = (p * SMALLER, t * SMALLER);
                }
                let distance = t - output.mean;
                output.mean += distance / self.samples as f64;
                let rest = t - output.mean;
                let vanishes = distance * rest == 0.0 && distance != 0.0 && rest != 0.0;
                // Targets that differ are not all the same, however near they are.
                output.total += if vanishes { f64::MIN_POSITIVE } else { distance * rest };
                output.residual += (p - t).powi(2);
            }
        }
    }

    fn value(&self) -> f64 {
        self.outputs.iter().map(|output| self.of(output)).sum::<f64>() / self.outputs.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::Tensor;

    fn of<const N: usize>(predictions: [f64; N], targets: [f64; N]) -> f64 {
        let mut r2 = R2::new();
        let [p, t] = [predictions, targets].map(|values| Tensor::from_rows(values.map(|x| [x])));
        r2.update(p.view(), t.view());
        Metric::<f64>::value(&r2)
    }

    #[test]
    fn the_examples_of_scikit_learn() {
        assert!(
            (of([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]) - 0.948_608_137_044_968).abs() < 1e-15
        );
        assert_eq!(of([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]), 0.0);
        assert_eq!(of([3.0, 2.0, 1.0], [1.0, 2.0, 3.0]), -3.0);
    }

    #[test]
    fn constant_targets_and_too_few_samples() {
        assert_eq!(of([0.1; 7], [0.1; 7]), 1.0);
        assert_eq!(of([0.1, 0.2, 0.1], [0.1; 3]), 0.0);
        assert!(of([f64::NAN, 0.2, 0.1], [0.1; 3]).is_nan());
        assert!(of([1.0], [1.0]).is_nan());
        assert!(of([], []).is_nan());
    }

    /// Kind "squares that overflow" (pytorch#51912): a share does not depend on the size of the
    /// numbers.
    #[test]
    fn numbers_of_any_size_have_their_share() {
        let (predictions, targets) = ([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]);
        let expected = of(predictions, targets);
        for size in [-450, 0, 470, 520, 700, 1000].map(|power| 2.0_f64.powi(power)) {
            assert_eq!(
                of(predictions.map(|x| x * size), targets.map(|x| x * size)),
                expected,
                "{size:e}"
            );
        }
        // Small ones first.
        let value = of([2e-3, 1.0, 2e200, 8e300], [3e-3, 1.0, 2e200, 8e300]);
        assert!((value - 1.0).abs() < 1e-12, "{value}");
        // Targets that are small beside the predictions are not constant.
        assert_eq!(of([1e200, 2.0, 3.0], [1.0, 2.0, 3.0]), f64::NEG_INFINITY);
        assert_eq!(of([2.0, 3.0, 1e200], [1.0, 2.0, 3.0]), f64::NEG_INFINITY);
        assert_eq!(of([1e200, 2.0], [1.0, 1.0]), 0.0);
    }

    #[test]
    fn a_large_mean_loses_no_variance() {
        let value = of([1e9, 1e9 + 1.0, 1e9 + 2.0], [1e9, 1e9 + 1.0, 1e9 + 3.0]);
        // The mean itself is rounded to 1e-7.
        assert!((value - (1.0 - 3.0 / 14.0)).abs() < 1e-6, "{value}");
    }
}
