//! Copies pieces of the factors into the order in which the innermost loop reads them.

use crate::Real;

/// `out[k * width + lane] = values[k * stride + lane]`, for `lanes` up to `width`; the rest of each row holds anything.
///
/// `WIDTH` is the width; whole rows are copied as long as they lie in the slice, since a copy of unknown length is a
/// call.
#[inline(always)]
pub(super) fn copy<T: Real, const WIDTH: usize>(
    out: &mut [T],
    values: &[T],
    stride: usize,
    lanes: usize,
    depth: usize,
) {
    let out = &mut out.as_chunks_mut::<WIDTH>().0[..depth];
    for (k, out) in out.iter_mut().enumerate() {
        let values = &values[k * stride..];
        match values.first_chunk::<WIDTH>() {
            Some(row) => *out = *row,
            None => out[..lanes].copy_from_slice(&values[..lanes]),
        }
    }
}

/// `out[k * width + lane] = values[lane * stride + k]`, a transpose of the `columns` of some lanes.
pub(super) fn transpose<T: Copy>(
    out: &mut [T],
    width: usize,
    values: &[T],
    stride: usize,
    lanes: usize,
    columns: std::ops::Range<usize>,
) {
    for k in columns {
        let values = values[k..].iter().step_by(stride);
        for (out, &x) in out[k * width..][..lanes].iter_mut().zip(values) {
            *out = x;
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2 {
    use std::arch::x86_64::{
        _mm_loadu_ps, _mm256_castps128_ps256, _mm256_insertf128_ps, _mm256_loadu_pd, _mm256_permute2f128_pd,
        _mm256_setzero_ps, _mm256_shuffle_ps, _mm256_storeu_pd, _mm256_storeu_ps, _mm256_unpackhi_pd,
        _mm256_unpackhi_ps, _mm256_unpacklo_pd, _mm256_unpacklo_ps,
    };

    macro_rules! transpose {
        // So many lanes, and values of each, are transposed in the registers at a time.
        ($name:ident, $t:ident, $block:ident, $lanes:literal) => {
            /// As [`transpose`](super::transpose), of all `depth` values of each lane. The compiler makes single loads and
            /// stores of a plain loop, which took more than half of a product of 32x64x64.
            ///
            /// Up to 7 values after the last one are written to as well, with anything.
            #[target_feature(enable = "avx2")]
            pub fn $name(out: &mut [$t], width: usize, values: &[$t], stride: usize, lanes: usize, depth: usize) {
                let whole = depth / $lanes * $lanes;
                // From the last ones on, which write beyond their row, to where the first ones of the next are written
                // later.
                for first in (0..lanes).step_by($lanes).rev() {
                    let lanes = (lanes - first).min($lanes);
                    let (values, out) = (&values[first * stride..], &mut out[first..]);
                    assert!(end(lanes - 1, stride, whole) <= values.len());
                    assert!(whole == 0 || end(whole - 1, width, $lanes) <= out.len());
                    // The last lane stands for those that are missing.
                    let mut starts = [values.as_ptr(); $lanes];
                    for (lane, start) in starts.iter_mut().enumerate() {
                        *start = values.as_ptr().wrapping_add(lane.min(lanes - 1) * stride);
                    }
                    for k in (0..whole).step_by($lanes) {
                        // SAFETY: each lane has `whole` values and `out` as many rows, by the assertions. Compared with
                        // the plain transpose in the tests.
                        unsafe {
                            $block(out.as_mut_ptr().add(k * width), width, starts.map(|start| start.wrapping_add(k)))
                        };
                    }
                    super::transpose(out, width, values, stride, lanes, whole..depth);
                }
            }
        };
    }

    transpose!(transpose_f32, f32, block_f32, 8);
    transpose!(transpose_f64, f64, block_f64, 4);

    /// `steps * stride + length`, or more than there can be.
    fn end(steps: usize, stride: usize, length: usize) -> usize {
        steps.saturating_mul(stride).saturating_add(length)
    }

    /// Eight values of each of eight lanes.
    ///
    /// # Safety
    /// There must be eight values at the start of each lane, and places for eight in each of eight rows that begin `width`
    /// apart.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn block_f32(out: *mut f32, width: usize, starts: [*const f32; 8]) {
        for half in 0..2 {
            let mut pairs = [_mm256_setzero_ps(); 4];
            for (i, pair) in pairs.iter_mut().enumerate() {
                // SAFETY: half of two lanes, by the caller's word.
                let (low, high) =
                    unsafe { (_mm_loadu_ps(starts[i].add(4 * half)), _mm_loadu_ps(starts[i + 4].add(4 * half))) };
                *pair = _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high);
            }
            let [a, b, c, d] = pairs;
            let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
            let (ab_high, cd_high) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
            let rows = [
                _mm256_shuffle_ps::<0x44>(ab, cd),
                _mm256_shuffle_ps::<0xee>(ab, cd),
                _mm256_shuffle_ps::<0x44>(ab_high, cd_high),
                _mm256_shuffle_ps::<0xee>(ab_high, cd_high),
            ];
            for (k, row) in rows.into_iter().enumerate() {
                // SAFETY: a place for eight lanes, by the caller's word.
                unsafe { _mm256_storeu_ps(out.add((4 * half + k) * width), row) };
            }
        }
    }

    /// Four values of each of four lanes.
    ///
    /// # Safety
    /// There must be four values at the start of each lane, and places for four in each of four rows that begin `width`
    /// apart.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn block_f64(out: *mut f64, width: usize, starts: [*const f64; 4]) {
        let [a, b, c, d] = starts;
        // SAFETY: four values of each lane, by the caller's word.
        let (a, b, c, d) = unsafe { (_mm256_loadu_pd(a), _mm256_loadu_pd(b), _mm256_loadu_pd(c), _mm256_loadu_pd(d)) };
        let (even, odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        let (even_next, odd_next) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
        let rows = [
            _mm256_permute2f128_pd::<0x20>(even, even_next),
            _mm256_permute2f128_pd::<0x20>(odd, odd_next),
            _mm256_permute2f128_pd::<0x31>(even, even_next),
            _mm256_permute2f128_pd::<0x31>(odd, odd_next),
        ];
        for (k, row) in rows.into_iter().enumerate() {
            // SAFETY: a place for four lanes, by the caller's word.
            unsafe { _mm256_storeu_pd(out.add(k * width), row) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_whole_and_part_rows() {
        let values: Vec<f32> = (0..40).map(|x| x as f32).collect();
        // Rows of 5 values, of which 3 belong to the panel; the last begins 5 before the end.
        let mut out = [0.0; 8 * 8];
        copy::<f32, 8>(&mut out, &values, 5, 3, 8);
        for k in 0..8 {
            assert_eq!(out[8 * k..][..3], values[5 * k..][..3], "row {k}");
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn blocks_in_registers_agree_with_the_plain_transpose() {
        if !crate::simd::has_avx2() {
            return;
        }
        for (width, lanes) in [(6, 6), (5, 5), (6, 4), (1, 1), (16, 16), (16, 9), (32, 25), (8, 8)] {
            for depth in [1, 7, 8, 9, 16, 31] {
                let stride = depth + 3;
                let values: Vec<f32> = (0..stride * lanes).map(|x| x as f32).collect();
                let (mut fast, mut plain) = (vec![-1.0; depth * width + 8], vec![-1.0; depth * width + 8]);
                let (mut fast_double, doubles) = (vec![-1.0; depth * width + 8], values.iter().map(|&x| x.into()));
                // SAFETY: the processor has the instructions, as was asked above.
                unsafe {
                    avx2::transpose_f32(&mut fast, width, &values, stride, lanes, depth);
                    avx2::transpose_f64(&mut fast_double, width, &doubles.collect::<Vec<f64>>(), stride, lanes, depth);
                }
                transpose(&mut plain, width, &values, stride, lanes, 0..depth);
                for k in 0..depth {
                    let row = &plain[k * width..][..lanes];
                    assert_eq!(fast[k * width..][..lanes], *row, "{width} {lanes} {depth} {k}");
                    let double = fast_double[k * width..][..lanes].iter().map(|&x| x as f32);
                    assert!(double.eq(row.iter().copied()), "{width} {lanes} {depth} {k}");
                }
            }
        }
    }
}
