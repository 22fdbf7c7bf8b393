use chainrule_graph::{DerivativeReads, Pointwise, Properties};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::formula;

/// The part that the hyperbolic tangent cuts off: `y = x - tanh x`; derivative `tanh^2 x`.
///
/// Flat at zero, where the derivative vanishes, and steep far away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tanhshrink;

pointwise_activation!(Tanhshrink);

impl<T: Real> Pointwise<T> for Tanhshrink {
    fn name(&self) -> &'static str {
        "tanhshrink"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        x - x.tanh()
    }

    #[inline(always)]
    fn derivative(&self, x: T) -> T {
        let tanh = x.tanh();
        tanh * tanh
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Input
    }

    fn properties(&self) -> Properties {
        Properties { lipschitz: 1.0, gain: second_moment_gain(self, &[]), ..Properties::default() }
    }
}

formula!(Tanhshrink: "x - tanh x");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(
            &Tanhshrink,
            &[
                (-3.0, -2.00494524631327, 0.99013396283456),
                (-1.0, -0.238405844044235, 0.580025658385974),
                (0.0, 0.0, 0.0),
                (0.5, 0.0378828427399902, 0.213552267034073),
                (3.0, 2.00494524631327, 0.99013396283456),
            ],
        );
    }
}
