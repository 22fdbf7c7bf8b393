/// Gives out buffers by number and takes them back, so that values whose lifetimes do not overlap
/// share one.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    lens: Vec<usize>,
    free: Vec<usize>,
}

impl Buffers {
    /// A buffer that no one else has, of at least `len` elements: the smallest free one that fits,
    /// else the largest free one grown, else a new one.
    pub(super) fn take(&mut self, len: usize) -> usize {
        let fitting = self.free.iter().enumerate().filter(|(_, buffer)| self.lens[**buffer] >= len);
        let best = fitting.min_by_key(|(_, buffer)| self.lens[**buffer]);
        let chosen = best
            .or_else(|| self.free.iter().enumerate().max_by_key(|(_, buffer)| self.lens[**buffer]));
        match chosen.map(|(position, _)| position) {
            Some(position) => {
                let buffer = self.free.swap_remove(position);
                self.lens[buffer] = self.lens[buffer].max(len);
                buffer
            }
            None => self.own(len),
        }
    }

    /// A new buffer that is never given back.
    pub(super) fn own(&mut self, len: usize) -> usize {
        self.lens.push(len);
        self.lens.len() - 1
    }

    pub(super) fn give_back(&mut self, buffer: usize) {
        debug_assert!(!self.free.contains(&buffer), "buffer {buffer} was given back twice");
        self.free.push(buffer);
    }

    /// The length that each buffer must have.
    pub(super) fn into_lens(self) -> Vec<usize> {
        self.lens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_buffers_are_reused_best_fit_first_and_grown_if_none_fits() {
        let mut buffers = Buffers::default();
        let (small, large) = (buffers.take(10), buffers.take(100));
        assert_ne!(small, large);
        buffers.give_back(small);
        buffers.give_back(large);
        assert_eq!(buffers.take(8), small);
        assert_eq!(buffers.take(200), large);
        assert_eq!(buffers.into_lens(), [10, 200]);
    }
}
