use chainrule_tensor::Real;

use super::Elementwise;
use crate::config::settings;

settings! {
    "huber": "e^2 / 2 where |e| < delta, else delta (|e| - delta / 2), e = p - t";

    /// Huber's loss of the error `e = p - t`: `e^2 / 2` where `|e| < delta`, else
    /// `delta (|e| - delta / 2)`; gradient `e`, kept within `-delta..delta`.
    ///
    /// A squared error whose outliers pull no harder than `delta`, 1 by default. It is `delta`
    /// times [`SmoothL1`](super::SmoothL1) with `beta = delta`.
    ///
    /// Source: Huber, "Robust Estimation of a Location Parameter", 1964; PyTorch's `HuberLoss`.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Huber {
        /// Where the parabola goes over into straight lines, above zero.
        pub delta: f64 = 1.0, above(0.0);
    }
}

elementwise_loss!(Huber);

impl<T: Real> Elementwise<T> for Huber {
    fn name(&self) -> &str {
        "huber"
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        let (error, delta) = ((p - t).abs(), T::from_f64(self.delta));
        if error < delta { T::HALF * error * error } else { delta * (error - T::HALF * delta) }
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        let delta = T::from_f64(self.delta);
        let slope = (p - t).maximum(-delta).minimum(delta);
        (slope, -slope)
    }

    elementwise_by_value!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check;

    #[test]
    fn golden_values() {
        check::golden(
            &Huber::default(),
            &[(0.5, 0.0, 0.125, 0.5), (-1.0, 0.0, 0.5, -1.0), (3.0, 0.0, 2.5, 1.0)],
        );
        check::golden(
            &Huber { delta: 0.5 },
            &[(0.25, 0.0, 0.03125, 0.25), (-3.0, 1.0, 1.875, -0.5)],
        );
        check::golden(&Huber::default(), &[(1e4, -1e4, 19999.5, 1.0), (1.0, 1.0, 0.0, 0.0)]);
    }

    #[test]
    fn a_delta_that_is_not_positive_is_a_mistake() {
        for delta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let expected = format!("huber: delta must be finite and above 0, but it is {delta}");
            assert_eq!(check::mistake(&Huber { delta }), expected);
        }
    }
}
