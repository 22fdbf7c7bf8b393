use chainrule_tensor::Real;

use super::binary_cross_entropy::SigmoidCrossEntropy;
use super::checks::share_of;
use super::{Domain, Elementwise, Predictions, TargetForm};
use crate::config::settings;

settings! {
    "focal": "-alpha_t (1 - p_t)^gamma ln p_t, p_t = sigmoid(p) or 1 - sigmoid(p)";

    /// The focal loss on logits, one value for each element: binary cross-entropy times
    /// `alpha_t (1 - p_t)^gamma`, where `p_t = t sigmoid(p) + (1 - t) (1 - sigmoid(p))` is the
    /// probability of the label and `alpha_t = t alpha + (1 - t) (1 - alpha)`.
    ///
    /// For labels of which few are positive: what is already classified well counts little. With
    /// `q = 1 - p_t`, `q' = sigmoid(p) (1 - sigmoid(p)) (1 - 2 t)` and the cross-entropy `c`, the
    /// gradient is `alpha_t (q^gamma (sigmoid(p) - t) + gamma q^(gamma - 1) q' c)`. The mean is
    /// over all elements. For classes that exclude each other,
    /// [`SoftmaxFocal`](super::SoftmaxFocal).
    ///
    /// Source: Lin et al., "Focal Loss for Dense Object Detection", 2017; defaults of torchvision's
    /// `sigmoid_focal_loss`.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Focal {
        /// The weight of the positive label, in `[0, 1]`; with none both weigh 1.
        pub alpha: Option<f64> = Some(0.25), within(0.0..=1.0);
        /// How little easy labels count, not negative; 0 gives binary cross-entropy.
        pub gamma: f64 = 2.0, at_least(0.0);
    }
}

elementwise_loss!(Focal);

impl<T: Real> Elementwise<T> for Focal {
    fn name(&self) -> &str {
        "focal"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::Logits, targets: &[TargetForm::Labels] }
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        let miss = p.sigmoid() * (T::ONE - t) + (-p).sigmoid() * t;
        let weight = self.alpha(t).0 * power(miss, self.gamma);
        share_of(weight, SigmoidCrossEntropy.value(p, t))
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        let (yes, no) = (p.sigmoid(), (-p).sigmoid());
        let (miss, entropy) = (yes * (T::ONE - t) + no * t, SigmoidCrossEntropy.value(p, t));
        let (scale, change) = (power(miss, self.gamma), power_slope(miss, self.gamma));
        let (alpha, alpha_slope) = self.alpha(t);
        // sigmoid(p) - t, without cancellation where p is large and t is 1.
        let by_prediction = scale * (yes * (T::ONE - t) - no * t)
            + share_of(change * (yes * no * (T::ONE - T::TWO * t)), entropy);
        let by_target = share_of(change * (no - yes), entropy) - share_of(scale, p);
        (alpha * by_prediction, share_of(alpha, by_target) + share_of(alpha_slope * scale, entropy))
    }

    elementwise_by_value!();
}

impl Focal {
    /// `alpha_t` and its derivative by `t`.
    #[inline(always)]
    fn alpha<T: Real>(&self, t: T) -> (T, T) {
        match self.alpha {
            Some(alpha) => {
                let alpha = T::from_f64(alpha);
                (t * alpha + (T::ONE - t) * (T::ONE - alpha), alpha + alpha - T::ONE)
            }
            None => (T::ONE, T::ZERO),
        }
    }
}

/// `x^gamma` of a probability.
#[inline(always)]
pub(super) fn power<T: Real>(x: T, gamma: f64) -> T {
    if gamma == 2.0 { x * x } else { x.powf(T::from_f64(gamma)) }
}

/// `gamma x^(gamma - 1)`, but 0 at zero and below the smallest normal number, where it may
/// overflow: what it is multiplied with goes to zero faster.
#[inline(always)]
pub(super) fn power_slope<T: Real>(x: T, gamma: f64) -> T {
    if gamma == 2.0 {
        x + x
    } else if x < T::MIN_POSITIVE {
        T::ZERO
    } else {
        T::from_f64(gamma) * x.powf(T::from_f64(gamma - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{BinaryCrossEntropy, Reduction, check};
    use chainrule_tensor::Tensor;

    #[test]
    fn golden_values() {
        let (quarter, ln2) = (0.25, std::f64::consts::LN_2);
        // At p = 0: q = 1/2, c = ln 2, q' = 1/4 - t/2.
        check::golden(
            &Focal::default(),
            &[
                (0.0, 1.0, quarter * 0.25 * ln2, quarter * (-0.125 - 0.25 * ln2)),
                (0.0, 0.0, 0.75 * 0.25 * ln2, 0.75 * (0.125 + 0.25 * ln2)),
                (1e4, 1.0, 0.0, 0.0),
                (-1e4, 1.0, 2500.0, -0.25),
                (1e4, 0.0, 7500.0, 0.75),
            ],
        );
    }

    #[test]
    fn every_gamma_has_the_right_derivative_and_none_makes_nan() {
        for gamma in [0.0, 0.5, 1.0, 1.5, 3.0] {
            for alpha in [None, Some(0.9)] {
                let loss = Focal { alpha, gamma };
                check::derivatives(&loss);
                let (x, t) = (
                    Tensor::from(vec![1e4, -1e4, 1e4, -1e4]),
                    Tensor::from(vec![1.0, 1.0, 0.0, 0.0]),
                );
                let [y, dx, _] = check::run::<f64>(&loss, &x, &t, Reduction::None);
                assert!(y.iter().chain(&dx).all(|x| x.is_finite()), "{loss:?}: {y:?} {dx:?}");
            }
        }
    }

    #[test]
    fn a_gamma_of_zero_gives_cross_entropy() {
        let (x, t) = (Tensor::from(vec![0.0, 2.0, -30.0]), Tensor::from(vec![0.3, 0.0, 1.0]));
        let [focal, plain]: [&dyn crate::Loss<f64>; 2] =
            [&Focal { alpha: None, gamma: 0.0 }, &BinaryCrossEntropy];
        let [focal, plain] = [focal, plain].map(|loss| check::run(loss, &x, &t, Reduction::Mean));
        for (focal, plain) in focal.iter().zip(&plain) {
            check::assert_close(focal, plain, 1e-15);
        }
    }

    #[test]
    fn settings_out_of_range_are_mistakes() {
        let focal = Focal { alpha: Some(1.5), gamma: 2.0 };
        assert_eq!(check::mistake(&focal), "focal: alpha must lie in [0, 1], but it is 1.5");
        let focal = Focal { alpha: None, gamma: -1.0 };
        assert_eq!(
            check::mistake(&focal),
            "focal: gamma must be finite and not negative, but it is -1"
        );
    }
}
