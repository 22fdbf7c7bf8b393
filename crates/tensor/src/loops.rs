use crate::Shape;

/// A nest of loops over the elements of one shape, in row-major order, with the offset of each
/// element in `N` operands.
///
/// Axes of length 1 are dropped, and neighbouring axes that every operand walks through in equal
/// steps become one. Equal shapes are one long run, a matrix with a row vector is one run per row.
/// Kernels work on whole runs, so that this single rule gives them all their fast paths.
#[derive(Debug)]
pub(crate) struct Loops<const N: usize> {
    // Outermost first; the last one is the run.
    lengths: [usize; Shape::MAX_RANK],
    strides: [[usize; N]; Shape::MAX_RANK],
    rank: usize,
}

/// The innermost loop: its length, and the step of each operand from one element to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InnerLoop<const N: usize> {
    pub length: usize,
    pub steps: [usize; N],
}

impl<const N: usize> Loops<N> {
    /// The loops over axes of the given lengths and strides, outermost first.
    pub fn new(axes: impl Iterator<Item = (usize, [usize; N])>) -> Self {
        let mut loops =
            Loops { lengths: [0; Shape::MAX_RANK], strides: [[0; N]; Shape::MAX_RANK], rank: 0 };
        for (length, strides) in axes.filter(|&(length, _)| length != 1) {
            if let Some(outer) = loops.rank.checked_sub(1)
                && (0..N).all(|i| loops.strides[outer][i] == strides[i] * length)
            {
                loops.lengths[outer] *= length;
                loops.strides[outer] = strides;
            } else {
                loops.lengths[loops.rank] = length;
                loops.strides[loops.rank] = strides;
                loops.rank += 1;
            }
        }
        loops
    }

    /// The innermost loop. A single element is a run of length 1 and steps of 1.
    pub fn run(&self) -> InnerLoop<N> {
        match self.rank.checked_sub(1) {
            None => InnerLoop { length: 1, steps: [1; N] },
            Some(inner) => InnerLoop { length: self.lengths[inner], steps: self.strides[inner] },
        }
    }

    /// Returns true if there is but one element.
    pub fn is_single(&self) -> bool {
        self.rank == 0
    }

    /// The operands' offsets at the start of each run.
    #[inline(always)]
    pub fn starts(&self) -> Starts<'_, N> {
        let outer = self.rank.saturating_sub(1);
        let remaining = self.lengths[..outer].iter().product();
        Starts { loops: self, outer, remaining, index: [0; Shape::MAX_RANK], offsets: [0; N] }
    }
}

/// Iterates over the starts of the runs.
#[derive(Debug)]
pub(crate) struct Starts<'a, const N: usize> {
    loops: &'a Loops<N>,
    outer: usize,
    remaining: usize,
    index: [usize; Shape::MAX_RANK],
    offsets: [usize; N],
}

impl<const N: usize> Iterator for Starts<'_, N> {
    type Item = [usize; N];

    #[inline(always)]
    fn next(&mut self) -> Option<[usize; N]> {
        self.remaining = self.remaining.checked_sub(1)?;
        let start = self.offsets;
        for axis in (0..self.outer).rev() {
            let (length, strides) = (self.loops.lengths[axis], self.loops.strides[axis]);
            self.index[axis] += 1;
            let is_inside = self.index[axis] < length;
            for (offset, stride) in self.offsets.iter_mut().zip(strides) {
                *offset += stride;
                if !is_inside {
                    *offset -= stride * length;
                }
            }
            if is_inside {
                break;
            }
            self.index[axis] = 0;
        }
        Some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loops<const N: usize>(target: Shape, operands: [Shape; N]) -> Loops<N> {
        let strides = operands.map(|shape| shape.broadcast_strides(target));
        Loops::new(
            target.iter().enumerate().map(|(axis, &length)| (length, strides.map(|s| s[axis]))),
        )
    }

    #[test]
    fn equal_shapes_are_one_run() {
        let shape = Shape::new(&[2, 3, 1, 4]);
        assert_eq!(loops(shape, [shape, shape]).run(), InnerLoop { length: 24, steps: [1, 1] });
        assert_eq!(
            loops(shape, [shape, Shape::SCALAR]).run(),
            InnerLoop { length: 24, steps: [1, 0] }
        );
    }

    #[test]
    fn rows_and_columns_are_one_run_per_row() {
        let shape = Shape::new(&[2, 3, 4]);
        assert_eq!(loops(shape, [shape, [4].into()]).run(), InnerLoop { length: 4, steps: [1, 1] });
        assert_eq!(
            loops(shape, [shape, [3, 4].into()]).run(),
            InnerLoop { length: 12, steps: [1, 1] }
        );
        assert_eq!(
            loops(shape, [shape, [2, 3, 1].into()]).run(),
            InnerLoop { length: 4, steps: [1, 0] }
        );
    }

    #[test]
    fn offsets_follow_the_strides() {
        let loops = loops([2, 3, 2].into(), [[2, 1, 2].into(), [3, 1].into()]);
        let seen: Vec<[usize; 2]> = loops.starts().collect();
        assert_eq!(seen, [[0, 0], [0, 1], [0, 2], [2, 0], [2, 1], [2, 2]]);
    }

    #[test]
    fn a_single_element_is_one_run_and_an_empty_axis_none() {
        let single = loops([1, 1].into(), [Shape::SCALAR]);
        assert!(single.is_single());
        assert_eq!(single.run(), InnerLoop { length: 1, steps: [1] });
        assert_eq!(loops([0, 2, 3].into(), [[2, 1].into()]).starts().count(), 0);
    }
}
