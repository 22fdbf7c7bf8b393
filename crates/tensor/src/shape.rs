use std::fmt;
use std::ops::Deref;

use crate::memory::{self, TooLarge};

/// The lengths of a tensor's axes: `Copy`, without a heap, at most [`Shape::MAX_RANK`] axes.
///
/// It dereferences to a slice of lengths. Wherever a shape is asked for, an array, a slice or a
/// single length will do.
///
/// ```
/// use chainrule_tensor::Shape;
///
/// let shape = Shape::new(&[32, 64]);
/// assert_eq!((shape.rank(), shape.elements()), (2, 2048));
/// assert_eq!(shape[1], 64);
/// assert_eq!(shape.to_string(), "[32, 64]");
/// assert_eq!(shape, [32, 64].into());
/// assert_eq!(Shape::SCALAR.elements(), 1);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    // Lengths past the rank stay 0, so that the derived comparisons hold.
    lengths: [usize; Shape::MAX_RANK],
    rank: u8,
}

impl Shape {
    /// The largest number of axes.
    pub const MAX_RANK: usize = 6;

    /// The shape without axes, of one element.
    pub const SCALAR: Shape = Shape { lengths: [0; Shape::MAX_RANK], rank: 0 };

    /// The shape with these axis lengths.
    ///
    /// # Panics
    /// If there are more than [`Shape::MAX_RANK`] of them.
    #[track_caller]
    #[must_use]
    pub fn new(lengths: &[usize]) -> Self {
        assert!(
            lengths.len() <= Shape::MAX_RANK,
            "a shape has at most {} axes, {lengths:?} has {}",
            Shape::MAX_RANK,
            lengths.len()
        );
        let mut shape = Shape::SCALAR;
        shape.rank = lengths.len() as u8;
        shape.lengths[..lengths.len()].copy_from_slice(lengths);
        shape
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        usize::from(self.rank)
    }

    /// The number of elements: the product of the lengths, 1 without axes.
    ///
    /// It is `usize::MAX`, more than any slice of numbers holds, where the lengths that are not 0
    /// have a larger product. So what compares it with the length of a slice refuses such a shape.
    /// The strides and the product of any axes of a shape that a tensor has are smaller.
    ///
    /// ```
    /// use chainrule_tensor::Shape;
    ///
    /// assert_eq!(Shape::new(&[3, 0]).elements(), 0);
    /// assert_eq!(Shape::new(&[1 << 32, 1 << 32]).elements(), usize::MAX);
    /// assert_eq!(Shape::new(&[1 << 32, 1 << 32, 0]).elements(), usize::MAX);
    /// ```
    #[inline]
    #[must_use]
    pub fn elements(&self) -> usize {
        match **self {
            // Nearly always; a product in a loop shows in the inference of one sample.
            [rows, columns] => rows.saturating_mul(columns),
            _ => match self.extent() {
                usize::MAX => usize::MAX,
                _ if self.contains(&0) => 0,
                extent => extent,
            },
        }
    }

    /// The number of elements if each empty axis had one; `usize::MAX` where it is larger.
    fn extent(&self) -> usize {
        self.iter().fold(1, |product: usize, &length| product.saturating_mul(length.max(1)))
    }

    /// Checks that memory can hold a value of this shape: see [`memory`]. An empty axis counts as
    /// one of length 1, so that there are not more rows without columns than there could be with
    /// them.
    ///
    /// # Errors
    /// [`TooLarge`] if it cannot.
    pub fn fits<T>(&self) -> Result<(), TooLarge> {
        memory::check::<T>(self.extent())
    }

    /// The distance in elements between neighbours along each axis, row-major: the last axis has
    /// stride 1.
    ///
    /// Only the first [`rank`](Shape::rank) entries mean anything.
    #[must_use]
    pub fn strides(&self) -> [usize; Shape::MAX_RANK] {
        let mut strides = [0; Shape::MAX_RANK];
        let mut stride = 1_usize;
        for axis in (0..self.rank()).rev() {
            strides[axis] = stride;
            stride = stride.saturating_mul(self.lengths[axis]);
        }
        strides
    }

    /// Seen as a matrix: the last axis is the columns, all others together the rows.
    ///
    /// A shape without axes is `1 x 1`, one with one axis is a single row.
    #[inline]
    #[must_use]
    pub fn as_rows(&self) -> (usize, usize) {
        match **self {
            [] => (1, 1),
            // Nearly always, as in `elements`.
            [rows, columns] => (rows, columns),
            [ref rows @ .., columns] => (memory::product(rows), columns),
        }
    }

    /// The shape with the length of `axis` replaced.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn with_length(mut self, axis: usize, length: usize) -> Self {
        assert!(axis < self.rank(), "{self} has no axis {axis}");
        self.lengths[axis] = length;
        self
    }

    /// The shape without `axis`.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn without_axis(self, axis: usize) -> Self {
        assert!(axis < self.rank(), "{self} has no axis {axis}");
        let mut out = Shape::SCALAR;
        for (i, &length) in self.iter().enumerate() {
            if i != axis {
                out.lengths[out.rank()] = length;
                out.rank += 1;
            }
        }
        out
    }

    /// The common shape under NumPy's broadcasting rules, if there is one: aligned at the last
    /// axis, lengths are equal or one of them is 1 or missing.
    ///
    /// ```
    /// use chainrule_tensor::Shape;
    ///
    /// let column = Shape::new(&[3, 1]);
    /// assert_eq!(column.broadcast([4].into()), Some([3, 4].into()));
    /// assert_eq!(column.broadcast([2, 4].into()), None);
    /// ```
    #[must_use]
    pub fn broadcast(self, other: Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let mut out = Shape::SCALAR;
        out.rank = rank as u8;
        for axis in 0..rank {
            out.lengths[axis] =
                match (self.aligned_length(rank, axis), other.aligned_length(rank, axis)) {
                    (a, b) if a == b => a,
                    (1, b) => b,
                    (a, 1) => a,
                    _ => return None,
                };
        }
        Some(out)
    }

    /// The strides with which this shape is read when it is broadcast to `target`: 0 along each
    /// repeated axis.
    ///
    /// # Panics
    /// If it does not broadcast to `target`.
    #[track_caller]
    #[must_use]
    pub fn broadcast_strides(self, target: Shape) -> [usize; Shape::MAX_RANK] {
        assert!(self.broadcast(target) == Some(target), "{self} does not broadcast to {target}");
        let own = self.strides();
        let missing = target.rank() - self.rank();
        let mut strides = [0; Shape::MAX_RANK];
        for axis in missing..target.rank() {
            if self.lengths[axis - missing] != 1 {
                strides[axis] = own[axis - missing];
            }
        }
        strides
    }

    /// The length at `axis` of `rank` axes, with missing leading axes of length 1.
    fn aligned_length(&self, rank: usize, axis: usize) -> usize {
        (axis + self.rank()).checked_sub(rank).map_or(1, |own| self.lengths[own])
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.lengths[..self.rank()]
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    #[track_caller]
    fn from(lengths: [usize; N]) -> Self {
        Shape::new(&lengths)
    }
}

impl From<&[usize]> for Shape {
    #[track_caller]
    fn from(lengths: &[usize]) -> Self {
        Shape::new(lengths)
    }
}

impl From<usize> for Shape {
    fn from(length: usize) -> Self {
        Shape::new(&[length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static [usize], &'static [usize], Option<&'static [usize]>);

    #[test]
    fn broadcasting_follows_numpy() {
        let cases: &[Case] = &[
            (&[], &[], Some(&[])),
            (&[], &[2, 3], Some(&[2, 3])),
            (&[3], &[2, 3], Some(&[2, 3])),
            (&[2, 1], &[1, 3], Some(&[2, 3])),
            (&[5, 1, 4], &[3, 1], Some(&[5, 3, 4])),
            (&[0, 3], &[1, 3], Some(&[0, 3])),
            (&[1], &[0], Some(&[0])),
            (&[2], &[3], None),
            (&[2, 3], &[2], None),
            (&[0], &[2], None),
        ];
        for &(a, b, expected) in cases {
            let expected = expected.map(Shape::new);
            assert_eq!(Shape::new(a).broadcast(Shape::new(b)), expected, "{a:?} {b:?}");
            assert_eq!(Shape::new(b).broadcast(Shape::new(a)), expected, "{b:?} {a:?}");
        }
    }

    #[test]
    fn broadcast_strides_are_zero_along_repeated_axes() {
        let target = Shape::new(&[5, 3, 4]);
        assert_eq!(Shape::new(&[3, 1]).broadcast_strides(target)[..3], [0, 1, 0]);
        assert_eq!(Shape::new(&[4]).broadcast_strides(target)[..3], [0, 0, 1]);
        assert_eq!(target.broadcast_strides(target)[..3], [12, 4, 1]);
    }

    #[test]
    fn axes_are_replaced_and_removed() {
        let shape = Shape::new(&[2, 3, 4]);
        assert_eq!(shape.with_length(1, 7), [2, 7, 4].into());
        assert_eq!(shape.without_axis(0), [3, 4].into());
        assert_eq!(shape.without_axis(2), [2, 3].into());
        assert_eq!(shape.as_rows(), (6, 4));
        assert_eq!(Shape::from(5).as_rows(), (1, 5));
    }

    // Memory safety: sizes that are multiplied without a check.
    #[test]
    fn sizes_that_cannot_be_counted_fit_no_slice() {
        let huge = 1 << 32;
        for lengths in [
            &[huge, huge][..],
            &[huge, huge, 0],
            &[0, huge, huge],
            &[usize::MAX, 2],
            &[usize::MAX; 6],
            &[2, usize::MAX / 2 + 1],
        ] {
            let shape = Shape::new(lengths);
            assert_eq!(shape.elements(), usize::MAX, "{shape}");
            assert!(shape.fits::<f32>().is_err(), "{shape}");
            let _ = (shape.strides(), shape.as_rows());
        }
        assert_eq!(Shape::new(&[usize::MAX, 0]).elements(), 0);
        assert!(Shape::new(&[usize::MAX, 0]).fits::<f32>().is_err());
        assert!(Shape::new(&[3, 0]).fits::<f64>().is_ok() && Shape::SCALAR.fits::<f64>().is_ok());
    }

    #[test]
    #[should_panic(expected = "at most 6 axes")]
    fn too_many_axes_panic() {
        let _ = Shape::new(&[1; 7]);
    }
}
