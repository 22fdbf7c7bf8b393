use std::ops::Range;

use crate::loops::{Loops, Run};
use crate::{Real, Shape};

/// Outputs that are computed together when the reduction runs across rows.
pub(super) const TILE: usize = 128;

/// The loops of a reduction: one nest over the outputs, one over what goes into each of them.
///
/// The last axis that counts is either reduced, and each output is made from contiguous runs ([`along`](Nest::along)), or
/// kept, and neighbouring outputs, up to [`TILE`] of them, are made together from contiguous pieces of rows. Either way the
/// innermost work is on contiguous slices.
pub(super) struct Nest {
    kept: Loops<1>,
    reduced: Loops<1>,
}

impl Nest {
    /// The loops that reduce `shape` to `reduced`, which may lack leading axes.
    #[track_caller]
    pub fn new(reduced: Shape, shape: Shape) -> Self {
        assert!(reduced.broadcast(shape) == Some(shape), "{shape} does not reduce to {reduced}");
        let strides = shape.strides();
        let missing = shape.rank() - reduced.rank();
        let is_kept = |axis: usize| axis >= missing && reduced[axis - missing] == shape[axis];
        let loops = |keep: bool| {
            let axes = (0..shape.rank()).filter(move |&axis| is_kept(axis) == keep);
            Loops::new(axes.map(|axis| (shape[axis], [strides[axis]])))
        };
        Nest { kept: loops(true), reduced: loops(false) }
    }

    /// Whether each slice is reduced to one output; otherwise the slices are reduced element by element.
    pub fn along(&self) -> bool {
        !self.reduced.is_single() && self.reduced.run().steps == [1]
    }

    /// Calls `f` with each group of outputs and where in the operand its first slice starts. A group is one output if
    /// the reduction runs along slices.
    #[inline(always)]
    pub fn for_each_group(&self, mut f: impl FnMut(Range<usize>, usize)) {
        let Run { length, steps: [step] } = self.kept.run();
        let width = if self.along() { 1 } else { TILE };
        let mut output = 0;
        self.kept.for_each_run(|[start]| {
            for i in (0..length).step_by(width) {
                let end = length.min(i + width);
                f(output + i..output + end, start + i * step);
            }
            output += length;
        });
    }

    /// Calls `f` with each slice of `a` that goes into the group of `width` outputs whose first slice starts at `start`.
    #[inline(always)]
    pub fn for_each_slice<T: Real>(&self, a: &[T], start: usize, width: usize, mut f: impl FnMut(&[T])) {
        let Run { length, steps: [step] } = self.reduced.run();
        let along = self.along();
        self.reduced.for_each_run(|[offset]| {
            let first = start + offset;
            if along {
                f(&a[first..first + length]);
            } else {
                for i in 0..length {
                    f(&a[first + i * step..first + i * step + width]);
                }
            }
        });
    }
}
