use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::reduce::{self, Axes};
use chainrule_tensor::{Real, Shape, broadcast};

use super::{reduced, removed};
use crate::Var;
use crate::op::{Backward, Forward, Op, Reads};

/// The sum or the mean along some axes; the gradient goes to each summand alike.
#[derive(Debug)]
struct Sum {
    axes: Axes,
    mean: bool,
}

impl<T: Real> Op<T> for Sum {
    fn name(&self) -> &str {
        if self.mean { "mean" } else { "sum" }
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        removed(self.axes, inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_, T>) {
        // The end of nearly every loss, without the code for axes, which a small step would have to
        // fetch each time.
        if let [total] = pass.output {
            let x = pass.inputs.get(0);
            let count = if self.mean { x.len() } else { 1 };
            *total = T::narrow(reduce::wide_sum(x) / T::Wide::from_usize(count));
            return;
        }
        let shape = pass.inputs.shape(0);
        let kept = reduced(self.axes, shape);
        if self.mean {
            reduce::mean(Put::Set, pass.output, kept, pass.inputs.get(0), shape);
        } else {
            broadcast::fold(Put::Set, pass.output, kept, pass.inputs.get(0), shape);
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let shape = pass.inputs.shape(0);
        if self.mean {
            let share = T::from_usize(pass.upstream.len()) / T::from_usize(shape.elements());
            pass.upstream.iter_mut().for_each(|g| *g *= share);
        }
        let Some(dx) = pass.cotangents.get(0) else { return };
        if let ([g], Put::Set) = (&*pass.upstream, dx.put) {
            dx.values.fill(*g);
        } else {
            broadcast::expand(dx.put, dx.values, shape, pass.upstream, reduced(self.axes, shape));
        }
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// The sum along some axes, which go: an axis, an array of axes, or `..` for all; derivative 1
    /// for each summand.
    ///
    /// A missing axis, or one named twice, is a mistake that planning reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f32>::new();
    /// let x = graph.input("x", [2, 3, 4]);
    /// assert_eq!(x.sum(1).shape(), [2, 4].into());
    /// assert_eq!(x.sum([0, 2]).shape(), [3].into());
    /// assert_eq!(x.sum(..).shape(), [].into());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sum(self, axes: impl Into<Axes>) -> Var<'g, T> {
        self.graph().record(
            Arc::new(Sum { axes: axes.into(), mean: false }),
            &[self],
            Location::caller(),
        )
    }

    /// The mean along some axes, which go; NaN over no elements. The derivative is `1 / n` for each
    /// of `n` elements.
    ///
    /// A missing axis, or one named twice, is a mistake that planning reports.
    #[track_caller]
    #[must_use]
    pub fn mean(self, axes: impl Into<Axes>) -> Var<'g, T> {
        self.graph().record(
            Arc::new(Sum { axes: axes.into(), mean: true }),
            &[self],
            Location::caller(),
        )
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::testing::{check, mistake, value, value_and_gradients};

    #[test]
    fn gradients_agree_with_differences() {
        for axes in [&[0][..], &[1], &[2], &[0, 2], &[0, 1, 2], &[]] {
            check(&[&[2, 3, 4]], |_, x| x[0].sum(axes).square());
            check(&[&[2, 3, 4]], |_, x| x[0].mean(axes).square());
        }
        check(&[&[]], |_, x| x[0].sum(..).square());
        check(&[&[0, 2]], |_, x| x[0].sum(0).square());
    }

    #[test]
    fn sums_and_means_run_along_the_named_axes() {
        let x = Tensor::from_rows([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(value(std::slice::from_ref(&x), |_, x| x[0].sum(0)).values(), [5.0, 7.0, 9.0]);
        assert_eq!(value(std::slice::from_ref(&x), |_, x| x[0].mean(1)).values(), [2.0, 5.0]);
        let (mean, gradients) = value_and_gradients(&[x], Some(&[6.0, 12.0]), |_, x| x[0].mean(1));
        assert_eq!(
            (mean.values(), gradients[0].values()),
            (&[2.0, 5.0][..], &[2.0, 2.0, 2.0, 4.0, 4.0, 4.0][..])
        );
    }

    #[test]
    fn nothing_sums_to_zero_and_has_no_mean() {
        assert_eq!(value(&[Tensor::zeros([0, 2])], |_, x| x[0].sum(0)).values(), [0.0; 2]);
        assert!(value(&[Tensor::zeros([0])], |_, x| x[0].mean(..)).values()[0].is_nan());
    }

    #[test]
    fn wrong_axes_are_mistakes_that_name_the_operation() {
        assert_eq!(mistake(&[&[2, 3]], |_, x| x[0].sum(2)), "sum: [2, 3] has no axis 2");
        assert_eq!(
            mistake(&[&[2, 3]], |_, x| x[0].mean([0, 0])),
            "mean: axes must be distinct, not [0, 0]"
        );
    }
}
