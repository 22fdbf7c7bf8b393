use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use super::MAX_THREADS;

/// A mutable slice cut into chunks of equal length, the last perhaps shorter, for threads to take
/// one each.
#[derive(Debug)]
pub struct Chunks<'a, T> {
    start: *mut T,
    len: usize,
    chunk: usize,
    taken: AtomicU64,
    borrowed: PhantomData<&'a mut [T]>,
}

// SAFETY: a `Chunks` gives each chunk away once, as an exclusive borrow: sharing it is like sending
// the chunks to different threads.
unsafe impl<T: Send> Sync for Chunks<'_, T> {}
// SAFETY: it stands for the exclusive borrow of the slice.
unsafe impl<T: Send> Send for Chunks<'_, T> {}

impl<'a, T> Chunks<'a, T> {
    /// Cuts `values` into chunks of `chunk` elements.
    ///
    /// # Panics
    /// If that gives more than [`MAX_THREADS`] chunks, or `chunk` is 0 while there are values.
    #[track_caller]
    #[must_use]
    pub fn new(values: &'a mut [T], chunk: usize) -> Self {
        assert!(values.is_empty() || chunk > 0, "a chunk holds at least one value");
        let count = if values.is_empty() { 0 } else { values.len().div_ceil(chunk) };
        assert!(count <= MAX_THREADS, "at most {MAX_THREADS} chunks");
        let (start, len) = (values.as_mut_ptr(), values.len());
        Chunks { start, len, chunk, taken: AtomicU64::new(0), borrowed: PhantomData }
    }

    /// The chunk at this position; empty past the end.
    ///
    /// # Panics
    /// If it was taken before.
    #[track_caller]
    #[allow(clippy::mut_from_ref, reason = "each chunk is given away once")]
    pub fn take(&self, part: usize) -> &'a mut [T] {
        let begin = part.saturating_mul(self.chunk).min(self.len);
        let end = begin.saturating_add(self.chunk).min(self.len);
        if begin == end {
            return &mut [];
        }
        let bit = 1_u64 << part;
        assert!(
            self.taken.fetch_or(bit, Ordering::Relaxed) & bit == 0,
            "chunk {part} was taken before"
        );
        // SAFETY: `begin..end` lies within the slice that is borrowed for `'a`; chunks of different
        // parts do not overlap, and `taken` lets each be given away only once.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(begin), end - begin) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::Pool;

    #[test]
    fn chunks_hold_what_a_plain_split_holds() {
        for len in [0, 1, 9, 10, 11] {
            let mut values: Vec<usize> = (0..len).collect();
            let mut plain = values.clone();
            let chunks = Chunks::new(&mut values, 5);
            Pool::new(2).run(3, |part| {
                for value in chunks.take(part) {
                    *value = *value * 10 + part;
                }
            });
            for (part, chunk) in plain.chunks_mut(5).enumerate() {
                chunk.iter_mut().for_each(|value| *value = *value * 10 + part);
            }
            assert_eq!(values, plain);
        }
    }

    #[test]
    fn chunks_of_none_are_none() {
        assert!(Chunks::<f32>::new(&mut [], 0).take(0).is_empty());
        assert!(Chunks::<f32>::new(&mut [], 0).take(usize::MAX).is_empty());
    }

    // Memory safety: sizes of 0.
    #[test]
    #[should_panic(expected = "a chunk holds at least one value")]
    fn an_empty_chunk_of_some_values_panics() {
        let _ = Chunks::new(&mut [0; 4], 0);
    }

    #[test]
    #[should_panic(expected = "chunk 1 was taken before")]
    fn a_chunk_is_given_away_once() {
        let mut values = [0; 4];
        let chunks = Chunks::new(&mut values, 2);
        let _ = (chunks.take(1), chunks.take(1));
    }
}
