use std::fmt;

use chainrule_tensor::Real;

use super::{BatchEnd, Callback, EpochEnd, FitPlan, Flow};
use crate::history::EpochRecord;

/// Tells a function how training goes, for a progress bar or a log.
pub struct Progress<F> {
    tell: F,
}

/// The news of a training.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ProgressEvent<'a> {
    /// Training is about to begin.
    Start(&'a FitPlan),
    /// A batch is done.
    Batch(&'a BatchEnd),
    /// An epoch is done, validation included.
    Epoch(&'a EpochRecord),
    /// Training is over.
    End,
}

impl<F: FnMut(ProgressEvent<'_>)> Progress<F> {
    /// Tells `tell`.
    #[must_use]
    pub fn new(tell: F) -> Self {
        Progress { tell }
    }
}

impl<T: Real, F: FnMut(ProgressEvent<'_>)> Callback<T> for Progress<F> {
    fn start(&mut self, plan: &FitPlan) {
        (self.tell)(ProgressEvent::Start(plan));
    }

    fn batch_end(&mut self, batch: &BatchEnd) {
        (self.tell)(ProgressEvent::Batch(batch));
    }

    fn epoch_end(&mut self, epoch: &EpochEnd<'_, T>) -> Flow {
        (self.tell)(ProgressEvent::Epoch(epoch.record));
        Flow::Continue
    }

    fn end(&mut self, _: &mut chainrule_graph::Params<T>) {
        (self.tell)(ProgressEvent::End);
    }
}

impl<F> fmt::Debug for Progress<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
