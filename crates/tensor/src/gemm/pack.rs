//! Copies pieces of the factors into the order in which the innermost loop reads them.

use crate::{Real, simd};

/// Some panels side by side, of `WIDTH` lanes each, one after the other:
/// `out[(panel * depth + k) * WIDTH + lane] = values[k * stride + first(panel) + lane]`. What lies
/// beyond the values is left out.
///
/// A few values of `k` at a time for all panels, so that values are read in the order in which they
/// lie.
#[inline(always)]
pub(super) fn copy<T: Real, const WIDTH: usize>(
    out: &mut [T],
    values: &[T],
    stride: usize,
    panels: usize,
    first: impl Fn(usize) -> usize,
    depth: usize,
) {
    const AT_ONCE: usize = 4;
    let out = &mut out.as_chunks_mut::<WIDTH>().0[..panels * depth];
    for start in (0..depth).step_by(AT_ONCE) {
        let some = start..depth.min(start + AT_ONCE);
        for panel in 0..panels {
            let (first, out) = (first(panel), &mut out[panel * depth..][some.clone()]);
            for (k, out) in some.clone().zip(out) {
                let values = &values[k * stride + first..];
                simd::prefetch_line(values.as_ptr().wrapping_add(AT_ONCE * stride));
                match values.first_chunk::<WIDTH>() {
                    Some(row) => *out = *row,
                    None => out[..values.len()].copy_from_slice(values),
                }
            }
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
        _mm_loadu_ps, _mm256_castps128_ps256, _mm256_insertf128_ps, _mm256_loadu_pd,
        _mm256_permute2f128_pd, _mm256_setzero_ps, _mm256_shuffle_ps, _mm256_storeu_pd,
        _mm256_storeu_ps, _mm256_unpackhi_pd, _mm256_unpackhi_ps, _mm256_unpacklo_pd,
        _mm256_unpacklo_ps,
    };

    macro_rules! transpose {
        // So many lanes, and values of each, are transposed in the registers at a time.
        ($name:ident, $t:ident, $block:ident, $lanes:literal) => {
            /// As [`transpose`](super::transpose), of all `depth` values of each lane. The compiler
            /// makes single loads and stores of a plain loop, which took more than half of a
            /// product of 32x64x64.
            ///
            /// Up to 7 values after the last one are written to as well, with anything.
            #[target_feature(enable = "avx2")]
            pub fn $name(
                out: &mut [$t],
                width: usize,
                values: &[$t],
                stride: usize,
                lanes: usize,
                depth: usize,
            ) {
                let whole = depth / $lanes * $lanes;
                // From the last ones on, which write beyond their row, to where the first ones of
                // the next are written later.
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
                        // SAFETY: each lane has `whole` values and `out` as many rows, by the
                        // assertions. Compared with the plain transpose in the tests.
                        unsafe {
                            $block(
                                out.as_mut_ptr().add(k * width),
                                width,
                                starts.map(|start| start.wrapping_add(k)),
                            )
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
    /// There must be eight values at the start of each lane, and places for eight in each of eight
    /// rows that begin `width` apart.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn block_f32(out: *mut f32, width: usize, starts: [*const f32; 8]) {
        for half in 0..2 {
            let mut pairs = [_mm256_setzero_ps(); 4];
            for (i, pair) in pairs.iter_mut().enumerate() {
                // SAFETY: half of two lanes, by the caller's word.
                let (low, high) = unsafe {
                    (
                        _mm_loadu_ps(starts[i].add(4 * half)),
                        _mm_loadu_ps(starts[i + 4].add(4 * half)),
                    )
                };
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
    /// There must be four values at the start of each lane, and places for four in each of four
    /// rows that begin `width` apart.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn block_f64(out: *mut f64, width: usize, starts: [*const f64; 4]) {
        let [a, b, c, d] = starts;
        // SAFETY: four values of each lane, by the caller's word.
        let (a, b, c, d) = unsafe {
            (_mm256_loadu_pd(a), _mm256_loadu_pd(b), _mm256_loadu_pd(c), _mm256_loadu_pd(d))
        };
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

#[cfg(target_arch = "x86_64")]
pub(super) mod avx512 {
    use std::arch::x86_64::{
        __m512, _mm_loadu_ps, _mm512_mask_broadcast_f32x4, _mm512_mask_storeu_ps,
        _mm512_setzero_ps, _mm512_shuffle_ps, _mm512_unpackhi_ps, _mm512_unpacklo_ps,
    };

    /// The lanes of a register.
    const LANES: usize = 16;

    /// As [`transpose`](super::transpose). 0.97 of the time of a product of 256x2048x2048 whose
    /// second factor is transposed, against eight lanes at a time.
    #[target_feature(enable = "avx512f")]
    pub fn transpose_f32(
        out: &mut [f32],
        width: usize,
        values: &[f32],
        stride: usize,
        lanes: usize,
        depth: usize,
    ) {
        let whole = depth / 4 * 4;
        for first in (0..lanes).step_by(LANES) {
            let lanes = (lanes - first).min(LANES);
            let (values, out) = (&values[first * stride..], &mut out[first..]);
            let end = |steps: usize, stride: usize, length: usize| {
                steps.saturating_mul(stride).saturating_add(length)
            };
            assert!(end(lanes - 1, stride, whole) <= values.len());
            assert!(whole == 0 || end(whole - 1, width, lanes) <= out.len());
            // The last lane stands for those that are missing.
            let mut starts = [values.as_ptr(); LANES];
            for (lane, start) in starts.iter_mut().enumerate() {
                *start = values.as_ptr().wrapping_add(lane.min(lanes - 1) * stride);
            }
            for k in (0..whole).step_by(4) {
                // SAFETY: each lane has `whole` values and `out` as many rows, by the assertions.
                // Compared with the plain transpose in the tests.
                unsafe {
                    block(
                        out.as_mut_ptr().add(k * width),
                        width,
                        starts.map(|start| start.wrapping_add(k)),
                        lanes,
                    )
                };
            }
            super::transpose(out, width, values, stride, lanes, whole..depth);
        }
    }

    /// Four values of each of sixteen lanes.
    ///
    /// # Safety
    /// There must be four values at the start of each lane, and places for so many lanes in each of
    /// four rows that begin `width` apart.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn block(out: *mut f32, width: usize, starts: [*const f32; LANES], lanes: usize) {
        // Every fourth lane, the first of them from the first.
        let fourth = |first: usize| -> __m512 {
            let mut all = _mm512_setzero_ps();
            for i in 0..4 {
                // SAFETY: the four values of a lane, by the caller's word.
                let lane = unsafe { _mm_loadu_ps(starts[4 * i + first]) };
                all = _mm512_mask_broadcast_f32x4(all, 0xf << (4 * i), lane);
            }
            all
        };
        let [a, b, c, d] = [fourth(0), fourth(1), fourth(2), fourth(3)];
        let (ab, cd) = (_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d));
        let (ab_high, cd_high) = (_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d));
        let rows = [
            _mm512_shuffle_ps::<0x44>(ab, cd),
            _mm512_shuffle_ps::<0xee>(ab, cd),
            _mm512_shuffle_ps::<0x44>(ab_high, cd_high),
            _mm512_shuffle_ps::<0xee>(ab_high, cd_high),
        ];
        let mask = (u32::MAX >> (32 - lanes)) as u16;
        for (k, row) in rows.into_iter().enumerate() {
            // SAFETY: a place for the lanes, by the caller's word.
            unsafe { _mm512_mask_storeu_ps(out.add(k * width), mask, row) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_panels_side_by_side_as_far_as_there_are_values() {
        let values: Vec<f32> = (0..69).map(|x| x as f32).collect();
        // Rows of 10 values, the last one of 9; panels of the first 4, of the 4 from 3 on, and of
        // the last 2.
        let first = [0, 3, 8];
        let mut out = [-1.0; 3 * 7 * 4];
        copy::<f32, 4>(&mut out, &values, 10, 3, |panel| first[panel], 7);
        for (panel, first) in first.into_iter().enumerate() {
            for k in 0..7 {
                let expected =
                    &values[values.len().min(10 * k + first)..values.len().min(10 * k + first + 4)];
                assert_eq!(
                    out[(panel * 7 + k) * 4..][..expected.len()],
                    *expected,
                    "panel {panel}, row {k}"
                );
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn blocks_in_registers_agree_with_the_plain_transpose() {
        if !simd::has_avx2() {
            return;
        }
        for (width, lanes) in [(6, 6), (5, 5), (6, 4), (1, 1), (16, 16), (16, 9), (32, 25), (8, 8)]
        {
            for depth in [1, 7, 8, 9, 16, 31] {
                let stride = depth + 3;
                let values: Vec<f32> = (0..stride * lanes).map(|x| x as f32).collect();
                let (mut fast, mut plain) =
                    (vec![-1.0; depth * width + 8], vec![-1.0; depth * width + 8]);
                let (mut fast_double, doubles) =
                    (vec![-1.0; depth * width + 8], values.iter().map(|&x| x.into()));
                // SAFETY: the processor has the instructions, as was asked above.
                unsafe {
                    avx2::transpose_f32(&mut fast, width, &values, stride, lanes, depth);
                    avx2::transpose_f64(
                        &mut fast_double,
                        width,
                        &doubles.collect::<Vec<f64>>(),
                        stride,
                        lanes,
                        depth,
                    );
                }
                transpose(&mut plain, width, &values, stride, lanes, 0..depth);
                if simd::has_avx512() {
                    let mut wide = vec![-1.0; depth * width];
                    // SAFETY: as above.
                    unsafe {
                        avx512::transpose_f32(&mut wide, width, &values, stride, lanes, depth)
                    };
                    for k in 0..depth {
                        let (row, rest) = wide[k * width..][..width].split_at(lanes);
                        assert_eq!(
                            *row,
                            plain[k * width..][..lanes],
                            "AVX-512, {width} {lanes} {depth} {k}"
                        );
                        assert!(
                            rest.iter().all(|&x| x == -1.0),
                            "beside the lanes, {width} {lanes} {depth} {k}"
                        );
                    }
                }
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
