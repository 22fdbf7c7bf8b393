use chainrule_tensor::Real;

use super::checks::positive_part;
use super::{Domain, Elementwise, Predictions, TargetForm};
use crate::config::settings;

settings! {
    "squared_hinge": "max(0, margin - t p)^2";

    /// The squared hinge loss `max(0, margin - t p)^2` of each element, for targets -1 and 1;
    /// gradient `-2 t max(0, margin - t p)`.
    ///
    /// [`Hinge`](super::Hinge) without its kink. The margin is 1 by default.
    ///
    /// Source: Keras' `SquaredHinge`.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct SquaredHinge {
        /// How far on the right side a prediction must be to cost nothing, above zero.
        pub margin: f64 = 1.0, above(0.0);
    }
}

elementwise_loss!(SquaredHinge);

impl<T: Real> Elementwise<T> for SquaredHinge {
    fn name(&self) -> &str {
        "squared_hinge"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::Values, targets: &[TargetForm::Signs] }
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        let excess = positive_part(T::from_f64(self.margin) - t * p);
        excess * excess
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        let slope = -T::TWO * positive_part(T::from_f64(self.margin) - t * p);
        (slope * t, slope * p)
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
            &SquaredHinge::default(),
            &[
                (0.25, 1.0, 0.5625, -1.5),
                (0.25, -1.0, 1.5625, 2.5),
                (1.0, 1.0, 0.0, 0.0),
                (-9.0, 1.0, 100.0, -20.0),
            ],
        );
        check::golden(
            &SquaredHinge { margin: 0.5 },
            &[(0.25, 1.0, 0.0625, -0.5), (-0.75, -1.0, 0.0, 0.0)],
        );
    }

    #[test]
    fn a_margin_that_is_not_positive_is_a_mistake() {
        let expected = "squared_hinge: margin must be finite and above 0, but it is -1";
        assert_eq!(check::mistake(&SquaredHinge { margin: -1.0 }), expected);
    }
}
