use chainrule_graph::{DerivativeReads, Pointwise, Properties};
use chainrule_tensor::Real;

use super::bounds::{at_least, within};
use super::gain::second_moment_gain;
use super::sigmoid::sigmoid_and_rest;
use crate::config::formula;

/// The sigmoid linear unit, also known as swish: `y = x s` with `s = 1 / (1 + e^-x)`; derivative
/// `s (1 + x (1 - s))`.
///
/// Smooth, with a least value of -0.278 at `x = -1.278`. `by_name` knows it as `swish` too.
///
/// Sources: Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units for Neural Network Function
/// Approximation in Reinforcement Learning", 2017; Ramachandran, Zoph and Le, "Searching for
/// Activation Functions", 2017.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silu;

/// Beyond it the function and its derivative are at their limits; keeps `0 * inf` away.
const FAR: f64 = 1000.0;

pointwise_activation!(Silu);

impl<T: Real> Pointwise<T> for Silu {
    fn name(&self) -> &'static str {
        "silu"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let x = at_least(x, -FAR);
        x * x.sigmoid()
    }

    #[inline(always)]
    fn derivative(&self, x: T) -> T {
        let x = within(x, FAR);
        let (s, rest) = sigmoid_and_rest(x);
        s * (T::ONE + x * rest)
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Input
    }

    fn properties(&self) -> Properties {
        Properties {
            range: (-0.278_464_542_761_073_8, f64::INFINITY),
            // At 2.3994.
            lipschitz: 1.099_839_320_128_867,
            responsive: (-3.929_897_316_096_649_7, f64::INFINITY),
            gain: second_moment_gain(self, &[]),
            ..Properties::default()
        }
    }
}

formula!(Silu: "x / (1 + e^-x)");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(
            &Silu,
            &[
                (-3.0, -0.142277619533, -0.0881041060152),
                (-1.0, -0.26894142137, 0.0723294881285),
                (-0.5, -0.188770334399, 0.260038812697),
                (0.0, 0.0, 0.5),
                (0.5, 0.311229665601, 0.739961187303),
                (1.0, 0.73105857863, 0.927670511871),
                (3.0, 2.85772238047, 1.08810410602),
            ],
        );
    }
}
