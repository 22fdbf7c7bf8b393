//! The gradients of large weights on AVX2, `x^T dy`: both factors are copied piece by piece to where a cache holds them,
//! in the order in which the innermost loop reads them.
//!
//! The kernels of `x86.rs` are as good or better at everything else. Here they reached 51 per cent of the peak of a core
//! of AMD Zen 3 at 2048x256x2048, `f32`, with factors that no cache held yet,
//! and this 71; at 1024x2048x256 50 and 64.
//!
//! The scheme is that of Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008.

use super::{Mat, MatMut, Put};
use crate::{Aligned, Real, simd};

/// Rows of a tile of `c`: with two registers for its columns, twelve sums stay in the sixteen registers.
const TILE: usize = 6;

/// How much of the inner length is summed before `c` is written: a panel of `b` then fills half of a first cache.
const INNER: usize = 256;

/// At most so many rows of `a` are packed at a time: half of a second cache of 512 KiB.
const ROWS: usize = 44 * TILE;

/// So many panels of `b` are packed at a time.
const PANELS: usize = 8;

/// Where the pieces are copied to: panels of `TILE` rows of `a`, of `WIDTH` columns of `b`.
#[derive(Default)]
pub(super) struct Buffers<T> {
    a: Aligned<T>,
    b: Aligned<T>,
}

/// `c = a b` or `c += a b`, where `a` is the transpose of a row-major matrix and `b` a row-major matrix, in tiles of 6
/// rows and `WIDTH` columns, two registers of AVX2.
///
/// Each element is summed in the same order wherever its row stands, so that rows can be shared among threads.
pub(super) fn multiply<T: Real, const WIDTH: usize>(
    buffers: &mut Buffers<T>,
    put: Put,
    c: MatMut<'_, T>,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) {
    if buffers.a.is_empty() {
        *buffers = Buffers { a: Aligned::zeros(ROWS * INNER), b: Aligned::zeros(PANELS * WIDTH * INNER) };
    }
    simd::dispatch_avx2(
        #[inline(always)]
        || {
            // Blocks of the same height, since a low one pays for the packing of `b` as a high one does.
            let height = c.rows.div_ceil(c.rows.div_ceil(ROWS)).next_multiple_of(TILE);
            for p in (0..a.columns).step_by(INNER) {
                let inner = INNER.min(a.columns - p);
                let put = if p == 0 { put } else { Put::Add };
                for i in (0..c.rows).step_by(height) {
                    let rows = height.min(c.rows - i);
                    pack::<T, TILE>(
                        &mut buffers.a,
                        &a.values[i + p * a.column_stride..],
                        a.column_stride,
                        [rows, inner],
                    );
                    for j in (0..c.columns).step_by(PANELS * WIDTH) {
                        let columns = (PANELS * WIDTH).min(c.columns - j);
                        pack::<T, WIDTH>(
                            &mut buffers.b,
                            &b.values[j + p * b.row_stride..],
                            b.row_stride,
                            [columns, inner],
                        );
                        let c = (&mut c.values[i * c.columns + j..], c.columns);
                        tiles::<T, WIDTH>(put, c, [rows, columns, inner], &buffers.a, &buffers.b);
                    }
                }
            }
        },
    );
}

/// Cuts the first `lanes` values of each of `depth` rows into panels of `W`, the last one filled up with zeros:
/// `out[panel][row][lane]`.
#[inline(always)]
fn pack<T: Real, const W: usize>(out: &mut [T], values: &[T], stride: usize, [lanes, depth]: [usize; 2]) {
    let out = out.as_chunks_mut::<W>().0;
    for k in 0..depth {
        let (full, rest) = values[k * stride..][..lanes].as_chunks::<W>();
        for (panel, values) in full.iter().enumerate() {
            out[panel * depth + k] = *values;
        }
        if !rest.is_empty() {
            let last = &mut out[full.len() * depth + k];
            *last = [T::ZERO; W];
            last[..rest.len()].copy_from_slice(rest);
        }
    }
}

/// Adds the product of packed `a` and `b` to `c`, or puts it there.
#[inline(always)]
fn tiles<T: Real, const WIDTH: usize>(
    put: Put,
    (c, stride): (&mut [T], usize),
    [rows, columns, inner]: [usize; 3],
    a: &[T],
    b: &[T],
) {
    let (a, b) = (a.as_chunks::<TILE>().0, b.as_chunks::<WIDTH>().0);
    for (b, j) in b.chunks_exact(inner).zip((0..columns).step_by(WIDTH)) {
        for (a, i) in a.chunks_exact(inner).zip((0..rows).step_by(TILE)) {
            let tile = tile::<T, WIDTH>(a, b);
            for (i, sums) in (i..rows).zip(&tile) {
                let row = &mut c[i * stride + j..][..WIDTH.min(columns - j)];
                if let Ok(row) = <&mut [T; WIDTH]>::try_from(&mut *row) {
                    for j in 0..WIDTH {
                        row[j] = if put == Put::Set { sums[j] } else { row[j] + sums[j] };
                    }
                } else {
                    for (x, sum) in row.iter_mut().zip(sums) {
                        *x = if put == Put::Set { *sum } else { *x + *sum };
                    }
                }
            }
        }
    }
}

/// The innermost loop. Its sums are a value of its own, so that the compiler keeps them in registers.
#[inline(always)]
fn tile<T: Real, const WIDTH: usize>(a: &[[T; TILE]], b: &[[T; WIDTH]]) -> [[T; WIDTH]; TILE] {
    let mut sums = [[T::ZERO; WIDTH]; TILE];
    for (a, b) in a.iter().zip(b) {
        for i in 0..TILE {
            for j in 0..WIDTH {
                sums[i][j] = a[i].mul_add(b[j], sums[i][j]);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm::fallback;
    use crate::random::generator;
    use rand::RngExt;

    fn check<T: Real + nalgebra::RealField, const WIDTH: usize>([rows, inner, columns]: [usize; 3], tolerance: f64) {
        let mut rng = generator(inner as u64);
        let mut random =
            |len: usize| -> Vec<T> { (0..len).map(|_| <T as Real>::from_f64(rng.random_range(-1.0..1.0))).collect() };
        let (a, b, before) = (random(rows * inner), random(inner * columns), random(rows * columns));
        let (a, b) = (Mat::new(&a, inner, rows).t(), Mat::new(&b, inner, columns));
        let mut buffers = Buffers::default();
        for put in [Put::Set, Put::Add] {
            let (mut packed, mut plain) = (before.clone(), before.clone());
            multiply::<T, WIDTH>(&mut buffers, put, MatMut::new(&mut packed, rows, columns), a, b);
            fallback::multiply(put, MatMut::new(&mut plain, rows, columns), a, b);
            for (at, (x, y)) in packed.iter().zip(&plain).enumerate() {
                let error = (x.to_f64() - y.to_f64()).abs();
                assert!(error <= tolerance * (inner as f64).sqrt(), "{rows}x{inner}x{columns} at {at}: {x} for {y}");
            }
        }
    }

    #[test]
    fn agrees_with_the_fallback_at_full_and_ragged_blocks() {
        for sides in [
            [TILE, 8, 16],
            [1, 1, 1],
            [5, 13, 7],
            [ROWS + 1, 9, 17],
            [2 * ROWS, 8, 8],
            [7, INNER + 1, 18],
            [6, 2 * INNER, 16],
            [7, 9, PANELS * 16 + 1],
            [2, 16, 2 * PANELS * 16 + 17],
            [70, 300, 33],
        ] {
            check::<f32, 16>(sides, 4e-7);
            check::<f64, 8>(sides, 1e-15);
        }
    }

    #[test]
    fn a_row_has_the_same_bits_in_any_block() {
        let (rows, inner, columns) = (300, 300, 40);
        let mut rng = generator(7);
        let mut random = |len: usize| -> Vec<f32> { (0..len).map(|_| rng.random_range(-1.0..1.0)).collect() };
        let (a, b) = (random(rows * inner), random(inner * columns));
        let product = |range: std::ops::Range<usize>| {
            let mut c = vec![0.0; range.len() * columns];
            let (a, b) = (Mat::new(&a, inner, rows).t().rows(range.clone()), Mat::new(&b, inner, columns));
            multiply::<f32, 16>(&mut Buffers::default(), Put::Set, MatMut::new(&mut c, range.len(), columns), a, b);
            c
        };
        let whole = product(0..rows);
        for range in [0..150, 150..300, 7..8, 13..290] {
            assert!(product(range.clone()) == whole[range.start * columns..range.end * columns], "{range:?}");
        }
    }
}
