use chainrule_graph::{DerivativeReads, Pointwise, Properties, pointwise_by_value};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::settings;

settings! {
    "hard_shrink": "x where |x| > lambda, else 0";

    /// Small values become zero: `y = x` where `|x| > lambda`, else 0; derivative 1 or 0.
    ///
    /// Default `lambda = 0.5`, as in PyTorch; at the two jumps, `|x| = lambda`, value and
    /// derivative are 0. A function that jumps has no Lipschitz constant, and no gradient tells of
    /// the jump.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct HardShrink {
        /// Half the width of what becomes zero; must not be negative, and finite.
        pub lambda: f64 = 0.5, at_least(0.0);
    }
}

pointwise_activation!(HardShrink);

impl<T: Real> Pointwise<T> for HardShrink {
    fn name(&self) -> &'static str {
        "hard_shrink"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let lambda = T::from_f64(self.lambda);
        if x <= lambda && x >= -lambda { T::ZERO } else { x }
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
            lipschitz: if self.lambda == 0.0 { 1.0 } else { f64::INFINITY },
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
            (-2.0, -2.0, 1.0),
            (-0.5, 0.0, 0.0),
            (0.0, 0.0, 0.0),
            (0.5, 0.0, 0.0),
            (0.75, 0.75, 1.0),
        ];
        check::golden(&HardShrink::default(), &cases);
        check::golden(&HardShrink { lambda: 1.5 }, &[(-1.4, 0.0, 0.0), (1.6, 1.6, 1.0)]);
    }

    #[test]
    fn a_negative_lambda_is_a_mistake() {
        check::refuses(
            &HardShrink { lambda: -0.5 },
            "hard_shrink: lambda must be finite and not negative, but it is -0.5",
        );
    }
}
