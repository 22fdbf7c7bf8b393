use chainrule_graph::{DerivativeReads, Pointwise, Properties, pointwise_by_value};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::settings;

settings! {
    "softplus": "ln(1 + e^(beta x)) / beta, but x where beta x > threshold";

    /// A smooth ReLU: `y = ln(1 + e^(beta x)) / beta`, computed without overflow, and `y = x` where
    /// `beta x > threshold`; derivative `1 / (1 + e^(-beta x))`, or 1 there.
    ///
    /// `beta = 1` and `threshold = 20` by default, as in PyTorch. The value jumps at the threshold,
    /// by 2.1e-9 at the default one, which is less than an `f32` shows. Below `beta x = -2.94` the
    /// derivative is under 5 % of its maximum.
    ///
    /// Source: Dugas, Bengio, Bélisle, Nadeau and Garcia, "Incorporating Second-Order Functional
    /// Knowledge for Better Option Pricing", 2001.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Softplus {
        /// How sharp the bend is; must be positive and finite.
        pub beta: f64 = 1.0, above(0.0);
        /// The `beta x` above which `y = x`; must not be negative.
        pub threshold: f64 = 20.0, within(0.0..);
    }
}

/// From this threshold on the jump is so small that the output tells the side that the input is on.
const SMALL_JUMP: f64 = 20.0;

pointwise_activation!(Softplus);

impl<T: Real> Pointwise<T> for Softplus {
    fn name(&self) -> &'static str {
        "softplus"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let (beta, threshold) = (T::from_f64(self.beta), T::from_f64(self.threshold));
        let z = beta * x;
        let y = (z.maximum(T::ZERO) + (-z.abs()).exp().ln_1p()) / beta;
        if z > threshold { x } else { y }
    }

    #[inline(always)]
    fn derivative(&self, at: T) -> T {
        let z = T::from_f64(self.beta) * at;
        if self.threshold < SMALL_JUMP {
            if z > T::from_f64(self.threshold) { T::ONE } else { z.sigmoid() }
        } else {
            // Twice the jump above the threshold, so that what lies at it counts as below.
            let edge = self.threshold + 2.0 * (-self.threshold).exp();
            if z > T::from_f64(edge) { T::ONE } else { -(-z).exp_m1() }
        }
    }

    fn derivative_reads(&self) -> DerivativeReads {
        if self.threshold < SMALL_JUMP { DerivativeReads::Input } else { DerivativeReads::Output }
    }

    fn properties(&self) -> Properties {
        // The jump at a threshold of 30, of 1e-13, no difference shows.
        let kinks =
            if self.threshold < 30.0 { vec![self.threshold / self.beta] } else { Vec::new() };
        Properties {
            range: (0.0, f64::INFINITY),
            // A jump has no Lipschitz constant; one of 2.1e-9 is not counted.
            lipschitz: if self.threshold < SMALL_JUMP { f64::INFINITY } else { 1.0 },
            // 1 / (1 + e^(-beta x)) = 0.05
            responsive: (-19.0_f64.ln() / self.beta, f64::INFINITY),
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
        check::golden(
            &Softplus::default(),
            &[
                (-3.0, 0.0485873515737421, 0.0474258731775668),
                (-1.0, 0.313261687518223, 0.268941421369995),
                (-0.5, 0.474076984180107, 0.377540668798145),
                (0.0, std::f64::consts::LN_2, 0.5),
                (0.5, 0.974076984180107, 0.622459331201855),
                (1.0, 1.31326168751822, 0.731058578630005),
                (3.0, 3.04858735157374, 0.952574126822433),
            ],
        );
    }

    #[test]
    fn the_derivative_knows_the_side_of_the_threshold() {
        let softplus = Softplus::default();
        let derivative =
            |x: f64| Pointwise::<f64>::derivative(&softplus, Pointwise::<f64>::value(&softplus, x));
        assert!((derivative(20.0) - 0.999_999_997_938_846_4).abs() < 1e-15);
        assert_eq!(derivative(20.000_001), 1.0);
        check::golden(
            &Softplus { beta: 2.0, threshold: 1.0 },
            &[(0.5, 0.656630843759111, 0.731058578630005), (0.6, 0.6, 1.0)],
        );
    }

    #[test]
    fn far_inputs_neither_overflow_nor_vanish() {
        let steep = Softplus { beta: 1.0, threshold: 1e6 };
        assert_eq!(Pointwise::<f32>::value(&steep, 1e4), 1e4);
        assert_eq!(Pointwise::<f64>::value(&steep, -700.0), (-700.0_f64).exp());
        assert_eq!(Pointwise::<f64>::derivative(&steep, (-700.0_f64).exp()), (-700.0_f64).exp());
    }

    #[test]
    fn settings_that_make_no_sense_are_a_mistake() {
        let softplus = |beta, threshold| Softplus { beta, threshold };
        check::refuses(
            &softplus(0.0, 20.0),
            "softplus: beta must be finite and above 0, but it is 0",
        );
        check::refuses(
            &softplus(1.0, f64::NAN),
            "softplus: threshold must be at least 0, but it is NaN",
        );
    }
}
