use std::f64::consts::PI;

use chainrule_tensor::Real;

use super::checks::share_of;
use super::{Domain, Elementwise, Predictions, TargetForm};
use crate::config::settings;

settings! {
    "poisson_nll": "e^p - t p, or p - t ln(p + eps)";

    /// The negative log-likelihood of counts `t` under a Poisson distribution, one value for each
    /// element. With the logarithm of the rate as prediction, the default, `e^p - t p`; gradient
    /// `e^p - t`. With the rate itself `p - t ln(p + eps)`; gradient `1 - t / (p + eps)`.
    ///
    /// The term `ln t!`, which does not depend on the prediction, is left out, or, with `full`,
    /// approximated by Stirling's formula `t ln t - t + ln(2 pi t) / 2` for `t > 1`. The mean is
    /// over all elements, as in PyTorch's `PoissonNLLLoss`.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct PoissonNll {
        /// True if predictions are logarithms of rates.
        pub log_input: bool = true;
        /// Adds the approximation of `ln t!`.
        pub full: bool = false;
        /// Keeps the logarithm of a rate of zero finite; not negative.
        pub eps: f64 = 1e-8, at_least(0.0);
    }
}

elementwise_loss!(PoissonNll);

impl<T: Real> Elementwise<T> for PoissonNll {
    fn name(&self) -> &str {
        "poisson_nll"
    }

    fn domain(&self) -> Domain {
        let predictions = if self.log_input { Predictions::Values } else { Predictions::Positive };
        Domain { predictions, targets: &[TargetForm::Counts] }
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        let (rate, log) =
            if self.log_input { (p.exp(), p) } else { (p, (p + T::from_f64(self.eps)).ln()) };
        // A rate outgrows its logarithm.
        let product = t * log;
        // No count at all takes nothing of an infinite logarithm; where that is NaN, so is the
        // rate.
        let product = if product.is_nan() && t == T::ZERO { T::ZERO } else { product };
        let value = if rate == T::INFINITY { rate } else { rate - product };
        if self.full && t > T::ONE {
            value + t * t.ln() - t + T::HALF * (T::from_f64(2.0 * PI) * t).ln()
        } else {
            value
        }
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        let eps = T::from_f64(self.eps);
        let (dp, dt) = if self.log_input {
            (p.exp() - t, -p)
        } else {
            (T::ONE - share_of(t, T::ONE / (p + eps)), -(p + eps).ln())
        };
        (dp, if self.full && t > T::ONE { dt + t.ln() + T::HALF / t } else { dt })
    }

    elementwise_by_value!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check;

    #[test]
    fn golden_values() {
        let e = std::f64::consts::E;
        check::golden(
            &PoissonNll::default(),
            &[(1.0, 2.0, e - 2.0, e - 2.0), (-1e4, 3.0, 3e4, -3.0)],
        );
        // ln 5! = 4.7875, for which Stirling's formula gives 4.7708.
        let full = PoissonNll { full: true, ..PoissonNll::default() };
        check::golden(
            &full,
            &[(0.0, 5.0, 5.7708470515922246, -4.0), (0.0, 1.0, 1.0, 0.0), (0.0, 0.0, 1.0, 1.0)],
        );
        let rate = PoissonNll { log_input: false, ..PoissonNll::default() };
        let logarithm = -(1e-8_f64.ln());
        check::golden(&rate, &[(0.0, 1.0, logarithm, 1.0 - 1e8), (0.0, 0.0, 0.0, 1.0)]);
    }

    #[test]
    fn a_negative_eps_is_a_mistake() {
        let expected = "poisson_nll: eps must be finite and not negative, but it is -1";
        assert_eq!(check::mistake(&PoissonNll { eps: -1.0, ..PoissonNll::default() }), expected);
    }
}
