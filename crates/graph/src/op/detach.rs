use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::Real;
use chainrule_tensor::Shape;

use super::{Backward, Forward, Op, Reads};
use crate::Var;

/// The same values, through which no gradient goes back.
#[derive(Debug)]
struct Detach;

impl<T: Real> Op<T> for Detach {
    fn name(&self) -> &str {
        "detach"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn differentiable(&self, _: usize) -> bool {
        false
    }

    fn forward(&self, pass: Forward<'_, T>) {
        for (y, &x) in pass.output.iter_mut().zip(&pass.inputs[0]) {
            *y = x.without_tangent();
        }
    }

    fn vjp(&self, _: Backward<'_, T>) {}
}

impl<'g, T: Real> Var<'g, T> {
    /// The same values as a constant: no gradient goes back through it, and
    /// [`Plan::reach`](crate::Plan::reach) says of a parameter that is reached in no other way that
    /// `detach` cuts it.
    ///
    /// ```
    /// use chainrule_graph::{Graph, Reach};
    ///
    /// let graph = Graph::<f64>::new();
    /// let w = graph.param("w", [], 3.0);
    /// let plan = graph.plan(w.detach().square())?;
    /// assert_eq!(plan.reach().next(), Some(("w", &Reach::Cut { op: "detach".to_owned() })));
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn detach(self) -> Var<'g, T> {
        self.graph().record(Arc::new(Detach), &[self], Location::caller())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{spread, value_and_gradients};

    #[test]
    fn the_value_passes_and_the_gradient_does_not() {
        let x = spread([2, 3], 0);
        let (value, gradients) =
            value_and_gradients(std::slice::from_ref(&x), None, |_, x| x[0].detach());
        assert_eq!(value, x);
        assert_eq!(gradients[0].values(), [0.0; 6]);
    }

    #[test]
    fn only_the_detached_use_is_cut() {
        let x = spread([4], 0);
        // x * constant(x): the gradient is x, not 2 x.
        let (_, gradients) =
            value_and_gradients(std::slice::from_ref(&x), None, |_, x| x[0] * x[0].detach());
        assert_eq!(gradients[0], x);
    }
}
