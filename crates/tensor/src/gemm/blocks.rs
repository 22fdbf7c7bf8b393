//! The loops around the tiles: which piece of the factors is in which cache while it is worked on.
//!
//! The scheme is that of Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication,
//! 2008. A block of `a` stays in the second cache, a panel of `b` in the first, each copied to the
//! order in which it is read. Small factors are read where they are. What differs is that tall
//! tiles of one panel of `b` copy the next one on the way and fetch a later one. Where there are
//! none, the first tile of a panel copies it, and all of them fetch a later one.

use super::errands::Errands;
use super::instructions::Instructions;
use super::rows::Rows;
use super::tile::Tile;
use super::{Mat, Put, Window, pack};
use crate::{Aligned, Real};

/// How much of the factors is worked on at a time, for the caches of the processors that have a set
/// of instructions.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// Bytes of a panel of `b`, in the first cache.
    pub panel: usize,
    /// Bytes of a block of `a`, in the second cache.
    pub block: usize,
}

/// Up to so many bytes a factor is read where it is, a first cache full.
const SMALL: usize = 32 << 10;

/// From so many bytes on, operands are fetched ahead, the panels of a `b` that is copied and the
/// rows of `c`. In networks of 128 and 256 layers of 64, whose small weights are in a far cache by
/// their number, a step took 0.89 and 0.86 of the time. That was while others used that cache too;
/// where all is in a near one, it took 1.005.
const NEAR: usize = 8 << 10;

/// Where the pieces are copied to.
#[derive(Default)]
pub(super) struct Buffers<T> {
    a: Aligned<T>,
    b: Aligned<T>,
}

/// Up to so many rows panels are twice as wide, so that there are still sums enough to hide how
/// long an addition takes.
const FEW_ROWS: usize = 2;

/// `c = a b` or `c += a b`, in panels of `W` columns, with few rows `WIDE`; the last one of `HALF`
/// where that is enough. Tiles have up to `HEIGHT` rows, and where there are many just `TALL`.
///
/// Each element is summed in the same order wherever it stands, so that rows and columns can be
/// shared among threads.
///
/// # Safety
/// The processor must have the instructions.
#[inline(always)]
pub(super) unsafe fn multiply<
    I: Instructions,
    T: Real,
    const TALL: usize,
    const HEIGHT: usize,
    const HALF: usize,
    const W: usize,
    const WIDE: usize,
>(
    buffers: &mut Buffers<T>,
    put: Put,
    mut c: Window<'_, T>,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) {
    let most_inner = I::SIZES.panel / bytes::<T>(W);
    let most_rows = (I::SIZES.block / bytes::<T>(most_inner)).next_multiple_of(TALL);
    // A copy pays from some panels on that read it.
    let copies_a = bytes::<T>(a.rows * a.columns) > SMALL && c.columns() > 4 * W;
    // Pieces of the same size, since a small one pays as much for what surrounds it as a large one.
    let (depth, height) = (even(a.columns, most_inner), even(a.rows, most_rows));
    if buffers.b.is_empty() {
        buffers.b = Aligned::zeros(2 * most_inner * WIDE);
    }
    if copies_a && buffers.a.is_empty() {
        // The last tiles are not all as high as their copies, and the transpose writes past its
        // end.
        buffers.a = Aligned::zeros((most_rows + 4 * HEIGHT) * most_inner + 8);
    }
    let of_b = |k: usize| b.rows(k.min(b.rows)..b.rows.min(k + depth));
    for k in (0..a.columns).step_by(depth) {
        let put = if k == 0 { put } else { Put::Add };
        let (a, b) = (a.columns(k..a.columns.min(k + depth)), of_b(k));
        for first in (0..a.rows).step_by(height) {
            let block = a.rows(first..a.rows.min(first + height));
            let rows = Rows::new::<TALL, HEIGHT>(block, copies_a.then_some(&mut *buffers.a));
            let c = c.part(first..first + block.rows, 0..b.columns);
            let then = if first + height < a.rows { b } else { of_b(k + depth) };
            let block = Block { put, c, rows, b, then };
            // SAFETY: as this function's.
            unsafe { block.compute::<I, TALL, HEIGHT, HALF, W, WIDE>(&mut buffers.b) };
        }
    }
}

/// The length of pieces of about the same length, none longer than `most`.
#[inline(always)]
fn even(length: usize, most: usize) -> usize {
    if length <= most { length } else { length.div_ceil(length.div_ceil(most)) }
}

/// Some rows of `c`, which need all columns of `b`.
struct Block<'a, T> {
    put: Put,
    c: Window<'a, T>,
    rows: Rows<'a, T>,
    b: Mat<'a, T>,
    /// The matrix after `b`.
    then: Mat<'a, T>,
}

impl<T: Real> Block<'_, T> {
    /// Panel after panel.
    ///
    /// # Safety
    /// The processor must have the instructions.
    #[inline(always)]
    unsafe fn compute<
        I: Instructions,
        const TALL: usize,
        const HEIGHT: usize,
        const HALF: usize,
        const W: usize,
        const WIDE: usize,
    >(
        mut self,
        buffer: &mut [T],
    ) {
        let Block { b, then, ref rows, .. } = self;
        let width = if rows.rows <= FEW_ROWS { WIDE } else { W };
        let is_far = |values: usize| bytes::<T>(values) > NEAR;
        let is_by_rows = b.column_stride == 1;
        let in_place = is_by_rows && (rows.tiles == 1 || bytes::<T>(b.rows * b.columns) <= SMALL);
        let fetches = !in_place && is_far(b.rows * b.columns);
        let range = |first: usize| first.min(b.columns)..b.columns.min(first + width);
        let fetches_c = is_far(rows.rows * b.columns);
        let mut errands = Errands::new(TALL > HEIGHT, rows.tall, rows.tiles, b.rows, fetches_c);
        let copies_ahead = errands.spread;
        let (mut buffer, mut spare) = buffer.split_at_mut(b.rows * WIDE);
        let mut is_copied = false;
        for first in (0..b.columns).step_by(width) {
            let (panel, next) = (b.columns(range(first)), b.columns(range(first + width)));
            if fetches {
                let distant = first + errands.panels_ahead() * width;
                errands.fetch(match distant.checked_sub(b.columns) {
                    None => b.columns(range(distant)),
                    Some(distant) => then.columns(range(distant)),
                });
            }
            let is_whole = |panel: Mat<'_, T>| {
                is_by_rows && panel.columns.is_multiple_of(W) && panel.columns > 0
            };
            let copies_next = !in_place && copies_ahead && is_whole(next);
            if copies_next {
                errands.copy::<W>(next, spare);
            }
            let source = match is_whole(panel) {
                _ if is_copied => Source::Copied,
                true if in_place => Source::InPlace,
                true if !copies_ahead => Source::FirstTile,
                _ => Source::Before,
            };
            let c = self.c.part(0..rows.rows, first..first + panel.columns);
            let panel = Panel { put: self.put, c, rows, b: panel, errands: &mut errands };
            // SAFETY: as this function's.
            unsafe { panel.compute::<I, TALL, HEIGHT, HALF, W, WIDE>(source, buffer) };
            if copies_next {
                errands.finish_copy::<W>();
                std::mem::swap(&mut buffer, &mut spare);
            }
            is_copied = copies_next;
        }
    }
}

/// Where the values of a panel of `b` come from.
#[derive(Clone, Copy)]
enum Source {
    /// They are read where they are.
    InPlace,
    /// They are in the buffer.
    Copied,
    /// The first tile copies them to the buffer.
    FirstTile,
    /// They are copied to the buffer before.
    Before,
}

/// All rows of a block with the columns of a panel.
struct Panel<'a, T> {
    put: Put,
    c: Window<'a, T>,
    rows: &'a Rows<'a, T>,
    b: Mat<'a, T>,
    errands: &'a mut Errands<T>,
}

impl<T: Real> Panel<'_, T> {
    /// # Safety
    /// The processor must have the instructions.
    #[inline(always)]
    unsafe fn compute<
        I: Instructions,
        const TALL: usize,
        const HEIGHT: usize,
        const HALF: usize,
        const W: usize,
        const WIDE: usize,
    >(
        mut self,
        source: Source,
        buffer: &mut [T],
    ) {
        let columns = self.b.columns;
        // SAFETY: as this function's.
        unsafe {
            if columns <= HALF && self.rows.tall == 0 {
                let b = self.values::<HALF>(source, buffer);
                self.tiles::<I, HALF, HEIGHT>(b, 0);
            } else if columns > W {
                let b = self.values::<WIDE>(source, buffer);
                self.tiles::<I, WIDE, FEW_ROWS>(b, 0);
            } else if let Source::FirstTile = source {
                self.first_tile::<I, W, HEIGHT>(buffer);
                self.tiles::<I, W, TALL>((buffer, W), 1);
            } else {
                let b = self.values::<W>(source, buffer);
                self.tiles::<I, W, TALL>(b, 0);
            }
        }
    }

    /// The values of the panel, and how far apart its rows begin.
    #[inline(always)]
    fn values<'b, const W: usize>(&self, source: Source, buffer: &'b mut [T]) -> (&'b [T], usize)
    where
        Self: 'b,
    {
        let b = self.b;
        match source {
            Source::InPlace => return (b.values, b.row_stride),
            Source::Copied => {}
            _ if b.column_stride == 1 => {
                pack::copy::<T, W>(buffer, b.values, b.row_stride, 1, |_| 0, b.rows)
            }
            _ => T::transpose(buffer, W, b.values, b.column_stride, b.columns, b.rows),
        }
        (buffer, W)
    }

    /// The tiles from this one on, of `W` columns and at most `MOST` rows.
    ///
    /// # Safety
    /// The processor must have the instructions.
    #[inline(always)]
    unsafe fn tiles<I: Instructions, const W: usize, const MOST: usize>(
        &mut self,
        b: (&[T], usize),
        from: usize,
    ) {
        for tile in from..self.rows.tiles {
            // SAFETY: as this function's.
            unsafe { compute::<I, T, W, MOST, false>(self.tile::<W>(tile, b, &mut [])) };
        }
    }

    /// The first one of several tiles, which copies the panel on its way.
    ///
    /// # Safety
    /// The processor must have the instructions.
    #[inline(always)]
    unsafe fn first_tile<I: Instructions, const W: usize, const MOST: usize>(
        &mut self,
        buffer: &mut [T],
    ) {
        let b = (self.b.values, self.b.row_stride);
        // SAFETY: as this function's.
        unsafe { compute::<I, T, W, MOST, true>(self.tile::<W>(0, b, buffer)) };
    }

    #[inline(always)]
    fn tile<'b, const W: usize>(
        &'b mut self,
        tile: usize,
        b: (&'b [T], usize),
        copy: &'b mut [T],
    ) -> Tile<'b, T> {
        let Panel { put, rows, .. } = *self;
        let (first, height) = rows.tile(tile);
        let mut c = self.c.part(first..first + height, 0..self.b.columns);
        let errands = &mut *self.errands;
        if tile >= rows.tall {
            errands.fetch_lines();
            let rows = if errands.rows_of_c > 0 { height } else { 0 };
            (0..rows).for_each(|row| c.fetch_row::<W>(row));
        }
        let (a, order) = rows.values(tile, first);
        Tile { put, c, a, order, b, inner: self.b.rows, copy, errands }
    }
}

/// # Safety
/// The processor must have the instructions.
#[inline(always)]
unsafe fn compute<I: Instructions, T: Real, const W: usize, const MOST: usize, const COPY: bool>(
    tile: Tile<'_, T>,
) {
    // The first of several tiles of about the same height has more than half of the most.
    let least = const { if COPY { MOST / 2 + 1 } else { 1 } };
    // SAFETY: as this function's.
    unsafe {
        match tile.c.rows() {
            1 if least <= 1 => I::compute::<T, 1, W, COPY>(tile),
            2 if least <= 2 => I::compute::<T, 2, W, COPY>(tile),
            3 if least <= 3 && MOST >= 3 => I::compute::<T, 3, W, COPY>(tile),
            4 if least <= 4 && MOST >= 4 => I::compute::<T, 4, W, COPY>(tile),
            5 if MOST >= 5 => I::compute::<T, 5, W, COPY>(tile),
            6 if MOST >= 6 => I::compute::<T, 6, W, COPY>(tile),
            7 if MOST >= 7 => I::compute::<T, 7, W, COPY>(tile),
            8 if MOST >= 8 => I::compute::<T, 8, W, COPY>(tile),
            12 if MOST >= 12 => I::compute::<T, 12, W, COPY>(tile),
            rows => unreachable!("a tile of {rows} rows"),
        }
    }
}

const fn bytes<T>(values: usize) -> usize {
    values * size_of::<T>()
}
