pub use chainrule_graph::Sigmoid;

pointwise_activation!(Sigmoid);
use chainrule_tensor::Real;

/// `s = 1 / (1 + e^-x)` and `1 - s`, neither of which loses digits, with one exponential.
#[inline(always)]
pub(super) fn sigmoid_and_rest<T: Real>(x: T) -> (T, T) {
    // -|x|, at zero with the derivative from the side on which the pair is taken below.
    let e = (if x < T::ZERO { x } else { -x }).exp();
    let large = T::ONE / (T::ONE + e);
    let small = e * large;
    if x < T::ZERO { (small, large) } else { (large, small) }
}

#[cfg(test)]
mod tests {
    use chainrule_graph::Pointwise;

    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(
            &Sigmoid,
            &[
                (-3.0, 0.0474258731776, 0.0451766597309),
                (-1.0, 0.26894142137, 0.196611933241),
                (-0.5, 0.377540668798, 0.235003712202),
                (0.0, 0.5, 0.25),
                (0.5, 0.622459331202, 0.235003712202),
                (1.0, 0.73105857863, 0.196611933241),
                (3.0, 0.952574126822, 0.0451766597309),
            ],
        );
    }

    #[test]
    fn far_inputs_neither_overflow_nor_turn_into_nan() {
        assert_eq!(Pointwise::<f64>::value(&Sigmoid, -800.0), 0.0);
        assert_eq!(Pointwise::<f64>::value(&Sigmoid, 800.0), 1.0);
        assert!(Pointwise::<f64>::value(&Sigmoid, -700.0) > 0.0);
        assert!(Pointwise::<f32>::value(&Sigmoid, f32::NAN).is_nan());
    }
}
