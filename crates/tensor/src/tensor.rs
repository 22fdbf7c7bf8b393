use crate::{Real, Shape, TensorError};

/// A dense tensor: row-major, contiguous, of any number of axes up to [`Shape::MAX_RANK`].
///
/// A batch is `[samples, features]`, as in NumPy and PyTorch.
///
/// ```
/// use chainrule_tensor::Tensor;
///
/// let x: Tensor = Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(x.at(&[1, 2]), 6.0);
/// assert_eq!(x.row(0), [1.0, 2.0, 3.0]);
/// # Ok::<(), chainrule_tensor::TensorError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Tensor<T: Real = f32> {
    shape: Shape,
    values: Vec<T>,
}

impl<T: Real> Tensor<T> {
    /// The tensor with these values in row-major order.
    ///
    /// # Errors
    /// [`TensorError::Length`] if their number does not fill the shape; [`TensorError::Memory`] if
    /// there are none, and [memory](crate::memory) could not hold one along each empty axis.
    pub fn new(shape: impl Into<Shape>, values: Vec<T>) -> Result<Self, TensorError> {
        let shape = shape.into();
        check_parts::<T>(shape, values.len())?;
        Ok(Tensor { shape, values })
    }

    /// The tensor with these parts, which are known to fit.
    pub(crate) fn from_parts(shape: Shape, values: Vec<T>) -> Self {
        // Also of a matrix of nalgebra, which promises it too.
        assert_eq!(shape.elements(), values.len(), "the values fill the shape");
        Tensor { shape, values }
    }

    /// The tensor whose element at each index is `f` of its position in row-major order.
    ///
    /// # Panics
    /// If [memory](crate::memory) cannot hold it.
    #[track_caller]
    #[must_use]
    pub fn from_fn(shape: impl Into<Shape>, f: impl FnMut(usize) -> T) -> Self {
        let shape = shape.into();
        or_panic(check_memory::<T>("from_fn", shape));
        Tensor { shape, values: (0..shape.elements()).map(f).collect() }
    }

    /// The tensor filled with one value.
    ///
    /// # Panics
    /// If [memory](crate::memory) cannot hold it.
    #[track_caller]
    #[must_use]
    pub fn full(shape: impl Into<Shape>, value: T) -> Self {
        or_panic(Tensor::try_full("full", shape.into(), value))
    }

    /// The same for an operation whose result may be too large.
    pub(crate) fn try_full(op: &'static str, shape: Shape, value: T) -> Result<Self, TensorError> {
        check_memory::<T>(op, shape)?;
        Ok(Tensor { shape, values: vec![value; shape.elements()] })
    }

    /// The tensor filled with zeros.
    ///
    /// # Panics
    /// If [memory](crate::memory) cannot hold it.
    #[track_caller]
    #[must_use]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Tensor::full(shape, T::ZERO)
    }

    /// The tensor filled with ones.
    ///
    /// # Panics
    /// If [memory](crate::memory) cannot hold it.
    #[track_caller]
    #[must_use]
    pub fn ones(shape: impl Into<Shape>) -> Self {
        Tensor::full(shape, T::ONE)
    }

    /// The `n x n` identity matrix.
    ///
    /// # Panics
    /// If [memory](crate::memory) cannot hold it.
    #[track_caller]
    #[must_use]
    pub fn identity(n: usize) -> Self {
        Tensor::from_fn([n, n], |i| if i % (n + 1) == 0 { T::ONE } else { T::ZERO })
    }

    /// The tensor of shape `[]` with this value.
    #[must_use]
    pub fn scalar(value: T) -> Self {
        Tensor::full(Shape::SCALAR, value)
    }

    /// The matrix with these rows.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let x = Tensor::from_rows([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    /// assert_eq!(x.shape(), [3, 2].into());
    /// # let _: Tensor = x;
    /// ```
    #[must_use]
    pub fn from_rows<const ROWS: usize, const COLUMNS: usize>(rows: [[T; COLUMNS]; ROWS]) -> Self {
        Tensor { shape: [ROWS, COLUMNS].into(), values: rows.into_iter().flatten().collect() }
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The values in row-major order.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The values in row-major order, to be written.
    #[must_use]
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The values in row-major order, without a copy.
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.values
    }

    /// The element at an index with one entry for each axis.
    ///
    /// # Panics
    /// If the index has another number of entries than the shape, or lies outside of it.
    #[track_caller]
    #[must_use]
    pub fn at(&self, index: &[usize]) -> T {
        self.view().at(index)
    }

    /// The values at index `i` of the first axis.
    ///
    /// # Panics
    /// If there is no such row, or no axis at all.
    #[track_caller]
    #[must_use]
    pub fn row(&self, i: usize) -> &[T] {
        self.view().row(i)
    }

    /// The same values in another shape, without a copy.
    ///
    /// # Errors
    /// [`TensorError::Shapes`] if the shapes differ in their number of elements;
    /// [`TensorError::Memory`] as [`Tensor::new`].
    pub fn reshape(self, shape: impl Into<Shape>) -> Result<Self, TensorError> {
        let shape = shape.into();
        check_reshape::<T>(self.shape, shape)?;
        Ok(Tensor { shape, values: self.values })
    }

    /// The tensor made of the given rows (indices of the first axis), in that order; rows may
    /// repeat.
    ///
    /// # Errors
    /// [`TensorError::Row`] at the first index that does not exist; [`TensorError::Operand`] if
    /// there is no axis; [`TensorError::Memory`] if memory cannot hold the rows.
    pub fn select_rows(&self, rows: &[usize]) -> Result<Self, TensorError> {
        let op = "select_rows";
        let Some(&available) = self.shape.first() else {
            return Err(TensorError::Operand { op, shape: self.shape, why: "it has no rows" });
        };
        if let Some(&row) = rows.iter().find(|&&row| row >= available) {
            return Err(TensorError::Row { op, shape: self.shape, row });
        }
        let shape = self.shape.with_length(0, rows.len());
        check_memory::<T>(op, shape)?;
        let values = rows.iter().flat_map(|&row| self.row(row)).copied().collect();
        Ok(Tensor { shape, values })
    }

    /// The values converted to another scalar, rounded to nearest; to and from dual numbers without
    /// tangents.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let x = Tensor::<f64>::ones([2]).cast::<f32>();
    /// assert_eq!(x.values(), [1.0_f32, 1.0]);
    /// ```
    #[must_use]
    pub fn cast<U: Real>(&self) -> Tensor<U> {
        Tensor {
            shape: self.shape,
            values: self.values.iter().map(|x| U::from_f64(x.to_f64())).collect(),
        }
    }
}

/// Checks that so many values make a tensor of this shape.
#[inline]
pub(crate) fn check_parts<T>(shape: Shape, values: usize) -> Result<(), TensorError> {
    if values != shape.elements() {
        return Err(TensorError::Length { shape, values });
    }
    // Values that exist are in memory.
    if values == 0 { check_memory::<T>("tensor", shape) } else { Ok(()) }
}

/// Checks that the values of one shape can be seen in another.
pub(crate) fn check_reshape<T>(left: Shape, right: Shape) -> Result<(), TensorError> {
    if left.elements() != right.elements() {
        let why = "a reshape keeps the number of elements";
        return Err(TensorError::Shapes { op: "reshape", left, right, why });
    }
    check_parts::<T>(right, left.elements())
}

/// Checks that memory can hold a tensor of this shape.
pub(crate) fn check_memory<T>(op: &'static str, shape: Shape) -> Result<(), TensorError> {
    shape.fits::<T>().map_err(|why| TensorError::Memory { op, shape, why })
}

/// For what has no error to return; its documentation says so.
#[track_caller]
fn or_panic<V>(result: Result<V, TensorError>) -> V {
    result.unwrap_or_else(|error| panic!("{error}"))
}

impl<T: Real> From<Vec<T>> for Tensor<T> {
    fn from(values: Vec<T>) -> Self {
        Tensor { shape: values.len().into(), values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TensorView;

    #[test]
    fn a_wrong_number_of_values_is_an_error_that_names_both() {
        let error = Tensor::<f32>::new([2, 3], vec![0.0; 5]).unwrap_err();
        assert_eq!(error.to_string(), "tensor: shape [2, 3] needs 6 values, 5 were given");
    }

    // Memory safety: a shape of 2^64 elements counted as one of 0, and views of it read and wrote
    // far outside.
    #[test]
    fn a_shape_that_cannot_be_counted_is_an_error() {
        let huge = 1_usize << 32;
        for shape in [[huge, huge], [usize::MAX, 2], [usize::MAX, usize::MAX]] {
            let error = Tensor::<f32>::new(shape, vec![]).unwrap_err().to_string();
            assert!(
                error.ends_with("needs more than 18446744073709551615 values, 0 were given"),
                "{error}"
            );
            assert!(TensorView::<f32>::new(shape, &[]).is_err());
            assert!(Tensor::<f32>::zeros([0]).reshape(shape).is_err());
            assert!(Tensor::<f32>::zeros([0]).view().reshape(shape).is_err());
        }
        for shape in [&[usize::MAX, 0][..], &[0, usize::MAX / 4]] {
            let error = Tensor::<f32>::new(shape, vec![]).unwrap_err().to_string();
            assert!(error.contains("is too large: "), "{error}");
        }
        assert!(Tensor::<f32>::new(&[huge, huge, 0][..], vec![]).is_err());
    }

    #[test]
    fn a_result_that_memory_cannot_hold_is_an_error() {
        // 2^50 values each.
        let (tall, wide) = (Tensor::<f32>::zeros([1 << 25, 0]), Tensor::zeros([0, 1 << 25]));
        let error = tall.matmul(&wide).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "matmul: shape [33554432, 33554432] is too large: 4.5e6 GB are more than"
            ),
            "{error}"
        );
        let (column, row) = (Tensor::<f32>::zeros([1 << 25, 1]), Tensor::zeros([1, 1 << 25]));
        let error = column.add(&row).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "add: shape [33554432, 33554432] is too large: 4.5e6 GB are more than"
            ),
            "{error}"
        );
        let rows = vec![0; 1 << 26];
        let selected = Tensor::<f32>::zeros([1, 1 << 24]).select_rows(&rows);
        assert!(matches!(selected, Err(TensorError::Memory { op: "select_rows", .. })));
        let error = Tensor::<f32>::uniform([1 << 50], 0.0..1.0, &mut crate::random::generator(0))
            .unwrap_err();
        assert!(
            error.to_string().starts_with("uniform: shape [1125899906842624] is too large"),
            "{error}"
        );
    }

    #[test]
    #[should_panic(expected = "full: shape [1125899906842624] is too large")]
    fn a_tensor_that_memory_cannot_hold_panics_before_it_is_tried() {
        let _ = Tensor::<f32>::zeros([1 << 50]);
    }

    #[test]
    fn elements_are_row_major() {
        let x = Tensor::<f64>::from_fn([2, 3, 4], |i| i as f64);
        assert_eq!(x.at(&[1, 2, 3]), 23.0);
        assert_eq!(x.at(&[0, 1, 0]), 4.0);
        assert_eq!(x.row(1)[0], 12.0);
        assert_eq!(x.reshape([4, 6]).unwrap().at(&[1, 0]), 6.0);
    }

    #[test]
    fn a_reshape_to_another_size_is_an_error() {
        let error = Tensor::<f32>::zeros([2, 3]).reshape([4]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "reshape: shapes [2, 3] and [4] do not fit: a reshape keeps the number of elements"
        );
    }

    #[test]
    fn rows_are_selected_in_order_and_may_repeat() {
        let x: Tensor = Tensor::from_rows([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        assert_eq!(
            x.select_rows(&[2, 0, 2]).unwrap(),
            Tensor::from_rows([[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]])
        );
        assert_eq!(x.select_rows(&[]).unwrap().shape(), [0, 2].into());
        assert_eq!(
            x.select_rows(&[1, 3]).unwrap_err().to_string(),
            "select_rows: there is no row 3 in [3, 2]"
        );
        assert!(Tensor::scalar(1.0_f32).select_rows(&[0]).is_err());
    }

    #[test]
    #[should_panic(expected = "index [0, 3] is outside of a tensor of shape [2, 3]")]
    fn an_index_outside_panics() {
        let _ = Tensor::<f32>::zeros([2, 3]).at(&[0, 3]);
    }
}
