use chainrule_graph::{DerivativeReads, Pointwise, Properties, pointwise_by_value};
use chainrule_tensor::Real;

use super::gain::second_moment_gain;
use crate::config::settings;

settings! {
    "hard_tanh": "min(max(min_value, x), max_value)", checked by ordered;

    /// A piecewise linear stand-in for the hyperbolic tangent: `y = x`, limited to `min_value` and
    /// `max_value`; derivative 1 between the two, and 0 elsewhere, at the two kinks too, as in
    /// PyTorch.
    ///
    /// The bounds are -1 and 1 by default. The lower one must be below the upper one.
    ///
    /// Source: Collobert, "Large Scale Machine Learning", 2004.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct HardTanh {
        /// The lower bound.
        pub min_value: f64 = -1.0;
        /// The upper bound.
        pub max_value: f64 = 1.0;
    }
}

fn ordered(&HardTanh { min_value, max_value }: &HardTanh) -> Result<(), String> {
    if min_value < max_value && (max_value - min_value).is_finite() {
        return Ok(());
    }
    Err(format!(
        "hard_tanh: min_value must be below max_value, both finite, \
         but they are {min_value} and {max_value}"
    ))
}

pointwise_activation!(HardTanh);

impl<T: Real> Pointwise<T> for HardTanh {
    fn name(&self) -> &'static str {
        "hard_tanh"
    }

    #[inline(always)]
    fn value(&self, x: T) -> T {
        let (min, max) = (T::from_f64(self.min_value), T::from_f64(self.max_value));
        let y = if x >= max { max } else { x };
        if x <= min { min } else { y }
    }

    #[inline(always)]
    fn derivative(&self, y: T) -> T {
        self.pull_back(T::ONE, y)
    }

    #[inline(always)]
    fn pull_back(&self, upstream: T, y: T) -> T {
        let (min, max) = (T::from_f64(self.min_value), T::from_f64(self.max_value));
        // Not through a mask in place: see `Relu`.
        (if y <= min || y >= max { T::ZERO } else { upstream }) + T::ZERO
    }

    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }

    fn properties(&self) -> Properties {
        let bounds = (self.min_value, self.max_value);
        let kinks = vec![self.min_value, self.max_value];
        Properties {
            range: bounds,
            lipschitz: 1.0,
            responsive: bounds,
            can_die: true,
            gain: second_moment_gain(self, &kinks),
            kinks,
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
            (-2.0, -1.0, 0.0),
            (-1.0, -1.0, 0.0),
            (-0.5, -0.5, 1.0),
            (0.0, 0.0, 1.0),
            (1.0, 1.0, 0.0),
        ];
        check::golden(&HardTanh::default(), &cases);
        check::golden(
            &HardTanh { min_value: 0.5, max_value: 4.0 },
            &[(0.0, 0.5, 0.0), (2.0, 2.0, 1.0), (5.0, 4.0, 0.0)],
        );
    }

    #[test]
    fn bounds_in_the_wrong_order_are_a_mistake() {
        check::refuses(
            &HardTanh { min_value: 1.0, max_value: 1.0 },
            "hard_tanh: min_value must be below max_value, both finite, but they are 1 and 1",
        );
        check::refuses(
            &HardTanh { min_value: f64::NAN, max_value: 1.0 },
            "hard_tanh: min_value must be below max_value, both finite, but they are NaN and 1",
        );
    }
}
