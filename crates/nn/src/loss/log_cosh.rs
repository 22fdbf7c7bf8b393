use chainrule_tensor::Real;

use super::Elementwise;
use super::checks::softplus;
use crate::config::formula;

/// `ln cosh(p - t)`; gradient `tanh(p - t)`.
///
/// Like `e^2 / 2` near the target and `|e| - ln 2` far from it, smooth of every order. Computed
/// without `cosh`, which overflows: as `ln(1 + (e^|e| - 1)^2 / (2 e^|e|))` where `|e| < 1`, exact
/// down to zero, else as `|e| + ln(1 + e^(-2 |e|)) - ln 2`.
///
/// Source: Keras' `LogCosh`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogCosh;

formula!(LogCosh: "ln cosh(p - t)");

elementwise_loss!(LogCosh);

impl<T: Real> Elementwise<T> for LogCosh {
    fn name(&self) -> &str {
        "log_cosh"
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        let error = (p - t).abs();
        if error < T::ONE {
            let growth = error.exp_m1();
            (T::HALF * growth * growth / (T::ONE + growth)).ln_1p()
        } else {
            error + softplus(-T::TWO * error) - T::from_f64(std::f64::consts::LN_2)
        }
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        let slope = (p - t).tanh();
        (slope, -slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check;

    #[test]
    fn golden_values() {
        check::golden(
            &LogCosh,
            &[
                (0.5, 0.0, 0.12011450695827745, 0.46211715726000974),
                (-1.0, 0.0, 0.433780830483027, -0.7615941559557649),
                (2.0, -1.0, 2.309328504577785, 0.9950547536867305),
                (1.0, 1.0, 0.0, 0.0),
                (1e4, -1e4, 2e4 - std::f64::consts::LN_2, 1.0),
            ],
        );
    }

    #[test]
    fn small_errors_do_not_cancel() {
        let value: f64 = LogCosh.value(1e-8, 0.0);
        assert!((value - 5e-17).abs() < 1e-30, "{value:e}");
    }
}
