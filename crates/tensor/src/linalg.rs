use nalgebra::DMatrix;

use crate::{Real, Tensor, TensorError};

/// More iterations than singular values ever take: each converges in two or three.
const ITERATIONS_PER_VALUE: usize = 100;

/// Factorisations of matrices, computed in `f64` by nalgebra and rounded.
impl<T: Real> Tensor<T> {
    /// The thin QR factorisation `X = Q R`: for `[m, n]` and `k = min(m, n)`, `Q` is `[m, k]` with
    /// orthonormal columns, `R` is `[k, n]`, zero below the diagonal and not negative on it.
    ///
    /// With that sign the factorisation of a matrix of full rank is unique, and the `Q` of a
    /// normally distributed square matrix is uniformly distributed over the orthogonal matrices.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let x: Tensor<f64> = Tensor::from_rows([[3.0, 1.0], [4.0, 2.0]]);
    /// let (q, r) = x.qr()?;
    /// assert!((q.at(&[0, 0]) - 0.6).abs() < 1e-15 && (r.at(&[0, 0]) - 5.0).abs() < 1e-15);
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Operand`] if there are not two axes; [`TensorError::Parameter`] if a value is
    /// infinite or NaN.
    pub fn qr(&self) -> Result<(Self, Self), TensorError> {
        let matrix = self.finite_matrix("qr")?;
        let (m, n) = matrix.shape();
        if matrix.is_empty() {
            return Ok((Tensor::zeros([m, 0]), Tensor::zeros([0, n])));
        }
        let (mut q, mut r) = matrix.qr().unpack();
        for i in 0..m.min(n) {
            if r[(i, i)] < 0.0 {
                q.column_mut(i).neg_mut();
                r.row_mut(i).neg_mut();
            }
        }
        Ok((Tensor::from_matrix(&q).cast(), Tensor::from_matrix(&r).cast()))
    }

    /// The singular values of a matrix, largest first: `min(m, n)` of them.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let x: Tensor = Tensor::from_rows([[0.0, 2.0], [-3.0, 0.0], [0.0, 0.0]]);
    /// assert_eq!(x.singular_values()?, [3.0, 2.0]);
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Operand`] if there are not two axes or the iteration does not converge;
    /// [`TensorError::Parameter`] if a value is infinite or NaN.
    pub fn singular_values(&self) -> Result<Vec<T>, TensorError> {
        let op = "singular_values";
        let matrix = self.finite_matrix(op)?;
        let count = matrix.nrows().min(matrix.ncols());
        if count == 0 {
            return Ok(Vec::new());
        }
        let limit = ITERATIONS_PER_VALUE * (count + 1);
        let Some(svd) = matrix.try_svd(false, false, 5.0 * f64::EPSILON, limit) else {
            return Err(TensorError::Operand {
                op,
                shape: self.shape(),
                why: "the iteration does not converge",
            });
        };
        Ok(svd.singular_values.iter().map(|&value| T::from_f64(value)).collect())
    }

    /// The matrix in `f64`, without what would keep an iteration from ending.
    fn finite_matrix(&self, op: &'static str) -> Result<DMatrix<f64>, TensorError> {
        let [rows, columns] = self.view().matrix_shape(op)?;
        if let Some(value) = self.values().iter().find(|x| !x.is_finite()) {
            let value = value.to_string();
            return Err(TensorError::Parameter { op, what: "each value", rule: "finite", value });
        }
        Ok(DMatrix::from_row_iterator(rows, columns, self.values().iter().map(|x| x.to_f64())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    const SHAPES: [[usize; 2]; 9] =
        [[1, 1], [1, 5], [5, 1], [3, 3], [8, 3], [3, 8], [20, 20], [64, 10], [10, 64]];

    #[track_caller]
    fn assert_close(a: &Tensor<f64>, b: &Tensor<f64>) {
        assert_eq!(a.shape(), b.shape());
        let difference = a.sub(b).unwrap();
        // Entries of up to 10 and at most 64 terms: some hundred roundings.
        assert!(
            difference.values().iter().all(|x| x.abs() < 1e-13),
            "{}: {difference:?}",
            a.shape()
        );
    }

    #[test]
    fn q_is_orthogonal_r_triangular_and_their_product_the_matrix() {
        for shape in SHAPES {
            let x = Tensor::<f64>::normal(shape, 0.0, 1.0, &mut generator(1)).unwrap();
            let k = shape[0].min(shape[1]);
            let (q, r) = x.qr().unwrap();
            assert_eq!((q.shape(), r.shape()), ([shape[0], k].into(), [k, shape[1]].into()));
            assert_close(&q.matmul(&r).unwrap(), &x);
            assert_close(&q.transposed().unwrap().matmul(&q).unwrap(), &Tensor::identity(k));
            for i in 0..k {
                assert!(
                    r.row(i)[..i].iter().all(|&below| below == 0.0) && r.row(i)[i] >= 0.0,
                    "{shape:?}: row {i}"
                );
            }
        }
    }

    #[test]
    fn a_matrix_without_full_rank_still_has_an_orthogonal_q() {
        for x in [Tensor::<f64>::zeros([4, 3]), Tensor::ones([4, 4])] {
            let (q, r) = x.qr().unwrap();
            assert_close(&q.matmul(&r).unwrap(), &x);
            assert_close(
                &q.transposed().unwrap().matmul(&q).unwrap(),
                &Tensor::identity(q.shape()[1]),
            );
        }
    }

    #[test]
    fn singular_values_are_those_that_were_put_in() {
        for shape in SHAPES {
            let k = shape[0].min(shape[1]);
            let orthogonal = |rows, seed| {
                let (q, _) = Tensor::<f64>::normal([rows, k], 0.0, 1.0, &mut generator(seed))
                    .unwrap()
                    .qr()
                    .unwrap();
                q
            };
            let expected: Vec<f64> = (0..k).map(|i| 10.0 / (1 + i) as f64).collect();
            let scaled = orthogonal(shape[0], 1).mul(&Tensor::from(expected.clone())).unwrap();
            let x = scaled.matmul(&orthogonal(shape[1], 2).transposed().unwrap()).unwrap();
            let values = x.singular_values().unwrap();
            assert_close(&values.into(), &expected.into());
        }
        assert_eq!(Tensor::<f32>::zeros([3, 2]).singular_values().unwrap(), [0.0, 0.0]);
    }

    #[test]
    fn the_sum_of_squares_is_the_squared_frobenius_norm() {
        let x = Tensor::<f32>::normal([30, 40], 0.0, 1.0, &mut generator(3)).unwrap();
        let norm = crate::reduce::sum_of_squares(x.values());
        let values = x.singular_values().unwrap();
        assert!((crate::reduce::sum_of_squares(&values) / norm - 1.0).abs() < 1e-6);
        assert!(values.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn values_that_are_not_finite_are_an_error() {
        for bad in [f32::NAN, f32::INFINITY] {
            let x = Tensor::from_rows([[1.0, bad], [0.0, 1.0]]);
            let error = x.qr().unwrap_err().to_string();
            assert_eq!(error, format!("qr: each value must be finite, not {bad}"));
            let error = x.singular_values().unwrap_err().to_string();
            assert_eq!(error, format!("singular_values: each value must be finite, not {bad}"));
        }
        assert!(Tensor::<f32>::zeros([2]).qr().is_err());
    }

    #[test]
    fn empty_matrices_have_empty_factors() {
        let (q, r) = Tensor::<f32>::zeros([3, 0]).qr().unwrap();
        assert_eq!((q.shape(), r.shape()), ([3, 0].into(), [0, 0].into()));
        assert_eq!(Tensor::<f32>::zeros([0, 3]).singular_values().unwrap(), []);
    }
}
