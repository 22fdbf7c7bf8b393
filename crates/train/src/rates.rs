//! The learning rate of each step of a training.

use crate::TrainError;
use crate::callback::Monitor;
use crate::history::EpochRecord;
use crate::optimizer::Pace;
use crate::schedule::{Interval, Plateau, Schedule};

/// The optimizer's own rate, lowered on a plateau, as the base of a schedule.
pub(crate) struct Rates<'r> {
    pub(crate) base: f64,
    pub(crate) schedule: Option<(&'r dyn Schedule, Interval)>,
    pub(crate) plateau: Option<(Plateau, &'r Monitor)>,
}

impl Rates<'_> {
    /// The rate, and the momentum if it follows the schedule, of the next step, in this epoch, from
    /// 1, after so many steps.
    pub(crate) fn next(&self, epoch: usize, steps: u64) -> Result<Pace, TrainError> {
        let base = self.plateau.as_ref().map_or(self.base, |(plateau, _)| plateau.learning_rate());
        let Some((schedule, interval)) = self.schedule else {
            return Ok(Pace { learning_rate: base, momentum: None });
        };
        let count = match interval {
            Interval::Step => steps,
            Interval::Epoch => epoch as u64 - 1,
        };
        let rate = schedule.learning_rate(base, count);
        let (name, momentum) = (schedule.name(), schedule.momentum(count));
        if let Some(momentum) = momentum.filter(|momentum| !(0.0..1.0).contains(momentum)) {
            return Err(TrainError::Setting(format!(
                "schedule `{name}` gives a momentum of {momentum} at t = {count}: it must lie in \
                 [0, 1)"
            )));
        }
        if rate >= 0.0 && rate.is_finite() {
            return Ok(Pace { learning_rate: rate, momentum });
        }
        Err(TrainError::Setting(format!(
            "schedule `{name}` gives a learning rate of {rate} at t = {count}: it must be finite \
             and not negative"
        )))
    }

    pub(crate) fn epoch_end(&mut self, record: &EpochRecord) {
        if let Some((plateau, monitor)) = &mut self.plateau {
            plateau.observe(monitor.value(record).unwrap_or(f64::NAN));
        }
    }
}
