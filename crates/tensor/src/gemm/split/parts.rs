//! An `f32` as a sum of `bfloat16`, and how panels of them lie in memory.

/// Rows and columns of a block: four tiles of 16 by 16 sums.
pub(super) const SIDE: usize = 32;

/// The inner length of an instruction.
pub(super) const STEP: usize = 32;

/// Rows of a tile.
pub(super) const TILE_ROWS: usize = 16;

/// Values of a tile of `bfloat16`.
pub(super) const TILE: usize = TILE_ROWS * STEP;

/// Which factor a panel is of, since their tiles differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// A row of a tile is a lane: `STEP` of its values, one after the other.
    A,
    /// A row of a tile is a pair of the inner length: two values of each lane, lane after lane.
    B,
}

/// Values of a panel: for each step, for each part, the tiles of the first 16 lanes and of the
/// others. A line more, so that the same place of neighbouring panels is not the same place in the
/// first cache.
pub(super) const fn panel_len(parts: usize, steps: usize) -> usize {
    steps * parts * 2 * TILE + 32
}

/// Between which magnitudes the values of a panel lie, those of 0 aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The exponents, with `f32`'s bias: 0 for denormal numbers, 255 for infinities and NaN.
    lowest: u32,
    highest: u32,
}

impl Default for Range {
    fn default() -> Self {
        Range::of(u32::MAX, 0)
    }
}

impl Range {
    /// From the least and the greatest bits of magnitudes; the least ones minus 1, so that 0 is the
    /// greatest.
    pub fn of(least_less_one: u32, greatest: u32) -> Self {
        Range { lowest: least_less_one.saturating_add(1) >> 23, highest: greatest >> 23 }
    }

    /// Returns true if no part of these values and no product of parts with others is lost or
    /// becomes infinite.
    ///
    /// The last part's last bit is `2^-23` of the value, a product's `2^-46`, of which those that
    /// are used are `2^-26` and more. The units take all that is below `2^-126` for 0. Sums of 256
    /// products must stay finite.
    pub fn fits(self, other: Range) -> bool {
        const ONE: u32 = 127;
        let is_normal = |range: Range| range.lowest >= ONE - 100 && range.highest < ONE + 126;
        is_normal(self)
            && is_normal(other)
            && self.lowest + other.lowest >= 2 * ONE - 100
            && self.highest + other.highest < 2 * ONE + 116
    }
}

/// The nearest `bfloat16`, to even where two are as near. Of numbers that are in range.
#[cfg(test)]
pub(super) fn nearest(x: f32) -> u16 {
    let bits = x.to_bits();
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// The value of a `bfloat16`.
#[cfg(test)]
pub(super) fn value(part: u16) -> f32 {
    f32::from_bits(u32::from(part) << 16)
}
