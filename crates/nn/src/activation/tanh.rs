pub use chainrule_graph::Tanh;

pointwise_activation!(Tanh);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::check;

    #[test]
    fn golden_values() {
        check::golden(
            &Tanh,
            &[
                (-3.0, -0.995054753687, 0.00986603716544),
                (-1.0, -0.761594155956, 0.419974341614),
                (-0.5, -0.46211715726, 0.786447732966),
                (0.0, 0.0, 1.0),
                (0.5, 0.46211715726, 0.786447732966),
                (1.0, 0.761594155956, 0.419974341614),
                (3.0, 0.995054753687, 0.00986603716544),
            ],
        );
    }
}
