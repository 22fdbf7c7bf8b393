//! A block of `a`, cut into tiles.

use super::tile::Order;
use super::{Mat, pack};
use crate::Real;

/// Where it is copied and has many rows there are tall tiles at first, then some of about the same
/// height.
pub(super) struct Rows<'a, T> {
    values: &'a [T],
    /// How tall and other tiles lie, and how far it is from one to the next where they are copied,
    /// else from row to row.
    layout: [(Order, usize); 2],
    is_copied: bool,
    pub rows: usize,
    pub tiles: usize,
    /// How many are tall, and of how many rows.
    pub tall: usize,
    tall_height: usize,
    /// The rows of the other tiles; the first `higher` ones have one more.
    height: usize,
    higher: usize,
}

/// From so many rows on tiles are tall.
const MANY: usize = 64;

impl<'a, T: Real> Rows<'a, T> {
    /// The rows where they are, or copied to a buffer: the tiles one after the other, each with its
    /// columns together, every one of them `TALL` or `HEIGHT` long.
    #[inline(always)]
    pub fn new<const TALL: usize, const HEIGHT: usize>(
        block: Mat<'a, T>,
        buffer: Option<&'a mut [T]>,
    ) -> Self {
        let is_by_rows = block.column_stride == 1;
        let order = if is_by_rows {
            Order::Rows(block.row_stride)
        } else {
            Order::Columns(block.column_stride)
        };
        let is_tall = TALL > HEIGHT && buffer.is_some() && block.rows >= MANY;
        // Two tiles of 8 rows are better than a tall one and one of 4.
        let tall = if is_tall { block.rows / TALL - 1 } else { 0 };
        let rest = block.rows - tall * TALL;
        let others = rest.div_ceil(HEIGHT);
        let mut rows = Rows {
            values: block.values,
            layout: [(order, block.row_stride); 2],
            is_copied: false,
            rows: block.rows,
            tiles: tall + others,
            tall,
            tall_height: TALL,
            height: rest / others,
            higher: rest % others,
        };
        if let Some(buffer) = buffer {
            // The transpose writes past its end, to where the next ones come.
            rows.copy::<TALL>(buffer, block, 0, tall);
            rows.copy::<HEIGHT>(&mut buffer[tall * TALL * block.columns..], block, tall, others);
            let layout =
                [TALL, HEIGHT].map(|height| (Order::Columns(height), height * block.columns));
            rows = Rows { values: buffer, layout, is_copied: true, ..rows };
        }
        rows
    }

    /// Copies some tiles, which all fit into `HEIGHT` rows.
    #[inline(always)]
    fn copy<const HEIGHT: usize>(
        &self,
        out: &mut [T],
        block: Mat<'_, T>,
        first: usize,
        tiles: usize,
    ) {
        if block.column_stride == 1 {
            for tile in 0..tiles {
                let (row, height) = self.tile(first + tile);
                let (out, values) = (
                    &mut out[tile * HEIGHT * block.columns..],
                    &block.values[row * block.row_stride..],
                );
                T::transpose(out, HEIGHT, values, block.row_stride, height, block.columns);
            }
        } else {
            let row = |tile| self.tile(first + tile).0;
            pack::copy::<T, HEIGHT>(
                out,
                block.values,
                block.column_stride,
                tiles,
                row,
                block.columns,
            );
        }
    }

    /// The first row of a tile and how many it has.
    #[inline(always)]
    pub fn tile(&self, tile: usize) -> (usize, usize) {
        if tile < self.tall {
            return (tile * self.tall_height, self.tall_height);
        }
        let (first, tile) = (self.tall * self.tall_height, tile - self.tall);
        (
            first + tile * self.height + tile.min(self.higher),
            self.height + usize::from(tile < self.higher),
        )
    }

    /// The values of a tile that begins with row `first`, and how they lie.
    #[inline(always)]
    pub fn values(&self, tile: usize, first: usize) -> (&[T], Order) {
        let tall = tile.min(self.tall);
        let [(order_of_tall, of_tall), (order, step)] = self.layout;
        let at = if self.is_copied { tall * of_tall + (tile - tall) * step } else { first * step };
        (&self.values[at..], if tile < self.tall { order_of_tall } else { order })
    }
}
