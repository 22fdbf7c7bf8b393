use chainrule_config::formula;
use chainrule_tensor::Real;

use super::{DerivativeReads, Pointwise, Properties};
use crate::Var;

/// The hyperbolic tangent `y = tanh x`; derivative `1 - y^2`.
///
/// Zero-centred, unlike the sigmoid, and with a derivative of up to 1, but it saturates as well:
/// beyond `|x| = 2.18` the derivative is under 5 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tanh;

formula!(Tanh: "tanh x");

impl<T: Real> Pointwise<T> for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        x.tanh()
    }

    #[inline(always)]
    fn derivative(&self, y: T) -> T {
        T::ONE - y * y
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }

    fn properties(&self) -> Properties {
        // 1 - y^2 = 0.05 at x = artanh(sqrt(0.95)).
        const SATURATED: f64 = 2.178_272_206_742_4;
        Properties {
            range: (-1.0, 1.0),
            lipschitz: 1.0,
            responsive: (-SATURATED, SATURATED),
            gain: 5.0 / 3.0,
            ..Properties::default()
        }
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// `tanh x` for each element; derivative `1 - y^2`. See [`Tanh`].
    #[track_caller]
    #[must_use]
    pub fn tanh(self) -> Var<'g, T> {
        self.map(Tanh)
    }
}
