//! `ln x` and `ln(1 + x)` in `f32`.
//!
//! The argument is `2^k (1 + f)` with an integer `k` and `1 + f` in `[3/4, 3/2)`, so that its
//! logarithm is `k ln 2 + ln(1 + f)`.

use std::f32::consts::LN_2;

use super::exponential::LN_2_LOW;

/// The numbers from here to the double are taken with `k = 0`. From 3/4, unlike from 2/3, the `f`
/// of `ln(1 + x)` is exact for `x` around 1/2, where its rounding would cost half an ulp.
const LEAST: f32 = 0.75;

/// `k << 23` for a positive normal number with these bits.
#[inline(always)]
fn exponent(bits: u32) -> u32 {
    bits.wrapping_sub(LEAST.to_bits()) & 0xff80_0000
}

/// `k` from `k << 23`.
#[inline(always)]
fn power(exponent: u32) -> f32 {
    exponent.cast_signed() as f32 * (1.0 / 8_388_608.0)
}

/// `k ln 2 + ln(1 + f)`.
#[inline(always)]
fn combined(k: f32, f: f32) -> f32 {
    let small = tail(f).mul_add(f, -0.5) * (f * f);
    k.mul_add(LN_2, f + k.mul_add(LN_2_LOW, small))
}

/// `(ln(1 + f) - f + f^2 / 2) / f^3` for `-1/4 <= f <= 1/2`.
///
/// Degree 7, minimax on the interval for the error relative to `ln(1 + f)`, weight
/// `f^3 / ln(1 + f)`: Remez exchange in 40 digits, then a search over neighbouring `f32`
/// coefficients. Largest weighted error 5.23e-9 (2^-27.51); without rounding it is 4.90e-9.
#[inline(always)]
fn tail(f: f32) -> f32 {
    (-0.045_075_998_f32)
        .mul_add(f, 0.104_629_68)
        .mul_add(f, -0.131_612_5)
        .mul_add(f, 0.144_783_99)
        .mul_add(f, -0.166_473_1)
        .mul_add(f, 0.199_908_78)
        .mul_add(f, -0.250_000_95)
        .mul_add(f, 0.333_334_48)
}

/// `ln x`.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let (normal, shift) = if subnormal { (x * 8_388_608.0, -23.0) } else { (x, 0.0) };
    let exponent = exponent(normal.to_bits());
    let f = f32::from_bits(normal.to_bits().wrapping_sub(exponent)) - 1.0;
    let y = combined(power(exponent) + shift, f);
    // An infinity and NaN are their own logarithms.
    let y = if x < f32::INFINITY { y } else { x };
    // Two selects in this order: as a plain chain they become one slow test for the class of the
    // number.
    let outside = if x < 0.0 { f32::NAN } else { f32::NEG_INFINITY };
    if x <= 0.0 { outside } else { y }
}

/// `ln(1 + x)`.
#[inline(always)]
pub(crate) fn ln_1p(x: f32) -> f32 {
    let exponent = exponent((1.0 + x).to_bits());
    // f = x / 2^k + (1 / 2^k - 1) needs no 1 + x and so loses nothing of a small x. Where k is not
    // 0, x is normal and divided by subtracting from its exponent; 4 / 2^k instead of 1 / 2^k since
    // k reaches 128.
    let reciprocal = f32::from_bits(4.0_f32.to_bits().wrapping_sub(exponent));
    let f = f32::from_bits(x.to_bits().wrapping_sub(exponent)) + reciprocal.mul_add(0.25, -1.0);
    let y = combined(power(exponent), f);
    let y = if x < f32::INFINITY { y } else { x };
    let y = if x < -1.0 { f32::NAN } else { y };
    let y = if x == -1.0 { f32::NEG_INFINITY } else { y };
    // The sign of zero would be lost.
    y.copysign(x)
}
