use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::reduce::{self, Axes};
use chainrule_tensor::{Real, Shape, broadcast};

use crate::Var;
use crate::op::{Backward, Forward, Op, Reads};

/// The sum or the mean along some axes; the gradient goes to each summand alike.
#[derive(Debug)]
struct Sum {
    axes: Axes,
    mean: bool,
}

impl Sum {
    /// The input's shape with length 1 along the reduced axes.
    fn reduced(&self, input: Shape) -> Shape {
        self.axes.reduced(input, "sum").expect("the axes were checked while recording")
    }
}

impl<T: Real> Op<T> for Sum {
    fn name(&self) -> &str {
        if self.mean { "mean" } else { "sum" }
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        self.axes.removed(inputs[0], "sum").map_err(|error| error.to_string())
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let shape = pass.inputs.shape(0);
        let reduced = self.reduced(shape);
        if self.mean {
            reduce::mean(Put::Set, pass.output, reduced, pass.inputs.get(0), shape);
        } else {
            broadcast::fold(Put::Set, pass.output, reduced, pass.inputs.get(0), shape);
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let shape = pass.inputs.shape(0);
        if self.mean {
            let share = T::from_usize(pass.upstream.len()) / T::from_usize(shape.elements());
            pass.upstream.iter_mut().for_each(|g| *g *= share);
        }
        if let Some(dx) = pass.cotangents.get(0) {
            broadcast::expand(dx.put, dx.values, shape, pass.upstream, self.reduced(shape));
        }
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// The sum along some axes, which go: an axis, an array of axes, or `..` for all.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f32>::new();
    /// let x = graph.input("x", [2, 3, 4]);
    /// assert_eq!(x.sum(1).shape(), [2, 4].into());
    /// assert_eq!(x.sum([0, 2]).shape(), [3].into());
    /// assert_eq!(x.sum(..).shape(), [].into());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sum(self, axes: impl Into<Axes>) -> Var<'g, T> {
        self.graph().record(Arc::new(Sum { axes: axes.into(), mean: false }), &[self], Location::caller())
    }

    /// The mean along some axes, which go; NaN over no elements.
    #[track_caller]
    #[must_use]
    pub fn mean(self, axes: impl Into<Axes>) -> Var<'g, T> {
        self.graph().record(Arc::new(Sum { axes: axes.into(), mean: true }), &[self], Location::caller())
    }
}
