//! An operation: a forward function and its vector-Jacobian product, side by side.

mod affine;
mod argmax;
mod binary;
mod compare;
mod concat;
mod detach;
mod gather_rows;
mod matmul;
mod pass;
mod reduce;
mod reshape;
mod select;
mod slice;
mod transpose;

use std::fmt::Debug;
use std::sync::Arc;

use chainrule_tensor::{Real, Shape};

use crate::pointwise::Pointwise;

pub use pass::{Backward, Cotangent, Cotangents, Forward, Inputs};

/// An operation of the graph: how its value comes from its inputs, and how a gradient goes back
/// through it.
///
/// Operations outside of this crate go through this seam just as the built-in ones do:
///
/// ```
/// use chainrule_graph::op::{Backward, Forward, Op, Reads};
/// use chainrule_graph::{Graph, gradcheck};
/// use chainrule_tensor::{Real, Shape, Tensor};
///
/// /// `y = x^3`, with `dy/dx = 3 x^2`.
/// #[derive(Debug)]
/// struct Cube;
///
/// impl<T: Real> Op<T> for Cube {
///     fn name(&self) -> &str {
///         "cube"
///     }
///     fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
///         Ok(inputs[0])
///     }
///     fn reads(&self) -> Reads {
///         Reads::inputs(&[0])
///     }
///     fn forward(&self, pass: Forward<'_, T>) {
///         for (y, &x) in pass.output.iter_mut().zip(&pass.inputs[0]) {
///             *y = x * x * x;
///         }
///     }
///     fn vjp(&self, mut pass: Backward<'_, T>) {
///         if let Some(dx) = pass.cotangents.get(0) {
///             dx.zip(pass.upstream, &pass.inputs[0], |g, x| g * T::from_f64(3.0) * x * x);
///         }
///     }
/// }
///
/// let x = Tensor::from(vec![-1.5, 0.0, 2.0]);
/// gradcheck(&[x], |graph: &Graph<f64>, x| graph.apply(Cube, &[x[0]]))?;
/// # Ok::<(), chainrule_graph::GradcheckError>(())
/// ```
pub trait Op<T: Real>: Debug + Send + Sync {
    /// The name, in messages and drawings.
    fn name(&self) -> &str;

    /// The shape of the value for inputs of these shapes.
    ///
    /// # Errors
    /// The shapes and the rule that they break, in words.
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String>;

    /// Which values [`vjp`](Op::vjp) reads: they are kept for the way back, all others may be
    /// overwritten. By default all inputs and the output.
    fn reads(&self) -> Reads {
        Reads::EVERYTHING
    }

    /// How many more values `forward` leaves for `vjp`, such as a mask or the probabilities of a
    /// softmax. By default none.
    fn saves(&self, inputs: &[Shape]) -> usize {
        let _ = inputs;
        0
    }

    /// Returns true if a gradient goes back to this input; not so for class indices, or through
    /// [`detach`](crate::Var::detach). By default yes.
    fn differentiable(&self, input: usize) -> bool {
        let _ = input;
        true
    }

    /// Writes the value.
    fn forward(&self, pass: Forward<'_, T>);

    /// The vector-Jacobian product: from the gradient with respect to the value, `pass.upstream`,
    /// to the gradients with respect to the inputs, `pass.cotangents`. Each of these is asked for
    /// at most once, in any order. One that is not asked for is zero.
    fn vjp(&self, pass: Backward<'_, T>);

    /// The element-wise function that this operation is, if it is one; others may fuse it.
    fn pointwise(&self) -> Option<&Arc<dyn Pointwise<T>>> {
        None
    }

    /// The element-wise function that was fused onto the end of this operation, if there is one:
    /// its derivative is applied to the upstream gradient first, from the operation's value.
    fn fused(&self) -> Option<&Arc<dyn Pointwise<T>>> {
        None
    }

    /// This operation followed by that function as one operation, if there is one; used where
    /// nothing else reads the value in between.
    fn fuse(&self, next: &Arc<dyn Pointwise<T>>) -> Option<Arc<dyn Op<T>>> {
        let _ = next;
        None
    }
}

/// Which values a vector-Jacobian product reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads {
    inputs: u64,
    output: bool,
}

impl Reads {
    /// Only the upstream gradient.
    pub const NOTHING: Reads = Reads { inputs: 0, output: false };
    /// The value.
    pub const OUTPUT: Reads = Reads { inputs: 0, output: true };
    /// All inputs.
    pub const INPUTS: Reads = Reads { inputs: u64::MAX, output: false };
    /// All inputs and the value.
    pub const EVERYTHING: Reads = Reads { inputs: u64::MAX, output: true };

    /// These inputs, by position; from 63 on all are read if one is.
    #[must_use]
    pub const fn inputs(positions: &[usize]) -> Reads {
        let mut inputs = 0;
        let mut i = 0;
        while i < positions.len() {
            inputs |= 1 << if positions[i] < 63 { positions[i] } else { 63 };
            i += 1;
        }
        Reads { inputs, output: false }
    }

    /// These and the value.
    #[must_use]
    pub const fn and_output(self) -> Reads {
        Reads { inputs: self.inputs, output: true }
    }

    /// Returns true if the input at this position is read.
    #[must_use]
    pub const fn reads_input(self, position: usize) -> bool {
        self.inputs >> (if position < 63 { position } else { 63 }) & 1 == 1
    }

    /// Returns true if the value is read.
    #[must_use]
    pub const fn reads_output(self) -> bool {
        self.output
    }
}
