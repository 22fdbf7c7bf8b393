//! The two S-shaped functions in `f32`: `tanh` and the logistic function.

use super::exponential::{TWO_32, clamp, reduced, scaled};

/// `tanh x`: an odd polynomial below 0.625, `1 - 2 / (1 + e^2x)` above.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let magnitude = x.abs();
    // From 9.01 on the result rounds to 1.
    let (exponent, p) = reduced(clamp(2.0 * magnitude, 0.0, 20.0));
    let scale = scaled(1.0, exponent);
    // 1 + 2^n is exact wherever its error would be seen in the result, so that the denominator is
    // rounded once.
    let large = 1.0 - 2.0 / scale.mul_add(p, 1.0 + scale);
    let square = magnitude * magnitude;
    let small = tanh_tail(square).mul_add(square * magnitude, magnitude);
    (if magnitude < 0.625 { small } else { large }).copysign(x)
}

/// `(tanh x - x) / x^3` as a function of `z = x^2`.
///
/// Degree 4, minimax on 0 <= x <= 0.625 for the error relative to `tanh x`, weight `x^3 / tanh x`:
/// Remez exchange in 40 digits, then a search over neighbouring `f32` coefficients. Largest
/// weighted error 4.66e-9 (2^-27.68); without rounding it is 4.38e-9.
#[inline(always)]
fn tanh_tail(z: f32) -> f32 {
    (-0.005_704_915_f32)
        .mul_add(z, 0.020_639_362)
        .mul_add(z, -0.053_739_734)
        .mul_add(z, 0.133_314_36)
        .mul_add(z, -0.333_332_8)
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    // Above 20 the result rounds to 1, below -105 to 0.
    let (exponent, p) = reduced(clamp(-x, -20.0, 105.0));
    // Numerator and denominator carry a factor of 2^-32, so that the denominator stays finite where
    // the result is subnormal. The denominator is 2^n + 2^n p + 1: the 1 joins the larger term,
    // unless that is so large that the 1 would be cut off.
    let unit = 1.0 / TWO_32;
    let scale = scaled(unit, exponent);
    let (near, far) = if x < -16.0 { (0.0, scale) } else { (scale, 0.0) };
    unit / (scale.mul_add(p, unit + near) + far)
}
