use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::reduce::{self, Axes};
use chainrule_tensor::{Real, Shape, broadcast};

use super::{reduced, removed};
use crate::Var;
use crate::op::{Backward, Forward, Op, Reads};

/// The maximum or the minimum along some axes; the gradient is shared evenly among equal extrema.
#[derive(Debug)]
struct Extremum {
    axes: Axes,
    largest: bool,
}

impl<T: Real> Op<T> for Extremum {
    fn name(&self) -> &str {
        if self.largest { "max" } else { "min" }
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        removed(self.axes, inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    /// For each element whether it is an extremum, then for each value how many are.
    fn saves(&self, inputs: &[Shape]) -> usize {
        inputs[0].elements() + reduced(self.axes, inputs[0]).elements()
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (shape, x) = (pass.inputs.shape(0), pass.inputs.get(0));
        let kept = reduced(self.axes, shape);
        let extremum = if self.largest { reduce::max } else { reduce::min };
        extremum(pass.output, kept, x, shape);
        if !pass.saved.is_empty() {
            let (marks, counts) = pass.saved.split_at_mut(x.len());
            // An extremum is NaN only because elements are: these are then the extrema.
            let is_extremum = |x: T, y: T| if x == y || x.is_nan() { T::ONE } else { T::ZERO };
            broadcast::zip(Put::Set, marks, shape, x, shape, pass.output, kept, is_extremum);
            broadcast::fold(Put::Set, counts, kept, marks, shape);
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let shape = pass.inputs.shape(0);
        let (marks, counts) = pass.saved.split_at(shape.elements());
        pass.upstream.iter_mut().zip(counts).for_each(|(g, &count)| *g /= count);
        if let Some(dx) = pass.cotangents.get(0) {
            let kept = reduced(self.axes, shape);
            let give = |mark: T, g: T| if mark == T::ZERO { T::ZERO } else { g };
            broadcast::zip(dx.put, dx.values, shape, marks, shape, pass.upstream, kept, give);
        }
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// The maximum along some axes, which go: an axis, an array of axes, or `..` for all. NaN if an
    /// element is, `-inf` over an empty axis.
    ///
    /// The gradient goes to the maximum, shared evenly among several equal ones, as with PyTorch's
    /// `amax`.
    ///
    /// A missing axis, or one named twice, is a mistake that planning reports.
    #[track_caller]
    #[must_use]
    pub fn max(self, axes: impl Into<Axes>) -> Var<'g, T> {
        let op = Extremum { axes: axes.into(), largest: true };
        self.graph().record(Arc::new(op), &[self], Location::caller())
    }

    /// The minimum along some axes, which go; `inf` over an empty axis, otherwise as
    /// [`max`](Var::max).
    #[track_caller]
    #[must_use]
    pub fn min(self, axes: impl Into<Axes>) -> Var<'g, T> {
        let op = Extremum { axes: axes.into(), largest: false };
        self.graph().record(Arc::new(op), &[self], Location::caller())
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::testing::{check, mistake, value_and_gradients};

    #[test]
    fn gradients_agree_with_differences() {
        for axes in [&[0][..], &[1], &[2], &[0, 2], &[0, 1, 2], &[]] {
            check(&[&[2, 3, 4]], |_, x| x[0].max(axes).square());
            check(&[&[2, 3, 4]], |_, x| x[0].min(axes).square());
        }
        check(&[&[]], |_, x| x[0].max(..).square());
        check(&[&[1, 1]], |_, x| x[0].min(..).square());
    }

    #[test]
    fn equal_extrema_share_the_gradient() {
        let x = Tensor::from_rows([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]);
        let (y, gradients) =
            value_and_gradients(std::slice::from_ref(&x), Some(&[4.0, 6.0]), |_, x| x[0].max(1));
        assert_eq!(y.values(), [3.0, 2.0]);
        assert_eq!(gradients[0].values(), [0.0, 2.0, 2.0, 2.0, 2.0, 2.0]);
        let (y, gradients) = value_and_gradients(&[x], Some(&[4.0, 6.0]), |_, x| x[0].min(1));
        assert_eq!(y.values(), [1.0, 2.0]);
        assert_eq!(gradients[0].values(), [4.0, 0.0, 0.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn nan_is_the_extremum_and_infinity_is_one_like_others() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let x = Tensor::from_rows([[1.0, nan, inf], [-inf, -inf, -inf]]);
        let (y, gradients) = value_and_gradients(&[x], Some(&[1.0, 3.0]), |_, x| x[0].max(1));
        assert!(y.values()[0].is_nan());
        assert_eq!(y.values()[1], -inf);
        assert_eq!(gradients[0].values(), [0.0, 1.0, 0.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn an_empty_axis_has_the_neutral_extremum() {
        let (y, _) = value_and_gradients(&[Tensor::zeros([2, 0])], None, |_, x| x[0].max(1));
        assert_eq!(y.values(), [f64::NEG_INFINITY; 2]);
    }

    #[test]
    fn wrong_axes_are_mistakes() {
        assert_eq!(mistake(&[&[2, 3]], |_, x| x[0].max(2)), "max: [2, 3] has no axis 2");
        assert_eq!(
            mistake(&[&[2, 3]], |_, x| x[0].min([1, 1])),
            "min: axes must be distinct, not [1, 1]"
        );
    }
}
