//! The innermost loop of the matrix product: a tile of `c`, some rows high and one panel of `b`
//! wide, whose sums stay in registers while the inner length runs.
//!
//! A plain loop over arrays, compiled for each set of vector instructions. It takes pointers, since
//! the checks of slices took a fourth of its time; before it begins, it is checked that all it
//! reaches is there.

use std::sync::atomic::{Ordering, compiler_fence};

use super::errands::Errands;
use super::{Put, Window};
use crate::Real;
use crate::simd::{self, LINE};

/// `rows x columns` of `c` become `a b`, or have it added.
pub(super) struct Tile<'a, T> {
    pub put: Put,
    /// No wider than what the tile is computed with; what `b` holds beyond is left out.
    pub c: Window<'a, T>,
    pub a: &'a [T],
    pub order: Order,
    /// Its values, and how far apart its rows begin.
    pub b: (&'a [T], usize),
    /// The inner length.
    pub inner: usize,
    /// Where the rows of `b` are copied to, one after the other, on the way.
    pub copy: &'a mut [T],
    /// The errands on the way.
    pub errands: &'a mut Errands<T>,
}

/// So many steps before they are needed values of a copied `a` are fetched to the first cache.
const SOON: usize = 32;

/// The most rows of a tile, whose values of a column lie together in a copy.
const MOST_COPIED: usize = 12;

/// How the values of a tile's rows of `a` lie.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// Row after row, each in one piece; they begin so far apart.
    Rows(usize),
    /// Column after column, each in one piece; they begin so far apart.
    Columns(usize),
}

impl<T: Real> Tile<'_, T> {
    /// Computes the tile, of `H` rows and `W` columns. `ROWS` is whether `a` lies in rows, `COPY`
    /// whether `b` is copied, `spread` whether errands are done between the steps, as tall tiles
    /// do.
    #[inline(always)]
    pub fn compute<
        const FUSED: bool,
        const H: usize,
        const W: usize,
        const ROWS: bool,
        const COPY: bool,
    >(
        mut self,
        spread: bool,
    ) {
        let last = self.inner - 1;
        let (row_step, column_step) = match self.order {
            Order::Rows(stride) if ROWS => (stride, 1),
            Order::Columns(stride) if !ROWS => (1, stride),
            order => unreachable!("{order:?} computed as the other"),
        };
        let (b, b_stride) = self.b;
        assert!(self.c.rows() == H && self.c.columns() <= W);
        assert!((H - 1) * row_step + last * column_step < self.a.len());
        assert!(last * b_stride + W <= b.len());
        assert!(!COPY || self.copy.len() >= self.inner * W);
        let mut sums = [[T::ZERO; W]; H];
        let (mut a, mut b, mut copy) = (self.a.as_ptr(), b.as_ptr(), self.copy.as_mut_ptr());
        let mut rows = [a; H];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = a.wrapping_add(i * row_step);
        }
        // A closure would not always be inlined, and only what is has the instructions.
        macro_rules! step {
            ($k:expr) => {
                // SAFETY: the assertions above are that the last element of each is in its slice.
                // That is `a`'s in row `H - 1` and column `last`, `b`'s in row `last`, and as many
                // values of `copy`. Compared with the definition in the tests.
                let of_b = unsafe { *b.cast::<[T; W]>() };
                if COPY {
                    // SAFETY: as above.
                    unsafe { *copy.cast::<[T; W]>() = of_b };
                }
                // The two registers of `b` are read first, and stay while one value of `a` comes
                // after the other. Left to choose, the compiler holds all six of `a` with some
                // forms of doubles, and keeps sums in memory: 1.3 times as long.
                compiler_fence(Ordering::SeqCst);
                for i in 0..H {
                    // SAFETY: as above.
                    let x = unsafe { if ROWS { *rows[i].add($k) } else { *a.add(i) } };
                    for j in 0..W {
                        let (y, sum) = (of_b[j], sums[i][j]);
                        sums[i][j] = simd::add_product(FUSED, x, y, sum);
                    }
                }
                a = a.wrapping_add(column_step);
                b = b.wrapping_add(b_stride);
                copy = copy.wrapping_add(W);
            };
        }
        // Nothing where `a` is not copied: there it is small.
        let soon = if column_step <= MOST_COPIED { SOON * column_step } else { 0 };
        // The next step, and the next row of `c` to fetch.
        let (mut k, mut row) = (0, 0);
        while k < self.inner {
            let mut end = self.inner;
            if spread && self.errands.are_left() {
                end = end.min(k + self.errands.steps);
                self.errands.some::<W>();
                for row in row..H.min(row + self.errands.rows_of_c) {
                    self.c.fetch_row::<W>(row);
                }
                row += self.errands.rows_of_c;
            }
            // Two at a time: 0.98 of the time of one at a time, at large and small shapes.
            while k + 2 <= end {
                if spread && !ROWS {
                    for line in 0..(2 * H * size_of::<T>()).div_ceil(LINE) {
                        simd::prefetch_line(a.wrapping_add(soon).wrapping_byte_add(line * LINE));
                    }
                }
                step!(k);
                step!(k + 1);
                k += 2;
            }
            while k < end {
                step!(k);
                k += 1;
            }
        }
        if self.c.columns() < W {
            // A copy, since what is lent out lies in memory all the time.
            let copy = sums;
            return self.write_part(&copy);
        }
        if self.put == Put::Add {
            for (i, sums) in sums.iter_mut().enumerate() {
                // SAFETY: there are `H` rows of `W` columns.
                let before = unsafe { *self.c.row_start(i).cast::<[T; W]>() };
                for j in 0..W {
                    sums[j] += before[j];
                }
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            // SAFETY: as above.
            unsafe { *self.c.row_start(i).cast::<[T; W]>() = *sums };
        }
    }

    /// Writes the first columns. Apart, since a loop of unknown length over the sums keeps them out
    /// of the registers.
    #[inline(never)]
    fn write_part<const W: usize>(&mut self, sums: &[[T; W]]) {
        for (i, sums) in sums.iter().enumerate() {
            for (x, &sum) in self.c.row(i).iter_mut().zip(sums) {
                *x = if self.put == Put::Set { sum } else { *x + sum };
            }
        }
    }
}
