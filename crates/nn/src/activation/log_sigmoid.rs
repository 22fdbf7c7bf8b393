use chainrule_graph::{DerivativeReads, Pointwise, Properties};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::formula;

/// The logarithm of the logistic function: `y = -ln(1 + e^-x)`, computed without overflow;
/// derivative `1 / (1 + e^x) = 1 - e^y`.
///
/// The logarithm of a probability, exact where that of [`Sigmoid`](super::Sigmoid) would be `-inf`.
/// Above `x = 2.94` its derivative is under 5 % of its maximum, which is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSigmoid;

pointwise_activation!(LogSigmoid);

impl<T: Real> Pointwise<T> for LogSigmoid {
    fn name(&self) -> &'static str {
        "log_sigmoid"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        x.minimum(T::ZERO) - (-x.abs()).exp().ln_1p()
    }

    #[inline(always)]
    fn derivative(&self, y: T) -> T {
        -y.exp_m1()
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }

    fn properties(&self) -> Properties {
        Properties {
            range: (f64::NEG_INFINITY, 0.0),
            lipschitz: 1.0,
            // 1 / (1 + e^x) = 0.05
            responsive: (f64::NEG_INFINITY, 19.0_f64.ln()),
            gain: second_moment_gain(self, &[]),
            ..Properties::default()
        }
    }
}

formula!(LogSigmoid: "-ln(1 + e^-x)");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(
            &LogSigmoid,
            &[
                (-3.0, -3.04858735157374, 0.952574126822433),
                (-1.0, -1.31326168751822, 0.731058578630005),
                (-0.5, -0.974076984180107, 0.622459331201855),
                (0.0, -std::f64::consts::LN_2, 0.5),
                (0.5, -0.474076984180107, 0.377540668798145),
                (3.0, -0.0485873515737421, 0.0474258731775668),
            ],
        );
    }

    #[test]
    fn far_inputs_keep_their_digits() {
        assert_eq!(Pointwise::<f64>::value(&LogSigmoid, -1e4), -1e4);
        assert_eq!(Pointwise::<f64>::value(&LogSigmoid, 300.0), -(-300.0_f64).exp());
        assert_eq!(
            Pointwise::<f64>::derivative(&LogSigmoid, -(-300.0_f64).exp()),
            (-300.0_f64).exp()
        );
    }
}
