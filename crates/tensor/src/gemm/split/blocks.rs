//! The loops around the matrix units: what is packed when, and stays in which cache.

use super::parts::{Range, SIDE, STEP, Side, panel_len};
use crate::Aligned;
use crate::gemm::{Kernel, Mat, Put, Window};
use crate::simd;

/// The longest inner length of a packed panel, in steps, by the number of parts. A longer one has
/// more to read of both panels before they leave the first cache; a shorter one reads and writes
/// `c` more often. At 256x2048x2048 these took 0.95 of the time of 8 steps with two parts and 0.93
/// with three.
const DEPTHS: [usize; 3] = [8, 6, 16];

/// Up to this inner length there is one panel.
const SHORT: usize = 8;

/// The most panels of a packed block of `b`.
const WIDE: usize = 16;

/// Values of the buffer for a packed block of `b`: 776 KiB, which stay in a second cache of 2 MiB.
/// With them stay [`HIGH`] panels of `a` and the block of `c`.
const B_LEN: usize = WIDE * panel_len(3, SHORT) / 2;

/// Panels of `a` that are gone over with all of a block of `b` before the next ones.
const HIGH: usize = 4;

/// The work of the matrix units: packing and computing, in the hardware and as a model of it.
pub(super) trait Units {
    /// Ready to compute while it lives, on this thread.
    ///
    /// # Safety
    /// The processor must have the units.
    unsafe fn configured() -> Self;

    /// Packs up to 32 lanes of an inner length of some steps, the rows of a matrix; what is missing
    /// is 0. Gives the range of what it read.
    fn pack(&self, parts: usize, side: Side, panel: &mut [u16], lanes: Mat<'_, f32>) -> Range;

    /// Computes a block in so many parts, from panels of so many steps.
    ///
    /// # Safety
    /// The block must be there, to be written to.
    unsafe fn block(&self, parts: usize, out: Out, a: &[u16], b: &[u16], steps: usize);
}

/// Where the `SIDE` rows and columns of a block go.
pub(super) struct Out {
    /// True if they are added to what is there.
    pub adds: bool,
    pub start: *mut f32,
    /// From a row to the next.
    pub stride: usize,
}

/// Where panels are packed to.
#[derive(Default)]
pub(super) struct Buffers {
    a: Aligned<f32>,
    b: Aligned<f32>,
}

/// Values of the buffer for `a`: 4 MiB, so that `b` is seldom packed twice.
const A_LEN: usize = 1 << 20;

/// Steps of the inner length that `a` is packed of at a time, at most.
const MOST_STEPS: usize = 128;

/// `c = a b` or `c += a b`, each factor split into so many parts.
///
/// Pieces of the inner length follow each other in order. With one and two parts each adds its
/// terms to the sum before it. With three, and where `c` is added to, each begins with 0 and is
/// added as a whole. Blocks of `c` and pieces that the units cannot compute are as the product of
/// `f32` has them. All of them lie on a grid that begins with the first row, column and step, so
/// that rows and columns can be shared among threads in multiples of [`SIDE`].
///
/// # Safety
/// The processor must have the units.
#[inline(never)]
pub(super) unsafe fn multiply<U: Units>(
    parts: usize,
    buffers: &mut Buffers,
    put: Put,
    mut c: Window<'_, f32>,
    a: Mat<'_, f32>,
    b: Mat<'_, f32>,
) {
    if buffers.a.is_empty() {
        buffers.a = Aligned::zeros(A_LEN);
        buffers.b = Aligned::zeros(B_LEN);
    }
    // SAFETY: as this function's.
    let units = unsafe { U::configured() };
    let a_panels: &mut [u16] = bytemuck::cast_slice_mut(&mut buffers.a);
    let b_panels: &mut [u16] = bytemuck::cast_slice_mut(&mut buffers.b);
    let steps = a.columns.div_ceil(STEP);
    // Pieces of about the same length: a short one reads and writes `c` as much as a long one.
    let most = if steps <= SHORT { SHORT } else { DEPTHS[parts - 1] };
    let depth = steps.div_ceil(steps.div_ceil(most));
    let most_steps = MOST_STEPS / depth * depth;
    let pieces = steps.min(most_steps).div_ceil(depth);
    let panel = panel_len(parts, depth);
    let wide = (b_panels.len() / panel).min(WIDE);
    let height = (a_panels.len() / (panel * pieces)).min(a.rows.div_ceil(SIDE));
    let mut ranges_a = [Range::default(); A_LEN / 512];
    for top in (0..a.rows).step_by(height * SIDE) {
        let a = a.rows(top..a.rows.min(top + height * SIDE));
        let mut c = c.part(top..top + a.rows, 0..b.columns);
        let height = a.rows.div_ceil(SIDE);
        for first in (0..a.columns).step_by(most_steps * STEP) {
            let inner = first..a.columns.min(first + most_steps * STEP);
            let pieces = inner.len().div_ceil(depth * STEP);
            let piece = |number: usize| {
                let start = inner.start + number * depth * STEP;
                start..inner.end.min(start + depth * STEP)
            };
            for (number, panels) in a_panels.chunks_mut(panel * height).take(pieces).enumerate() {
                for (i, panel) in panels.chunks_exact_mut(panel).enumerate() {
                    let lanes = a.rows(side(i, a.rows)).columns(piece(number));
                    ranges_a[number * height + i] = units.pack(parts, Side::A, panel, lanes);
                }
            }
            for left in (0..b.columns).step_by(wide * SIDE) {
                let b = b.columns(left..b.columns.min(left + wide * SIDE));
                let width = b.columns.div_ceil(SIDE);
                for number in 0..pieces {
                    let piece = piece(number);
                    let put = match put {
                        _ if piece.start == 0 => Some(put),
                        // Small terms would be rounded as the large sum before them is.
                        Put::Set if parts < 3 => None,
                        _ => Some(Put::Add),
                    };
                    let (a, b) = (a.columns(piece.clone()), b.rows(piece));
                    let mut ranges_b = [Range::default(); WIDE];
                    for (j, range) in ranges_b[..width].iter_mut().enumerate() {
                        let lanes = b.columns(side(j, b.columns)).t();
                        *range =
                            units.pack(parts, Side::B, &mut b_panels[j * panel..][..panel], lanes);
                    }
                    let of_a = Packed {
                        values: a,
                        panels: &a_panels[number * height * panel..],
                        ranges: &ranges_a[number * height..],
                        count: height,
                    };
                    let of_b =
                        Packed { values: b, panels: b_panels, ranges: &ranges_b, count: width };
                    let c = c.part(0..a.rows, left..left + b.columns);
                    blocks(&units, parts, put, c, of_a, of_b, panel);
                }
            }
        }
    }
}

/// Panels of a piece of a factor, one after the other, and what is in them.
struct Packed<'a> {
    values: Mat<'a, f32>,
    panels: &'a [u16],
    ranges: &'a [Range],
    count: usize,
}

/// The blocks of `c` that these panels make, of which each has so many values.
fn blocks<U: Units>(
    units: &U,
    parts: usize,
    put: Option<Put>,
    mut c: Window<'_, f32>,
    a: Packed<'_>,
    b: Packed<'_>,
    panel: usize,
) {
    let steps = a.values.columns.div_ceil(STEP);
    let mut sums = Sums([0.0; SIDE * SIDE]);
    let (later, adds) = (put.is_none(), put == Some(Put::Add));
    for some in (0..a.count).step_by(HIGH) {
        for (i, j) in
            (0..b.count).flat_map(|j| (some..a.count.min(some + HIGH)).map(move |i| (i, j)))
        {
            let (rows, columns) = (side(i, a.values.rows), side(j, b.values.columns));
            let mut block = c.part(rows.clone(), columns.clone());
            if !a.ranges[i].fits(b.ranges[j]) {
                f32::multiply(
                    put.unwrap_or(Put::Add),
                    block,
                    a.values.rows(rows),
                    b.values.columns(columns),
                );
                continue;
            }
            let (of_a, of_b) = (&a.panels[i * panel..][..panel], &b.panels[j * panel..][..panel]);
            if block.rows() == SIDE && block.columns() == SIDE && !adds {
                let out = Out { adds: later, start: block.row_start(0), stride: block.stride() };
                // SAFETY: the window is as large as a block.
                unsafe { units.block(parts, out, of_a, of_b, steps) };
                continue;
            }
            if later {
                for (row, sums) in sums.0.chunks_exact_mut(SIDE).enumerate().take(block.rows()) {
                    sums[..columns.len()].copy_from_slice(block.row(row));
                }
            }
            let out = Out { adds: later, start: sums.0.as_mut_ptr(), stride: SIDE };
            // SAFETY: the sums are as large as a block.
            unsafe { units.block(parts, out, of_a, of_b, steps) };
            bring(adds, block, &sums);
        }
    }
}

/// Writes sums, or adds them to what is there.
#[inline(never)]
fn bring(adds: bool, mut c: Window<'_, f32>, sums: &Sums) {
    simd::dispatch(
        #[inline(always)]
        || {
            for (row, sums) in sums.0.chunks_exact(SIDE).enumerate().take(c.rows()) {
                let row = c.row(row);
                match row.as_mut_array::<SIDE>() {
                    _ if !adds => row.copy_from_slice(&sums[..row.len()]),
                    Some(row) => (0..SIDE).for_each(|i| row[i] += sums[i]),
                    None => row.iter_mut().zip(sums).for_each(|(x, sum)| *x += sum),
                }
            }
        },
    );
}

/// A block that begins with a cache line.
#[repr(align(64))]
struct Sums([f32; SIDE * SIDE]);

/// The lanes of a panel, of so many in all.
fn side(number: usize, all: usize) -> std::ops::Range<usize> {
    number * SIDE..all.min((number + 1) * SIDE)
}
