use chainrule_graph::{DerivativeReads, Pointwise, Properties};
use chainrule_tensor::Real;

use crate::config::formula;

/// The linear activation `y = x`; derivative 1. For the output of a regression: between affine
/// layers it adds nothing, since affine maps in sequence are one affine map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity;

pointwise_activation!(Identity);

impl<T: Real> Pointwise<T> for Identity {
    fn name(&self) -> &'static str {
        "identity"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        x
    }

    #[inline(always)]
    fn derivative(&self, _: T) -> T {
        T::ONE
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Nothing
    }

    fn properties(&self) -> Properties {
        Properties { lipschitz: 1.0, gain: 1.0, ..Properties::default() }
    }
}

formula!(Identity: "x");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(&Identity, &[(-3.0, -3.0, 1.0), (0.0, 0.0, 1.0), (0.5, 0.5, 1.0)]);
    }
}
