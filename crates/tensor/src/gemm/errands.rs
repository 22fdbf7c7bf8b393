//! Errands of tiles on the way: they fetch what comes later, and tall ones copy the next panel of
//! `b`. A little at a time, so that nobody waits for it.

use super::Mat;
use crate::Real;
use crate::simd::{self, LINE};

/// After at most so many steps of the inner length a tile does some of it: more at once fills the
/// queue of values that the processor waits for.
const MOST_STEPS: usize = 16;

/// Of a tile.
const MOST_ROWS: usize = 12;

/// So many panels ahead one is fetched where the second cache is large. Products of 16 and 32 rows
/// take 0.93 to 1.00 of the time of those that fetch the next one, in bursts, into the first cache.
const AHEAD: usize = 4;

/// So many rows before they are copied they are fetched to the first cache.
const SOON: usize = 8;

pub(super) struct Errands<T> {
    /// True if they are done between the steps of tall tiles, else before those of each tile. There
    /// the loop around the steps costs more registers and code than it brings.
    pub spread: bool,
    /// True if the panel [`AHEAD`] is fetched, into the second cache, else the next one into the
    /// first.
    far: bool,
    /// After so many steps it is time for some of it, an even number, and how often that is for
    /// each panel.
    pub steps: usize,
    times: usize,
    /// So many rows of `c` its tile fetches each time, until it has all.
    pub rows_of_c: usize,
    lines: Lines<T>,
    copy: Copy<T>,
}

/// Lines to fetch into the second cache, in runs that begin `step` apart.
struct Lines<T> {
    run: *const T,
    step: usize,
    of_run: usize,
    line: usize,
    left: usize,
    at_once: usize,
}

/// Rows that are copied, one after the other.
struct Copy<T> {
    from: *const T,
    step: usize,
    to: *mut T,
    left: usize,
}

impl<T: Real> Errands<T> {
    /// For panels of so many tiles, of which the first ones are tall; `far` as the field.
    #[inline(always)]
    pub fn new(far: bool, tall: usize, tiles: usize, inner: usize, fetches_c: bool) -> Self {
        let spread = tall > 0;
        // The tall tiles of a panel copy as many rows as each has steps.
        let steps = if spread { (tall / 2 * 2).min(MOST_STEPS) } else { inner };
        let times = inner.div_ceil(steps);
        Errands {
            far,
            spread,
            steps,
            times: tall * times + tiles - tall,
            rows_of_c: if fetches_c { MOST_ROWS.div_ceil(times) } else { 0 },
            lines: Lines {
                run: std::ptr::null(),
                step: 0,
                of_run: 1,
                line: 0,
                left: 0,
                at_once: 0,
            },
            copy: Copy { from: std::ptr::null(), step: 0, to: std::ptr::null_mut(), left: 0 },
        }
    }

    /// How far the panel is that is to be fetched.
    #[inline(always)]
    pub fn panels_ahead(&self) -> usize {
        if self.far { AHEAD } else { 1 }
    }

    /// All of `b`.
    #[inline(always)]
    pub fn fetch(&mut self, b: Mat<'_, T>) {
        let (runs, length, step) = if b.column_stride == 1 {
            (b.rows, b.columns, b.row_stride)
        } else {
            (b.columns, b.rows, b.column_stride)
        };
        let of_run = simd::lines(length * size_of::<T>(), step * size_of::<T>());
        let left = if length > 0 { runs * of_run } else { 0 };
        self.lines = Lines {
            run: b.values.as_ptr(),
            step,
            of_run,
            line: 0,
            left,
            at_once: left.div_ceil(self.times),
        };
    }

    /// The rows of `b`, which are `W` long, to `out`. With [`finish_copy`](Self::finish_copy) all
    /// are there.
    #[inline(always)]
    pub fn copy<const W: usize>(&mut self, b: Mat<'_, T>, out: &mut [T]) {
        assert!(b.column_stride == 1 && b.columns == W);
        assert!((b.rows - 1) * b.row_stride + W <= b.values.len() && b.rows * W <= out.len());
        self.copy = Copy {
            from: b.values.as_ptr(),
            step: b.row_stride,
            to: out.as_mut_ptr(),
            left: b.rows,
        };
    }

    #[inline(always)]
    pub fn finish_copy<const W: usize>(&mut self) {
        while self.copy.left > 0 {
            self.copy_row::<W>();
        }
    }

    #[inline(always)]
    fn copy_row<const W: usize>(&mut self) {
        let Copy { from, step, to, left } = &mut self.copy;
        let soon = from.wrapping_add(SOON * *step);
        for line in 0..(W * size_of::<T>()).div_ceil(LINE) {
            simd::prefetch_line(soon.wrapping_byte_add(line * LINE));
        }
        // SAFETY: a row is left, as who calls this knows, and both sides have it, as was asserted.
        unsafe { *to.cast::<[T; W]>() = *from.cast::<[T; W]>() };
        (*from, *to, *left) = (from.wrapping_add(*step), to.wrapping_add(W), *left - 1);
    }

    #[inline(always)]
    pub fn fetch_lines(&mut self) {
        let Lines { run, step, of_run, line, left, at_once } = &mut self.lines;
        for _ in 0..(*at_once).min(*left) {
            let at = run.wrapping_byte_add(*line * LINE);
            if self.far {
                simd::prefetch_line_far(at)
            } else {
                simd::prefetch_line(at)
            }
            *line += 1;
            if line == of_run {
                (*run, *line) = (run.wrapping_add(*step), 0);
            }
        }
        *left = left.saturating_sub(*at_once);
    }

    /// Returns true if anything is left.
    #[inline(always)]
    pub fn are_left(&self) -> bool {
        self.rows_of_c + self.lines.left + self.copy.left > 0
    }

    /// Some of it.
    #[inline(always)]
    pub fn some<const W: usize>(&mut self) {
        if self.lines.left > 0 {
            self.fetch_lines();
        }
        if self.copy.left > 0 {
            self.copy_row::<W>();
        }
    }
}
