//! Sine and cosine together in `f32`.
//!
//! `x = n pi / 2 + r` with an integer `n` and `|r| <= pi / 4`: two polynomials of `r`, exchanged
//! and signed by the last two bits of `n`.

use std::f32::consts::{FRAC_2_PI, FRAC_PI_2};

use super::exponential::clamp;

/// The rest of `pi / 2` beside its nearest `f32`, and the rest beside both.
const REST: [f32; 2] = [-4.371_139e-8, -1.715_124_5e-15];

/// Added to a small number, it leaves the nearest integer in the low bits of the sum.
const ROUNDER: f32 = 12_582_912.0;

/// `(sin x, cos x)`: no branches, no calls.
///
/// The first product of the reduction is taken away exactly, since both it and `x` are multiples of
/// `2^-23` or of the last place of `x`. Up to `2^17` the rounding of `2 / pi` moves `n` so little
/// that `r` leaves `pi / 4` behind by at most 0.006.
#[inline(always)]
pub(crate) fn sin_cos(x: f32) -> (f32, f32) {
    let shifted = x.mul_add(FRAC_2_PI, ROUNDER);
    let n = shifted - ROUNDER;
    let quarter = shifted.to_bits();
    let r = n.mul_add(-FRAC_PI_2, x);
    let r = n.mul_add(-REST[1], n.mul_add(-REST[0], r));
    // Without effect up to 2^17; far out it keeps the results near the circle.
    let r = clamp(r, -0.8, 0.8);
    let square = r * r;
    let sine = sine_tail(square).mul_add(square * r, r);
    let cosine = cosine_tail(square).mul_add(square * square, square.mul_add(-0.5, 1.0));
    let (first, second) = if quarter & 1 == 0 { (sine, cosine) } else { (cosine, sine) };
    let sign = |value: f32, quarter: u32| f32::from_bits(value.to_bits() ^ ((quarter & 2) << 30));
    (sign(first, quarter), sign(second, quarter.wrapping_add(1)))
}

/// `(sin r - r) / r^3` as a function of `z = r^2`: degree 2, minimax on `|r| <= pi / 4` for the
/// error relative to `sin r`, at most 3.8e-9 (Remez exchange in 40 digits).
#[inline(always)]
fn sine_tail(z: f32) -> f32 {
    (-0.000_195_152_18_f32).mul_add(z, 0.008_332_16).mul_add(z, -0.166_666_55)
}

/// `(cos r - 1 + r^2 / 2) / r^4` as a function of `z = r^2`: degree 2, minimax on `|r| <= pi / 4`
/// for the absolute error of `cos r`, at most 9.6e-11 (Remez exchange in 40 digits).
#[inline(always)]
fn cosine_tail(z: f32) -> f32 {
    2.443_838e-5_f32.mul_add(z, -0.001_388_736_7).mul_add(z, 0.041_666_646)
}

#[cfg(test)]
mod tests {
    use crate::{Real, simd};

    /// Errors against `f64`, absolute: every 997th number below 2^17 on both sides.
    #[test]
    fn sine_and_cosine_are_exact_to_the_last_place_of_one() {
        let end = 131_072.0_f32.to_bits();
        let mut worst = 0.0_f64;
        for bits in (0..=end).step_by(997) {
            for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
                let (sine, cosine) = Real::sin_cos(x);
                let (expected_sine, expected_cosine) = f64::from(x).sin_cos();
                let error = (f64::from(sine) - expected_sine)
                    .abs()
                    .max((f64::from(cosine) - expected_cosine).abs());
                worst = worst.max(error);
            }
        }
        assert!(worst < 9.5e-8, "{worst:e}");
    }

    #[test]
    fn far_out_results_stay_near_the_circle_and_nan_stays() {
        for x in [5e6_f32, -1e9, 3.4e38, f32::MAX] {
            let (sine, cosine) = Real::sin_cos(x);
            assert!(sine.abs() <= 1.0 && cosine.abs() <= 1.0, "{x}: {sine} {cosine}");
        }
        for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let (sine, cosine) = Real::sin_cos(x);
            assert!(sine.is_nan() && cosine.is_nan(), "{x}");
        }
        assert_eq!(Real::sin_cos(0.0_f32), (0.0, 1.0));
        let of_dual = Real::sin_cos(crate::Dual::variable(0.3));
        assert_eq!(of_dual.0.value, 0.3_f64.sin());
        assert_eq!(of_dual.1.tangent, -0.3_f64.sin());
    }

    #[test]
    fn the_bits_are_the_same_with_and_without_vectors() {
        let x: Vec<f32> = (0..5000).map(|i| (i as f32 - 2500.0) * 0.37).collect();
        let (mut sine, mut cosine) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        simd::dispatch(
            #[inline(always)]
            || {
                for ((s, c), &x) in sine.iter_mut().zip(&mut cosine).zip(&x) {
                    (*s, *c) = Real::sin_cos(x);
                }
            },
        );
        for (i, &x) in x.iter().enumerate() {
            assert_eq!((sine[i], cosine[i]), Real::sin_cos(x), "{x}");
        }
    }
}
