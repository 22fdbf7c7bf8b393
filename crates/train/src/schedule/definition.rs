use std::fmt;

/// The learning rate as a function of the step or of the epoch.
pub trait Schedule: fmt::Debug + Send + Sync {
    /// The name, in messages and configuration.
    fn name(&self) -> &'static str;

    /// The learning rate of the next step, or epoch, after `step` of them; `base` is the
    /// optimizer's own.
    fn learning_rate(&self, base: f64, step: u64) -> f64;

    /// [`learning_rate`](Schedule::learning_rate) in a training of `total` steps, or epochs, which
    /// a schedule over a whole training asks for. By default the same whatever the total is.
    fn learning_rate_within(&self, base: f64, step: u64, total: u64) -> f64 {
        _ = total;
        self.learning_rate(base, step)
    }

    /// The momentum of the next step after `step` of them, or `beta1`, in place of the optimizer's
    /// own. By default none: the optimizer's own stays.
    fn momentum(&self, step: u64) -> Option<f64> {
        _ = step;
        None
    }

    /// Checks that the settings make sense. By default they do.
    ///
    /// # Errors
    /// Which one does not, and what it must be.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl<S: Schedule + ?Sized> Schedule for Box<S> {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        (**self).learning_rate(base, step)
    }
    fn learning_rate_within(&self, base: f64, step: u64, total: u64) -> f64 {
        (**self).learning_rate_within(base, step, total)
    }
    fn momentum(&self, step: u64) -> Option<f64> {
        (**self).momentum(step)
    }
    fn check(&self) -> Result<(), String> {
        (**self).check()
    }
}

/// The unit that a schedule counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interval {
    /// Epochs: the rate is the same throughout an epoch. The default.
    #[default]
    Epoch,
    /// Steps of the optimizer, over all epochs.
    Step,
}

/// The length of a training of which nothing is known.
pub(super) const UNTOLD: u64 = 100;

/// The part of a training that is over, at most 1: of the schedule's own total, or of the
/// training's.
pub(super) fn share(step: u64, own: Option<usize>, total: u64) -> f64 {
    let total = own.map_or(total, |own| own as u64).max(1);
    (step as f64 / total as f64).min(1.0)
}

/// A schedule's number of steps, which must be at least 1.
pub(super) fn at_least_one(schedule: &str, setting: &str, value: usize) -> Result<(), String> {
    if value > 0 {
        Ok(())
    } else {
        Err(format!("{schedule}: {setting} must be at least 1, but it is 0"))
    }
}

/// From `from` to `to` along half a cosine wave, as `share` goes from 0 to 1.
pub(super) fn along_cosine(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
}
