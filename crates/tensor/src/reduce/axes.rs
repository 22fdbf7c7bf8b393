use std::ops::RangeFull;

use crate::{Shape, TensorError};

/// The axes of a reduction: one, a list, or all (`..`).
///
/// An empty list reduces nothing, as in NumPy.
///
/// ```
/// use chainrule_tensor::Tensor;
///
/// let x: Tensor = Tensor::from_rows([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.sum(0)?.values(), [4.0, 6.0]);
/// assert_eq!(x.sum([0, 1])?, x.sum(..)?);
/// # Ok::<(), chainrule_tensor::TensorError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axes(Choice);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    All,
    List { axes: [usize; Axes::MOST], length: usize },
}

impl Axes {
    /// All axes.
    pub const ALL: Axes = Axes(Choice::All);

    /// One more than a shape can have: of a longer list, the first that many already contain a
    /// mistake.
    const MOST: usize = Shape::MAX_RANK + 1;

    /// `shape` with length 1 at each of these axes. `op` names the operation in the error.
    ///
    /// ```
    /// use chainrule_tensor::{Shape, reduce::Axes};
    ///
    /// let shape = Shape::new(&[2, 3, 4]);
    /// assert_eq!(Axes::from([0, 2]).reduced(shape, "sum")?, [1, 3, 1].into());
    /// assert_eq!(Axes::from([0, 2]).removed(shape, "sum")?, [3].into());
    /// # Ok::<(), chainrule_tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Axis`] for an axis that the shape does not have; [`TensorError::Parameter`]
    /// if one is named twice.
    pub fn reduced(self, shape: Shape, op: &'static str) -> Result<Shape, TensorError> {
        let contains = self.checked(shape, op)?;
        let lengths =
            std::array::from_fn::<_, { Shape::MAX_RANK }, _>(|axis| match shape.get(axis) {
                Some(&length) if !contains[axis] => length,
                _ => 1,
            });
        Ok(Shape::new(&lengths[..shape.rank()]))
    }

    /// `shape` without these axes. `op` names the operation in the error.
    ///
    /// # Errors
    /// Those of [`reduced`](Axes::reduced).
    pub fn removed(self, shape: Shape, op: &'static str) -> Result<Shape, TensorError> {
        let contains = self.checked(shape, op)?;
        let last_to_first = (0..shape.rank()).rev().filter(|&axis| contains[axis]);
        Ok(last_to_first.fold(shape, Shape::without_axis))
    }

    /// Which axes of `shape` are among these.
    fn checked(
        self,
        shape: Shape,
        op: &'static str,
    ) -> Result<[bool; Shape::MAX_RANK], TensorError> {
        let Choice::List { axes, length } = self.0 else {
            return Ok([true; Shape::MAX_RANK]);
        };
        let axes = &axes[..length];
        let mut contains = [false; Shape::MAX_RANK];
        for &axis in axes {
            if axis >= shape.rank() {
                return Err(TensorError::Axis { op, shape, axis });
            }
            if contains[axis] {
                return Err(TensorError::Parameter {
                    op,
                    what: "axes",
                    rule: "distinct",
                    value: format!("{axes:?}"),
                });
            }
            contains[axis] = true;
        }
        Ok(contains)
    }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Self {
        Axes::ALL
    }
}

impl From<usize> for Axes {
    fn from(axis: usize) -> Self {
        Axes::from([axis])
    }
}

impl<const N: usize> From<[usize; N]> for Axes {
    fn from(axes: [usize; N]) -> Self {
        Axes::from(&axes[..])
    }
}

impl From<&[usize]> for Axes {
    fn from(list: &[usize]) -> Self {
        let list = &list[..list.len().min(Axes::MOST)];
        let mut axes = [0; Axes::MOST];
        axes[..list.len()].copy_from_slice(list);
        Axes(Choice::List { axes, length: list.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_reduced_and_removed() {
        let shape = Shape::new(&[2, 3, 4]);
        let cases: [(Axes, &[usize], &[usize]); 5] = [
            (1.into(), &[2, 1, 4], &[2, 4]),
            ([2, 0].into(), &[1, 3, 1], &[3]),
            ((..).into(), &[1, 1, 1], &[]),
            ([0, 1, 2].into(), &[1, 1, 1], &[]),
            ([].into(), &[2, 3, 4], &[2, 3, 4]),
        ];
        for (axes, reduced, removed) in cases {
            assert_eq!(axes.reduced(shape, "sum"), Ok(Shape::new(reduced)), "{axes:?}");
            assert_eq!(axes.removed(shape, "sum"), Ok(Shape::new(removed)), "{axes:?}");
        }
        assert_eq!(Axes::ALL.reduced(Shape::SCALAR, "sum"), Ok(Shape::SCALAR));
    }

    #[test]
    fn mistakes_are_errors_that_name_them() {
        let shape = Shape::new(&[2, 3]);
        let error = Axes::from([0, 2]).reduced(shape, "mean").unwrap_err();
        assert_eq!(error.to_string(), "mean: [2, 3] has no axis 2");
        let error = Axes::from([1, 1]).removed(shape, "max").unwrap_err();
        assert_eq!(error.to_string(), "max: axes must be distinct, not [1, 1]");
        assert!(Axes::from([0, 1, 2, 3, 4, 5, 0, 6, 7]).reduced([1; 6].into(), "sum").is_err());
    }
}
