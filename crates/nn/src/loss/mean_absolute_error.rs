use chainrule_tensor::Real;

use super::Elementwise;
use crate::config::formula;

/// The absolute error `|p - t|` of each element; gradient `sign(p - t)`, 0 where they are equal, as
/// in PyTorch's `L1Loss`.
///
/// It aims at the median, and an outlier counts no more than its distance. Its gradient does not
/// get small near the target: [`Huber`](super::Huber) is smooth there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanAbsoluteError;

formula!(MeanAbsoluteError: "|p - t|");

elementwise_loss!(MeanAbsoluteError);

impl<T: Real> Elementwise<T> for MeanAbsoluteError {
    fn name(&self) -> &str {
        "l1"
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        (p - t).abs()
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        let slope = sign(p - t);
        (slope, -slope)
    }
}

/// -1, 0 or 1; NaN stays NaN.
#[inline(always)]
pub(super) fn sign<T: Real>(x: T) -> T {
    if x > T::ZERO {
        T::ONE
    } else if x < T::ZERO {
        -T::ONE
    } else {
        x * T::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check;

    #[test]
    fn golden_values() {
        check::golden(
            &MeanAbsoluteError,
            &[
                (0.5, 2.0, 1.5, -1.0),
                (2.0, 0.5, 1.5, 1.0),
                (1.5, 1.5, 0.0, 0.0),
                (-1e4, 1e4, 2e4, -1.0),
            ],
        );
    }
}
