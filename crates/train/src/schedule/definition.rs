use std::fmt;

/// The learning rate as a function of the step or of the epoch.
pub trait Schedule: fmt::Debug + Send + Sync {
    /// The name, in messages and configuration.
    fn name(&self) -> &'static str;

    /// The learning rate of the next step, or epoch, after `step` of them; `base` is the
    /// optimizer's own.
    fn learning_rate(&self, base: f64, step: u64) -> f64;

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
