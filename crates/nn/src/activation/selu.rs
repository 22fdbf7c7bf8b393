use chainrule_graph::{DerivativeReads, Pointwise, Properties};
use chainrule_tensor::Real;

use crate::config::formula;

/// The scaled exponential linear unit: `y = scale x` above zero, `scale alpha (e^x - 1)` at zero
/// and below; derivative `scale` or `y + scale alpha`.
///
/// With `alpha = 1.6732632423543772` and `scale = 1.0507009873554805`, values of mean 0 and
/// variance 1 keep these from layer to layer, if the weights have variance `1 / inputs`
/// ([`LeCun`](crate::init::LeCun)). At zero the derivative is `scale alpha`, as in PyTorch; so is
/// the gain 3/4, where `1 / sqrt(E[f(z)^2])` would be 1.
///
/// Source: Klambauer, Unterthiner, Mayr and Hochreiter, "Self-Normalizing Neural Networks", 2017.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selu;

const ALPHA: f64 = 1.673_263_242_354_377_2;
const SCALE: f64 = 1.050_700_987_355_480_5;

pointwise_activation!(Selu);

impl<T: Real> Pointwise<T> for Selu {
    fn name(&self) -> &'static str {
        "selu"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        if x > T::ZERO { T::from_f64(SCALE) * x } else { T::from_f64(SCALE * ALPHA) * x.exp_m1() }
    }

    #[inline(always)]
    fn derivative(&self, y: T) -> T {
        if y > T::ZERO { T::from_f64(SCALE) } else { y + T::from_f64(SCALE * ALPHA) }
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }

    fn properties(&self) -> Properties {
        Properties {
            range: (-SCALE * ALPHA, f64::INFINITY),
            kinks: vec![0.0],
            lipschitz: SCALE * ALPHA,
            responsive: (0.05_f64.ln(), f64::INFINITY),
            gain: 0.75,
            ..Properties::default()
        }
    }
}

formula!(Selu: "1.0507 x where x > 0, else 1.7581 (e^x - 1)");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(
            &Selu,
            &[
                (-3.0, -1.67056872877, 0.0875306120803),
                (-1.0, -1.11133073781, 0.646768603035),
                (-0.5, -0.691758187803, 1.06634115304),
                (0.0, 0.0, 1.7580993408474),
                (0.5, 0.525350493678, 1.05070098735548),
                (3.0, 3.15210296206644, 1.05070098735548),
            ],
        );
    }

    #[test]
    fn mean_zero_and_variance_one_stay() {
        let gain = super::super::gain::second_moment_gain(&Selu, &[0.0]);
        assert!((gain - 1.0).abs() < 1e-9, "{gain}");
    }
}
