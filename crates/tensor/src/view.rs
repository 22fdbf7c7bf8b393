use std::ops::Range;

use crate::tensor::{check_parts, check_reshape};
use crate::{Real, Shape, Tensor, TensorError, memory};

/// A tensor seen in a slice that somebody else owns: `Copy`, row-major, contiguous.
///
/// ```
/// use chainrule_tensor::TensorView;
///
/// let buffer = [1.0_f32, 2.0, 3.0, 4.0];
/// let x = TensorView::new([2, 2], &buffer)?;
/// assert_eq!(x.row(1), [3.0, 4.0]);
/// # Ok::<(), chainrule_tensor::TensorError>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct TensorView<'a, T: Real = f32> {
    shape: Shape,
    values: &'a [T],
}

impl<'a, T: Real> TensorView<'a, T> {
    /// The tensor of this shape in `values`, in row-major order.
    ///
    /// # Errors
    /// Those of [`Tensor::new`].
    pub fn new(shape: impl Into<Shape>, values: &'a [T]) -> Result<Self, TensorError> {
        let shape = shape.into();
        check_parts::<T>(shape, values.len())?;
        Ok(TensorView { shape, values })
    }

    /// The tensor with these parts, which are known to fit.
    pub(crate) fn from_parts(shape: Shape, values: &'a [T]) -> Self {
        // Also of a matrix of nalgebra, which promises it too.
        assert_eq!(shape.elements(), values.len(), "the values fill the shape");
        TensorView { shape, values }
    }

    /// The shape.
    #[must_use]
    pub fn shape(self) -> Shape {
        self.shape
    }

    /// The values in row-major order.
    #[must_use]
    pub fn values(self) -> &'a [T] {
        self.values
    }

    /// The element at an index with one entry for each axis.
    ///
    /// # Panics
    /// If the index has another number of entries than the shape, or lies outside of it.
    #[track_caller]
    #[must_use]
    pub fn at(self, index: &[usize]) -> T {
        let inside = index.len() == self.shape.rank()
            && index.iter().zip(self.shape.iter()).all(|(i, n)| i < n);
        assert!(inside, "index {index:?} is outside of a tensor of shape {}", self.shape);
        self.values[index.iter().zip(self.shape.strides()).map(|(i, s)| i * s).sum::<usize>()]
    }

    /// The values at index `i` of the first axis.
    ///
    /// # Panics
    /// If there is no such row, or no axis at all.
    #[track_caller]
    #[must_use]
    pub fn row(self, i: usize) -> &'a [T] {
        let rows = self.shape.first().copied().unwrap_or(0);
        assert!(i < rows, "there is no row {i} in a tensor of shape {}", self.shape);
        let length = self.values.len() / rows;
        &self.values[i * length..(i + 1) * length]
    }

    /// The same values in another shape.
    ///
    /// # Errors
    /// Those of [`Tensor::reshape`].
    pub fn reshape(self, shape: impl Into<Shape>) -> Result<Self, TensorError> {
        let shape = shape.into();
        check_reshape::<T>(self.shape, shape)?;
        Ok(TensorView { shape, values: self.values })
    }

    /// A range of rows (indices of the first axis), without a copy.
    ///
    /// # Errors
    /// [`TensorError::Range`] if the range is not within the rows; [`TensorError::Operand`] if
    /// there is no axis.
    pub fn slice_rows(self, rows: Range<usize>) -> Result<Self, TensorError> {
        let (op, shape) = ("slice_rows", self.shape);
        let Some(&available) = shape.first() else {
            return Err(TensorError::Operand { op, shape, why: "it has no rows" });
        };
        if rows.start > rows.end || rows.end > available {
            return Err(TensorError::Range { op, shape, start: rows.start, end: rows.end });
        }
        let length = memory::product(&shape[1..]);
        let values = &self.values[rows.start * length..rows.end * length];
        Ok(TensorView { shape: shape.with_length(0, rows.len()), values })
    }

    /// A tensor with a copy of the values.
    #[must_use]
    pub fn to_tensor(self) -> Tensor<T> {
        Tensor::from_parts(self.shape, self.values.to_vec())
    }

    /// The number of rows and columns of what must be a matrix.
    pub(crate) fn matrix_shape(self, op: &'static str) -> Result<[usize; 2], TensorError> {
        let why = "a matrix has two axes";
        (*self.shape).try_into().map_err(|_| TensorError::Operand { op, shape: self.shape, why })
    }
}

impl<T: Real> Tensor<T> {
    /// The tensor as a view, without a copy.
    #[must_use]
    pub fn view(&self) -> TensorView<'_, T> {
        TensorView { shape: self.shape(), values: self.values() }
    }
}

impl<'a, T: Real> From<&'a Tensor<T>> for TensorView<'a, T> {
    fn from(tensor: &'a Tensor<T>) -> Self {
        tensor.view()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_shares_the_storage() {
        let x = Tensor::<f64>::from_fn([2, 3, 4], |i| i as f64);
        let view = x.view();
        assert_eq!(view.values().as_ptr(), x.values().as_ptr());
        assert_eq!(view.row(1).as_ptr(), x.row(1).as_ptr());
        assert_eq!(view.at(&[1, 2, 3]), 23.0);
        assert_eq!(view.to_tensor(), x);
        assert_eq!(view.reshape([4, 6]).unwrap().at(&[1, 0]), 6.0);
    }

    #[test]
    fn a_wrong_length_is_an_error_that_names_both() {
        let error = TensorView::new([2, 3], &[0.0_f32; 5]).map(|view| view.shape()).unwrap_err();
        assert_eq!(error.to_string(), "tensor: shape [2, 3] needs 6 values, 5 were given");
        let error =
            Tensor::<f32>::zeros([2, 3]).view().reshape([5]).map(|view| view.shape()).unwrap_err();
        assert!(error.to_string().contains("[2, 3] and [5]"), "{error}");
    }

    #[test]
    #[should_panic(expected = "there is no row 2 in a tensor of shape [2, 3]")]
    fn a_missing_row_panics() {
        let _ = Tensor::<f32>::zeros([2, 3]).view().row(2);
    }
}
