//! The error function and its complement in `f32`.
//!
//! Below 0.8135, `erf x = x (1 + p(x^2))`. From there on, `erfc x = e^(-x^2) / (2 x + 1) q(t)` with
//! `t = (x - 2) / (x + 2)`; what the square and the quotient lose to rounding is carried into the
//! exponent.

use super::exponential::{TWO_32, clamp, reduced_apart, scaled};

/// Below it the one form is taken, from it on the other. Here `erfc x` falls below 1/4, and with it
/// the size of its last place.
const EDGE: f32 = 0.8135;

/// `2 / sqrt(pi)` times the integral of `e^(-t^2)` from 0 to `x`.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let magnitude = x.abs();
    let small = near_zero(x * x).mul_add(x, x);
    let large = (1.0 - complement(magnitude)).copysign(x);
    if magnitude < EDGE { small } else { large }
}

/// `1 - erf x`, accurate where that is small.
#[inline(always)]
pub(crate) fn erfc(x: f32) -> f32 {
    let magnitude = x.abs();
    let small = near_zero(x * x).mul_add(-x, 1.0 - x);
    let complement = complement(magnitude);
    let large = if x < 0.0 { 2.0 - complement } else { complement };
    if magnitude < EDGE { small } else { large }
}

/// `erf(x) / x - 1` as a function of `z = x^2`.
///
/// Degree 6, minimax on 0 <= x <= 0.877 for the error relative to `erf x`: Remez exchange in 34
/// digits, the coefficients rounded one after the other. Largest error 8.6e-10 (2^-30.1).
#[inline(always)]
fn near_zero(z: f32) -> f32 {
    7.867_855e-5_f32
        .mul_add(z, -0.000_802_644)
        .mul_add(z, 0.005_190_942)
        .mul_add(z, -0.026_855_364)
        .mul_add(z, 0.112_836_23)
        .mul_add(z, -0.376_126_3)
        .mul_add(z, 0.128_379_17)
}

/// `erfc x` for `x >= 0.8135`.
#[inline(always)]
fn complement(x: f32) -> f32 {
    // From 10.06 on the result rounds to 0.
    let x = clamp(x, 0.0, 10.2);
    let sum = x.mul_add(2.0, 1.0);
    let inverse = 1.0 / sum;
    // 1 / (2 x + 1) = inverse (1 + missing); the difference of the sums is exact.
    let missing = inverse.mul_add(-sum, 1.0) - inverse * (2.0 * x - (sum - 1.0));
    let square = x * x;
    let (exponent, r, q) = reduced_apart(-square, x.mul_add(x, -square) - missing);
    // 2^n may be subnormal: the factor 2^32 is taken out again at the end.
    let unit = scaled(TWO_32, exponent);
    let (high, low) = quotient((x - 2.0) / (x + 2.0));
    let scale = (unit * high) * inverse;
    let lost = (unit * high).mul_add(inverse, -scale) + (unit * low) * inverse;
    (scale + scale.mul_add(r, scale.mul_add(q, lost))) * (1.0 / TWO_32)
}

/// `(2 x + 1) e^(x^2) erfc x` as a function of `t = (x - 2) / (x + 2)`: between 1.1 and 1.3, so
/// that the rounding of `t` hardly matters.
///
/// Degree 8, minimax on 7/8 <= x <= 10.2 for the relative error: Remez exchange in 34 digits, then
/// a search over neighbouring `f32` coefficients. Largest error 6.3e-9 (2^-27.2); without rounding
/// it is 1.2e-9.
#[inline(always)]
fn quotient(t: f32) -> (f32, f32) {
    const FIRST: f32 = 1.276_978_4;
    let rest = (-0.001_512_570_5_f32)
        .mul_add(t, 0.001_106_807_6)
        .mul_add(t, 0.008_762_849_5)
        .mul_add(t, -0.008_012_354)
        .mul_add(t, -0.054_225_374)
        .mul_add(t, 0.164_050_12)
        .mul_add(t, -0.166_030_14)
        .mul_add(t, -0.092_763_82);
    // The sum, and what it loses to rounding.
    let sum = rest.mul_add(t, FIRST);
    (sum, rest.mul_add(t, FIRST - sum))
}
