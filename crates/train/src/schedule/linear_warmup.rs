use chainrule_config::{Entry, Setting, Value, settings};
use chainrule_nn::{ConfigError, Configure};

use super::{Constant, Schedule, by_name};

settings! {
    "linear_warmup":
        "base (start_factor + (1 - start_factor) t / steps) for t < steps, then another schedule \
         from there", checked by what_follows;

    /// Up to the base in a straight line, then as another schedule, which begins there; PyTorch's
    /// `LinearLR` before another one in a `SequentialLR`.
    ///
    /// `base (start_factor + (1 - start_factor) t / steps)` for `t < steps`, then the other
    /// schedule's rate in step `t - steps`.
    ///
    /// ```
    /// use chainrule_train::schedule::{Cosine, LinearWarmup, Schedule};
    ///
    /// let schedule = LinearWarmup::new(5).then(Cosine::new(95));
    /// assert_eq!(schedule.learning_rate(0.3, 5), 0.3);
    /// ```
    ///
    /// Source: Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017,
    /// section 2.2.
    #[derive(Debug)]
    pub struct LinearWarmup {
        /// The steps that lead up.
        steps: usize = 5, at_least(1);
        /// Which part of the base the first step has.
        start_factor: f64 = 1.0 / 3.0, within(0.0..=1.0);
        /// The schedule behind them.
        then: Then = Then::of(Constant);
    }
}

#[derive(Debug)]
struct Then {
    schedule: Box<dyn Schedule>,
    text: String,
}

fn what_follows(warmup: &LinearWarmup) -> Result<(), String> {
    warmup.then.schedule.check()
}

impl Then {
    fn of(schedule: impl Schedule + 'static) -> Self {
        let text = schedule.name().to_owned();
        Then { schedule: Box::new(schedule), text }
    }
}

impl Value for Then {
    fn setting(&mut self) -> Setting<'_> {
        Setting::Entry(self)
    }
}

impl LinearWarmup {
    /// From a third of the base, PyTorch's default, to the base in this many steps.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        LinearWarmup { steps, ..LinearWarmup::default() }
    }

    /// Which part of the base the first step has, in `[0, 1]`.
    #[must_use]
    pub fn start_factor(self, start_factor: f64) -> Self {
        LinearWarmup { start_factor, ..self }
    }

    /// The schedule after the warm-up.
    #[must_use]
    pub fn then(self, schedule: impl Schedule + 'static) -> Self {
        LinearWarmup { then: Then::of(schedule), ..self }
    }
}

impl LinearWarmup {
    /// The rate of the warm-up, while it goes on.
    fn until_then(&self, base: f64, step: u64) -> Option<f64> {
        let steps = self.steps as u64;
        let part = || self.start_factor + (1.0 - self.start_factor) * step as f64 / steps as f64;
        (step < steps).then(|| base * part())
    }
}

impl Entry for Then {
    fn text(&self) -> &str {
        &self.text
    }

    fn choose(&mut self, text: &str) -> Result<(), ConfigError> {
        *self = Then { schedule: Box::new(by_name(text)?), text: text.to_owned() };
        Ok(())
    }
}

impl Schedule for LinearWarmup {
    fn name(&self) -> &'static str {
        "linear_warmup"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        let then = |step| self.then.schedule.learning_rate(base, step);
        self.until_then(base, step).unwrap_or_else(|| then(step - self.steps as u64))
    }

    /// The schedule that comes after has what is left of the training.
    fn learning_rate_within(&self, base: f64, step: u64, total: u64) -> f64 {
        let steps = self.steps as u64;
        self.until_then(base, step).unwrap_or_else(|| {
            let left = total.saturating_sub(steps);
            self.then.schedule.learning_rate_within(base, step - steps, left)
        })
    }

    /// That of the other schedule, before it begins that of its beginning.
    fn momentum(&self, step: u64) -> Option<f64> {
        self.then.schedule.momentum(step.saturating_sub(self.steps as u64))
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::tests::assert_rates;
    use crate::schedule::{Exponential, Lambda, OneCycle};

    #[test]
    fn golden_rates() {
        assert_rates(&LinearWarmup::new(2).start_factor(0.5), &[0.5, 0.75, 1.0, 1.0]);
        let halving = || Exponential { gamma: 0.5 };
        assert_rates(
            &LinearWarmup::new(2).start_factor(0.0).then(halving()),
            &[0.0, 0.5, 1.0, 0.5, 0.25],
        );
        assert_rates(
            &LinearWarmup::new(1).then(Lambda::new(|step| step as f64)),
            &[1.0 / 3.0, 0.0, 1.0, 2.0],
        );
        let nested =
            by_name("linear_warmup(steps=1, then=linear_warmup(steps=2, then=step(step_size=1)))")
                .unwrap();
        let third = 1.0 / 3.0;
        assert_rates(&nested, &[third, third, 2.0 * third, 1.0, 0.1]);
    }

    #[test]
    fn the_momentum_is_that_of_what_comes_after() {
        let cycle =
            OneCycle { total_steps: 5, pct_start: 0.6, linear: true, ..OneCycle::default() };
        let warmup = LinearWarmup::new(2).then(cycle);
        assert_eq!([0, 1, 2].map(|step| warmup.momentum(step)), [cycle.momentum(0); 3]);
        assert_eq!(warmup.momentum(4), cycle.momentum(2));
        assert_eq!(LinearWarmup::new(2).momentum(1), None);
    }

    #[test]
    fn mistakes_in_what_comes_after_are_named() {
        let error = |text: &str| by_name(text).unwrap_err().to_string();
        let message = error("linear_warmup(then=step(step_size=0))");
        assert!(message.ends_with("step: step_size must be at least 1, but it is 0"), "{message}");
        let wrong = LinearWarmup::new(3).then(Exponential { gamma: -1.0 });
        let message = "exponential: gamma must be finite and not negative, but it is -1";
        assert_eq!(Schedule::check(&wrong), Err(message.to_owned()));
    }
}
