use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Real, Shape, elementwise, memory};

use super::{Backward, Forward, Op, Reads};
use crate::Var;

/// The same values in another shape; the gradient keeps its values too.
#[derive(Debug)]
enum Reshape {
    To(Shape),
    /// To `[first, rest]`.
    Flat,
}

impl<T: Real> Op<T> for Reshape {
    fn name(&self) -> &str {
        match self {
            Reshape::To(_) => "reshape",
            Reshape::Flat => "flatten",
        }
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let from = inputs[0];
        match *self {
            Reshape::To(to) if to.elements() == from.elements() => Ok(to),
            Reshape::To(to) => Err(format!(
                "shape {from} has {} elements, but {to} has {}; a reshape keeps their number",
                from.elements(),
                to.elements()
            )),
            Reshape::Flat => match from.split_first() {
                Some((&first, rest)) => Ok([first, memory::product(rest)].into()),
                None => Err(format!("shape {from} has no first axis to keep")),
            },
        }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_, T>) {
        elementwise::copy(Put::Set, pass.output, pass.inputs.get(0));
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        if let Some(dx) = pass.cotangents.get(0) {
            dx.map(pass.upstream, |g| g);
        }
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// The same values, in row-major order, in another shape. The gradient is put back into the
    /// shape before.
    ///
    /// A shape with another number of elements is a mistake that planning reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f32>::new();
    /// let x = graph.input("x", [32, 10]);
    /// let centred = x - x.mean(1).reshape([32, 1]);
    /// assert_eq!(centred.shape(), [32, 10].into());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn reshape(self, shape: impl Into<Shape>) -> Var<'g, T> {
        self.graph().record(Arc::new(Reshape::To(shape.into())), &[self], Location::caller())
    }

    /// [`reshape`](Var::reshape) to `[first, rest]`: the first axis stays, all others become one,
    /// as between images and a linear layer.
    ///
    /// A scalar, which has no first axis, is a mistake that planning reports.
    #[track_caller]
    #[must_use]
    pub fn flatten(self) -> Var<'g, T> {
        self.graph().record(Arc::new(Reshape::Flat), &[self], Location::caller())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, mistake, spread, value};

    #[test]
    fn gradients_agree_with_differences() {
        check(&[&[2, 6]], |_, x| x[0].reshape([3, 4]).square());
        check(&[&[]], |_, x| x[0].reshape([1, 1]).square());
        check(&[&[0, 3]], |_, x| x[0].reshape([0]));
        check(&[&[2, 3, 2]], |_, x| x[0].flatten().square());
    }

    #[test]
    fn values_keep_their_order() {
        let x = spread([2, 3, 2], 0);
        let reshaped = value(std::slice::from_ref(&x), |_, x| x[0].reshape([4, 3]));
        assert_eq!((reshaped.shape(), reshaped.values()), ([4, 3].into(), x.values()));
        assert_eq!(value(std::slice::from_ref(&x), |_, x| x[0].flatten()).shape(), [2, 6].into());
        assert_eq!(value(&[spread([5], 0)], |_, x| x[0].flatten()).shape(), [5, 1].into());
    }

    #[test]
    fn another_number_of_elements_is_a_mistake() {
        assert_eq!(
            mistake(&[&[2, 3]], |_, x| x[0].reshape([4])),
            "reshape: shape [2, 3] has 6 elements, but [4] has 4; a reshape keeps their number"
        );
        assert_eq!(
            mistake(&[&[]], |_, x| x[0].flatten()),
            "flatten: shape [] has no first axis to keep"
        );
    }
}
