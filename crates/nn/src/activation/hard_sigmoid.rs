use chainrule_graph::{DerivativeReads, Pointwise, Properties};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::formula;

/// A piecewise linear stand-in for the logistic function: `y = x / 6 + 1/2`, limited to 0 and 1.
/// The derivative is 1/6 between `x = -3` and 3, and 0 elsewhere, at the two kinks too, as in
/// PyTorch.
///
/// As PyTorch, Keras and MobileNetV3 have it. ONNX's default slope is 1/5.
///
/// Source: Howard et al., "Searching for MobileNetV3", 2019, section 5.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardSigmoid;

pointwise_activation!(HardSigmoid);

impl<T: Real> Pointwise<T> for HardSigmoid {
    fn name(&self) -> &'static str {
        "hard_sigmoid"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let three = T::from_f64(3.0);
        let y = (x + three) / T::from_f64(6.0);
        let y = if x >= three { T::ONE } else { y };
        if x <= -three { T::ZERO } else { y }
    }

    #[inline(always)]
    fn derivative(&self, y: T) -> T {
        self.pull_back(T::ONE, y)
    }

    #[inline(always)]
    fn pull_back(&self, upstream: T, y: T) -> T {
        if y <= T::ZERO || y >= T::ONE { T::ZERO } else { upstream / T::from_f64(6.0) }
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }

    fn properties(&self) -> Properties {
        let kinks = vec![-3.0, 3.0];
        Properties {
            range: (0.0, 1.0),
            lipschitz: 1.0 / 6.0,
            responsive: (-3.0, 3.0),
            can_die: true,
            gain: second_moment_gain(self, &kinks),
            kinks,
        }
    }
}

formula!(HardSigmoid: "min(max(0, x / 6 + 1/2), 1)");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        let sixth = 1.0 / 6.0;
        check::golden(
            &HardSigmoid,
            &[
                (-4.0, 0.0, 0.0),
                (-3.0, 0.0, 0.0),
                (-1.0, 1.0 / 3.0, sixth),
                (0.0, 0.5, sixth),
                (1.5, 0.75, sixth),
                (3.0, 1.0, 0.0),
                (5.0, 1.0, 0.0),
            ],
        );
    }
}
