//! nalgebra's matrix product (matrixmultiply), on views of the same slices.

use nalgebra::{DMatrixView, DMatrixViewMut, Dyn, MatrixView};

use super::{Mat, MatMut, Put};

/// Up to this length of any side nalgebra leaves matrixmultiply for a loop of its own, which reads past the end of a
/// column with a stride (nalgebra 0.35, `axcpy_uninit` takes the length of the strided slice for the number of
/// elements). Such products are summed here.
const NALGEBRA_SMALL: usize = 5;

pub(super) fn multiply<T>(put: Put, c: MatMut<'_, T>, a: Mat<'_, T>, b: Mat<'_, T>)
where
    T: nalgebra::RealField + Copy,
{
    if c.rows.min(c.columns).min(a.columns) <= NALGEBRA_SMALL {
        return small(put, c, a, b);
    }
    // nalgebra is column-major: a row-major `c` is seen there as its transpose, hence `c^T = b^T a^T`.
    let mut destination = DMatrixViewMut::from_slice(c.values, c.columns, c.rows);
    let beta = if put == Put::Set { T::zero() } else { T::one() };
    destination.gemm(T::one(), &transposed_view(b), &transposed_view(a), beta);
}

fn transposed_view<T: nalgebra::Scalar>(x: Mat<'_, T>) -> MatrixView<'_, T, Dyn, Dyn, Dyn, Dyn> {
    DMatrixView::from_slice_with_strides(x.values, x.columns, x.rows, x.column_stride, x.row_stride)
}

fn small<T: nalgebra::RealField + Copy>(put: Put, c: MatMut<'_, T>, a: Mat<'_, T>, b: Mat<'_, T>) {
    for (i, row) in c.values.chunks_exact_mut(c.columns).enumerate() {
        for (j, out) in row.iter_mut().enumerate() {
            let start = if put == Put::Set { T::zero() } else { *out };
            *out = (0..a.columns).fold(start, |sum, p| {
                let left = a.values[i * a.row_stride + p * a.column_stride];
                sum + left * b.values[p * b.row_stride + j * b.column_stride]
            });
        }
    }
}
