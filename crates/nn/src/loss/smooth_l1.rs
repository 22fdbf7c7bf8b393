use chainrule_tensor::Real;

use super::Elementwise;
use super::mean_absolute_error::sign;
use crate::config::settings;

settings! {
    "smooth_l1": "e^2 / (2 beta) where |e| < beta, else |e| - beta / 2, e = p - t";

    /// The absolute error with a rounded tip: for the error `e = p - t`, `e^2 / (2 beta)` where
    /// `|e| < beta`, else `|e| - beta / 2`; gradient `e / beta` or `sign(e)`.
    ///
    /// `beta` is 1 by default; 0 makes it the absolute error. In contrast to
    /// [`Huber`](super::Huber) the slope far out is 1 whatever `beta` is.
    ///
    /// Source: Girshick, "Fast R-CNN", 2015, equation 3; PyTorch's `SmoothL1Loss`.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct SmoothL1 {
        /// Where the parabola goes over into straight lines, not negative.
        pub beta: f64 = 1.0, at_least(0.0);
    }
}

elementwise_loss!(SmoothL1);

impl<T: Real> Elementwise<T> for SmoothL1 {
    fn name(&self) -> &str {
        "smooth_l1"
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        let (error, beta) = ((p - t).abs(), T::from_f64(self.beta));
        if error < beta { T::HALF * error * error / beta } else { error - T::HALF * beta }
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        let (error, beta) = (p - t, T::from_f64(self.beta));
        let slope = if error.abs() < beta { error / beta } else { sign(error) };
        (slope, -slope)
    }

    elementwise_by_value!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check;

    #[test]
    fn golden_values() {
        check::golden(
            &SmoothL1::default(),
            &[(0.5, 0.0, 0.125, 0.5), (-1.0, 0.0, 0.5, -1.0), (3.0, 0.0, 2.5, 1.0)],
        );
        check::golden(
            &SmoothL1 { beta: 0.5 },
            &[(0.25, 0.0, 0.0625, 0.5), (-3.0, 1.0, 3.75, -1.0)],
        );
    }

    #[test]
    fn a_beta_of_zero_gives_the_absolute_error() {
        check::golden(
            &SmoothL1 { beta: 0.0 },
            &[(0.5, 0.0, 0.5, 1.0), (1.0, 1.0, 0.0, 0.0), (-1e4, 1e4, 2e4, -1.0)],
        );
    }

    #[test]
    fn a_negative_beta_is_a_mistake() {
        let expected = "smooth_l1: beta must be finite and not negative, but it is -1";
        assert_eq!(check::mistake(&SmoothL1 { beta: -1.0 }), expected);
    }
}
