use std::slice::Chunks;

use chainrule_tensor::random::{Generator, generator};
use rand::seq::SliceRandom;

use crate::{DataError, check};

/// The order in which samples are visited, cut into batches: it yields indices, and
/// [`Dataset::gather`](crate::Dataset::gather) copies the samples of one batch.
///
/// Each epoch visits each sample once, in a new random order. Nothing is allocated after the
/// construction.
///
/// ```
/// use chainrule_data::{Batches, Dataset, Targets};
/// use chainrule_tensor::Tensor;
///
/// let data = Dataset::new(Tensor::<f32>::ones([10, 3]), Targets::Values(Tensor::ones([10, 1])))?;
/// let mut batches = Batches::shuffled(data.len(), 4, 7)?;
/// let mut inputs = vec![0.0; 4 * data.input_width()];
/// let mut targets = vec![0.0; 4 * data.targets().width()];
/// for _ in 0..2 {
///     for batch in batches.epoch() {
///         let (inputs, targets) = (&mut inputs[..batch.len() * 3], &mut targets[..batch.len()]);
///         data.gather(batch, inputs, targets);
///     }
/// }
/// assert_eq!(batches.epoch().map(<[usize]>::len).collect::<Vec<_>>(), [4, 4, 2]);
/// # Ok::<(), chainrule_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Batches {
    order: Vec<usize>,
    batch_size: usize,
    drop_last: bool,
    /// `None` leaves the samples in their order.
    generator: Option<Generator>,
}

impl Batches {
    /// Batches in a random order, new for each epoch. The seed fixes all orders: the epoch with
    /// number `k` is the same in every run.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if there are no samples, or the batch size is 0;
    /// [`DataError::Tensor`] if memory cannot hold their order.
    pub fn shuffled(samples: usize, batch_size: usize, seed: u64) -> Result<Self, DataError> {
        let batches = Batches::in_order(samples, batch_size)?;
        Ok(Batches { generator: Some(generator(seed)), ..batches })
    }

    /// Batches in the order of the data, the same for each epoch: for evaluation and prediction.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if there are no samples, or the batch size is 0;
    /// [`DataError::Tensor`] if memory cannot hold their order.
    pub fn in_order(samples: usize, batch_size: usize) -> Result<Self, DataError> {
        for (what, value) in [("samples", samples), ("batch_size", batch_size)] {
            if value == 0 {
                let (rule, value) = ("at least 1".into(), "0".into());
                return Err(DataError::Parameter { op: "Batches", what, rule, value });
            }
        }
        check::memory::<usize>("Batches", samples.into())?;
        Ok(Batches { order: (0..samples).collect(), batch_size, drop_last: false, generator: None })
    }

    /// Leaves out the last batch of each epoch if it is smaller than the others. By default it is
    /// kept.
    ///
    /// With a random order other samples are left out in each epoch.
    ///
    /// # Errors
    /// [`DataError::Parameter`] if a batch is larger than the data, which would leave no batch at
    /// all.
    pub fn drop_last(self) -> Result<Self, DataError> {
        if self.batch_size > self.samples() {
            let rule = format!(
                "at most {}, the number of samples, if the last batch is dropped",
                self.samples()
            );
            let value = self.batch_size.to_string();
            return Err(DataError::Parameter { op: "Batches", what: "batch_size", rule, value });
        }
        Ok(Batches { drop_last: true, ..self })
    }

    /// The next epoch's batches, each a slice of sample indices.
    ///
    /// All have [`batch_size`](Batches::batch_size) indices but the last, which has the rest.
    #[must_use = "an epoch that is not read is skipped"]
    pub fn epoch(&mut self) -> Chunks<'_, usize> {
        if let Some(generator) = &mut self.generator {
            self.order.shuffle(generator);
        }
        let rest = if self.drop_last { self.order.len() % self.batch_size } else { 0 };
        self.order[..self.order.len() - rest].chunks(self.batch_size)
    }

    /// The number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.order.len()
    }

    /// The number of samples in each batch but perhaps the last.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// The number of batches in an epoch.
    #[must_use]
    pub fn count(&self) -> usize {
        match self.drop_last {
            true => self.order.len() / self.batch_size,
            false => self.order.len().div_ceil(self.batch_size),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(mut batches: Batches) -> Vec<usize> {
        let lengths: Vec<usize> = batches.epoch().map(<[usize]>::len).collect();
        assert_eq!(lengths.len(), batches.count());
        lengths
    }

    #[test]
    fn an_epoch_visits_each_sample_once() {
        for samples in 1..40 {
            for batch_size in 1..45 {
                let mut batches = Batches::shuffled(samples, batch_size, 9).unwrap();
                for _ in 0..3 {
                    let mut seen: Vec<usize> = batches.epoch().flatten().copied().collect();
                    seen.sort_unstable();
                    assert_eq!(
                        seen,
                        (0..samples).collect::<Vec<_>>(),
                        "{samples} in batches of {batch_size}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_last_batch_has_the_rest() {
        assert_eq!(lengths(Batches::shuffled(10, 4, 0).unwrap()), [4, 4, 2]);
        assert_eq!(lengths(Batches::shuffled(8, 4, 0).unwrap()), [4, 4]);
        assert_eq!(lengths(Batches::shuffled(3, 8, 0).unwrap()), [3]);
        assert_eq!(lengths(Batches::shuffled(3, usize::MAX, 0).unwrap()), [3]);
    }

    #[test]
    fn the_last_batch_can_be_dropped() {
        assert_eq!(lengths(Batches::shuffled(10, 4, 0).unwrap().drop_last().unwrap()), [4, 4]);
        assert_eq!(lengths(Batches::shuffled(8, 4, 0).unwrap().drop_last().unwrap()), [4, 4]);
        assert_eq!(lengths(Batches::in_order(4, 4).unwrap().drop_last().unwrap()), [4]);
        let error = Batches::shuffled(3, 8, 0).unwrap().drop_last().unwrap_err();
        assert_eq!(
            error.to_string(),
            "Batches: batch_size must be at most 3, the number of samples, if the last batch is \
             dropped, not 8"
        );
    }

    #[test]
    fn the_seed_fixes_all_epochs_and_no_two_are_alike() {
        let orders = |seed| {
            let mut batches = Batches::shuffled(50, 7, seed).unwrap();
            [(); 3].map(|()| batches.epoch().flatten().copied().collect::<Vec<_>>())
        };
        let [first, second, third] = orders(1);
        assert_eq!([first.clone(), second.clone(), third.clone()], orders(1));
        assert!(first != second && second != third && first != third);
        assert_ne!(first, orders(2)[0]);
    }

    #[test]
    fn in_order_means_the_order_of_the_data() {
        let mut batches = Batches::in_order(5, 2).unwrap();
        for _ in 0..2 {
            assert_eq!(batches.epoch().collect::<Vec<_>>(), [&[0, 1][..], &[2, 3], &[4]]);
        }
    }

    #[test]
    fn an_epoch_moves_no_memory() {
        let mut batches = Batches::shuffled(1000, 32, 0).unwrap();
        let (at, capacity) = (batches.order.as_ptr(), batches.order.capacity());
        for _ in 0..10 {
            assert_eq!(batches.epoch().flatten().count(), 1000);
        }
        assert_eq!((batches.order.as_ptr(), batches.order.capacity()), (at, capacity));
    }

    #[test]
    fn no_samples_and_a_batch_of_none_are_errors() {
        let error = Batches::shuffled(0, 4, 0).unwrap_err().to_string();
        assert_eq!(error, "Batches: samples must be at least 1, not 0");
        let error = Batches::shuffled(4, 0, 0).unwrap_err().to_string();
        assert_eq!(error, "Batches: batch_size must be at least 1, not 0");
    }
}
