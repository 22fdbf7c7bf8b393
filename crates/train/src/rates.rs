//! Learning rate, decay and dropout of each step of a training.

use crate::TrainError;
use crate::callback::Monitor;
use crate::history::EpochRecord;
use crate::optimizer::Pace;
use crate::schedule::{Interval, Plateau, Schedule};

/// The optimizer's own rate, lowered on a plateau, as the base of a schedule; and schedules of the
/// groups' weight decay and of dropout, whose base is 1.
pub(crate) struct Rates<'r> {
    pub(crate) base: f64,
    pub(crate) schedule: Option<&'r dyn Schedule>,
    pub(crate) decay: Option<&'r dyn Schedule>,
    pub(crate) dropout: Option<&'r dyn Schedule>,
    /// The unit of all of them.
    pub(crate) interval: Interval,
    /// The steps, or epochs, of the training.
    pub(crate) total: u64,
    pub(crate) plateau: Option<(Plateau, &'r Monitor)>,
}

/// The pace, the decay and the noise of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beat {
    pub(crate) pace: Pace,
    /// A factor on the groups' weight decay.
    pub(crate) decay: f64,
    /// A factor on the share that dropout drops.
    pub(crate) noise: f64,
}

impl Beat {
    /// That of no schedule but this rate.
    pub(crate) fn at(learning_rate: f64) -> Self {
        Beat { pace: Pace { learning_rate, momentum: None }, decay: 1.0, noise: 1.0 }
    }
}

impl Rates<'_> {
    /// The beat of the next step, in this epoch, from 1, after so many steps.
    pub(crate) fn next(&self, epoch: usize, steps: u64) -> Result<Beat, TrainError> {
        let count = match self.interval {
            Interval::Step => steps,
            Interval::Epoch => epoch as u64 - 1,
        };
        let factor = |what, schedule: Option<&dyn Schedule>, most: f64| {
            let Some(schedule) = schedule else { return Ok(1.0) };
            let factor = schedule.learning_rate_within(1.0, count, self.total);
            if (0.0..=most).contains(&factor) && factor.is_finite() {
                return Ok(factor);
            }
            let rule = if most == 1.0 { "lie in [0, 1]" } else { "be finite and not negative" };
            let name = schedule.name();
            Err(TrainError::Setting(format!(
                "schedule `{name}` of {what} gives a factor of {factor} at t = {count}: it must \
                 {rule}"
            )))
        };
        let decay = factor("the weight decay", self.decay, f64::INFINITY)?;
        let noise = factor("dropout", self.dropout, 1.0)?;
        Ok(Beat { pace: self.pace(count)?, decay, noise })
    }

    /// The rate, and the momentum if it follows the schedule, after so many steps, or epochs.
    fn pace(&self, count: u64) -> Result<Pace, TrainError> {
        let base = self.plateau.as_ref().map_or(self.base, |(plateau, _)| plateau.learning_rate());
        let Some(schedule) = self.schedule else {
            return Ok(Pace { learning_rate: base, momentum: None });
        };
        let rate = schedule.learning_rate_within(base, count, self.total);
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
