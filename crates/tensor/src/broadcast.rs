//! NumPy's broadcasting over slices: shapes are aligned at the last axis, and an axis of length 1,
//! or a missing one, is repeated.
//!
//! Nothing here allocates. [`fold`] is the adjoint of [`expand`]: what was repeated on the way
//! forward is summed on the way back.

use crate::error::needed;
use crate::gemm::Put;
use crate::loops::{InnerLoop, Loops};
use crate::{Real, Shape, reduce, simd};

/// Visits the elements of `target` in row-major order: `f(position, offset in a, offset in b)`.
///
/// ```
/// use chainrule_tensor::broadcast;
///
/// let mut seen = Vec::new();
/// broadcast::for_each([2, 2].into(), [2, 1].into(), [2].into(), |i, a, b| seen.push((i, a, b)));
/// assert_eq!(seen, [(0, 0, 0), (1, 0, 1), (2, 1, 0), (3, 1, 1)]);
/// ```
///
/// # Panics
/// If `a` or `b` does not broadcast to `target`.
#[inline]
#[track_caller]
pub fn for_each(target: Shape, a: Shape, b: Shape, mut f: impl FnMut(usize, usize, usize)) {
    let loops = loops(target, [a, b]);
    let InnerLoop { length, steps } = loops.run();
    let mut position = 0;
    for [a, b] in loops.starts() {
        for i in 0..length {
            f(position + i, a + i * steps[0], b + i * steps[1]);
        }
        position += length;
    }
}

/// `out = f(a, b)`, or added to it, with both operands broadcast to `target`.
///
/// Equal shapes, a scalar operand, a row (`[32, 64]` with `[64]`) and a column (`[32, 64]` with
/// `[32, 1]`) all run on vector instructions.
///
/// ```
/// use chainrule_tensor::{broadcast, gemm::Put};
///
/// let (column, row) = ([10.0_f32, 20.0], [1.0, 2.0, 3.0]);
/// let mut out = [0.0; 6];
/// broadcast::zip(
///     Put::Set,
///     &mut out,
///     [2, 3].into(),
///     &column,
///     [2, 1].into(),
///     &row,
///     [3].into(),
///     |a, b| a + b,
/// );
/// assert_eq!(out, [11.0, 12.0, 13.0, 21.0, 22.0, 23.0]);
/// ```
///
/// # Panics
/// If `a_shape` or `b_shape` does not broadcast to `target`, or a slice does not fill its shape.
#[allow(
    clippy::too_many_arguments,
    reason = "two operands and a destination, each a slice and its shape"
)]
#[inline]
#[track_caller]
pub fn zip<T: Real>(
    put: Put,
    out: &mut [T],
    target: Shape,
    a: &[T],
    a_shape: Shape,
    b: &[T],
    b_shape: Shape,
    f: impl Fn(T, T) -> T,
) {
    check("zip", out.len(), target);
    check("zip", a.len(), a_shape);
    check("zip", b.len(), b_shape);
    let loops = loops(target, [a_shape, b_shape]);
    simd::dispatch(
        #[inline(always)]
        || zip_runs(put, out, &loops, a, b, f),
    );
}

#[inline(always)]
fn zip_runs<T: Real>(
    put: Put,
    out: &mut [T],
    loops: &Loops<2>,
    a: &[T],
    b: &[T],
    f: impl Fn(T, T) -> T,
) {
    let InnerLoop { length, steps } = loops.run();
    for ([i, j], out) in loops.starts().zip(out.chunks_exact_mut(length.max(1))) {
        // The last axis of a dense operand is walked through one by one, or repeated.
        match (put, steps) {
            (_, [0, 0]) => fill(put, out, f(a[i], b[j])),
            (Put::Set, [0, _]) => {
                let x = a[i];
                for (o, &y) in out.iter_mut().zip(&b[j..j + length]) {
                    *o = f(x, y).flushed();
                }
            }
            (Put::Add, [0, _]) => {
                let x = a[i];
                for (o, &y) in out.iter_mut().zip(&b[j..j + length]) {
                    *o = (*o + f(x, y)).flushed();
                }
            }
            (Put::Set, [_, 0]) => {
                let y = b[j];
                for (o, &x) in out.iter_mut().zip(&a[i..i + length]) {
                    *o = f(x, y).flushed();
                }
            }
            (Put::Add, [_, 0]) => {
                let y = b[j];
                for (o, &x) in out.iter_mut().zip(&a[i..i + length]) {
                    *o = (*o + f(x, y)).flushed();
                }
            }
            (Put::Set, [_, _]) => {
                for ((o, &x), &y) in out.iter_mut().zip(&a[i..i + length]).zip(&b[j..j + length]) {
                    *o = f(x, y).flushed();
                }
            }
            (Put::Add, [_, _]) => {
                for ((o, &x), &y) in out.iter_mut().zip(&a[i..i + length]).zip(&b[j..j + length]) {
                    *o = (*o + f(x, y)).flushed();
                }
            }
        }
    }
}

#[inline(always)]
fn fill<T: Real>(put: Put, out: &mut [T], value: T) {
    for o in out {
        *o = if put == Put::Set { value } else { *o + value };
    }
}

/// `out = a`, or added to it, with `a` repeated to `target`.
///
/// ```
/// use chainrule_tensor::{broadcast, gemm::Put};
///
/// let mut out = [0.0_f32; 4];
/// broadcast::expand(Put::Set, &mut out, [2, 2].into(), &[1.0, 2.0], [2].into());
/// assert_eq!(out, [1.0, 2.0, 1.0, 2.0]);
/// ```
///
/// # Panics
/// If `a_shape` does not broadcast to `target`, or a slice does not fill its shape.
#[track_caller]
pub fn expand<T: Real>(put: Put, out: &mut [T], target: Shape, a: &[T], a_shape: Shape) {
    check("expand", out.len(), target);
    check("expand", a.len(), a_shape);
    let loops = loops(target, [a_shape]);
    simd::dispatch(
        #[inline(always)]
        || expand_runs(put, out, &loops, a),
    );
}

#[inline(always)]
fn expand_runs<T: Real>(put: Put, out: &mut [T], loops: &Loops<1>, a: &[T]) {
    let InnerLoop { length, steps: [step] } = loops.run();
    for ([i], out) in loops.starts().zip(out.chunks_exact_mut(length.max(1))) {
        match (put, step) {
            (_, 0) => fill(put, out, a[i]),
            (Put::Set, _) => out.copy_from_slice(&a[i..i + length]),
            (Put::Add, _) => {
                for (o, &x) in out.iter_mut().zip(&a[i..i + length]) {
                    *o += x;
                }
            }
        }
    }
}

/// The adjoint of [`expand`]: `out`, or what is added to it, is `a` summed over the axes along
/// which `out_shape` is repeated to give `a_shape`. For all `x` and `y`,
/// `<expand(x), y> = <x, fold(y)>`.
///
/// The error of each sum is that of [`reduce::sum`].
///
/// ```
/// use chainrule_tensor::{broadcast, gemm::Put};
///
/// let mut out = [0.0_f32; 2];
/// broadcast::fold(Put::Set, &mut out, [2].into(), &[1.0, 2.0, 3.0, 4.0], [2, 2].into());
/// assert_eq!(out, [4.0, 6.0]);
/// ```
///
/// # Panics
/// If `out_shape` does not broadcast to `a_shape`, or a slice does not fill its shape.
#[track_caller]
pub fn fold<T: Real>(put: Put, out: &mut [T], out_shape: Shape, a: &[T], a_shape: Shape) {
    reduce::scaled_sum(put, out, out_shape, a, a_shape, 1.0);
}

/// The loops over `target` with the offsets of operands that are repeated to it.
#[track_caller]
fn loops<const N: usize>(target: Shape, operands: [Shape; N]) -> Loops<N> {
    let mut strides = [[0; Shape::MAX_RANK]; N];
    for (strides, operand) in strides.iter_mut().zip(operands) {
        *strides = operand.broadcast_strides(target);
    }
    Loops::new(target.iter().enumerate().map(|(axis, &length)| (length, strides.map(|s| s[axis]))))
}

#[track_caller]
pub(crate) fn check(op: &str, length: usize, shape: Shape) {
    assert!(
        length == shape.elements(),
        "{op}: shape {shape} needs {} values, not {length}",
        needed(&shape)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Generator, generator};
    use rand::RngExt;

    /// A shape of up to 4 axes, and two that broadcast to it, one of which has all its axes.
    fn shapes(rng: &mut Generator) -> (Shape, Shape, Shape) {
        let rank = rng.random_range(0..=4);
        let mut length = || if rng.random_bool(0.05) { 0 } else { rng.random_range(1..6) };
        let target: Vec<usize> = (0..rank).map(|_| length()).collect();
        let mut operand = |missing: usize| -> Shape {
            let repeated = |&length: &usize| if rng.random_bool(0.4) { 1 } else { length };
            target[missing..].iter().map(repeated).collect::<Vec<_>>().as_slice().into()
        };
        let (a, b) = (operand(0), operand(rank / 2));
        (target.as_slice().into(), a, b)
    }

    fn random(n: usize, rng: &mut Generator) -> Vec<f64> {
        (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
    }

    /// The offset in `operand` of the element of `target` at `position`, by index arithmetic alone.
    fn offset(position: usize, target: Shape, operand: Shape) -> usize {
        let (mut rest, mut offset, mut stride) = (position, 0, 1);
        for axis in (0..target.rank()).rev() {
            let index = rest % target[axis];
            rest /= target[axis];
            if let Some(own) = (axis + operand.rank()).checked_sub(target.rank()) {
                offset += stride * if operand[own] == 1 { 0 } else { index };
                stride *= operand[own];
            }
        }
        offset
    }

    #[test]
    fn agrees_with_index_arithmetic_over_random_shapes() {
        let mut rng = generator(1);
        for _ in 0..3000 {
            let (target, left, right) = shapes(&mut rng);
            let (a, b) = (random(left.elements(), &mut rng), random(right.elements(), &mut rng));
            let before = random(target.elements(), &mut rng);
            let mut visited = Vec::new();
            for_each(target, left, right, |i, x, y| visited.push((i, x, y)));
            let naive = (0..target.elements())
                .map(|i| (i, offset(i, target, left), offset(i, target, right)));
            assert_eq!(visited, naive.collect::<Vec<_>>(), "{target}: {left} {right}");
            for put in [Put::Set, Put::Add] {
                let start = |i: usize| if put == Put::Set { 0.0 } else { before[i] };
                let context = format!("{put:?} {target}: {left} {right}");
                let mut out = before.clone();
                zip(put, &mut out, target, &a, left, &b, right, |x, y| x - 2.0 * y);
                let expected: Vec<f64> =
                    visited.iter().map(|&(i, x, y)| start(i) + (a[x] - 2.0 * b[y])).collect();
                assert_eq!(out, expected, "zip {context}");
                let mut out = before.clone();
                expand(put, &mut out, target, &b, right);
                let expected: Vec<f64> = visited.iter().map(|&(i, _, y)| start(i) + b[y]).collect();
                assert_eq!(out, expected, "expand {context}");
            }
        }
    }

    #[test]
    fn fold_is_the_adjoint_of_expand() {
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let mut rng = generator(2);
        for _ in 0..3000 {
            let (target, _, shape) = shapes(&mut rng);
            let (x, y) = (random(shape.elements(), &mut rng), random(target.elements(), &mut rng));
            let mut expanded = vec![f64::NAN; target.elements()];
            expand(Put::Set, &mut expanded, target, &x, shape);
            let mut folded = vec![f64::NAN; shape.elements()];
            fold(Put::Set, &mut folded, shape, &y, target);
            let (left, right) = (dot(&expanded, &y), dot(&x, &folded));
            // At most 625 products below 1.
            assert!((left - right).abs() < 1e-12, "{shape} in {target}: {left} and {right}");
            let once = folded.clone();
            fold(Put::Add, &mut folded, shape, &y, target);
            assert!(
                folded.iter().zip(&once).all(|(twice, once)| *twice == 2.0 * once),
                "{shape} in {target}"
            );
        }
    }

    #[test]
    fn long_rows_and_columns_fold_to_their_sums() {
        // More rows than one block, more columns than one tile.
        let (rows, columns) = (70, 300);
        let a: Vec<f32> = (0..rows * columns).map(|i| (i % 17) as f32 - 8.0).collect();
        let mut by_column = vec![0.0; columns];
        fold(Put::Set, &mut by_column, [columns].into(), &a, [rows, columns].into());
        let mut by_row = vec![0.0; rows];
        fold(Put::Set, &mut by_row, [rows, 1].into(), &a, [rows, columns].into());
        for (j, &sum) in by_column.iter().enumerate() {
            assert_eq!(sum, (0..rows).map(|i| a[i * columns + j]).sum::<f32>(), "column {j}");
        }
        for (i, &sum) in by_row.iter().enumerate() {
            assert_eq!(sum, a[i * columns..][..columns].iter().sum::<f32>(), "row {i}");
        }
    }

    #[test]
    fn an_empty_axis_folds_to_zeros() {
        let mut out = [7.0_f32; 3];
        fold(Put::Add, &mut out, [3].into(), &[], [0, 3].into());
        assert_eq!(out, [7.0; 3]);
        fold(Put::Set, &mut out, [3].into(), &[], [0, 3].into());
        assert_eq!(out, [0.0; 3]);
    }

    #[test]
    #[should_panic(expected = "[3] does not broadcast to [2, 4]")]
    fn shapes_that_do_not_broadcast_panic() {
        expand(Put::Set, &mut [0.0_f32; 8], [2, 4].into(), &[0.0; 3], [3].into());
    }

    #[test]
    #[should_panic(expected = "zip: shape [2] needs 2 values, not 1")]
    fn a_slice_that_does_not_fill_its_shape_panics() {
        zip(
            Put::Set,
            &mut [0.0_f32; 2],
            [2].into(),
            &[0.0],
            [2].into(),
            &[0.0; 2],
            [2].into(),
            |a, b| a + b,
        );
    }
}
