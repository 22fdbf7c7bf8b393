//! The product of one row with a matrix, as in the inference of one sample.
//!
//! The general kernels pack for many rows: against them this took 0.85 of the time at 1x64x64 and 0.9 at 1x784x512, on
//! one core with AVX-512.

use super::Put;
use crate::{Real, simd};

/// Up to this many columns are summed in registers, a block of columns after the other. Against whole rows that took
/// 0.58 of the time at 1x64x64, on one core with AVX2. Rows that are longer are better read from end to end.
const SHORT: usize = 128;

/// How many rows of `b` go into a sum before it is written back, where rows are long.
const ROWS: usize = 4;

/// `c = a b` or `c += a b` for a row `a` and a row-major `b` of `a.len()` rows. The first column of `c` is the first one
/// of `b`, whose rows are `stride` apart and may be longer than `c`.
pub(super) fn multiply<T: Real>(put: Put, c: &mut [T], a: &[T], b: &[T], stride: usize) {
    simd::dispatch(
        #[inline(always)]
        || {
            if c.len() > SHORT {
                return by_rows(put, c, a, b, stride);
            }
            let first = by_columns::<T, 64>(put, c, 0, a, b, stride);
            let first = by_columns::<T, 8>(put, c, first, a, b, stride);
            let first = by_columns::<T, 2>(put, c, first, a, b, stride);
            by_columns::<T, 1>(put, c, first, a, b, stride);
        },
    );
}

/// Adds `N` columns at a time, beginning with column `first`, while there are as many; gives the first column left.
#[inline(always)]
fn by_columns<T: Real, const N: usize>(
    put: Put,
    c: &mut [T],
    mut first: usize,
    a: &[T],
    b: &[T],
    stride: usize,
) -> usize {
    while let Some(c) = c[first..].first_chunk_mut::<N>() {
        let mut sums = if put == Put::Set { [T::ZERO; N] } else { *c };
        for (&a, row) in a.iter().zip(b[first..].chunks(stride)) {
            let row = row.first_chunk::<N>().expect("each row is as long as the first");
            for (sum, &b) in sums.iter_mut().zip(row) {
                *sum = a.mul_add(b, *sum);
            }
        }
        *c = sums;
        first += N;
    }
    first
}

#[inline(always)]
fn by_rows<T: Real>(put: Put, c: &mut [T], a: &[T], b: &[T], stride: usize) {
    if put == Put::Set {
        c.fill(T::ZERO);
    }
    let columns = c.len();
    let (fours, rest) = a.as_chunks::<ROWS>();
    let (b, last) = b.split_at((fours.len() * ROWS * stride).min(b.len()));
    for (&[a0, a1, a2, a3], b) in fours.iter().zip(b.chunks(ROWS * stride)) {
        let row = |i: usize| &b[i * stride..][..columns];
        for ((((c, &b0), &b1), &b2), &b3) in c.iter_mut().zip(row(0)).zip(row(1)).zip(row(2)).zip(row(3)) {
            *c = a3.mul_add(b3, a2.mul_add(b2, a1.mul_add(b1, a0.mul_add(b0, *c))));
        }
    }
    for (&a, b) in rest.iter().zip(last.chunks(stride)) {
        for (c, &b) in c.iter_mut().zip(b) {
            *c = a.mul_add(b, *c);
        }
    }
}
