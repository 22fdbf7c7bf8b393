use std::ops::Range;

use crate::gemm::{Mat, MatMut, Put, gemm};
use crate::tensor::check_memory;
use crate::{Real, Tensor, TensorError, broadcast, elementwise, memory};

impl<T: Real> Tensor<T> {
    /// `f` of each element.
    #[must_use]
    pub fn map(&self, f: impl Fn(T) -> T) -> Self {
        let mut out = Tensor::zeros(self.shape());
        elementwise::map(Put::Set, out.values_mut(), self.values(), f);
        out
    }

    /// `f` of each pair of elements, with NumPy's broadcasting. `op` names the operation in the
    /// error.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let column = Tensor::new([2, 1], vec![1.0_f32, 5.0])?;
    /// let larger = column.zip_with("maximum", &Tensor::from(vec![3.0, 4.0]), f32::max)?;
    /// assert_eq!(larger, Tensor::from_rows([[3.0, 4.0], [5.0, 5.0]]));
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Shapes`] if the shapes do not broadcast, [`TensorError::Memory`] if memory
    /// cannot hold the result.
    pub fn zip_with(
        &self,
        op: &'static str,
        other: &Self,
        f: impl Fn(T, T) -> T,
    ) -> Result<Self, TensorError> {
        let (left, right) = (self.shape(), other.shape());
        let Some(target) = left.broadcast(right) else {
            let why = "aligned at the last axis, lengths must be equal or one of them 1";
            return Err(TensorError::Shapes { op, left, right, why });
        };
        let mut out = Tensor::try_full(op, target, T::ZERO)?;
        broadcast::zip(
            Put::Set,
            out.values_mut(),
            target,
            self.values(),
            left,
            other.values(),
            right,
            f,
        );
        Ok(out)
    }

    /// The sum, element by element, with broadcasting.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let x: Tensor = Tensor::from_rows([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(
    ///     x.add(&Tensor::from(vec![10.0, 20.0]))?,
    ///     Tensor::from_rows([[11.0, 22.0], [13.0, 24.0]])
    /// );
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Shapes`] if the shapes do not broadcast, [`TensorError::Memory`] if memory
    /// cannot hold the result.
    pub fn add(&self, other: &Self) -> Result<Self, TensorError> {
        self.zip_with("add", other, |a, b| a + b)
    }

    /// The difference, element by element, with broadcasting.
    ///
    /// # Errors
    /// [`TensorError::Shapes`] if the shapes do not broadcast, [`TensorError::Memory`] if memory
    /// cannot hold the result.
    pub fn sub(&self, other: &Self) -> Result<Self, TensorError> {
        self.zip_with("sub", other, |a, b| a - b)
    }

    /// The product, element by element, with broadcasting. For the matrix product see
    /// [`matmul`](Tensor::matmul).
    ///
    /// # Errors
    /// [`TensorError::Shapes`] if the shapes do not broadcast, [`TensorError::Memory`] if memory
    /// cannot hold the result.
    pub fn mul(&self, other: &Self) -> Result<Self, TensorError> {
        self.zip_with("mul", other, |a, b| a * b)
    }

    /// The quotient, element by element, with broadcasting.
    ///
    /// # Errors
    /// [`TensorError::Shapes`] if the shapes do not broadcast, [`TensorError::Memory`] if memory
    /// cannot hold the result.
    pub fn div(&self, other: &Self) -> Result<Self, TensorError> {
        self.zip_with("div", other, |a, b| a / b)
    }

    /// The matrix product: `[m, k]` times `[k, n]` is `[m, n]`.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let a: Tensor = Tensor::from_rows([[1.0, 2.0], [3.0, 4.0]]);
    /// let b = Tensor::from_rows([[1.0], [10.0]]);
    /// assert_eq!(a.matmul(&b)?, Tensor::from_rows([[21.0], [43.0]]));
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Shapes`] if one has not two axes or the inner lengths differ;
    /// [`TensorError::Memory`] if memory cannot hold the result.
    pub fn matmul(&self, other: &Self) -> Result<Self, TensorError> {
        let (left, right) = (self.shape(), other.shape());
        let fail = |why| TensorError::Shapes { op: "matmul", left, right, why };
        let (&[m, k], &[inner, n]) = (&*left, &*right) else {
            return Err(fail("each must have two axes"));
        };
        if k != inner {
            return Err(fail("the left one needs as many columns as the right one has rows"));
        }
        let mut out = Tensor::try_full("matmul", [m, n].into(), T::ZERO)?;
        gemm(
            Put::Set,
            MatMut::new(out.values_mut(), m, n),
            Mat::new(self.values(), m, k),
            Mat::new(other.values(), k, n),
        );
        Ok(out)
    }

    /// The tensors joined along an axis.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let (a, b) =
    ///     (Tensor::from_rows([[1.0], [2.0]]), Tensor::from_rows([[3.0_f32, 4.0], [5.0, 6.0]]));
    /// assert_eq!(
    ///     Tensor::concat(1, &[&a, &b])?,
    ///     Tensor::from_rows([[1.0, 3.0, 4.0], [2.0, 5.0, 6.0]])
    /// );
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Parameter`] if there are none, [`TensorError::Axis`] if there is no such
    /// axis, [`TensorError::Shapes`] if the other lengths differ, [`TensorError::Memory`] if memory
    /// cannot hold the result.
    pub fn concat(axis: usize, parts: &[&Self]) -> Result<Self, TensorError> {
        let op = "concat";
        let Some(first) = parts.first().map(|part| part.shape()) else {
            let (what, rule) = ("the number of tensors", "at least 1");
            return Err(TensorError::Parameter { op, what, rule, value: "0".into() });
        };
        if axis >= first.rank() {
            return Err(TensorError::Axis { op, shape: first, axis });
        }
        let mut length = 0_usize;
        for part in parts {
            let right = part.shape();
            if right.rank() != first.rank() || right.with_length(axis, first[axis]) != first {
                let why = "only the lengths of the joined axis may differ";
                return Err(TensorError::Shapes { op, left: first, right, why });
            }
            length = length.saturating_add(right[axis]);
        }
        let shape = first.with_length(axis, length);
        check_memory::<T>(op, shape)?;
        let (outer, inner) = (memory::product(&first[..axis]), memory::product(&first[axis + 1..]));
        let mut values = Vec::with_capacity(shape.elements());
        for outer in 0..outer {
            for part in parts {
                let width = part.shape()[axis] * inner;
                values.extend_from_slice(&part.values()[outer * width..(outer + 1) * width]);
            }
        }
        Tensor::new(shape, values)
    }

    /// A copy of a range of rows (indices of the first axis).
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let x: Tensor = Tensor::from_rows([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(x.slice_rows(1..3)?, Tensor::from_rows([[3.0, 4.0], [5.0, 6.0]]));
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`TensorView::slice_rows`](crate::TensorView::slice_rows), which does not copy.
    pub fn slice_rows(&self, rows: Range<usize>) -> Result<Self, TensorError> {
        Ok(self.view().slice_rows(rows)?.to_tensor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_broadcasts_and_names_the_operation() {
        let x: Tensor = Tensor::from_rows([[2.0, 4.0], [6.0, 8.0]]);
        let column = Tensor::new([2, 1], vec![2.0, 4.0]).unwrap();
        assert_eq!(x.sub(&column).unwrap(), Tensor::from_rows([[0.0, 2.0], [2.0, 4.0]]));
        assert_eq!(
            x.mul(&Tensor::scalar(0.5)).unwrap(),
            Tensor::from_rows([[1.0, 2.0], [3.0, 4.0]])
        );
        assert_eq!(x.div(&column).unwrap(), Tensor::from_rows([[1.0, 2.0], [1.5, 2.0]]));
        assert_eq!(x.map(|x| -x).values(), [-2.0, -4.0, -6.0, -8.0]);
        let why = "do not fit: aligned at the last axis, lengths must be equal or one of them 1";
        let other = Tensor::zeros([3]);
        for (op, result) in [
            ("add", x.add(&other)),
            ("sub", x.sub(&other)),
            ("mul", x.mul(&other)),
            ("div", x.div(&other)),
        ] {
            assert_eq!(
                result.unwrap_err().to_string(),
                format!("{op}: shapes [2, 2] and [3] {why}")
            );
        }
    }

    #[test]
    fn a_product_of_shapes_that_do_not_fit_names_both() {
        let x = Tensor::<f64>::zeros([2, 3]);
        let error = x.matmul(&x).unwrap_err().to_string();
        let why = "the left one needs as many columns as the right one has rows";
        assert_eq!(error, format!("matmul: shapes [2, 3] and [2, 3] do not fit: {why}"));
        let error = x.matmul(&Tensor::zeros([3])).unwrap_err().to_string();
        assert_eq!(error, "matmul: shapes [2, 3] and [3] do not fit: each must have two axes");
        assert_eq!(x.matmul(&Tensor::zeros([3, 0])).unwrap().shape(), [2, 0].into());
        assert_eq!(
            Tensor::<f32>::ones([2, 0]).matmul(&Tensor::ones([0, 3])).unwrap(),
            Tensor::zeros([2, 3])
        );
    }

    #[test]
    fn tensors_are_joined_along_any_axis() {
        let a = Tensor::<f64>::from_fn([2, 1, 2], |i| i as f64);
        let b = Tensor::<f64>::from_fn([2, 2, 2], |i| 10.0 + i as f64);
        let joined = Tensor::concat(1, &[&a, &b, &a]).unwrap();
        assert_eq!(joined.shape(), [2, 4, 2].into());
        assert_eq!(joined.row(1), [2.0, 3.0, 14.0, 15.0, 16.0, 17.0, 2.0, 3.0]);
        assert_eq!(Tensor::concat(0, &[&a, &a]).unwrap().row(3), [2.0, 3.0]);
        let error = Tensor::concat(0, &[&a, &b]).unwrap_err().to_string();
        let why = "only the lengths of the joined axis may differ";
        assert_eq!(error, format!("concat: shapes [2, 1, 2] and [2, 2, 2] do not fit: {why}"));
        assert_eq!(
            Tensor::concat(3, &[&a]).unwrap_err().to_string(),
            "concat: [2, 1, 2] has no axis 3"
        );
        let error = Tensor::<f32>::concat(0, &[]).unwrap_err().to_string();
        assert_eq!(error, "concat: the number of tensors must be at least 1, not 0");
    }

    #[test]
    fn a_range_of_rows_must_lie_within() {
        let x = Tensor::<f32>::from_fn([3, 2], |i| i as f32);
        assert_eq!(x.slice_rows(2..2).unwrap().shape(), [0, 2].into());
        assert_eq!(x.view().slice_rows(1..3).unwrap().values().as_ptr(), x.row(1).as_ptr());
        let range = |range| x.slice_rows(range).unwrap_err().to_string();
        assert_eq!(
            range(1..4),
            "slice_rows: the range must be within the rows of [3, 2], not 1..4"
        );
        #[allow(clippy::reversed_empty_ranges, reason = "the mistake to be reported")]
        let backwards = 2..1;
        assert_eq!(
            range(backwards),
            "slice_rows: the range must be within the rows of [3, 2], not 2..1"
        );
        assert!(Tensor::scalar(1.0_f32).slice_rows(0..0).is_err());
    }
}
