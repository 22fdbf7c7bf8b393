//! Products with a single row, as in the inference and training of one sample.
//!
//! The general kernels pack for many rows: against them this took 0.85 of the time at 1x64x64 and
//! 0.9 at 1x784x512, on one core with AVX-512.

use super::Put;
use crate::parallel::{Chunks, Pool};
use crate::{Real, simd};

/// Up to this many columns are summed in registers, a block of columns after the other. Against
/// whole rows that took 0.58 of the time at 1x64x64, on one core with AVX2. Rows that are longer
/// are better read from end to end.
const SHORT: usize = 128;

/// How many sums a few columns have, since each addition waits for the one before it. One sample
/// went through 64-64-10 in 0.72 of the time, on one core with AVX2.
const CHAINS: usize = 4;

/// How many rows of `b` go into a sum before it is written back, where rows are long.
const ROWS: usize = 4;

/// How many values of `b` make a part of the work: about 2 us of reading them. Parts are of whole
/// rows: half of the columns of 784x512 took 1.3 times as long to read as half of its rows, on AMD
/// Zen 3.
const PART: usize = 50_000;

/// From this many values of `b` on, the work is worth waking threads: 6 MB, which a far cache gives
/// in about 100 us.
const LONG: usize = 1_500_000;

/// The most parts.
const PARTS: usize = 16;

/// `c = a b` or `c += a b` for a row `a` and a row-major `b` of `a.len()` rows, as long as `c`.
///
/// Where `b` is large, its rows are cut into parts, each with a sum of its own. The threads of a
/// pool share the parts; one thread does the same parts, so that the bits are the same.
#[inline(never)]
pub(super) fn multiply<T: Real>(pool: Option<&Pool>, put: Put, c: &mut [T], a: &[T], b: &[T]) {
    let (columns, parts) = (c.len(), (b.len() / PART).min(PARTS));
    if parts < 2 || a.len() < parts * ROWS {
        return simply(put, c, a, b);
    }
    let rows = a.len().div_ceil(parts).next_multiple_of(ROWS);
    let parts = a.len().div_ceil(rows);
    T::with_scratch(parts * columns, |sums| {
        let chunks = Chunks::new(&mut *sums, columns);
        let work = |part: usize| {
            let range = part * rows..a.len().min((part + 1) * rows);
            simply(
                Put::Set,
                chunks.take(part),
                &a[range.clone()],
                &b[range.start * columns..range.end * columns],
            );
        };
        match pool {
            Some(pool) if b.len() < LONG => pool.run_short(parts, work),
            Some(pool) => pool.run(parts, work),
            None => (0..parts).for_each(work),
        }
        simd::dispatch(
            #[inline(always)]
            || {
                if put == Put::Set {
                    c.fill(T::ZERO);
                }
                for sum in sums.chunks_exact(columns) {
                    for (c, &sum) in c.iter_mut().zip(sum) {
                        *c += sum;
                    }
                }
            },
        );
    });
}

fn simply<T: Real>(put: Put, c: &mut [T], a: &[T], b: &[T]) {
    simd::dispatch_sums(
        #[inline(always)]
        |fused| {
            if c.len() > SHORT {
                return by_rows(fused, put, c, a, b);
            }
            let first = by_columns::<T, 64, 1>(fused, put, c, 0, a, b);
            let first = by_columns::<T, 8, CHAINS>(fused, put, c, first, a, b);
            let first = by_columns::<T, 2, CHAINS>(fused, put, c, first, a, b);
            by_columns::<T, 1, CHAINS>(fused, put, c, first, a, b);
        },
    );
}

/// Adds `N` columns at a time, beginning with column `first`, while there are as many; gives the
/// first column left. Each has `K` sums, of every `K`th row.
#[inline(always)]
fn by_columns<T: Real, const N: usize, const K: usize>(
    fused: bool,
    put: Put,
    c: &mut [T],
    mut first: usize,
    a: &[T],
    b: &[T],
) -> usize {
    let stride = c.len();
    let (a_blocks, a_rest) = a.as_chunks::<K>();
    let (b_blocks, b_rest) = b.split_at(a_blocks.len() * K * stride);
    while let Some(c) = c[first..].first_chunk_mut::<N>() {
        let mut sums = [[T::ZERO; N]; K];
        if put == Put::Add {
            sums[0] = *c;
        }
        for (a, b) in a_blocks.iter().zip(b_blocks.chunks_exact(K * stride)) {
            for k in 0..K {
                add_row(fused, &mut sums[k], a[k], &b[k * stride + first..]);
            }
        }
        for (&a, b) in a_rest.iter().zip(b_rest.chunks_exact(stride)) {
            add_row(fused, &mut sums[0], a, &b[first..]);
        }
        *c = sums[0];
        for sum in &sums[1..] {
            for (c, &sum) in c.iter_mut().zip(sum) {
                *c += sum;
            }
        }
        first += N;
    }
    first
}

#[inline(always)]
fn add_row<T: Real, const N: usize>(fused: bool, sums: &mut [T; N], a: T, b: &[T]) {
    let b = b.first_chunk::<N>().expect("a row reaches as far as its columns");
    for (sum, &b) in sums.iter_mut().zip(b) {
        *sum = simd::add_product(fused, a, b, *sum);
    }
}

#[inline(always)]
fn by_rows<T: Real>(fused: bool, put: Put, c: &mut [T], a: &[T], b: &[T]) {
    if put == Put::Set {
        c.fill(T::ZERO);
    }
    let columns = c.len();
    let (fours, rest) = a.as_chunks::<ROWS>();
    let (b, last) = b.split_at(fours.len() * ROWS * columns);
    for (&[a0, a1, a2, a3], b) in fours.iter().zip(b.chunks_exact(ROWS * columns)) {
        let row = |i: usize| &b[i * columns..][..columns];
        for ((((c, &b0), &b1), &b2), &b3) in
            c.iter_mut().zip(row(0)).zip(row(1)).zip(row(2)).zip(row(3))
        {
            for (a, b) in [(a0, b0), (a1, b1), (a2, b2), (a3, b3)] {
                *c = simd::add_product(fused, a, b, *c);
            }
        }
    }
    for (&a, b) in rest.iter().zip(last.chunks_exact(columns)) {
        for (c, &b) in c.iter_mut().zip(b) {
            *c = simd::add_product(fused, a, b, *c);
        }
    }
}

/// `c = a b^T` or `c += a b^T` for a row `a` and a row-major `b` of `c.len()` rows: each element a
/// product of two rows, as in the way back of one sample. Against the general kernels this took a
/// third of the time at 1x512x784.
#[inline(never)]
pub(super) fn multiply_transposed<T: Real>(put: Put, c: &mut [T], a: &[T], b: &[T]) {
    simd::dispatch_sums(
        #[inline(always)]
        |fused| {
            for (c, b) in c.iter_mut().zip(b.chunks_exact(a.len())) {
                let product = dot(fused, a, b);
                *c = if put == Put::Set { product } else { *c + product };
            }
        },
    );
}

/// The sum of products, in lanes that fill the vector registers.
#[inline(always)]
fn dot<T: Real>(fused: bool, a: &[T], b: &[T]) -> T {
    const LANES: usize = 32;
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [T::ZERO; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum = simd::add_product(fused, a, b, *sum);
        }
    }
    let mut rest = T::ZERO;
    for (&a, &b) in a_rest.iter().zip(b_rest) {
        rest = simd::add_product(fused, a, b, rest);
    }
    // Halves onto each other, so that the sum stays in the registers.
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0] + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_agree_with_the_definition_with_and_without_an_instruction_for_both() {
        for (rows, columns) in [(1, 1), (5, 3), (9, 8), (33, 10), (70, 21)] {
            let a: Vec<f64> = (0..rows).map(|i| (i as f64 * 0.7).sin()).collect();
            let b: Vec<f64> = (0..rows * columns).map(|i| (i as f64 * 1.3).cos()).collect();
            let before: Vec<f64> = (0..columns).map(|j| j as f64).collect();
            for (fused, put) in
                [true, false].into_iter().flat_map(|fused| [(fused, Put::Set), (fused, Put::Add)])
            {
                let (mut by_row, mut by_column) = (before.clone(), before.clone());
                by_rows(fused, put, &mut by_row, &a, &b);
                let first = by_columns::<f64, 8, CHAINS>(fused, put, &mut by_column, 0, &a, &b);
                by_columns::<f64, 1, CHAINS>(fused, put, &mut by_column, first, &a, &b);
                for j in 0..columns {
                    let column: Vec<f64> = (0..rows).map(|i| b[i * columns + j]).collect();
                    let product: f64 = a.iter().zip(&column).map(|(a, b)| a * b).sum();
                    let expected = if put == Put::Set { product } else { product + before[j] };
                    for (what, got) in [("by rows", by_row[j]), ("by columns", by_column[j])] {
                        assert!(
                            (got - expected).abs() < 1e-12,
                            "{what}, {fused} {put:?} {rows}x{columns}: {got} {expected}"
                        );
                    }
                    assert!(
                        (dot(fused, &a, &column) - product).abs() < 1e-12,
                        "dot, {fused} {rows}"
                    );
                }
            }
        }
    }
}
