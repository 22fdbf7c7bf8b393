use chainrule_graph::{DerivativeReads, Pointwise, Properties};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::formula;

/// A piecewise stand-in for [`Silu`](super::Silu): `y = x` from 3 on, 0 up to -3, and
/// `x (x + 3) / 6` between; derivative 1, 0 or `x / 3 + 1/2`.
///
/// At the kinks, -3 and 3, the derivative is 0 and 1, as in PyTorch.
///
/// Source: Howard et al., "Searching for MobileNetV3", 2019, section 5.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardSwish;

pointwise_activation!(HardSwish);

impl<T: Real> Pointwise<T> for HardSwish {
    fn name(&self) -> &'static str {
        "hard_swish"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let three = T::from_f64(3.0);
        let y = x * ((x + three) / T::from_f64(6.0));
        let y = if x >= three { x } else { y };
        if x <= -three { T::ZERO } else { y }
    }

    #[inline(always)]
    fn derivative(&self, x: T) -> T {
        self.pull_back(T::ONE, x)
    }

    #[inline(always)]
    fn pull_back(&self, upstream: T, x: T) -> T {
        let three = T::from_f64(3.0);
        let dx = upstream * (x / three + T::HALF);
        let dx = if x >= three { upstream } else { dx };
        if x <= -three { T::ZERO } else { dx }
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Input
    }

    fn properties(&self) -> Properties {
        let kinks = vec![-3.0, 3.0];
        Properties {
            // The least value is at -3/2.
            range: (-0.375, f64::INFINITY),
            // Just below 3.
            lipschitz: 1.5,
            responsive: (-3.0, f64::INFINITY),
            can_die: true,
            gain: second_moment_gain(self, &kinks),
            kinks,
        }
    }
}

formula!(HardSwish: "x min(max(0, x / 6 + 1/2), 1)");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(
            &HardSwish,
            &[
                (-4.0, 0.0, 0.0),
                (-3.0, 0.0, 0.0),
                (-1.5, -0.375, 0.0),
                (0.0, 0.0, 0.5),
                (1.0, 2.0 / 3.0, 5.0 / 6.0),
                (3.0, 3.0, 1.0),
                (4.0, 4.0, 1.0),
            ],
        );
    }
}
