use chainrule_tensor::Real;

use super::{Callback, EpochEnd, FitPlan, Flow, Monitor};
use crate::check::not_negative;
use crate::snapshot::Memory;

/// Stops when the watched number has not improved by more than a margin for some epochs in a row.
///
/// A metric that the trainer does not have is refused before the first step.
#[derive(Clone, Debug)]
pub struct EarlyStopping {
    monitor: Monitor,
    patience: usize,
    margin: f64,
    best: Option<f64>,
    waited: usize,
    stopped: Option<usize>,
}

impl EarlyStopping {
    /// Stops after `patience` epochs without improvement.
    #[must_use]
    pub fn new(monitor: Monitor, patience: usize) -> Self {
        EarlyStopping { monitor, patience, margin: 0.0, best: None, waited: 0, stopped: None }
    }

    /// The margin that an improvement must exceed; finite and not negative, 0 by default. A trainer
    /// refuses another.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> Self {
        self.margin = margin;
        self
    }

    /// The epoch after which it stopped training, if it did.
    #[must_use]
    pub fn stopped_after(&self) -> Option<usize> {
        self.stopped
    }
}

impl<T: Real> Callback<T> for EarlyStopping {
    fn monitors(&self) -> Vec<&Monitor> {
        vec![&self.monitor]
    }

    fn check(&self) -> Result<(), String> {
        not_negative("early stopping", "the margin", self.margin)
    }

    fn start(&mut self, _: &FitPlan) {
        (self.best, self.waited, self.stopped) = (None, 0, None);
    }

    fn remembers(&self) -> Option<&'static str> {
        Some("early_stopping")
    }

    fn remember(&self, memory: &mut Memory<T>) {
        memory.put("best", self.best);
        memory.put("waited", Some(self.waited as f64));
    }

    fn recall(&mut self, memory: &Memory<T>) -> Result<(), String> {
        (self.best, self.waited) = (memory.number("best"), memory.count("waited"));
        Ok(())
    }

    fn epoch_end(&mut self, epoch: &EpochEnd<'_, T>) -> Flow {
        let value = self.monitor.value(epoch.record).unwrap_or(f64::NAN);
        if self.monitor.improves(value, self.best, self.margin) {
            (self.best, self.waited) = (Some(value), 0);
            return Flow::Continue;
        }
        self.waited += 1;
        if self.waited < self.patience.max(1) {
            return Flow::Continue;
        }
        self.stopped = Some(epoch.record.epoch);
        Flow::Stop
    }
}
