use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::{Real, Shape, memory};

use super::{Backward, Forward, Op, Reads};
use crate::Var;

/// The index of the maximum along an axis. No gradient goes back.
#[derive(Debug)]
struct Argmax {
    axis: usize,
}

impl<T: Real> Op<T> for Argmax {
    fn name(&self) -> &str {
        "argmax"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = inputs[0];
        match shape.get(self.axis) {
            None => Err(format!("{shape} has no axis {}", self.axis)),
            Some(0) => Err(format!("axis {} of {shape} is empty", self.axis)),
            Some(_) => Ok(shape.without_axis(self.axis)),
        }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn differentiable(&self, _: usize) -> bool {
        false
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (shape, x) = (pass.inputs.shape(0), pass.inputs.get(0));
        let width = memory::product(&shape[self.axis + 1..]);
        let length = shape[self.axis];
        for (i, out) in pass.output.iter_mut().enumerate() {
            let along =
                x[i / width * length * width + i % width..].iter().step_by(width).take(length);
            let (mut best, mut max) = (0, -T::INFINITY);
            for (position, &x) in along.enumerate() {
                if x > max || (x.is_nan() && !max.is_nan()) {
                    (best, max) = (position, x);
                }
            }
            *out = T::from_usize(best);
        }
    }

    fn vjp(&self, _: Backward<'_, T>) {}
}

impl<'g, T: Real> Var<'g, T> {
    /// The index of the maximum along an axis, which goes: the predicted class of each sample. The
    /// first of several equal ones; NaN counts as the maximum, as in NumPy and PyTorch. Indices are
    /// held as `T`.
    ///
    /// No gradient goes back through it. A missing or an empty axis is a mistake that planning
    /// reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f32>::new();
    /// let logits = graph.input("logits", [32, 10]);
    /// assert_eq!(logits.argmax(1).shape(), [32].into());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn argmax(self, axis: usize) -> Var<'g, T> {
        self.graph().record(Arc::new(Argmax { axis }), &[self], Location::caller())
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::testing::{mistake, value, value_and_gradients};

    #[test]
    fn the_first_maximum_counts_and_nan_is_the_maximum() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let x = Tensor::from_rows([
            [1.0, 3.0, 3.0],
            [nan, inf, nan],
            [-inf, -inf, -inf],
            [0.0, nan, inf],
        ]);
        let (y, gradients) = value_and_gradients(&[x], None, |_, x| x[0].argmax(1));
        assert_eq!(y.values(), [1.0, 0.0, 0.0, 1.0]);
        assert_eq!(gradients[0].values(), [0.0; 12]);
    }

    #[test]
    fn any_axis_may_be_reduced() {
        let x = Tensor::new(
            [2, 3, 2],
            vec![0.0, 9.0, 5.0, 1.0, 2.0, 3.0, 7.0, 0.0, 1.0, 8.0, 0.0, 8.0],
        )
        .unwrap();
        assert_eq!(
            value(std::slice::from_ref(&x), |_, x| x[0].argmax(1)).values(),
            [1.0, 0.0, 0.0, 1.0]
        );
        assert_eq!(
            value(std::slice::from_ref(&x), |_, x| x[0].argmax(0)).values(),
            [1.0, 0.0, 0.0, 1.0, 0.0, 1.0]
        );
        assert_eq!(value(&[Tensor::zeros([0, 2])], |_, x| x[0].argmax(1)).shape(), [0].into());
    }

    #[test]
    fn a_missing_or_empty_axis_is_a_mistake() {
        assert_eq!(mistake(&[&[2, 3]], |_, x| x[0].argmax(2)), "argmax: [2, 3] has no axis 2");
        assert_eq!(mistake(&[&[2, 0]], |_, x| x[0].argmax(1)), "argmax: axis 1 of [2, 0] is empty");
    }
}
