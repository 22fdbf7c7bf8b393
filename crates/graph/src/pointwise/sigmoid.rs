use chainrule_config::formula;
use chainrule_tensor::Real;

use super::{DerivativeReads, Pointwise, Properties};
use crate::Var;

/// The logistic function `y = 1 / (1 + e^-x)`, computed without overflow; derivative `y (1 - y)`.
///
/// The derivative is at most 1/4, so that a gradient shrinks by at least that factor in each layer,
/// on top of what the weights do. In a deep network it vanishes. Beyond `|x| = 4.36` the derivative
/// is under 5 % of its maximum: the unit is saturated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sigmoid;

formula!(Sigmoid: "1 / (1 + e^-x)");

impl<T: Real> Pointwise<T> for Sigmoid {
    fn name(&self) -> &'static str {
        "sigmoid"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        x.sigmoid()
    }

    #[inline(always)]
    fn derivative(&self, y: T) -> T {
        y * (T::ONE - y)
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }

    fn properties(&self) -> Properties {
        // y (1 - y) = 0.05 / 4 at x = ln(y / (1 - y)), y = (1 + sqrt(0.95)) / 2.
        const SATURATED: f64 = 4.356_544_413_484_81;
        Properties {
            range: (0.0, 1.0),
            lipschitz: 0.25,
            responsive: (-SATURATED, SATURATED),
            gain: 1.0,
            ..Properties::default()
        }
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// `1 / (1 + e^-x)` for each element; derivative `y (1 - y)`. See [`Sigmoid`].
    #[track_caller]
    #[must_use]
    pub fn sigmoid(self) -> Var<'g, T> {
        self.map(Sigmoid)
    }
}
