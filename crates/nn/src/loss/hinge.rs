use chainrule_tensor::Real;

use super::checks::{is_positive, positive_part};
use super::{Domain, Elementwise, Predictions, TargetForm};
use crate::config::settings;

settings! {
    "hinge": "max(0, margin - t p)";

    /// The hinge loss `max(0, margin - t p)` of each element, for targets -1 and 1; gradient `-t`,
    /// or 0 where `t p` reaches the margin.
    ///
    /// The sign of the prediction is the answer; what is right by more than the margin, 1 by
    /// default, costs nothing: the loss of support vector machines. Targets 0 and 1 are not -1 and
    /// 1: 0 would cost the margin whatever is predicted.
    ///
    /// Source: Cortes and Vapnik, "Support-Vector Networks", 1995; Keras' `Hinge`.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Hinge {
        /// How far on the right side a prediction must be to cost nothing, above zero.
        pub margin: f64 = 1.0, above(0.0);
    }
}

elementwise_loss!(Hinge);

impl<T: Real> Elementwise<T> for Hinge {
    fn name(&self) -> &str {
        "hinge"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::Values, targets: &[TargetForm::Signs] }
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        positive_part(T::from_f64(self.margin) - t * p)
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        let active = is_positive(T::from_f64(self.margin) - t * p);
        (-active * t, -active * p)
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
            &Hinge::default(),
            &[
                (0.25, 1.0, 0.75, -1.0),
                (0.25, -1.0, 1.25, 1.0),
                (1.0, 1.0, 0.0, 0.0),
                (-1e4, 1.0, 10001.0, -1.0),
            ],
        );
        check::golden(&Hinge { margin: 0.5 }, &[(0.25, 1.0, 0.25, -1.0), (-0.75, -1.0, 0.0, 0.0)]);
    }

    #[test]
    fn a_margin_that_is_not_positive_is_a_mistake() {
        let expected = "hinge: margin must be finite and above 0, but it is 0";
        assert_eq!(check::mistake(&Hinge { margin: 0.0 }), expected);
    }
}
