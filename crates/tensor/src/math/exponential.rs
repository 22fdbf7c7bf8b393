//! `e^x` and `e^x - 1` in `f32`.
//!
//! `x = n ln 2 + r` with an integer `n` and `|r| <= ln 2 / 2`, so that `e^x = 2^n (1 + p)` with
//! `p = e^r - 1` from a polynomial.

use std::f32::consts::{LN_2, LOG2_E};

/// `ln 2 - LN_2`: the part of ln 2 that the nearest `f32` leaves out.
pub(super) const LN_2_LOW: f32 = -1.904_654_3e-9;

/// Added to a small number, it leaves the nearest integer in the low bits of the sum.
const ROUNDER: f32 = 12_582_912.0;

/// An argument split as `n ln 2 + high - low`; `high` is exact.
struct Split {
    /// `n << 23`: what is added to the bits of a power of two to multiply it by `2^n`.
    exponent: u32,
    high: f32,
    low: f32,
}

/// Splits `x`; `|x|` must not exceed some 2^7, or be NaN.
#[inline(always)]
fn split(x: f32) -> Split {
    let shifted = x.mul_add(LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    Split { exponent: shifted.to_bits() << 23, high: n.mul_add(-LN_2, x), low: n * LN_2_LOW }
}

/// `(e^r - 1 - r) / r^2` for `|r| <= ln 2 / 2`.
///
/// Degree 4, minimax on |r| <= 0.34662 for the error relative to `e^r - 1`, weight
/// `r^2 / (e^r - 1)`: Remez exchange in 40 digits, then a search over neighbouring `f32`
/// coefficients. Largest weighted error 1.42e-8 (2^-26.07); without rounding it is 1.32e-8.
#[inline(always)]
fn tail(r: f32) -> f32 {
    0.001_388_152_2_f32
        .mul_add(r, 0.008_366_622)
        .mul_add(r, 0.041_667_36)
        .mul_add(r, 0.166_665_43)
        .mul_add(r, 0.499_999_97)
}

/// `e^x = 2^n (1 + p)`, as `(n << 23, p)`; `|x|` must not exceed some 2^7, or be NaN.
#[inline(always)]
pub(super) fn reduced(x: f32) -> (u32, f32) {
    let Split { exponent, high, low } = split(x);
    let r = high - low;
    (exponent, tail(r).mul_add(r * r, r))
}

/// `e^(x - below) = 2^n (1 + r + q)` with a `below` that is small against `x`, as
/// `(n << 23, r, q)`. With the small `q` apart, what `r` has lost to rounding is in it.
#[inline(always)]
pub(super) fn reduced_apart(x: f32, below: f32) -> (u32, f32, f32) {
    let Split { exponent, high, low } = split(x);
    let low = low + below;
    let r = high - low;
    (exponent, r, tail(r).mul_add(r * r, (high - r) - low))
}

/// `2^n` times the power of two `unit`, which is multiplied by adding to its exponent.
#[inline(always)]
pub(super) fn scaled(unit: f32, exponent: u32) -> f32 {
    f32::from_bits(unit.to_bits().wrapping_add(exponent))
}

/// `x` kept between the bounds; NaN stays.
#[inline(always)]
pub(super) fn clamp(x: f32, least: f32, most: f32) -> f32 {
    let x = if x > most { most } else { x };
    if x < least { least } else { x }
}

/// `e^x`.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Beyond these bounds the result is infinite or zero in any case.
    let (exponent, p) = reduced(clamp(x, -105.0, 89.0));
    // 2^n alone may be subnormal or too large. So 2^32 is taken out on the side that needs it and
    // put back at the end, where the product overflows or becomes subnormal by itself.
    let (unit, rest) = if x < 0.0 { (TWO_32, 1.0 / TWO_32) } else { (1.0 / TWO_32, TWO_32) };
    let scale = scaled(unit, exponent);
    scale.mul_add(p, scale) * rest
}

pub(super) const TWO_32: f32 = 4_294_967_296.0;

/// `e^x - 1`.
#[inline(always)]
pub(crate) fn exp_m1(x: f32) -> f32 {
    // Below -18 the result rounds to -1.
    let Split { exponent, high, low } = split(clamp(x, -18.0, 89.0));
    let r = high - low;
    // Half of the result, since 2^128 does not exist. `high` is exact and so almost always is its
    // sum with 2^n - 1: what `low` and the polynomial add is small and comes last.
    let half = scaled(0.5, exponent);
    let small = tail(r).mul_add(r * r, -low);
    let y = 2.0 * half.mul_add(small, half.mul_add(high, half - 0.5));
    // The halves of subnormals, and the sign of zero, would be lost.
    if x.abs() < 1e-10 { x } else { y }
}
