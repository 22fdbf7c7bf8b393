use chainrule_graph::{DerivativeReads, Pointwise, Properties, pointwise_by_value};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::settings;

settings! {
    "elu": "x where x > 0, else alpha (e^x - 1)";

    /// The exponential linear unit: `y = x` above zero, `alpha (e^x - 1)` at zero and below;
    /// derivative 1 or `y + alpha`.
    ///
    /// Smooth at zero for `alpha = 1`, the default, with a mean output nearer to zero than ReLU's;
    /// below zero its gradient gets small but never exactly zero, so that units recover. At zero
    /// the derivative is `alpha`, as in PyTorch.
    ///
    /// Source: Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network Learning by
    /// Exponential Linear Units", 2016.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Elu {
        /// The value that the output approaches far below zero is `-alpha`. It must be positive, or
        /// else the sign of the output would not tell the side of zero: a layer with another one is
        /// a mistake that planning reports.
        pub alpha: f64 = 1.0, above(0.0);
    }
}

pointwise_activation!(Elu);

impl<T: Real> Pointwise<T> for Elu {
    fn name(&self) -> &'static str {
        "elu"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        if x > T::ZERO { x } else { T::from_f64(self.alpha) * x.exp_m1() }
    }

    #[inline(always)]
    fn derivative(&self, y: T) -> T {
        if y > T::ZERO { T::ONE } else { y + T::from_f64(self.alpha) }
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }

    fn properties(&self) -> Properties {
        let alpha = self.alpha;
        let lipschitz = alpha.max(1.0);
        Properties {
            range: (-alpha, f64::INFINITY),
            kinks: if alpha == 1.0 { Vec::new() } else { vec![0.0] },
            lipschitz,
            // alpha e^x = 0.05 max |f'|
            responsive: ((0.05 * lipschitz / alpha).ln(), f64::INFINITY),
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
            &Elu::default(),
            &[
                (-3.0, -0.950212931632, 0.0497870683679),
                (-1.0, -0.632120558829, 0.367879441171),
                (-0.5, -0.393469340287, 0.606530659713),
                (0.0, 0.0, 1.0),
                (0.5, 0.5, 1.0),
                (3.0, 3.0, 1.0),
            ],
        );
    }

    #[test]
    fn an_alpha_that_is_not_positive_is_a_mistake() {
        for (alpha, shown) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")]
        {
            check::refuses(
                &Elu { alpha },
                &format!("elu: alpha must be finite and above 0, but it is {shown}"),
            );
        }
    }

    #[test]
    fn the_derivative_at_zero_is_alpha() {
        let elu = Elu { alpha: 0.5 };
        check::golden(
            &elu,
            &[(0.0, 0.0, 0.5), (-1.0, -0.5 * 0.632120558828558, 0.5 * 0.367879441171442)],
        );
    }
}
