use chainrule_graph::{DerivativeReads, Pointwise, Properties, pointwise_by_value};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::settings;

settings! {
    "soft_shrink": "x - lambda where x > lambda, x + lambda where x < -lambda, else 0";

    /// All values move towards zero by `lambda`, small ones become zero: `y = x - lambda` above
    /// `lambda`, `x + lambda` below `-lambda`, else 0; derivative 1, 1 or 0.
    ///
    /// Default `lambda = 0.5`, as in PyTorch; at the two kinks, `|x| = lambda`, the derivative is
    /// 0. It is the proximal map of `lambda |x|`.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct SoftShrink {
        /// Half the width of what becomes zero; must not be negative, and finite.
        pub lambda: f64 = 0.5, at_least(0.0);
    }
}

pointwise_activation!(SoftShrink);

impl<T: Real> Pointwise<T> for SoftShrink {
    fn name(&self) -> &'static str {
        "soft_shrink"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let lambda = T::from_f64(self.lambda);
        let y = if x < -lambda { x + lambda } else { x * T::ZERO };
        if x > lambda { x - lambda } else { y }
    }

    #[inline(always)]
    fn derivative(&self, y: T) -> T {
        self.pull_back(T::ONE, y)
    }

    #[inline(always)]
    fn pull_back(&self, upstream: T, y: T) -> T {
        // Not through a mask in place: see `Relu`.
        (if y == T::ZERO { T::ZERO } else { upstream }) + T::ZERO
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }

    fn properties(&self) -> Properties {
        let kinks = if self.lambda == 0.0 { Vec::new() } else { vec![-self.lambda, self.lambda] };
        Properties {
            lipschitz: 1.0,
            gain: second_moment_gain(self, &kinks),
            kinks,
            ..Properties::default()
        }
    }

    pointwise_by_value!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        let cases = [
            (-2.0, -1.5, 1.0),
            (-0.5, 0.0, 0.0),
            (0.0, 0.0, 0.0),
            (0.5, 0.0, 0.0),
            (0.75, 0.25, 1.0),
        ];
        check::golden(&SoftShrink::default(), &cases);
        check::golden(&SoftShrink { lambda: 1.5 }, &[(-1.4, 0.0, 0.0), (1.75, 0.25, 1.0)]);
    }

    #[test]
    fn a_negative_lambda_is_a_mistake() {
        check::refuses(
            &SoftShrink { lambda: -0.5 },
            "soft_shrink: lambda must be finite and not negative, but it is -0.5",
        );
    }
}
