pub use chainrule_graph::Relu;

pointwise_activation!(Relu);

#[cfg(test)]
mod tests {
    use chainrule_graph::Pointwise;

    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(
            &Relu,
            &[(-3.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.5, 0.5, 1.0), (3.0, 3.0, 1.0)],
        );
    }

    #[test]
    fn nan_passes_and_an_infinite_gradient_stops_at_a_closed_unit() {
        assert!(Pointwise::<f32>::value(&Relu, f32::NAN).is_nan());
        assert_eq!(Relu.pull_back(f64::INFINITY, 0.0), 0.0);
    }
}
