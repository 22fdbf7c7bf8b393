//! Products with a short inner length, as the weight gradient of a few samples or the first layer
//! behind a few features.
//!
//! The general loops prepare each tile for a long inner length, and here would prepare for longer
//! than they compute.

use super::{Mat, Put, Window};
use crate::{Real, simd};

/// The longest inner length that counts as short.
const THIN: usize = 16;

/// The most columns of a block.
const WIDEST: usize = 16;

/// The rows of a block: with two registers for its columns, its sums stay in the sixteen of AVX2.
const HEIGHT: usize = 6;

/// Returns true if these loops are taken: where rows are written that are much longer than what
/// each value sums. Where blocks would not fit they can go over some columns again, but not if they
/// add.
pub(super) fn pays(put: Put, inner: usize, columns: usize) -> bool {
    let is_short = inner <= THIN && columns >= WIDEST.max(4 * inner);
    inner == 1 || is_short && (put == Put::Set || columns.is_multiple_of(WIDEST))
}

/// `c = a b` or `c += a b` for an inner length of at most [`THIN`] and a `b` whose rows lie in one
/// piece.
///
/// Each element is summed in the order of the inner length, wherever it stands and whatever is
/// beside it.
#[inline(never)]
pub(super) fn multiply<T: Real>(put: Put, mut c: Window<'_, T>, a: Mat<'_, T>, b: Mat<'_, T>) {
    simd::dispatch_sums(
        #[inline(always)]
        |fused| {
            if a.columns == 1 {
                return outer(fused, put, &mut c, a, b);
            }
            // Two registers of AVX2, or of SSE2 where nothing fuses, so that the sums of a block
            // stay in the registers.
            match (fused, size_of::<T>()) {
                (true, 4) => row_by_row::<T, WIDEST>(fused, put, &mut c, a, b),
                (true, _) | (false, 4) => row_by_row::<T, 8>(fused, put, &mut c, a, b),
                _ => row_by_row::<T, 4>(fused, put, &mut c, a, b),
            }
        },
    );
}

/// An inner length of 1, which needs no sums: 0.8 of the time of [`row_by_row`] at 64x1x64, 0.7 at
/// 256x1x256.
#[inline(always)]
fn outer<T: Real>(fused: bool, put: Put, c: &mut Window<'_, T>, a: Mat<'_, T>, b: Mat<'_, T>) {
    let b = &b.values[..b.columns];
    for row in 0..a.rows {
        let (c, a) = (c.row(row), a.values[row * a.row_stride]);
        match put {
            Put::Set => {
                for (c, &b) in c.iter_mut().zip(b) {
                    *c = a * b;
                }
            }
            Put::Add => {
                for (c, &b) in c.iter_mut().zip(b) {
                    *c = simd::add_product(fused, a, b, *c);
                }
            }
        }
    }
}

/// From left to right through some rows of `c` at a time, since writing `c` takes longer here than
/// computing it.
#[inline(always)]
fn row_by_row<T: Real, const N: usize>(
    fused: bool,
    put: Put,
    c: &mut Window<'_, T>,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) {
    let mut first = 0;
    while let Some(start) = next_block::<HEIGHT>(put, first, a.rows) {
        some_rows::<T, HEIGHT, N>(fused, put, c, start, a, b);
        first = start + HEIGHT;
    }
    for row in first..a.rows {
        some_rows::<T, 1, N>(fused, put, c, row, a, b);
    }
}

/// Where the next `N` of all rows or columns begin, of which some are done. Where fewer are left it
/// goes over done ones again, or gives none if that would add twice or there are not so many.
#[inline(always)]
fn next_block<const N: usize>(put: Put, done: usize, all: usize) -> Option<usize> {
    if done + N <= all {
        Some(done)
    } else if done < all && N <= all && put == Put::Set {
        Some(all - N)
    } else {
        None
    }
}

/// `R` rows, beginning with row `first`.
#[inline(always)]
fn some_rows<T: Real, const R: usize, const N: usize>(
    fused: bool,
    put: Put,
    c: &mut Window<'_, T>,
    first: usize,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) {
    let mut columns_of_a = [[T::ZERO; R]; THIN];
    let columns_of_a = &mut columns_of_a[..a.columns];
    for (k, column) in columns_of_a.iter_mut().enumerate() {
        let values = &a.values[first * a.row_stride + k * a.column_stride..];
        for (row, x) in column.iter_mut().enumerate() {
            *x = values[row * a.row_stride];
        }
    }
    let done = some_columns::<T, R, N>(fused, put, c, [first, 0], columns_of_a, b);
    some_columns::<T, R, 1>(fused, put, c, [first, done], columns_of_a, b);
}

/// `N` columns at a time of `R` rows, beginning with this row and column; gives the first column
/// left.
#[inline(always)]
fn some_columns<T: Real, const R: usize, const N: usize>(
    fused: bool,
    put: Put,
    c: &mut Window<'_, T>,
    [first, mut done]: [usize; 2],
    columns_of_a: &[[T; R]],
    b: Mat<'_, T>,
) -> usize {
    while let Some(column) = next_block::<N>(put, done, b.columns) {
        let mut sums = [[T::ZERO; N]; R];
        if put == Put::Add {
            for (row, sums) in sums.iter_mut().enumerate() {
                sums.copy_from_slice(&c.row(first + row)[column..][..N]);
            }
        }
        for (k, a) in columns_of_a.iter().enumerate() {
            let b = &b.values[k * b.row_stride + column..][..N];
            for (sums, &a) in sums.iter_mut().zip(a) {
                for (sum, &b) in sums.iter_mut().zip(b) {
                    *sum = simd::add_product(fused, a, b, *sum);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            c.row(first + row)[column..][..N].copy_from_slice(sums);
        }
        done = column + N;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm::MatMut;
    use crate::gemm::tests::reference;

    /// With and without one instruction for a product and a sum, in the middle of wider matrices.
    fn check<T: Real, const N: usize>(rows: usize, inner: usize, columns: usize) {
        let values = |len: usize, step: f64| {
            (0..len).map(|i| T::from_f64((i as f64 * step).sin())).collect()
        };
        let stride = columns + 2;
        let (a, b): (Vec<T>, Vec<T>) = (values(rows * inner, 0.7), values(inner * stride, 1.3));
        let transposed: Vec<T> =
            (0..inner * rows).map(|at| a[at % rows * inner + at / rows]).collect();
        let b = Mat::new(&b, inner, stride).columns(1..columns + 1);
        for (fused, put) in
            [true, false].into_iter().flat_map(|fused| [(fused, Put::Set), (fused, Put::Add)])
        {
            for a in [Mat::new(&a, rows, inner), Mat::new(&transposed, inner, rows).t()] {
                // What is set is not read.
                let before = if put == Put::Set { T::from_f64(f64::NAN) } else { T::from_f64(0.5) };
                let mut c = vec![before; rows * stride];
                let mut whole = Window::new(MatMut::new(&mut c, rows, stride));
                let mut part = whole.part(0..rows, 1..columns + 1);
                row_by_row::<T, N>(fused, put, &mut part, a, b);
                if inner == 1 {
                    let by_blocks: Vec<T> =
                        (0..rows).flat_map(|row| part.row(row).to_vec()).collect();
                    (0..rows).for_each(|row| part.row(row).fill(before));
                    outer(fused, put, &mut part, a, b);
                    assert_eq!(
                        (0..rows).flat_map(|row| part.row(row).to_vec()).collect::<Vec<T>>(),
                        by_blocks
                    );
                }
                let expected = reference(put, &vec![before; rows * columns], a, b);
                for (at, x) in c.iter().enumerate() {
                    let (row, column) = (at / stride, at % stride);
                    if column == 0 || column > columns {
                        assert_eq!(
                            x.to_f64().to_bits(),
                            before.to_f64().to_bits(),
                            "beside the part, at {at}"
                        );
                        continue;
                    }
                    let expected = expected[row * columns + column - 1];
                    let error = (x.to_f64() - expected).abs();
                    assert!(
                        error <= T::EPSILON.to_f64() * (inner as f64 + 2.0),
                        "{rows}x{inner}x{columns} in blocks of {N}, {fused} {put:?}, at {at}: {x} \
                         for {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn sums_agree_with_the_definition_in_whole_and_part_blocks() {
        for rows in [1, 5, 6, 7, 18] {
            for inner in [1, 2, 3, 9, THIN] {
                for columns in [1, 3, 4, 8, 13, 16, 33] {
                    check::<f32, 16>(rows, inner, columns);
                    check::<f32, 8>(rows, inner, columns);
                    check::<f64, 8>(rows, inner, columns);
                    check::<f64, 4>(rows, inner, columns);
                }
            }
        }
    }
}
