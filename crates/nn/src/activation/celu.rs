use chainrule_graph::{DerivativeReads, Pointwise, Properties, pointwise_by_value};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::settings;

settings! {
    "celu": "x where x > 0, else alpha (e^(x / alpha) - 1)";

    /// The exponential linear unit that is smooth for any `alpha`: `y = x` above zero,
    /// `alpha (e^(x / alpha) - 1)` at zero and below; derivative 1 or `y / alpha + 1`.
    ///
    /// Default `alpha = 1`, where it is [`Elu`](super::Elu).
    ///
    /// Source: Barron, "Continuously Differentiable Exponential Linear Units", 2017.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Celu {
        /// The value that the output approaches far below zero is `-alpha`; must be positive and
        /// finite.
        pub alpha: f64 = 1.0, above(0.0);
    }
}

pointwise_activation!(Celu);

impl<T: Real> Pointwise<T> for Celu {
    fn name(&self) -> &'static str {
        "celu"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let alpha = T::from_f64(self.alpha);
        if x > T::ZERO { x } else { alpha * (x / alpha).exp_m1() }
    }

    #[inline(always)]
    fn derivative(&self, y: T) -> T {
        if y > T::ZERO { T::ONE } else { y / T::from_f64(self.alpha) + T::ONE }
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }

    fn properties(&self) -> Properties {
        Properties {
            range: (-self.alpha, f64::INFINITY),
            lipschitz: 1.0,
            // e^(x / alpha) = 0.05
            responsive: (self.alpha * 0.05_f64.ln(), f64::INFINITY),
            gain: second_moment_gain(self, &[0.0]),
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
        check::golden(
            &Celu::default(),
            &[
                (-1.0, -0.632120558828558, 0.367879441171442),
                (0.0, 0.0, 1.0),
                (0.5, 0.5, 1.0),
                (3.0, 3.0, 1.0),
            ],
        );
        check::golden(
            &Celu { alpha: 2.0 },
            &[(-2.0, -1.26424111765712, 0.367879441171442), (0.0, 0.0, 1.0)],
        );
    }

    #[test]
    fn an_alpha_that_is_not_positive_is_a_mistake() {
        check::refuses(
            &Celu { alpha: -1.0 },
            "celu: alpha must be finite and above 0, but it is -1",
        );
    }
}
