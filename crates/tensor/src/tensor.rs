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
    /// [`TensorError::Length`] if their number does not fill the shape.
    pub fn new(shape: impl Into<Shape>, values: Vec<T>) -> Result<Self, TensorError> {
        let shape = shape.into();
        if values.len() != shape.elements() {
            return Err(TensorError::Length { shape, values: values.len() });
        }
        Ok(Tensor { shape, values })
    }

    /// The tensor with these parts, which are known to fit.
    pub(crate) fn from_parts(shape: Shape, values: Vec<T>) -> Self {
        debug_assert_eq!(shape.elements(), values.len());
        Tensor { shape, values }
    }

    /// The tensor whose element at each index is `f` of its position in row-major order.
    #[must_use]
    pub fn from_fn(shape: impl Into<Shape>, f: impl FnMut(usize) -> T) -> Self {
        let shape = shape.into();
        Tensor { shape, values: (0..shape.elements()).map(f).collect() }
    }

    /// The tensor filled with one value.
    #[must_use]
    pub fn full(shape: impl Into<Shape>, value: T) -> Self {
        let shape = shape.into();
        Tensor { shape, values: vec![value; shape.elements()] }
    }

    /// The tensor filled with zeros.
    #[must_use]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Tensor::full(shape, T::ZERO)
    }

    /// The tensor filled with ones.
    #[must_use]
    pub fn ones(shape: impl Into<Shape>) -> Self {
        Tensor::full(shape, T::ONE)
    }

    /// The `n x n` identity matrix.
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
    /// [`TensorError::Shapes`] if the shapes differ in their number of elements.
    pub fn reshape(self, shape: impl Into<Shape>) -> Result<Self, TensorError> {
        let shape = shape.into();
        if shape.elements() != self.values.len() {
            let why = "a reshape keeps the number of elements";
            return Err(TensorError::Shapes { op: "reshape", left: self.shape, right: shape, why });
        }
        Ok(Tensor { shape, values: self.values })
    }

    /// The tensor made of the given rows (indices of the first axis), in that order; rows may repeat.
    ///
    /// # Errors
    /// [`TensorError::Row`] at the first index that does not exist; [`TensorError::Operand`] if there is no axis.
    pub fn select_rows(&self, rows: &[usize]) -> Result<Self, TensorError> {
        let op = "select_rows";
        let Some(&available) = self.shape.first() else {
            return Err(TensorError::Operand { op, shape: self.shape, why: "it has no rows" });
        };
        if let Some(&row) = rows.iter().find(|&&row| row >= available) {
            return Err(TensorError::Row { op, shape: self.shape, row });
        }
        let values = rows.iter().flat_map(|&row| self.row(row)).copied().collect();
        Ok(Tensor { shape: self.shape.with_length(0, rows.len()), values })
    }

    /// The values converted to another scalar, rounded to nearest; to and from dual numbers without tangents.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let x = Tensor::<f64>::ones([2]).cast::<f32>();
    /// assert_eq!(x.values(), [1.0_f32, 1.0]);
    /// ```
    #[must_use]
    pub fn cast<U: Real>(&self) -> Tensor<U> {
        Tensor { shape: self.shape, values: self.values.iter().map(|x| U::from_f64(x.to_f64())).collect() }
    }
}

impl<T: Real> From<Vec<T>> for Tensor<T> {
    fn from(values: Vec<T>) -> Self {
        Tensor { shape: values.len().into(), values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_number_of_values_is_an_error_that_names_both() {
        let error = Tensor::<f32>::new([2, 3], vec![0.0; 5]).unwrap_err();
        assert_eq!(error.to_string(), "tensor: shape [2, 3] needs 6 values, 5 were given");
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
        assert_eq!(x.select_rows(&[2, 0, 2]).unwrap(), Tensor::from_rows([[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]));
        assert_eq!(x.select_rows(&[]).unwrap().shape(), [0, 2].into());
        assert_eq!(x.select_rows(&[1, 3]).unwrap_err().to_string(), "select_rows: there is no row 3 in [3, 2]");
        assert!(Tensor::scalar(1.0_f32).select_rows(&[0]).is_err());
    }

    #[test]
    #[should_panic(expected = "index [0, 3] is outside of a tensor of shape [2, 3]")]
    fn an_index_outside_panics() {
        let _ = Tensor::<f32>::zeros([2, 3]).at(&[0, 3]);
    }
}
