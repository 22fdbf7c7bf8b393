use super::nest::Nest;
use crate::broadcast::check;
use crate::{Real, Shape, simd};

/// Comparisons that run side by side.
const LANES: usize = 32;
/// The same where fewer than [`LANES`] elements are left.
const FEW: usize = 8;

/// `out` is the maximum of `a` over the reduced axes: NaN if one of the values is, `-inf` over an
/// empty axis.
///
/// ```
/// use chainrule_tensor::reduce;
///
/// let mut out = [0.0_f32; 3];
/// reduce::max(&mut out, [1, 3].into(), &[1.0, 2.0, 3.0, 3.0, 2.0, 1.0], [2, 3].into());
/// assert_eq!(out, [3.0, 2.0, 3.0]);
/// ```
///
/// # Panics
/// If `shape` does not reduce to `reduced`, or a slice does not fill its shape.
#[track_caller]
pub fn max<T: Real>(out: &mut [T], reduced: Shape, a: &[T], shape: Shape) {
    extremum(
        out,
        reduced,
        a,
        shape,
        -T::INFINITY,
        #[inline(always)]
        |x, y| x.maximum(y),
    );
}

/// `out` is the minimum of `a` over the reduced axes: NaN if one of the values is, `inf` over an
/// empty axis.
///
/// # Panics
/// If `shape` does not reduce to `reduced`, or a slice does not fill its shape.
#[track_caller]
pub fn min<T: Real>(out: &mut [T], reduced: Shape, a: &[T], shape: Shape) {
    extremum(
        out,
        reduced,
        a,
        shape,
        T::INFINITY,
        #[inline(always)]
        |x, y| x.minimum(y),
    );
}

#[inline(always)]
#[track_caller]
fn extremum<T: Real>(
    out: &mut [T],
    reduced: Shape,
    a: &[T],
    shape: Shape,
    worst: T,
    better: impl Fn(T, T) -> T,
) {
    check("max", out.len(), reduced);
    check("max", a.len(), shape);
    out.fill(worst);
    if !a.is_empty() {
        let nest = Nest::new(reduced, shape);
        simd::dispatch(
            #[inline(always)]
            || extremum_over(&nest, out, a, worst, better),
        );
    }
}

#[inline(always)]
fn extremum_over<T: Real>(
    nest: &Nest,
    out: &mut [T],
    a: &[T],
    worst: T,
    better: impl Fn(T, T) -> T,
) {
    let along = nest.along();
    for (outputs, start) in nest.groups() {
        let out = &mut out[outputs];
        for slice in nest.slices(a, start, out.len()) {
            if along {
                out[0] = better(out[0], extremum_of(slice, worst, &better));
            } else {
                for (best, &x) in out.iter_mut().zip(slice) {
                    *best = better(*best, x);
                }
            }
        }
    }
}

/// The extremum of all values, in lanes.
#[inline(always)]
pub(super) fn extremum_of<T: Real>(values: &[T], worst: T, better: impl Fn(T, T) -> T) -> T {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut few = [worst; FEW];
    if !chunks.is_empty() {
        let mut lanes = [worst; LANES];
        for chunk in chunks {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane = better(*lane, x);
            }
        }
        for i in 0..FEW {
            few[i] = better(
                better(lanes[i], lanes[i + FEW]),
                better(lanes[i + 2 * FEW], lanes[i + 3 * FEW]),
            );
        }
    }
    for chunk in rest.as_chunks::<FEW>().0 {
        for (lane, &x) in few.iter_mut().zip(chunk) {
            *lane = better(*lane, x);
        }
    }
    // A value may be looked at twice: the last few again, and with them those that fill no chunk.
    let mut last = worst;
    if let Some(chunk) = values.last_chunk::<FEW>() {
        for (lane, &x) in few.iter_mut().zip(chunk) {
            *lane = better(*lane, x);
        }
    } else {
        for &x in values {
            last = better(last, x);
        }
    }
    let [a, b, c, d, e, f, g, h] = few;
    better(last, better(better(better(a, e), better(c, g)), better(better(b, f), better(d, h))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_passes_through_wherever_it_stands() {
        for n in [1, 5, 32, 33, 200] {
            for at in 0..n {
                let mut values = vec![1.0_f64; n];
                values[at] = f64::NAN;
                let mut out = [0.0];
                max(&mut out, [1].into(), &values, [n].into());
                assert!(out[0].is_nan(), "max of {n} values, NaN at {at}");
                min(&mut out, [1].into(), &values, [n].into());
                assert!(out[0].is_nan(), "min of {n} values, NaN at {at}");
                values[at] = -2.0;
                min(&mut out, [1].into(), &values, [n].into());
                assert_eq!(out, [-2.0], "min of {n} values, -2 at {at}");
            }
        }
    }

    #[test]
    fn across_rows_nan_stays_in_its_column() {
        let mut out = [0.0_f32; 3];
        max(&mut out, [1, 3].into(), &[1.0, f32::NAN, -1.0, 2.0, 5.0, -2.0], [2, 3].into());
        assert_eq!((out[0], out[2]), (2.0, -1.0));
        assert!(out[1].is_nan());
    }

    #[test]
    fn nothing_has_the_neutral_extremum() {
        let mut out = [0.0_f32; 2];
        max(&mut out, [2, 1].into(), &[], [2, 0].into());
        assert_eq!(out, [f32::NEG_INFINITY; 2]);
        min(&mut out, [2, 1].into(), &[], [2, 0].into());
        assert_eq!(out, [f32::INFINITY; 2]);
    }
}
