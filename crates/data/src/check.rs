//! The checks that data sets and scalers share.

use chainrule_tensor::{Real, Shape, Tensor, TensorError};

use crate::DataError;

/// That memory can hold so many values of a type.
pub(crate) fn memory<V>(op: &'static str, shape: Shape) -> Result<(), DataError> {
    Ok(shape.fits::<V>().map_err(|why| TensorError::Memory { op, shape, why })?)
}

/// An error unless there is a sample with a value in it.
pub(crate) fn not_empty(
    op: &'static str,
    what: &'static str,
    shape: Shape,
) -> Result<(), DataError> {
    if shape.elements() == 0 {
        return Err(DataError::Empty { op, what, shape });
    }
    Ok(())
}

/// An error unless the axes are `[samples, columns]`.
pub(crate) fn matrix(
    op: &'static str,
    what: &'static str,
    shape: Shape,
    expected: &'static str,
) -> Result<(), DataError> {
    if shape.rank() != 2 {
        return Err(DataError::Axes { op, what, shape, expected });
    }
    Ok(())
}

/// An error at the first value that is NaN or infinite.
pub(crate) fn finite<T: Real>(
    op: &'static str,
    what: &'static str,
    x: &Tensor<T>,
) -> Result<(), DataError> {
    match place(x, |value| !value.is_finite()) {
        None => Ok(()),
        Some((row, column, value)) => {
            Err(DataError::NonFinite { op, what, row, column, value: value.to_string() })
        }
    }
}

/// An error at the first value that is not from 0 to 1; NaN is not.
pub(crate) fn unit<T: Real>(what: &'static str, x: &Tensor<T>) -> Result<(), DataError> {
    match place(x, |value| !(value >= T::ZERO && value <= T::ONE)) {
        None => Ok(()),
        Some((row, column, value)) => {
            Err(DataError::OutsideUnit { what, row, column, value: value.to_string() })
        }
    }
}

/// The sample, the position within it, and the first value that fails.
fn place<T: Real>(x: &Tensor<T>, fails: impl Fn(T) -> bool) -> Option<(usize, usize, T)> {
    let at = x.values().iter().position(|&value| fails(value))?;
    let width = chainrule_tensor::memory::product(&x.shape()[1..]);
    Some((at / width, at % width, x.values()[at]))
}
