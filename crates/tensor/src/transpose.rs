use crate::gemm::Put;
use crate::{Real, Tensor, TensorError};

/// Rows and columns that are moved together, so that both sides stay in the cache.
const BLOCK: usize = 16;

/// `out`, or what is added to it, is the transpose of the row-major `rows x columns` matrix `a`.
///
/// A matrix product needs no such copy: see [`Mat::t`](crate::gemm::Mat::t).
///
/// ```
/// use chainrule_tensor::{gemm::Put, transpose};
///
/// let mut out = [0.0_f32; 6];
/// transpose(Put::Set, &mut out, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3);
/// assert_eq!(out, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// ```
///
/// # Panics
/// If a slice does not hold `rows * columns` values.
#[track_caller]
pub fn transpose<T: Real>(put: Put, out: &mut [T], a: &[T], rows: usize, columns: usize) {
    // Compared with a product that saturates, so that a wrong one fits no slice.
    let all = rows.saturating_mul(columns);
    let fits = out.len() == all && a.len() == all;
    assert!(
        fits,
        "transpose: {rows}x{columns} does not fit slices of {} and {} values",
        out.len(),
        a.len()
    );
    if a.is_empty() {
        return;
    }
    for top in (0..rows).step_by(BLOCK) {
        for left in (0..columns).step_by(BLOCK) {
            for j in left..columns.min(left + BLOCK) {
                for i in top..rows.min(top + BLOCK) {
                    let (o, x) = (&mut out[j * rows + i], a[i * columns + j]);
                    *o = if put == Put::Set { x } else { *o + x };
                }
            }
        }
    }
}

impl<T: Real> Tensor<T> {
    /// The transpose of a matrix, as a copy: `[rows, columns]` to `[columns, rows]`.
    ///
    /// # Errors
    /// [`TensorError::Operand`] if there are not two axes.
    pub fn transposed(&self) -> Result<Self, TensorError> {
        let [rows, columns] = self.view().matrix_shape("transposed")?;
        let mut out = Tensor::zeros([columns, rows]);
        transpose(Put::Set, out.values_mut(), self.values(), rows, columns);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_changes_places() {
        for (rows, columns) in [(0, 3), (1, 1), (1, 40), (40, 1), (16, 16), (17, 33), (50, 31)] {
            let x = Tensor::<f64>::from_fn([rows, columns], |i| i as f64);
            let t = x.transposed().unwrap();
            assert_eq!(t.shape(), [columns, rows].into());
            for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                assert_eq!(t.at(&[j, i]), x.at(&[i, j]));
            }
            let mut twice = t.values().to_vec();
            transpose(Put::Add, &mut twice, x.values(), rows, columns);
            assert!(twice.iter().zip(t.values()).all(|(twice, once)| *twice == 2.0 * once));
        }
    }

    #[test]
    fn only_a_matrix_can_be_transposed() {
        let error = Tensor::<f32>::zeros([2, 3, 4]).transposed().unwrap_err();
        assert_eq!(
            error.to_string(),
            "transposed: cannot take shape [2, 3, 4]: a matrix has two axes"
        );
    }

    #[test]
    #[should_panic(expected = "transpose: 2x3 does not fit slices of 6 and 5 values")]
    fn slices_of_another_size_panic() {
        transpose(Put::Set, &mut [0.0_f32; 6], &[0.0; 5], 2, 3);
    }
}
