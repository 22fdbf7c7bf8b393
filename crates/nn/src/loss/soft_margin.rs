use chainrule_tensor::Real;

use super::checks::{share_of, softplus};
use super::{Domain, Elementwise, Predictions, TargetForm};
use crate::config::formula;

/// The logistic loss `ln(1 + e^(-t p))` of each element, for targets -1 and 1; gradient
/// `-t sigmoid(-t p)`.
///
/// It is [`BinaryCrossEntropy`](struct@super::BinaryCrossEntropy) on logits for labels written as
/// -1 and 1, and a hinge without a kink. Computed as `max(0, -t p) + ln(1 + e^-|t p|)`, so that
/// nothing overflows. The mean is over all elements, as in PyTorch's `SoftMarginLoss`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoftMargin;

formula!(SoftMargin: "ln(1 + e^(-t p))");

elementwise_loss!(SoftMargin);

impl<T: Real> Elementwise<T> for SoftMargin {
    fn name(&self) -> &str {
        "soft_margin"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::Logits, targets: &[TargetForm::Signs] }
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        softplus(-t * p)
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        let slope = -(-t * p).sigmoid();
        (slope * t, share_of(slope, p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check;

    #[test]
    fn golden_values() {
        check::golden(
            &SoftMargin,
            &[
                (0.0, 1.0, std::f64::consts::LN_2, -0.5),
                (2.0, 1.0, 0.1269280110429727, -0.11920292202211769),
                (-3.0, -1.0, 0.04858735157374206, 0.04742587317756678),
                (1e4, -1.0, 1e4, 1.0),
                (1e4, 1.0, 0.0, 0.0),
            ],
        );
    }
}
