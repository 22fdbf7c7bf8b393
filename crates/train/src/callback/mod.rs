//! Callbacks: what looks on while a model trains, and may stop it.

mod best_weights;
mod early_stopping;
mod monitor;
mod progress;

use std::fmt::Debug;

use chainrule_graph::Params;
use chainrule_tensor::Real;

use crate::history::EpochRecord;

pub use best_weights::BestWeights;
pub use early_stopping::EarlyStopping;
pub use monitor::Monitor;
pub use progress::{Progress, ProgressEvent};

/// What looks on while a model trains. All methods do nothing by default.
pub trait Callback<T: Real = f32>: Debug {
    /// Before the first epoch.
    fn start(&mut self, plan: &FitPlan) {
        let _ = plan;
    }

    /// After each batch of training.
    fn batch_end(&mut self, batch: &BatchEnd) {
        let _ = batch;
    }

    /// After each epoch, validation included.
    fn epoch_end(&mut self, epoch: &EpochEnd<'_, T>) -> Flow {
        let _ = epoch;
        Flow::Continue
    }

    /// After the last epoch, however it came about; the parameters may be replaced.
    fn end(&mut self, params: &mut Params<T>) {
        let _ = params;
    }
}

impl<T: Real, C: Callback<T> + ?Sized> Callback<T> for &mut C {
    fn start(&mut self, plan: &FitPlan) {
        (**self).start(plan);
    }
    fn batch_end(&mut self, batch: &BatchEnd) {
        (**self).batch_end(batch);
    }
    fn epoch_end(&mut self, epoch: &EpochEnd<'_, T>) -> Flow {
        (**self).epoch_end(epoch)
    }
    fn end(&mut self, params: &mut Params<T>) {
        (**self).end(params);
    }
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// With the next epoch.
    Continue,
    /// No more epochs.
    Stop,
}

/// What is about to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FitPlan {
    /// The number of epochs.
    pub epochs: usize,
    /// The number of batches in an epoch.
    pub batches: usize,
    /// The number of samples in an epoch.
    pub samples: usize,
}

/// How far training is after a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchEnd {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The batch within the epoch, from 1.
    pub batch: usize,
    /// The number of samples in the batch.
    pub samples: usize,
    /// The mean loss of the epoch so far.
    pub loss: f64,
}

/// How far training is after an epoch.
#[derive(Debug)]
pub struct EpochEnd<'a, T: Real> {
    /// Loss and metrics of this epoch.
    pub record: &'a EpochRecord,
    /// The parameters after it.
    pub params: &'a Params<T>,
}
