use std::ops::{Bound, RangeBounds};
use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::{Real, Shape, memory};

use super::{Backward, Forward, Op, Reads};
use crate::Var;

/// A range of indices along an axis; the gradient is zero outside of it.
#[derive(Debug)]
struct Slice {
    axis: usize,
    start: usize,
    /// To the end of the axis if there is none.
    end: Option<usize>,
}

impl Slice {
    /// For one index of the axes before: where the range starts, its length, and the distance to
    /// the next, in elements.
    fn layout(&self, shape: Shape) -> (usize, usize, usize) {
        let width = memory::product(&shape[self.axis + 1..]);
        let length = shape[self.axis];
        let end = self.end.unwrap_or(length);
        (self.start * width, (end - self.start) * width, length * width)
    }
}

impl<T: Real> Op<T> for Slice {
    fn name(&self) -> &str {
        "slice"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = inputs[0];
        let Some(&length) = shape.get(self.axis) else {
            return Err(format!("shape {shape} has no axis {}", self.axis));
        };
        let (start, end) = (self.start, self.end.unwrap_or(length));
        if start > end || end > length {
            return Err(format!(
                "the range {start}..{end} is outside of axis {} of shape {shape}",
                self.axis
            ));
        }
        Ok(shape.with_length(self.axis, end - start))
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let (start, length, distance) = self.layout(pass.inputs.shape(0));
        if length == 0 {
            return;
        }
        for (to, from) in
            pass.output.chunks_exact_mut(length).zip(pass.inputs[0].chunks_exact(distance))
        {
            to.copy_from_slice(&from[start..start + length]);
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (start, length, distance) = self.layout(pass.inputs.shape(0));
        let Some(dx) = pass.cotangents.get(0).map(|dx| dx.accumulate()) else { return };
        if length == 0 {
            return;
        }
        for (to, from) in dx.chunks_exact_mut(distance).zip(pass.upstream.chunks_exact(length)) {
            to[start..start + length].iter_mut().zip(from).for_each(|(to, &g)| *to += g);
        }
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// A range of indices along an axis. The gradient of all that is outside of it is zero.
    ///
    /// A missing axis or a range that does not lie within it is a mistake that planning reports.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f32>::new();
    /// let x = graph.input("x", [32, 10]);
    /// assert_eq!(x.slice(1, 2..5).shape(), [32, 3].into());
    /// assert_eq!(x.slice_rows(30..).shape(), [2, 10].into());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn slice(self, axis: usize, range: impl RangeBounds<usize>) -> Var<'g, T> {
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&start) => start.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&end) => Some(end.saturating_add(1)),
            Bound::Excluded(&end) => Some(end),
            Bound::Unbounded => None,
        };
        self.graph().record(Arc::new(Slice { axis, start, end }), &[self], Location::caller())
    }

    /// [`slice`](Var::slice) along the first axis: a range of the samples of a batch.
    #[track_caller]
    #[must_use]
    pub fn slice_rows(self, range: impl RangeBounds<usize>) -> Var<'g, T> {
        self.slice(0, range)
    }
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::testing::{check, mistake, value};

    #[test]
    fn gradients_agree_with_differences() {
        check(&[&[5]], |_, x| x[0].slice_rows(1..4).square());
        check(&[&[4, 3]], |_, x| x[0].slice_rows(2..).square());
        check(&[&[4, 3]], |_, x| x[0].slice(1, ..2).square());
        check(&[&[2, 4, 3]], |_, x| x[0].slice(1, 1..=2).square());
        check(&[&[2, 3]], |_, x| x[0].slice(1, 1..1));
        // Overlapping pieces add up.
        check(&[&[5]], |_, x| x[0].slice_rows(..3) * x[0].slice_rows(2..));
    }

    #[test]
    fn the_range_is_cut_out() {
        let x = Tensor::from_fn([2, 3, 2], |i| i as f64);
        let y = value(std::slice::from_ref(&x), |_, x| x[0].slice(1, 1..));
        assert_eq!(
            (y.shape(), y.values()),
            ([2, 2, 2].into(), &[2.0, 3.0, 4.0, 5.0, 8.0, 9.0, 10.0, 11.0][..])
        );
        assert_eq!(
            value(std::slice::from_ref(&x), |_, x| x[0].slice_rows(1..2)).values(),
            x.row(1)
        );
        assert_eq!(value(&[x], |_, x| x[0].slice(2, 2..)).shape(), [2, 3, 0].into());
    }

    #[test]
    fn a_range_outside_is_a_mistake() {
        assert_eq!(
            mistake(&[&[2, 3]], |_, x| x[0].slice(1, 1..5)),
            "slice: the range 1..5 is outside of axis 1 of shape [2, 3]"
        );
        assert_eq!(
            mistake(&[&[2, 3]], |_, x| x[0].slice_rows(3..)),
            "slice: the range 3..2 is outside of axis 0 of shape [2, 3]"
        );
        assert_eq!(
            mistake(&[&[2, 3]], |_, x| x[0].slice(2, ..)),
            "slice: shape [2, 3] has no axis 2"
        );
    }
}
