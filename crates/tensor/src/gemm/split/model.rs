//! The product of the matrix units, to the bit, in plain Rust: the oracle of the tests on every
//! machine.
//!
//! An instruction adds to each sum `c` the chain of the even products plus the chain of the odd
//! ones. Each is a chain of fused multiplications and additions that begins with 0. All are rounded
//! to the nearest, to even where two are as near; denormal numbers count as 0, and results that
//! would be denormal are 0.

use super::blocks::{Out, Units};
use super::parts::{Range, SIDE, STEP, Side, TILE, TILE_ROWS, nearest, panel_len, value};
use crate::gemm::Mat;

pub(super) struct Model;

/// `c + a b` for a row of a tile of `a` and a column of one of `b`, of `STEP` values each.
fn sum(c: f32, a: &[u16], b: &[u16]) -> f32 {
    let mut chains = [0.0, 0.0];
    for k in 0..STEP {
        let (a, b) = (flush(value(a[k])), flush(value(b[k])));
        chains[k % 2] = flush(a.mul_add(b, chains[k % 2]));
    }
    flush(flush(c) + flush(chains[0] + chains[1]))
}

fn flush(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE { 0.0_f32.copysign(x) } else { x }
}

/// Which parts of `a` and `b` make the terms: those of all steps before the others, each step after
/// step.
fn terms(parts: usize) -> &'static [&'static [(usize, usize)]] {
    match parts {
        1 => &[&[(0, 0)]],
        2 => &[&[(1, 0), (0, 1), (0, 0)]],
        _ => &[&[(2, 0), (1, 0), (1, 1), (0, 1), (0, 2)], &[(0, 0)]],
    }
}

/// Where a value of a lane is in a panel.
fn place(side: Side, parts: usize, lane: usize, k: usize, part: usize) -> usize {
    let tile = TILE * ((k / STEP * parts + part) * 2 + lane / TILE_ROWS);
    let (lane, k) = (lane % TILE_ROWS, k % STEP);
    tile + match side {
        Side::A => lane * STEP + k,
        Side::B => k / 2 * STEP + 2 * lane + k % 2,
    }
}

impl Units for Model {
    unsafe fn configured() -> Self {
        Model
    }

    fn pack(&self, parts: usize, side: Side, panel: &mut [u16], lanes: Mat<'_, f32>) -> Range {
        let (mut least, mut greatest) = (u32::MAX, 0);
        for (lane, k) in (0..SIDE)
            .flat_map(|lane| (0..lanes.columns.next_multiple_of(STEP)).map(move |k| (lane, k)))
        {
            let is_there = lane < lanes.rows && k < lanes.columns;
            let at = lane * lanes.row_stride + k * lanes.column_stride;
            let mut left = if is_there { lanes.values[at] } else { 0.0 };
            let magnitude = left.to_bits() & 0x7fff_ffff;
            least = least.min(magnitude.wrapping_sub(1));
            greatest = greatest.max(magnitude);
            for part in 0..parts {
                let x = nearest(left);
                panel[place(side, parts, lane, k, part)] = x;
                left -= value(x);
            }
        }
        Range::of(least, greatest)
    }

    unsafe fn block(&self, parts: usize, out: Out, a: &[u16], b: &[u16], steps: usize) {
        let Out { adds, start: c, stride } = out;
        assert!(panel_len(parts, steps) <= a.len().min(b.len()));
        let places = (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| row * stride + column));
        // SAFETY: `c` has as many rows and columns, by the caller's word.
        places.for_each(|at| unsafe {
            *c.add(at) = if adds { flush(*c.add(at)) + 0.0 } else { 0.0 }
        });
        let steps = terms(parts).iter().flat_map(|terms| (0..steps).map(move |step| (step, terms)));
        for (step, &(of_a, of_b)) in
            steps.flat_map(|(step, terms)| terms.iter().map(move |term| (step, term)))
        {
            for column in 0..SIDE {
                let of_column = |k| b[place(Side::B, parts, column, step * STEP + k, of_b)];
                let of_column: [u16; STEP] = std::array::from_fn(of_column);
                for row in 0..SIDE {
                    let a = &a[place(Side::A, parts, row, step * STEP, of_a)..][..STEP];
                    // For the sake of time, since lanes that are missing are many: a sum with 0
                    // stays as it is.
                    if of_column != [0; STEP] && a != [0; STEP] {
                        // SAFETY: as above.
                        let c = unsafe { &mut *c.add(row * stride + column) };
                        *c = sum(*c, a, &of_column);
                    }
                }
            }
        }
    }
}
