use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut};

use crate::{Real, Tensor, TensorError, TensorView};

// No view with the tensor's own orientation is offered. It would have row strides, with which
// nalgebra 0.35 writes outside of its operands, even in `matrix * vector`. `axcpy_uninit` takes the
// length of a strided slice for the number of its elements.

/// nalgebra is column-major. The storage of a row-major `[rows, columns]` tensor is, as it stands,
/// that of the `columns x rows` matrix which is its transpose. All conversions without a copy are
/// to and from that transpose.
impl<T: Real> Tensor<T> {
    /// The transpose as a nalgebra matrix, without a copy: element `(j, i)` of the matrix is
    /// `[i, j]` of the tensor.
    ///
    /// A product of tensors `a b` is `b_transposed * a_transposed`, seen as its transpose.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let x: Tensor = Tensor::from_rows([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let matrix = x.as_matrix_transposed()?;
    /// assert_eq!(matrix.shape(), (3, 2));
    /// assert_eq!(matrix[(2, 0)], 3.0);
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Operand`] if there are not two axes.
    pub fn as_matrix_transposed(&self) -> Result<DMatrixView<'_, T>, TensorError> {
        self.view().as_matrix_transposed()
    }

    /// The transpose as a nalgebra matrix to be written to, without a copy.
    ///
    /// # Errors
    /// [`TensorError::Operand`] if there are not two axes.
    pub fn as_matrix_transposed_mut(&mut self) -> Result<DMatrixViewMut<'_, T>, TensorError> {
        let [rows, columns] = self.view().matrix_shape("as_matrix_transposed_mut")?;
        Ok(DMatrixViewMut::from_slice(self.values_mut(), columns, rows))
    }

    /// The transpose as a nalgebra matrix that takes over the storage, without a copy.
    ///
    /// # Errors
    /// [`TensorError::Operand`] if there are not two axes.
    pub fn into_matrix_transposed(self) -> Result<DMatrix<T>, TensorError> {
        let [rows, columns] = self.view().matrix_shape("into_matrix_transposed")?;
        Ok(DMatrix::from_vec(columns, rows, self.into_values()))
    }

    /// The transpose of a nalgebra matrix, whose storage is taken over without a copy: a
    /// `rows x columns` matrix becomes a `[columns, rows]` tensor.
    ///
    /// ```
    /// use chainrule_tensor::{Tensor, nalgebra::DMatrix};
    ///
    /// let samples_in_columns = DMatrix::from_row_slice(2, 3, &[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// let batch = Tensor::from_matrix_transposed(samples_in_columns);
    /// assert_eq!(batch, Tensor::from_rows([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]));
    /// ```
    #[must_use]
    pub fn from_matrix_transposed(matrix: DMatrix<T>) -> Self {
        let (rows, columns) = matrix.shape();
        Tensor::from_parts([columns, rows].into(), matrix.data.into())
    }

    /// A copy as a nalgebra matrix of the same orientation: element `(i, j)` is `[i, j]`.
    ///
    /// # Errors
    /// [`TensorError::Operand`] if there are not two axes.
    pub fn to_matrix(&self) -> Result<DMatrix<T>, TensorError> {
        let [rows, columns] = self.view().matrix_shape("to_matrix")?;
        Ok(DMatrix::from_row_slice(rows, columns, self.values()))
    }

    /// A copy of a nalgebra matrix in the same orientation: `[i, j]` is element `(i, j)`.
    #[must_use]
    pub fn from_matrix(matrix: &DMatrix<T>) -> Self {
        Tensor::from_matrix_transposed(matrix.transpose())
    }
}

impl<'a, T: Real> TensorView<'a, T> {
    /// The transpose as a nalgebra matrix, without a copy. See [`Tensor::as_matrix_transposed`].
    ///
    /// # Errors
    /// [`TensorError::Operand`] if there are not two axes.
    pub fn as_matrix_transposed(self) -> Result<DMatrixView<'a, T>, TensorError> {
        let [rows, columns] = self.matrix_shape("as_matrix_transposed")?;
        Ok(DMatrixView::from_slice(self.values(), columns, rows))
    }

    /// The transpose of a nalgebra matrix, without a copy. See [`Tensor::from_matrix_transposed`].
    #[must_use]
    pub fn from_matrix_transposed(matrix: &'a DMatrix<T>) -> Self {
        let (rows, columns) = matrix.shape();
        TensorView::from_parts([columns, rows].into(), matrix.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Tensor<f64> {
        Tensor::from_rows([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    }

    #[test]
    fn nothing_is_copied() {
        let mut x = example();
        let pointer = x.values().as_ptr();
        assert_eq!(x.as_matrix_transposed().unwrap().as_ptr(), pointer);
        x.as_matrix_transposed_mut().unwrap()[(2, 1)] = 60.0;
        assert_eq!(x.at(&[1, 2]), 60.0);
        let matrix = x.into_matrix_transposed().unwrap();
        assert_eq!((matrix.as_ptr(), matrix.shape()), (pointer, (3, 2)));
        assert_eq!(TensorView::from_matrix_transposed(&matrix).values().as_ptr(), pointer);
        let back = Tensor::from_matrix_transposed(matrix);
        assert_eq!((back.values().as_ptr(), back.shape()), (pointer, [2, 3].into()));
    }

    #[test]
    fn products_agree_with_those_of_nalgebra() {
        for (m, k, n) in [(1, 1, 1), (2, 3, 4), (7, 1, 5), (9, 8, 10)] {
            let a = Tensor::<f64>::from_fn([m, k], |i| (i % 7) as f64 - 3.0);
            let b = Tensor::<f64>::from_fn([k, n], |i| (i % 5) as f64 - 2.0);
            let transposed = b.as_matrix_transposed().unwrap() * a.as_matrix_transposed().unwrap();
            assert_eq!(Tensor::from_matrix_transposed(transposed), a.matmul(&b).unwrap());
            let same = a.to_matrix().unwrap() * b.to_matrix().unwrap();
            assert_eq!(Tensor::from_matrix(&same), a.matmul(&b).unwrap());
        }
    }

    #[test]
    fn empty_matrices_are_matrices() {
        for shape in [[0, 3], [3, 0], [0, 0]] {
            let x = Tensor::<f32>::zeros(shape);
            assert_eq!(x.as_matrix_transposed().unwrap().shape(), (shape[1], shape[0]));
            assert_eq!(
                Tensor::from_matrix_transposed(x.clone().into_matrix_transposed().unwrap()),
                x
            );
        }
    }

    #[test]
    fn only_two_axes_make_a_matrix() {
        let x = Tensor::<f32>::zeros([3]);
        let error = x.as_matrix_transposed().unwrap_err().to_string();
        assert_eq!(error, "as_matrix_transposed: cannot take shape [3]: a matrix has two axes");
        assert!(x.to_matrix().is_err() && x.into_matrix_transposed().is_err());
    }
}
