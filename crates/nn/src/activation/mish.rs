use chainrule_graph::{DerivativeReads, Pointwise, Properties};
use chainrule_tensor::Real;

use super::bounds::{at_least, at_most};
use super::gain::second_moment_gain;
use crate::config::formula;

/// `y = x tanh(ln(1 + e^x))`, computed with one exponential as `x n / (n + 2)`,
/// `n = e^x (e^x + 2)`; derivative `n / (n + 2) + 4 x e^x (1 + e^x) / (n + 2)^2`.
///
/// Smooth, with a least value of -0.309 at `x = -1.192`.
///
/// Source: Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2019.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mish;

/// From here on `tanh` rounds to 1 in `f64`, and the square of `n` is still far from overflow in
/// `f32`.
const LINEAR: f64 = 20.0;
/// Below it the function and its derivative are zero; keeps `0 * inf` away.
const FAR: f64 = -1000.0;

pointwise_activation!(Mish);

impl<T: Real> Pointwise<T> for Mish {
    fn name(&self) -> &'static str {
        "mish"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let x = at_least(x, FAR);
        let e = at_most(x, LINEAR).exp();
        let n = e * (e + T::TWO);
        x * (n / (n + T::TWO))
    }

    #[inline(always)]
    fn derivative(&self, x: T) -> T {
        let x = at_most(at_least(x, FAR), LINEAR);
        let e = x.exp();
        let n = e * (e + T::TWO);
        let inverse = T::ONE / (n + T::TWO);
        inverse * (n + T::from_f64(4.0) * x * (e * (T::ONE + e) * inverse))
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Input
    }

    fn properties(&self) -> Properties {
        Properties {
            range: (-0.308_843_413_017_250_4, f64::INFINITY),
            // At 1.4906.
            lipschitz: 1.088_498_161_251_728,
            responsive: (-3.981_251_494_912_804, f64::INFINITY),
            gain: second_moment_gain(self, &[]),
            ..Properties::default()
        }
    }
}

formula!(Mish: "x tanh(ln(1 + e^x))");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(
            &Mish,
            &[
                (-3.0, -0.145647461275625, -0.0933931145323208),
                (-1.0, -0.303401461374109, 0.0592167558773949),
                (-0.5, -0.22074377465173, 0.289510677913512),
                (0.0, 0.0, 0.6),
                (0.5, 0.375245211304895, 0.886424375357727),
                (1.0, 0.86509838826731, 1.04903622009979),
                (3.0, 2.98653500496796, 1.02110691092944),
            ],
        );
    }
}
