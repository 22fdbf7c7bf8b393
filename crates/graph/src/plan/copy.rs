use chainrule_tensor::{Real, Shape};

use crate::op::{Backward, Forward, Op, Reads};

/// The value of a parameter or a constant, copied to where it can be read from outside.
#[derive(Debug)]
pub(super) struct Copy;

impl<T: Real> Op<T> for Copy {
    fn name(&self) -> &str {
        "copy"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    /// The gradient with respect to the copy is that with respect to the original: it needs no way
    /// back.
    fn differentiable(&self, _: usize) -> bool {
        false
    }

    fn forward(&self, pass: Forward<'_, T>) {
        pass.output.copy_from_slice(&pass.inputs[0]);
    }

    fn vjp(&self, _: Backward<'_, T>) {}
}
