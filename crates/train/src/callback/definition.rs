use std::fmt::Debug;

use chainrule_graph::Params;
use chainrule_tensor::Real;

use super::{Monitor, TraceEvent};
use crate::history::EpochRecord;
use crate::snapshot::Memory;

/// An onlooker while a model trains. All methods do nothing by default.
///
/// A callback may look on at one training after the other, of the same model or of another one,
/// however the last one ended. [`start`](Callback::start) begins anew, as steps, epochs and the
/// optimizer's memory do. What it has seen of the last training is there until then. One that
/// cannot begin anew says so by [`accepts`](Callback::accepts), before the first step.
pub trait Callback<T: Real = f32>: Debug {
    /// The numbers of an epoch that it goes by. The trainer refuses those that there are not,
    /// before the first step.
    fn monitors(&self) -> Vec<&Monitor> {
        Vec::new()
    }

    /// Checks that it can look on at this training; asked before [`start`](Callback::start). By
    /// default yes.
    ///
    /// # Errors
    /// Why not, and what to do.
    fn accepts(&self, plan: &FitPlan) -> Result<(), String> {
        let _ = plan;
        Ok(())
    }

    /// Before the first epoch: forgets an earlier training.
    fn start(&mut self, plan: &FitPlan) {
        let _ = plan;
    }

    /// After each batch of training.
    fn batch_end(&mut self, batch: &BatchEnd) {
        let _ = batch;
    }

    /// After each step of the optimizer, before the end of its batch.
    fn step_end(&mut self, step: &StepEnd<'_, T>) {
        let _ = step;
    }

    /// Returns true if it wants to be shown the passes of this step, operation by operation; by
    /// default not, which costs nothing. Steps count over all epochs from 1. What is computed is
    /// the same bits either way.
    fn wants_trace(&self, step: u64) -> bool {
        let _ = step;
        false
    }

    /// One moment of a batch of a step that [`wants_trace`](Callback::wants_trace) has asked for.
    fn traced(&mut self, event: &TraceEvent<'_, T>) {
        let _ = event;
    }

    /// Before an epoch is validated: the parameters may be exchanged for others, which validation
    /// and every [`epoch_end`](Callback::epoch_end) then see.
    fn before_validation(&mut self, params: &mut Params<T>) {
        let _ = params;
    }

    /// After every [`epoch_end`](Callback::epoch_end): what was exchanged before validation must be
    /// put back.
    fn after_validation(&mut self, params: &mut Params<T>) {
        let _ = params;
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

    /// The name by which a [`Snapshot`](crate::Snapshot) keeps its memory, if it needs one to look
    /// on at the rest of a training; by default none.
    fn remembers(&self) -> Option<&'static str> {
        None
    }

    /// Writes down what it has to know after this epoch, if it [remembers](Callback::remembers)
    /// anything.
    fn remember(&self, memory: &mut Memory<T>) {
        let _ = memory;
    }

    /// Goes on from what it wrote down, right behind [`start`](Callback::start).
    ///
    /// # Errors
    /// What does not fit.
    fn recall(&mut self, memory: &Memory<T>) -> Result<(), String> {
        let _ = memory;
        Ok(())
    }

    /// Checks that the settings make sense. By default they do.
    ///
    /// # Errors
    /// Which one does not, and what it must be.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl<T: Real, C: Callback<T> + ?Sized> Callback<T> for &mut C {
    fn monitors(&self) -> Vec<&Monitor> {
        (**self).monitors()
    }
    fn accepts(&self, plan: &FitPlan) -> Result<(), String> {
        (**self).accepts(plan)
    }
    fn start(&mut self, plan: &FitPlan) {
        (**self).start(plan);
    }
    fn batch_end(&mut self, batch: &BatchEnd) {
        (**self).batch_end(batch);
    }
    fn step_end(&mut self, step: &StepEnd<'_, T>) {
        (**self).step_end(step);
    }
    fn wants_trace(&self, step: u64) -> bool {
        (**self).wants_trace(step)
    }
    fn traced(&mut self, event: &TraceEvent<'_, T>) {
        (**self).traced(event);
    }
    fn before_validation(&mut self, params: &mut Params<T>) {
        (**self).before_validation(params);
    }
    fn after_validation(&mut self, params: &mut Params<T>) {
        (**self).after_validation(params);
    }
    fn check(&self) -> Result<(), String> {
        (**self).check()
    }
    fn remembers(&self) -> Option<&'static str> {
        (**self).remembers()
    }
    fn remember(&self, memory: &mut Memory<T>) {
        (**self).remember(memory);
    }
    fn recall(&mut self, memory: &Memory<T>) -> Result<(), String> {
        (**self).recall(memory)
    }
    fn epoch_end(&mut self, epoch: &EpochEnd<'_, T>) -> Flow {
        (**self).epoch_end(epoch)
    }
    fn end(&mut self, params: &mut Params<T>) {
        (**self).end(params);
    }
}

/// The answer of a callback: to go on, or to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// With the next epoch.
    Continue,
    /// No more epochs.
    Stop,
}

/// The training that is about to begin, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FitPlan {
    /// The number of epochs.
    pub epochs: usize,
    /// The number of batches in an epoch.
    pub batches: usize,
    /// The number of samples in an epoch.
    pub samples: usize,
    /// The length of the flat vector of parameters.
    pub weights: usize,
    /// The length of the flat vector of statistics.
    pub statistics: usize,
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
    /// The divisor of the batch's mean loss: the number of samples, unless the loss
    /// [states](chainrule_nn::Loss::divisor) another. A batch of which it is 0 counts nothing.
    pub divisor: f64,
    /// The mean loss of the epoch so far, each batch by its divisor; NaN before one has counted.
    pub loss: f64,
}

/// How far training is after a step of the optimizer.
#[derive(Debug)]
pub struct StepEnd<'a, T: Real> {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The step over all epochs, from 1.
    pub step: u64,
    /// The learning rate that it was made with.
    pub learning_rate: f64,
    /// The parameters after it.
    pub params: &'a Params<T>,
}

/// How far training is after an epoch.
#[derive(Debug)]
pub struct EpochEnd<'a, T: Real> {
    /// Loss and metrics of this epoch.
    pub record: &'a EpochRecord,
    /// The parameters after it.
    pub params: &'a Params<T>,
}
