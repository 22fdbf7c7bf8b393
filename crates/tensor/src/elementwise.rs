//! Element-wise kernels over slices of equal length: `out = f(a, ...)` or `out += f(a, ...)`,
//! compiled for the best vector instructions.
//!
//! The function must be compiled into the loop. The compiler sees to that while it is small; one
//! with several `exp` or `tanh` needs `#[inline(always)]`, which may also stand before a closure in
//! a call.
//!
//! On a plain `f32`, `x.exp()` is the standard library's function, which does not vectorise:
//! [`Real::exp`] is the one that does. In code that is generic over [`Real`] they are the same
//! call.
//!
//! The kernels take the function by value, so that numbers which it has captured by value (`move`)
//! are loaded once. One behind a reference is loaded for each element, since the output might lie
//! there.
//!
//! The kernels themselves are plain loops, marked in the same way: an iterator adaptor around such
//! a function would become a call for each element.
//!
//! Denormal numbers are written as 0, since others multiply with them later. [`map`] and [`zip3`]
//! keep the sign of a zero; [`zip`] and [`update`] do not, which takes fewer instructions.

use crate::gemm::Put;
use crate::{Real, simd};

/// `out[i] = f(a[i])`, or added to it.
///
/// ```
/// use chainrule_tensor::{elementwise, gemm::Put};
///
/// let mut out = [1.0_f32; 3];
/// elementwise::map(Put::Add, &mut out, &[1.0, 2.0, 3.0], |x| x * x);
/// assert_eq!(out, [2.0, 5.0, 10.0]);
/// ```
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
#[track_caller]
pub fn map<T: Real>(put: Put, out: &mut [T], a: &[T], f: impl Fn(T) -> T) {
    assert_eq!(out.len(), a.len(), "map: the slices differ in length");
    simd::dispatch(
        #[inline(always)]
        move || match put {
            Put::Set => {
                for (o, &a) in out.iter_mut().zip(a) {
                    *o = f(a).flushed();
                }
            }
            Put::Add => {
                for (o, &a) in out.iter_mut().zip(a) {
                    *o = (*o + f(a)).flushed();
                }
            }
        },
    );
}

/// `out[i] = a[i]`, or added to it, as it is: denormal numbers too.
///
/// # Panics
/// If the lengths differ.
#[inline]
#[track_caller]
pub fn copy<T: Real>(put: Put, out: &mut [T], a: &[T]) {
    assert_eq!(out.len(), a.len(), "copy: the slices differ in length");
    match put {
        Put::Set => out.copy_from_slice(a),
        Put::Add => simd::dispatch(
            #[inline(always)]
            || {
                for (o, &a) in out.iter_mut().zip(a) {
                    *o += a;
                }
            },
        ),
    }
}

/// `out[i] = f(a[i], b[i])`, or added to it.
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
#[track_caller]
pub fn zip<T: Real>(put: Put, out: &mut [T], a: &[T], b: &[T], f: impl Fn(T, T) -> T) {
    assert!(out.len() == a.len() && a.len() == b.len(), "zip: the slices differ in length");
    simd::dispatch_with(
        #[inline(always)]
        move |instructions| match put {
            Put::Set => {
                for ((o, &a), &b) in out.iter_mut().zip(a).zip(b) {
                    *o = instructions.flushed(f(a, b));
                }
            }
            Put::Add => {
                for ((o, &a), &b) in out.iter_mut().zip(a).zip(b) {
                    *o = instructions.flushed(*o + f(a, b));
                }
            }
        },
    );
}

/// `out[i] = f(a[i], b[i], c[i])`, or added to it.
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
#[track_caller]
pub fn zip3<T: Real>(put: Put, out: &mut [T], a: &[T], b: &[T], c: &[T], f: impl Fn(T, T, T) -> T) {
    assert!(
        out.len() == a.len() && a.len() == b.len() && b.len() == c.len(),
        "zip3: the slices differ in length"
    );
    simd::dispatch(
        #[inline(always)]
        move || match put {
            Put::Set => {
                for (((o, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
                    *o = f(a, b, c).flushed();
                }
            }
            Put::Add => {
                for (((o, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
                    *o = (*o + f(a, b, c)).flushed();
                }
            }
        },
    );
}

/// `values[i] = f(values[i], a[i])`.
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
#[track_caller]
pub fn update<T: Real>(values: &mut [T], a: &[T], f: impl Fn(T, T) -> T) {
    assert_eq!(values.len(), a.len(), "update: the slices differ in length");
    simd::dispatch_with(
        #[inline(always)]
        move |instructions| {
            for (v, &a) in values.iter_mut().zip(a) {
                *v = instructions.flushed(f(*v, a));
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_overwrites_and_add_adds() {
        let (a, b, c) = ([1.0_f64, 2.0], [3.0, 4.0], [5.0, 6.0]);
        for (put, base) in [(Put::Set, 0.0), (Put::Add, 10.0)] {
            let mut out = [10.0; 2];
            map(put, &mut out, &a, |a| -a);
            assert_eq!(out, [base - 1.0, base - 2.0]);
            let mut out = [10.0; 2];
            copy(put, &mut out, &a);
            assert_eq!(out, [base + 1.0, base + 2.0]);
            let mut out = [10.0; 2];
            zip(put, &mut out, &a, &b, |a, b| a * b);
            assert_eq!(out, [base + 3.0, base + 8.0]);
            let mut out = [10.0; 2];
            zip3(put, &mut out, &a, &b, &c, |a, b, c| a * b + c);
            assert_eq!(out, [base + 8.0, base + 14.0]);
        }
        let mut out = [10.0, 20.0];
        update(&mut out, &a, |v, a| v * a);
        assert_eq!(out, [10.0, 40.0]);
    }

    #[test]
    #[should_panic(expected = "zip: the slices differ in length")]
    fn different_lengths_panic() {
        zip(Put::Set, &mut [0.0_f32; 3], &[0.0; 3], &[0.0; 2], |a, _| a);
    }
}
