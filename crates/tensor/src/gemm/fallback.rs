//! nalgebra's matrix product (matrixmultiply), on views of the same slices.

use nalgebra::{DMatrixView, DMatrixViewMut, Dyn, MatrixView};

use super::{Mat, MatMut, Put};

/// nalgebra is column-major: a row-major `c` is seen there as its transpose, hence `c^T = b^T a^T`.
pub(super) fn multiply<T>(put: Put, c: MatMut<'_, T>, a: Mat<'_, T>, b: Mat<'_, T>)
where
    T: nalgebra::RealField + Copy,
{
    let mut destination = DMatrixViewMut::from_slice(c.values, c.columns, c.rows);
    let beta = if put == Put::Set { T::zero() } else { T::one() };
    destination.gemm(T::one(), &transposed_view(b), &transposed_view(a), beta);
}

fn transposed_view<T: nalgebra::Scalar>(x: Mat<'_, T>) -> MatrixView<'_, T, Dyn, Dyn, Dyn, Dyn> {
    DMatrixView::from_slice_with_strides(x.values, x.columns, x.rows, x.column_stride, x.row_stride)
}
