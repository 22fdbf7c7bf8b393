use crate::Configure;
use chainrule_graph::{DerivativeReads, Pointwise, Properties};
use chainrule_tensor::Real;

/// The hyperbolic tangent `y = tanh x`; derivative `1 - y^2`.
///
/// Zero-centred, unlike the sigmoid, and with a derivative of up to 1, but it saturates as well: beyond `|x| = 2.18`
/// the derivative is under 5 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tanh;

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

impl Configure for Tanh {
    fn formula(&self) -> &'static str {
        "tanh x"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(
            &Tanh,
            &[
                (-3.0, -0.995054753687, 0.00986603716544),
                (-1.0, -0.761594155956, 0.419974341614),
                (-0.5, -0.46211715726, 0.786447732966),
                (0.0, 0.0, 1.0),
                (0.5, 0.46211715726, 0.786447732966),
                (1.0, 0.761594155956, 0.419974341614),
                (3.0, 0.995054753687, 0.00986603716544),
            ],
        );
    }
}
