use std::ops::Range;

use crate::loops::{InnerLoop, Loops, Starts};
use crate::{Real, Shape};

/// Outputs that are computed together when the reduction runs across rows.
pub(super) const TILE: usize = 64;

/// The loops of a reduction: one nest over the outputs, one over what goes into each of them.
///
/// If the last axis that counts is reduced, each output is made from contiguous runs
/// ([`along`](Nest::along)). If it is kept, neighbouring outputs, up to [`TILE`] of them, are made
/// together from contiguous pieces of rows. Either way the innermost work is on contiguous slices.
/// The operand must not be empty.
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

    /// Returns true if each slice is reduced to one output; otherwise the slices are reduced
    /// element by element.
    pub fn along(&self) -> bool {
        !self.reduced.is_single() && self.reduced.run().steps == [1]
    }

    /// The groups of outputs, with the offset in the operand of each one's first slice. A group is
    /// one output if the reduction runs along slices.
    #[inline(always)]
    pub fn groups(&self) -> Groups<'_> {
        let width = if self.along() { 1 } else { TILE };
        // An index past the end of the run makes the first call fetch the first run.
        Groups {
            run: self.kept.run(),
            starts: self.kept.starts(),
            width,
            start: 0,
            index: usize::MAX,
            output: 0,
        }
    }

    /// The slices of `a` that go into the group of `width` outputs whose first slice starts at
    /// `start`.
    #[inline(always)]
    pub fn slices<'a, T: Real>(&'a self, a: &'a [T], start: usize, width: usize) -> Slices<'a, T> {
        let run = self.reduced.run();
        let (length, step) =
            if self.along() { (run.length, run.length) } else { (width, run.steps[0]) };
        let count = if self.along() { 1 } else { run.length };
        Slices {
            a: &a[start..],
            length,
            step,
            count,
            starts: self.reduced.starts(),
            offset: 0,
            remaining: 0,
        }
    }
}

/// Iterates over groups of outputs.
pub(super) struct Groups<'a> {
    run: InnerLoop<1>,
    starts: Starts<'a, 1>,
    width: usize,
    start: usize,
    index: usize,
    output: usize,
}

impl Iterator for Groups<'_> {
    type Item = (Range<usize>, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(Range<usize>, usize)> {
        if self.index >= self.run.length {
            [self.start] = self.starts.next()?;
            self.index = 0;
        }
        let width = self.width.min(self.run.length - self.index);
        let group = (self.output..self.output + width, self.start + self.index * self.run.steps[0]);
        self.index += width;
        self.output += width;
        Some(group)
    }
}

/// Iterates over the slices that go into one group.
pub(super) struct Slices<'a, T> {
    a: &'a [T],
    length: usize,
    step: usize,
    count: usize,
    starts: Starts<'a, 1>,
    offset: usize,
    remaining: usize,
}

impl<'a, T> Iterator for Slices<'a, T> {
    type Item = &'a [T];

    #[inline(always)]
    fn next(&mut self) -> Option<&'a [T]> {
        if self.remaining == 0 {
            [self.offset] = self.starts.next()?;
            self.remaining = self.count;
        }
        let slice = &self.a[self.offset..self.offset + self.length];
        self.offset += self.step;
        self.remaining -= 1;
        Some(slice)
    }
}
