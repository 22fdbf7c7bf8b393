use crate::Shape;
use crate::memory::TooLarge;

/// A fault of the operands of a tensor operation. Each message names the operation and the shapes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// The number of values does not fill the shape.
    #[error("tensor: shape {shape} needs {} values, {values} were given", needed(.shape))]
    Length {
        /// The shape asked for.
        shape: Shape,
        /// The number of values given.
        values: usize,
    },
    /// Memory cannot hold a value of this shape.
    #[error("{op}: shape {shape} is too large: {why}")]
    Memory {
        /// The operation.
        op: &'static str,
        /// The shape asked for.
        shape: Shape,
        /// How much it asks for.
        why: TooLarge,
    },
    /// Two shapes do not go together.
    #[error("{op}: shapes {left} and {right} do not fit: {why}")]
    Shapes {
        /// The operation.
        op: &'static str,
        /// The left or first operand's shape.
        left: Shape,
        /// The right or second operand's shape.
        right: Shape,
        /// The rule that they break.
        why: &'static str,
    },
    /// An axis that the shape does not have.
    #[error("{op}: {shape} has no axis {axis}")]
    Axis {
        /// The operation.
        op: &'static str,
        /// The operand's shape.
        shape: Shape,
        /// The axis asked for.
        axis: usize,
    },
    /// An operand of a shape that the operation cannot take.
    #[error("{op}: cannot take shape {shape}: {why}")]
    Operand {
        /// The operation.
        op: &'static str,
        /// The operand's shape.
        shape: Shape,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// A row index outside of the tensor.
    #[error("{op}: there is no row {row} in {shape}")]
    Row {
        /// The operation.
        op: &'static str,
        /// The operand's shape.
        shape: Shape,
        /// The row asked for.
        row: usize,
    },
    /// A range of rows that is not within the tensor.
    #[error("{op}: the range must be within the rows of {shape}, not {start}..{end}")]
    Range {
        /// The operation.
        op: &'static str,
        /// The operand's shape.
        shape: Shape,
        /// The first row asked for.
        start: usize,
        /// The row after the last.
        end: usize,
    },
    /// A parameter of a random distribution or another number that makes no sense.
    #[error("{op}: {what} must be {rule}, not {value}")]
    Parameter {
        /// The operation.
        op: &'static str,
        /// The parameter's name.
        what: &'static str,
        /// The rule that it must fulfil.
        rule: &'static str,
        /// The value given, as text.
        value: String,
    },
}

/// The number of values of a shape, in words.
pub(crate) fn needed(shape: &Shape) -> String {
    match shape.elements() {
        usize::MAX => format!("more than {}", usize::MAX),
        elements => elements.to_string(),
    }
}
