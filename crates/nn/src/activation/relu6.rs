use chainrule_graph::{DerivativeReads, Pointwise, Properties};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::formula;

/// The rectified linear unit with a ceiling: `y = min(max(0, x), 6)`; derivative 1 between 0 and 6,
/// and 0 elsewhere, at the two kinks too, as in PyTorch.
///
/// The ceiling keeps values within the range of numbers of few bits.
///
/// Source: Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10", 2010.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relu6;

pointwise_activation!(Relu6);

impl<T: Real> Pointwise<T> for Relu6 {
    fn name(&self) -> &'static str {
        "relu6"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let six = T::from_f64(6.0);
        let y = if x >= six { six } else { x };
        if x <= T::ZERO { T::ZERO } else { y }
    }

    #[inline(always)]
    fn derivative(&self, y: T) -> T {
        self.pull_back(T::ONE, y)
    }

    #[inline(always)]
    fn pull_back(&self, upstream: T, y: T) -> T {
        // Not through a mask in place: see `Relu`.
        (if y <= T::ZERO || y >= T::from_f64(6.0) { T::ZERO } else { upstream }) + T::ZERO
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }

    fn properties(&self) -> Properties {
        let kinks = vec![0.0, 6.0];
        Properties {
            range: (0.0, 6.0),
            lipschitz: 1.0,
            // A unit that is off at zero and below counts, as with ReLU, as one that can die, not
            // as saturated.
            responsive: (f64::NEG_INFINITY, 6.0),
            can_die: true,
            gain: second_moment_gain(self, &kinks),
            kinks,
        }
    }
}

formula!(Relu6: "min(max(0, x), 6)");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        let cases =
            [(-3.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.5, 0.5, 1.0), (6.0, 6.0, 0.0), (7.0, 6.0, 0.0)];
        check::golden(&Relu6, &cases);
    }
}
