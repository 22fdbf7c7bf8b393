//! Arguments kept within bounds beyond which a function is at its limit, so that no `0 * inf`
//! arises. NaN stays.

use chainrule_tensor::Real;

/// `x`, or `least` if it is lower.
#[inline(always)]
pub(super) fn at_least<T: Real>(x: T, least: f64) -> T {
    let least = T::from_f64(least);
    if x < least { least } else { x }
}

/// `x`, or `most` if it is higher.
#[inline(always)]
pub(super) fn at_most<T: Real>(x: T, most: f64) -> T {
    let most = T::from_f64(most);
    if x > most { most } else { x }
}

/// `x`, or the nearer of `-bound` and `bound` if it is beyond them.
#[inline(always)]
pub(super) fn within<T: Real>(x: T, bound: f64) -> T {
    at_least(at_most(x, bound), -bound)
}
