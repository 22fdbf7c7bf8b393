use chainrule_tensor::Real;

use super::Elementwise;
use crate::config::formula;

/// The squared error `(p - t)^2` of each element; gradient `2 (p - t)`. The mean is over all
/// elements, `n d` of them, as in PyTorch.
///
/// For values. On classes it learns slowly where it is confidently wrong: behind a softmax its
/// gradient carries a factor `p (1 - p)` that [`CrossEntropy`](struct@super::CrossEntropy) does
/// not. Prediction and target must have the same shape; nothing is broadcast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanSquaredError;

formula!(MeanSquaredError: "(p - t)^2");

// On probabilities and labels it is a poor choice, but a defined one (the Brier score).
elementwise_loss!(MeanSquaredError);

impl<T: Real> Elementwise<T> for MeanSquaredError {
    fn name(&self) -> &str {
        "mse"
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        (p - t) * (p - t)
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        let slope = T::TWO * (p - t);
        (slope, -slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Loss, Reduction};
    use chainrule_graph::{Graph, gradcheck};
    use chainrule_tensor::Tensor;

    #[test]
    fn the_mean_is_over_all_elements() {
        let graph = Graph::<f64>::new();
        let p = graph.input("p", [2, 2]).keep_gradient();
        let t = graph.input("t", [2, 2]);
        let loss = MeanSquaredError.forward(p, t, Reduction::Mean);
        let plan = graph.plan(loss).unwrap();
        let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
        ws.set(p, &[1.0, 2.0, 3.0, 4.0]).unwrap();
        ws.set(t, &[1.0, 0.0, 0.0, 0.0]).unwrap();
        plan.forward(&params, &mut ws);
        plan.backward(&params, &mut ws, &mut grads);
        assert_eq!(ws.value(loss).values(), [29.0 / 4.0]);
        assert_eq!(ws.gradient(p).values(), [0.0, 1.0, 1.5, 2.0]);
    }

    #[test]
    fn gradients_agree_with_differences_for_every_reduction() {
        let (p, t) = (Tensor::from_rows([[0.3, -2.0, 1.0]]), Tensor::from_rows([[1.3, 0.5, -0.7]]));
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
            gradcheck(&[p.clone(), t.clone()], |_, x| {
                MeanSquaredError.forward(x[0], x[1], reduction)
            })
            .unwrap();
        }
    }

    #[test]
    fn different_shapes_are_an_error_not_a_broadcast() {
        let graph = Graph::<f32>::new();
        let loss = MeanSquaredError.forward(
            graph.input("p", [4, 1]),
            graph.input("t", [4]),
            Reduction::Mean,
        );
        let error = graph.plan(loss).unwrap_err().to_string();
        assert!(
            error.starts_with("mse: prediction [4, 1] and target [4] must have the same shape"),
            "{error}"
        );
    }
}
