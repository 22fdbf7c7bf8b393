//! The destination of a product: a matrix, or the part of it that one thread computes.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::MatMut;
use crate::parallel::MAX_THREADS;
use crate::simd::{self, LINE};

/// Some rows and columns of a row-major matrix, borrowed to be written to.
///
/// The rows of one window are not next to each other: between them may lie what belongs to another
/// window, hence the pointer.
#[derive(Debug)]
pub struct Window<'a, T> {
    start: *mut T,
    stride: usize,
    rows: usize,
    columns: usize,
    borrowed: PhantomData<&'a mut [T]>,
}

impl<'a, T> Window<'a, T> {
    /// All of the matrix.
    #[inline(always)]
    pub(super) fn new(c: MatMut<'a, T>) -> Self {
        let MatMut { values, rows, columns } = c;
        Window { start: values.as_mut_ptr(), stride: columns, rows, columns, borrowed: PhantomData }
    }

    #[inline(always)]
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    #[inline(always)]
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// From a row to the next.
    #[inline(always)]
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// These rows and columns of it.
    #[inline(always)]
    pub(super) fn part(&mut self, rows: Range<usize>, columns: Range<usize>) -> Window<'_, T> {
        assert!(rows.start < rows.end && rows.end <= self.rows && columns.start < columns.end);
        assert!(columns.end <= self.columns);
        self.cut(&rows, &columns)
    }

    /// These rows and columns, which the window must have and which no other window in use may
    /// share.
    #[inline(always)]
    fn cut(&self, rows: &Range<usize>, columns: &Range<usize>) -> Window<'_, T> {
        let start = self.start.wrapping_add(rows.start * self.stride + columns.start);
        Window {
            start,
            stride: self.stride,
            rows: rows.len(),
            columns: columns.len(),
            borrowed: PhantomData,
        }
    }

    /// The place of the first value of a row.
    #[inline(always)]
    pub(super) fn row_start(&mut self, row: usize) -> *mut T {
        self.start.wrapping_add(row * self.stride)
    }

    /// Asks for the cache lines of the first `W` values of a row.
    #[inline(always)]
    pub(super) fn fetch_row<const W: usize>(&mut self, row: usize) {
        let start = self.row_start(row);
        for line in 0..(W * size_of::<T>()).div_ceil(LINE) {
            simd::prefetch_line(start.wrapping_byte_add(line * LINE));
        }
    }

    /// A row, in these columns.
    #[inline(always)]
    pub(super) fn row(&mut self, row: usize) -> &mut [T] {
        assert!(row < self.rows);
        // SAFETY: the window has this row, which is borrowed with it. Compared with a plain split
        // in the tests.
        unsafe { std::slice::from_raw_parts_mut(self.row_start(row), self.columns) }
    }

    /// All values in one piece, where it has whole rows.
    pub(super) fn whole_rows(&mut self) -> Option<&mut [T]> {
        // SAFETY: with nothing between its rows, all values lie together. As above.
        (self.columns == self.stride).then(|| unsafe {
            std::slice::from_raw_parts_mut(self.start, self.rows * self.columns)
        })
    }
}

/// A matrix cut into windows, for threads to take one each: by rows or by columns, all with as many
/// but perhaps the last.
pub(super) struct Windows<'a, T> {
    whole: Window<'a, T>,
    rows: usize,
    columns: usize,
    taken: AtomicU64,
}

// SAFETY: each window is given away once, as an exclusive borrow: sharing this is like sending the
// windows to different threads.
unsafe impl<T: Send> Sync for Windows<'_, T> {}

impl<'a, T> Windows<'a, T> {
    /// Windows of so many rows and columns, one of which is all that the matrix has.
    pub(super) fn new(c: MatMut<'a, T>, rows: usize, columns: usize) -> Self {
        let whole = Window::new(c);
        assert!(rows > 0 && columns > 0 && (rows >= whole.rows || columns >= whole.columns));
        let windows = Windows { whole, rows, columns, taken: AtomicU64::new(0) };
        assert!(windows.count() <= MAX_THREADS, "at most {MAX_THREADS} windows");
        windows
    }

    pub(super) fn count(&self) -> usize {
        self.whole.rows.div_ceil(self.rows) * self.whole.columns.div_ceil(self.columns)
    }

    /// The window with this number, and which rows and columns it has.
    ///
    /// # Panics
    /// If it was taken before, or there is none.
    pub(super) fn take(&self, part: usize) -> (Window<'_, T>, Range<usize>, Range<usize>) {
        assert!(part < self.count(), "there is no window {part}");
        let bit = 1_u64 << part;
        assert!(
            self.taken.fetch_or(bit, Ordering::Relaxed) & bit == 0,
            "window {part} was taken before"
        );
        let of = |size: usize, all: usize| {
            if size >= all { 0..all } else { part * size..all.min((part + 1) * size) }
        };
        let (rows, columns) =
            (of(self.rows, self.whole.rows), of(self.columns, self.whole.columns));
        // The windows of different parts share no value, and `taken` lets each be given away only
        // once.
        (self.whole.cut(&rows, &columns), rows, columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::Pool;

    #[test]
    fn windows_by_rows_and_by_columns_hold_what_a_plain_split_holds() {
        let (rows, columns) = (5, 7);
        for (height, width) in [(5, 7), (2, 7), (1, 9), (5, 3), (6, 1), (5, 4)] {
            let mut values: Vec<usize> = (0..rows * columns).collect();
            let mut plain = values.clone();
            let windows = Windows::new(MatMut::new(&mut values, rows, columns), height, width);
            Pool::new(2).run(windows.count(), |part| {
                let (mut window, of_rows, of_columns) = windows.take(part);
                assert_eq!((window.rows(), window.columns()), (of_rows.len(), of_columns.len()));
                for row in 0..window.rows() {
                    for value in window.row(row) {
                        *value = *value * 10 + part;
                    }
                }
                let last = (of_rows.len() - 1, of_columns.len() - 1);
                window.part(last.0..last.0 + 1, last.1..last.1 + 1).row(0)[0] += 1000;
                assert_eq!(
                    window.whole_rows().map(|rows| rows.len()),
                    (width >= 7).then_some(of_rows.len() * 7)
                );
            });
            let ends =
                |at: usize, size: usize, all: usize| at + 1 == all || (at + 1).is_multiple_of(size);
            for (at, value) in plain.iter_mut().enumerate() {
                let (row, column) = (at / columns, at % columns);
                *value = *value * 10 + row / height + column / width;
                *value +=
                    1000 * usize::from(ends(row, height, rows) && ends(column, width, columns));
            }
            assert_eq!(values, plain, "{height} {width}");
        }
    }

    #[test]
    #[should_panic(expected = "window 1 was taken before")]
    fn a_window_is_given_away_once() {
        let mut values = [0; 6];
        let windows = Windows::new(MatMut::new(&mut values, 2, 3), 2, 1);
        let _ = (windows.take(1), windows.take(1));
    }
}
