use chainrule_graph::{DerivativeReads, Pointwise, Properties};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::formula;

/// `y = x / (1 + |x|)`; derivative `1 / (1 + |x|)^2 = (1 - |y|)^2`.
///
/// As the hyperbolic tangent between -1 and 1, but saturating slowly: the derivative falls under 5
/// % of its maximum, which is 1, beyond `|x| = 3.47`, and then as `1 / x^2`. An infinite input
/// gives the limit, -1 or 1.
///
/// Source: Bergstra, Desjardins, Lamblin and Bengio, "Quadratic Polynomials Learn Better Image
/// Features", 2009.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Softsign;

pointwise_activation!(Softsign);

impl<T: Real> Pointwise<T> for Softsign {
    fn name(&self) -> &'static str {
        "softsign"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let y = x / (T::ONE + x.abs());
        let y = if x == T::INFINITY { T::ONE } else { y };
        if x == -T::INFINITY { -T::ONE } else { y }
    }

    #[inline(always)]
    fn derivative(&self, y: T) -> T {
        let rest = T::ONE - y.abs();
        rest * rest
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }

    fn properties(&self) -> Properties {
        // (1 + |x|)^2 = 20
        let saturated = 20.0_f64.sqrt() - 1.0;
        Properties {
            range: (-1.0, 1.0),
            lipschitz: 1.0,
            responsive: (-saturated, saturated),
            gain: second_moment_gain(self, &[0.0]),
            ..Properties::default()
        }
    }
}

formula!(Softsign: "x / (1 + |x|)");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(
            &Softsign,
            &[
                (-3.0, -0.75, 0.0625),
                (-1.0, -0.5, 0.25),
                (0.0, 0.0, 1.0),
                (0.5, 1.0 / 3.0, 4.0 / 9.0),
                (3.0, 0.75, 0.0625),
            ],
        );
    }

    #[test]
    fn infinite_inputs_give_the_limits() {
        assert_eq!(Pointwise::<f32>::value(&Softsign, f32::INFINITY), 1.0);
        assert_eq!(Pointwise::<f32>::value(&Softsign, -f32::INFINITY), -1.0);
    }
}
