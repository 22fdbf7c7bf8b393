use super::extremum::extremum_of;
use crate::broadcast::check;
use crate::{Real, Shape, memory, simd};

/// `out` is the index of the maximum along `axis`, the first one where there are several. NaN
/// counts as the maximum, as in NumPy and PyTorch.
///
/// `out` holds one index for each element of `shape` without `axis`, in row-major order.
///
/// ```
/// use chainrule_tensor::reduce;
///
/// let mut classes = [0; 2];
/// reduce::argmax(&mut classes, &[0.1_f32, 0.7, 0.2, 0.5, 0.0, 0.5], [2, 3].into(), 1);
/// assert_eq!(classes, [1, 0]);
/// ```
///
/// # Panics
/// If there is no such axis, it is empty, or a slice does not fill its shape.
#[track_caller]
pub fn argmax<T: Real>(out: &mut [usize], a: &[T], shape: Shape, axis: usize) {
    let kept = shape.without_axis(axis);
    check("argmax", out.len(), kept);
    check("argmax", a.len(), shape);
    let length = shape[axis];
    assert!(length > 0, "argmax: axis {axis} of {shape} is empty");
    let width = memory::product(&shape[axis + 1..]);
    if width == 1 {
        simd::dispatch(
            #[inline(always)]
            || argmax_along(out, a, length),
        );
    } else if width > 0 {
        argmax_across(out, a, length, width);
    }
}

#[inline(always)]
fn argmax_along<T: Real>(out: &mut [usize], a: &[T], length: usize) {
    for (out, run) in out.iter_mut().zip(a.chunks_exact(length)) {
        let max = extremum_of(
            run,
            -T::INFINITY,
            #[inline(always)]
            |x, y| x.maximum(y),
        );
        *out = run.iter().position(|&x| x == max || x.is_nan()).unwrap_or(0);
    }
}

fn argmax_across<T: Real>(out: &mut [usize], a: &[T], length: usize, width: usize) {
    for (out, block) in out.chunks_exact_mut(width).zip(a.chunks_exact(length * width)) {
        out.fill(0);
        for (i, row) in block.chunks_exact(width).enumerate() {
            for (column, (best, &x)) in out.iter_mut().zip(row).enumerate() {
                let max = block[*best * width + column];
                if x > max || (x.is_nan() && !max.is_nan()) {
                    *best = i;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_maximum_counts_and_nan_is_the_maximum() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let cases: [([f64; 4], usize); 6] = [
            ([1.0, 3.0, 3.0, 2.0], 1),
            ([-inf, -inf, -inf, -inf], 0),
            ([0.0, inf, nan, inf], 2),
            ([nan, nan, 1.0, inf], 0),
            ([-0.0, 0.0, 0.0, -1.0], 0),
            ([-3.0, -2.0, -1.0, -5.0], 2),
        ];
        for (values, expected) in cases {
            let mut along = [9];
            argmax(&mut along, &values, [4].into(), 0);
            assert_eq!(along, [expected], "along {values:?}");
            let mut across = [9; 2];
            let twice: Vec<f64> = values.iter().flat_map(|&x| [x, x]).collect();
            argmax(&mut across, &twice, [4, 2].into(), 0);
            assert_eq!(across, [expected; 2], "across {values:?}");
        }
    }

    #[test]
    fn a_middle_axis_keeps_the_row_major_order_of_the_others() {
        let a = [
            0.0_f32, 9.0, 5.0, 1.0, 2.0, 3.0, /* second block */ 7.0, 0.0, 1.0, 8.0, 0.0, 8.0,
        ];
        let mut out = [9; 4];
        argmax(&mut out, &a, [2, 3, 2].into(), 1);
        assert_eq!(out, [1, 0, 0, 1]);
    }

    #[test]
    #[should_panic(expected = "argmax: axis 1 of [2, 0] is empty")]
    fn an_empty_axis_panics() {
        argmax::<f32>(&mut [0; 2], &[], [2, 0].into(), 1);
    }
}
