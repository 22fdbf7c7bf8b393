use chainrule_graph::{Properties, Var};
use chainrule_tensor::Real;

use super::{Activation, Softmax};
use crate::Layer;
use crate::config::formula;

/// Probabilities over the last axis, the largest for the smallest value:
/// `y_i = e^(-x_i) / sum_j e^(-x_j)`, the [`Softmax`] of `-x`; gradient `-y (g - sum g y)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Softmin;

impl<T: Real> Layer<T> for Softmin {
    fn kind(&self) -> &str {
        "softmin"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        Softmax.forward(-x)
    }
}

impl<T: Real> Activation<T> for Softmin {
    fn properties(&self) -> Properties {
        Activation::<T>::properties(&Softmax)
    }

    fn for_outputs(&self) -> bool {
        true
    }
}

formula!(Softmin: "e^-x_i / sum_j e^-x_j");

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_graph::gradcheck;
    use chainrule_tensor::Tensor;

    use crate::Model;

    #[test]
    fn the_smallest_has_the_largest_part() {
        let params = Softmin.init([3], 0).unwrap();
        let y: Tensor<f64> = Softmin
            .predict(&params, &Tensor::from_rows([[1.0, 2.0, 3.0], [-1e4, 0.0, 1e4]]))
            .unwrap();
        let expected = [0.665_240_955_774_822, 0.244_728_471_054_798, 0.090_030_573_170_380_5];
        y.row(0)
            .iter()
            .zip(expected)
            .for_each(|(y, expected)| assert!((y - expected).abs() < 1e-14));
        assert_eq!(y.row(1), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        let x = Tensor::from_fn([3, 4], |i| (i as f64 * 1.7).cos() * 3.0);
        gradcheck(&[x], |_, x| Softmin.forward(x[0])).unwrap();
    }
}
