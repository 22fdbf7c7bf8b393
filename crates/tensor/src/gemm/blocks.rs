//! The loops around the tiles: which piece of the factors is in which cache while it is worked on.
//!
//! The scheme is that of Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008: a block of `a`
//! stays in the second cache, a panel of `b` in the first, each copied to the order in which it is read. Small factors
//! are read where they are. What differs is that the first tile of each panel of `b` copies it on its way, and that the
//! next panel is fetched while this one is worked on.

use super::instructions::Instructions;
use super::tile::{HEIGHT, Order, Tile};
use super::{Mat, Put, Window, pack};
use crate::simd::{self, LINE};
use crate::{Aligned, Real};

/// Bytes of a panel of `b`: half of a first cache of 32 KiB.
const PANEL: usize = 16 << 10;

/// Bytes of a block of `a`: about half of a second cache of 512 KiB, and 44 tiles of `f32` with AVX2.
const BLOCK: usize = 264 << 10;

/// Up to so many bytes a factor is read where it is, a first cache full.
const SMALL: usize = 32 << 10;

/// What has more bytes is fetched ahead, the next panel of a `b` that is copied and the rows of `c`. In networks of 128 and
/// 256 layers of 64, whose small weights are in a far cache by their number, a step took 0.89 and 0.86 of the time while
/// others used that cache too; where all is in a near one, 1.005.
const NEAR: usize = 8 << 10;

/// Where the pieces are copied to.
#[derive(Default)]
pub(super) struct Buffers<T> {
    a: Aligned<T>,
    b: Aligned<T>,
}

/// Up to so many rows panels are twice as wide, so that there are still sums enough to hide how long an addition takes.
const FEW_ROWS: usize = 2;

/// `c = a b` or `c += a b`, in panels of `W` columns, with few rows `WIDE`; the last one of `HALF` where that is enough.
///
/// Each element is summed in the same order wherever it stands, so that rows and columns can be shared among threads.
///
/// # Safety
/// The processor must have the instructions.
#[inline(always)]
pub(super) unsafe fn multiply<I: Instructions, T: Real, const HALF: usize, const W: usize, const WIDE: usize>(
    buffers: &mut Buffers<T>,
    put: Put,
    mut c: Window<'_, T>,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) {
    let most_inner = PANEL / bytes::<T>(W);
    let most_rows = (BLOCK / bytes::<T>(most_inner)).next_multiple_of(HEIGHT);
    // A copy pays from some panels on that read it.
    let copies_a = bytes::<T>(a.rows * a.columns) > SMALL && c.columns() > 4 * W;
    // Pieces of the same size, since a small one pays as much for what surrounds it as a large one.
    let (depth, height) = (even(a.columns, most_inner), even(a.rows, most_rows));
    if buffers.b.is_empty() {
        buffers.b = Aligned::zeros(most_inner * WIDE);
    }
    if copies_a && buffers.a.is_empty() {
        // The transpose writes past its end.
        buffers.a = Aligned::zeros(most_rows * most_inner + 8);
    }
    for k in (0..a.columns).step_by(depth) {
        let put = if k == 0 { put } else { Put::Add };
        let piece = k..a.columns.min(k + depth);
        let (a, b) = (a.columns(piece.clone()), b.rows(piece));
        for first in (0..a.rows).step_by(height) {
            let block = a.rows(first..a.rows.min(first + height));
            let rows = Rows::new(block, copies_a.then_some(&mut *buffers.a));
            let mut c = c.part(first..first + block.rows, 0..b.columns);
            let width = if block.rows <= FEW_ROWS { WIDE } else { W };
            for column in (0..b.columns).step_by(width) {
                let (buffer, c, left) = (&mut *buffers.b, &mut c, b.columns - column);
                // SAFETY: as this function's.
                unsafe {
                    if left <= HALF {
                        panel::<I, T, HALF, HEIGHT>(buffer, put, c, &rows, b, column);
                    } else if left <= W || width == W {
                        panel::<I, T, W, HEIGHT>(buffer, put, c, &rows, b, column);
                    } else {
                        panel::<I, T, WIDE, FEW_ROWS>(buffer, put, c, &rows, b, column);
                    }
                }
            }
        }
    }
}

/// The length of pieces of about the same length, none longer than `most`.
#[inline(always)]
fn even(length: usize, most: usize) -> usize {
    if length <= most { length } else { length.div_ceil(length.div_ceil(most)) }
}

/// A block of `a`, cut into tiles of about the same height.
struct Rows<'a, T> {
    values: &'a [T],
    order: Order,
    /// From one tile to the next where the tiles are copied, else from one row to the next.
    step: usize,
    is_copied: bool,
    rows: usize,
    tiles: usize,
    /// Of the lower tiles; the first `higher` ones have one row more.
    height: usize,
    higher: usize,
}

impl<'a, T: Real> Rows<'a, T> {
    /// The rows where they are, or copied to a buffer: the tiles one after the other, each with its columns together,
    /// every one of them `HEIGHT` long.
    #[inline(always)]
    fn new(block: Mat<'a, T>, buffer: Option<&'a mut [T]>) -> Self {
        let tiles = block.rows.div_ceil(HEIGHT);
        let is_by_rows = block.column_stride == 1;
        let mut rows = Rows {
            values: block.values,
            order: if is_by_rows { Order::Rows(block.row_stride) } else { Order::Columns(block.column_stride) },
            step: block.row_stride,
            is_copied: false,
            rows: block.rows,
            tiles,
            height: block.rows / tiles,
            higher: block.rows % tiles,
        };
        if let Some(buffer) = buffer {
            let step = HEIGHT * block.columns;
            for tile in 0..tiles {
                let (first, height) = rows.tile(tile);
                let (out, values) = (&mut buffer[tile * step..], &block.values[first * block.row_stride..]);
                if is_by_rows {
                    T::transpose(out, HEIGHT, values, block.row_stride, height, block.columns);
                } else {
                    pack::copy::<T, HEIGHT>(out, values, block.column_stride, height, block.columns);
                }
            }
            rows = Rows { values: buffer, order: Order::Columns(HEIGHT), step, is_copied: true, ..rows };
        }
        rows
    }

    /// The first row of a tile and how many it has.
    #[inline(always)]
    fn tile(&self, tile: usize) -> (usize, usize) {
        (tile * self.height + tile.min(self.higher), self.height + usize::from(tile < self.higher))
    }

    /// The values of a tile that begins with row `first`.
    #[inline(always)]
    fn values(&self, tile: usize, first: usize) -> &[T] {
        &self.values[self.step * if self.is_copied { tile } else { first }..]
    }
}

/// Up to `W` columns of `b`, from `column` on, with all rows of the block, whose tiles are at most `MOST` high.
///
/// # Safety
/// The processor must have the instructions.
#[inline(always)]
unsafe fn panel<I: Instructions, T: Real, const W: usize, const MOST: usize>(
    buffer: &mut [T],
    put: Put,
    c: &mut Window<'_, T>,
    rows: &Rows<'_, T>,
    b: Mat<'_, T>,
    column: usize,
) {
    let (inner, columns) = (b.rows, W.min(b.columns - column));
    let values = &b.values[column * b.column_stride..];
    let is_far = |values: usize| bytes::<T>(values) > NEAR;
    let is_whole = b.column_stride == 1 && columns == W;
    let in_place = is_whole && (rows.tiles == 1 || bytes::<T>(inner * b.columns) <= SMALL);
    if b.column_stride != 1 {
        T::transpose(buffer, W, values, b.column_stride, columns, inner);
    } else if columns < W {
        pack::copy::<T, W>(buffer, values, b.row_stride, columns, inner);
    }
    let mut ahead = Ahead::none();
    if column + W < b.columns && !in_place && is_far(inner * b.columns) {
        ahead = Ahead::panel::<W>(b.columns(column + W..b.columns));
    }
    let (lines, fetches_c) = (ahead.lines.div_ceil(rows.tiles), is_far(rows.rows * b.columns));
    let (panel, mut copies) = ((values, b.row_stride), is_whole && !in_place);
    for tile in 0..rows.tiles {
        ahead.fetch(lines);
        let (first, height) = rows.tile(tile);
        let mut c = c.part(first..first + height, column..column + columns);
        if fetches_c {
            (0..height).for_each(|row| simd::prefetch_line(c.row_start(row)));
        }
        let (a, order) = (rows.values(tile, first), rows.order);
        // SAFETY: as this function's.
        unsafe {
            if copies {
                compute::<I, T, W, MOST, true>(Tile { put, c, a, order, b: panel, inner, copy: buffer });
                copies = false;
            } else {
                let b = if in_place { panel } else { (&*buffer, W) };
                compute::<I, T, W, MOST, false>(Tile { put, c, a, order, b, inner, copy: &mut [] });
            }
        }
    }
}

/// # Safety
/// The processor must have the instructions.
#[inline(always)]
unsafe fn compute<I: Instructions, T: Real, const W: usize, const MOST: usize, const COPY: bool>(tile: Tile<'_, T>) {
    // SAFETY: as this function's.
    unsafe {
        match tile.c.rows() {
            1 => I::compute::<T, 1, W, COPY>(tile),
            2 => I::compute::<T, 2, W, COPY>(tile),
            3 if MOST >= 3 => I::compute::<T, 3, W, COPY>(tile),
            4 if MOST >= 4 => I::compute::<T, 4, W, COPY>(tile),
            5 if MOST >= 5 => I::compute::<T, 5, W, COPY>(tile),
            HEIGHT if MOST >= HEIGHT => I::compute::<T, HEIGHT, W, COPY>(tile),
            rows => unreachable!("a tile of {rows} rows"),
        }
    }
}

const fn bytes<T>(values: usize) -> usize {
    values * size_of::<T>()
}

/// The panel after the one that is worked on, of which each tile fetches a part.
struct Ahead<T> {
    /// The next run of values that lie together, and the next line of it.
    run: *const T,
    line: usize,
    stride: usize,
    lines_of_run: usize,
    /// What is left to fetch.
    lines: usize,
}

impl<T> Ahead<T> {
    #[inline(always)]
    fn none() -> Self {
        Ahead { run: std::ptr::null(), line: 0, stride: 0, lines_of_run: 1, lines: 0 }
    }

    /// The first `W` columns.
    #[inline(always)]
    fn panel<const W: usize>(b: Mat<'_, T>) -> Self {
        let (runs, length, stride) =
            if b.column_stride == 1 { (b.rows, W, b.row_stride) } else { (W, b.rows, b.column_stride) };
        let lines_of_run = simd::lines(bytes::<T>(length), bytes::<T>(stride));
        Ahead { run: b.values.as_ptr(), line: 0, stride, lines_of_run, lines: runs * lines_of_run }
    }

    #[inline(always)]
    fn fetch(&mut self, lines: usize) {
        let lines = lines.min(self.lines);
        for _ in 0..lines {
            simd::prefetch_line(self.run.wrapping_byte_add(self.line * LINE));
            self.line += 1;
            if self.line == self.lines_of_run {
                (self.run, self.line) = (self.run.wrapping_add(self.stride), 0);
            }
        }
        self.lines -= lines;
    }
}
