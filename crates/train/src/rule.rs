use std::fmt::Debug;

use chainrule_tensor::{Real, reduce};

/// A rule that rewrites the whole gradient before the optimizer sees it. Rules chain, in the order
/// in which they are given.
pub trait GradientRule<T: Real = f32>: Debug + Send + Sync {
    /// Rewrites the flat gradient in place.
    fn apply(&self, gradient: &mut [T]);

    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// Which one does not, and what it must be.
    fn check(&self) -> Result<(), String>;
}

/// Shortens the gradient to a largest Euclidean norm, over all parameters together: multiplied by
/// `max_norm / (norm + 1e-6)` where that is below 1, as in PyTorch.
///
/// Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks",
/// 2013.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipNorm {
    /// The largest norm.
    pub max_norm: f64,
}

impl<T: Real> GradientRule<T> for ClipNorm {
    fn apply(&self, gradient: &mut [T]) {
        let norm = reduce::norm(gradient);
        let scale = self.max_norm / (norm + 1e-6);
        if scale < T::MIN_POSITIVE.to_f64() {
            // As a number of `T` it would lose its digits.
            gradient.iter_mut().for_each(|g| *g = T::from_f64(g.to_f64() * scale));
        } else if scale < 1.0 {
            let scale = T::from_f64(scale);
            gradient.iter_mut().for_each(|g| *g *= scale);
        }
    }

    fn check(&self) -> Result<(), String> {
        positive("clipping: the largest norm", self.max_norm)
    }
}

/// Limits each element of the gradient to `[-max_value, max_value]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipValue {
    /// The largest magnitude of an element.
    pub max_value: f64,
}

impl<T: Real> GradientRule<T> for ClipValue {
    fn apply(&self, gradient: &mut [T]) {
        let max = T::from_f64(self.max_value);
        gradient.iter_mut().for_each(|g| *g = g.minimum(max).maximum(-max));
    }

    fn check(&self) -> Result<(), String> {
        positive("clipping: the largest value", self.max_value)
    }
}

fn positive(name: &str, value: f64) -> Result<(), String> {
    if value > 0.0 { Ok(()) } else { Err(format!("{name} must be above 0, but it is {value}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_gradient_is_shortened_in_its_direction_and_a_short_one_left_alone() {
        let mut gradient = [3.0_f64, 0.0, -4.0];
        ClipNorm { max_norm: 1.0 }.apply(&mut gradient);
        let scale = 1.0 / (5.0 + 1e-6);
        assert_eq!(gradient, [3.0 * scale, 0.0, -4.0 * scale]);
        let mut gradient = [0.3_f64, 0.0, -0.4];
        ClipNorm { max_norm: 1.0 }.apply(&mut gradient);
        assert_eq!(gradient, [0.3, 0.0, -0.4]);
    }

    #[test]
    fn a_gradient_whose_squares_overflow_keeps_its_direction() {
        let mut gradient = [3e30_f32, 0.0, -4e30];
        ClipNorm { max_norm: 1.0 }.apply(&mut gradient);
        for (got, expected) in gradient.iter().zip([0.6, 0.0, -0.8]) {
            assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
        }
        let mut gradient = [3e300_f64, -4e300];
        ClipNorm { max_norm: 5.0 }.apply(&mut gradient);
        for (got, expected) in gradient.iter().zip([3.0, -4.0]) {
            assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
        }
    }

    #[test]
    fn elements_are_limited_on_both_sides() {
        let mut gradient = [0.5_f32, -7.0, 2.0];
        ClipValue { max_value: 1.0 }.apply(&mut gradient);
        assert_eq!(gradient, [0.5, -1.0, 1.0]);
    }

    #[test]
    fn limits_must_be_positive() {
        let error = GradientRule::<f32>::check(&ClipNorm { max_norm: 0.0 }).unwrap_err();
        assert_eq!(error, "clipping: the largest norm must be above 0, but it is 0");
        assert!(GradientRule::<f32>::check(&ClipValue { max_value: f64::NAN }).is_err());
    }
}
