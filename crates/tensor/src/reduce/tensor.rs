use super::Axes;
use crate::gemm::Put;
use crate::{Real, Shape, Tensor, TensorError, broadcast, reduce};

impl<T: Real> Tensor<T> {
    /// The sum over `axes`, which the result no longer has. The sum of nothing is 0.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let x: Tensor = Tensor::from_rows([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.sum(1)?.values(), [6.0, 15.0]);
    /// assert_eq!(x.sum(..)?, Tensor::scalar(21.0));
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Axes::reduced`].
    pub fn sum(&self, axes: impl Into<Axes>) -> Result<Self, TensorError> {
        let kernel = |out: &mut [T], reduced, a: &[T], shape| {
            broadcast::fold(Put::Set, out, reduced, a, shape)
        };
        self.reduce("sum", axes.into(), kernel)
    }

    /// The mean over `axes`, which the result no longer has. The mean of nothing is NaN.
    ///
    /// # Errors
    /// Those of [`Axes::reduced`].
    pub fn mean(&self, axes: impl Into<Axes>) -> Result<Self, TensorError> {
        let kernel =
            |out: &mut [T], reduced, a: &[T], shape| reduce::mean(Put::Set, out, reduced, a, shape);
        self.reduce("mean", axes.into(), kernel)
    }

    /// The maximum over `axes`, which the result no longer has; NaN if one of the values is.
    ///
    /// # Errors
    /// [`TensorError::Operand`] if one of the axes is empty; those of [`Axes::reduced`].
    pub fn max(&self, axes: impl Into<Axes>) -> Result<Self, TensorError> {
        let axes = axes.into();
        self.not_empty("max", axes)?;
        self.reduce("max", axes, reduce::max)
    }

    /// The minimum over `axes`, which the result no longer has; NaN if one of the values is.
    ///
    /// # Errors
    /// [`TensorError::Operand`] if one of the axes is empty; those of [`Axes::reduced`].
    pub fn min(&self, axes: impl Into<Axes>) -> Result<Self, TensorError> {
        let axes = axes.into();
        self.not_empty("min", axes)?;
        self.reduce("min", axes, reduce::min)
    }

    /// `ln sum e^x` over `axes`, which the result no longer has, without overflow. Over nothing it
    /// is `-inf`.
    ///
    /// # Errors
    /// Those of [`Axes::reduced`].
    pub fn log_sum_exp(&self, axes: impl Into<Axes>) -> Result<Self, TensorError> {
        self.reduce("log_sum_exp", axes.into(), reduce::log_sum_exp)
    }

    /// The index of the maximum along `axis`, the first one where there are several; NaN counts as
    /// the maximum.
    ///
    /// The indices are in row-major order of the shape without `axis`: for scores
    /// `[samples, classes]` and `axis` 1, one class per sample.
    ///
    /// ```
    /// use chainrule_tensor::Tensor;
    ///
    /// let scores: Tensor = Tensor::from_rows([[0.1, 0.7, 0.2], [0.5, 0.1, 0.4]]);
    /// assert_eq!(scores.argmax(1)?, [1, 0]);
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Axis`] if there is no such axis, [`TensorError::Operand`] if it is empty.
    pub fn argmax(&self, axis: usize) -> Result<Vec<usize>, TensorError> {
        let kept = Axes::from(axis).removed(self.shape(), "argmax")?;
        self.not_empty("argmax", axis.into())?;
        let mut out = vec![0; kept.elements()];
        reduce::argmax(&mut out, self.values(), self.shape(), axis);
        Ok(out)
    }

    fn reduce(
        &self,
        op: &'static str,
        axes: Axes,
        kernel: impl FnOnce(&mut [T], Shape, &[T], Shape),
    ) -> Result<Self, TensorError> {
        let reduced = axes.reduced(self.shape(), op)?;
        let mut out = Tensor::try_full(op, axes.removed(self.shape(), op)?, T::ZERO)?;
        kernel(out.values_mut(), reduced, self.values(), self.shape());
        Ok(out)
    }

    fn not_empty(&self, op: &'static str, axes: Axes) -> Result<(), TensorError> {
        let shape = self.shape();
        let reduced = axes.reduced(shape, op)?;
        if shape.iter().zip(reduced.iter()).any(|(&length, &one)| length == 0 && one == 1) {
            return Err(TensorError::Operand {
                op,
                shape,
                why: "there is no largest or smallest value on an empty axis",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn the_reduced_axes_are_gone() {
        let x = Tensor::<f64>::from_fn([2, 3, 4], |i| i as f64);
        assert_eq!(
            x.sum(1).unwrap(),
            Tensor::from_rows([[12.0, 15.0, 18.0, 21.0], [48.0, 51.0, 54.0, 57.0]])
        );
        assert_eq!(x.mean([0, 2]).unwrap().values(), [7.5, 11.5, 15.5]);
        assert_eq!(x.max([2, 1]).unwrap().values(), [11.0, 23.0]);
        assert_eq!(x.min(0).unwrap().shape(), [3, 4].into());
        assert_eq!(x.log_sum_exp(..).unwrap().shape(), [].into());
        assert_eq!(x.argmax(0).unwrap(), [1; 12]);
        assert_eq!(x.sum([]).unwrap(), x);
    }

    #[test]
    fn empty_axes_sum_to_zero_and_have_no_maximum() {
        let x = Tensor::<f32>::zeros([0, 3]);
        assert_eq!(x.sum(0).unwrap().values(), [0.0; 3]);
        assert!(x.mean(0).unwrap().values().iter().all(|x| x.is_nan()));
        assert!(x.mean(..).unwrap().at(&[]).is_nan());
        assert_eq!(x.max(1).unwrap().shape(), [0].into());
        let why = "there is no largest or smallest value on an empty axis";
        for (op, result) in [("max", x.max(0)), ("max", x.max(..)), ("min", x.min([0, 1]))] {
            assert_eq!(
                result.unwrap_err().to_string(),
                format!("{op}: cannot take shape [0, 3]: {why}")
            );
        }
        let error = x.argmax(0).unwrap_err();
        assert_eq!(error.to_string(), format!("argmax: cannot take shape [0, 3]: {why}"));
        assert_eq!(x.argmax(2).unwrap_err().to_string(), "argmax: [0, 3] has no axis 2");
    }
}
