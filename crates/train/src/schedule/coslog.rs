use chainrule_config::settings;
use chainrule_nn::Configure;

use super::definition::{Schedule, UNTOLD, share};

settings! {
    "coslog": "base (1 - cos(2 pi log2(1 + (2^cycles - 1) t))) / 2, t from 0 to 1 over the \
               training";

    /// Up and down in cycles of which each is twice as long as the one before:
    /// `base (1 - cos(2 pi log2(1 + (2^cycles - 1) t))) / 2`, `t` from 0 to 1. It begins and ends
    /// at 0, and reaches the base in the middle of each cycle.
    ///
    /// `t` is the step divided by `total`, by default by that of the whole training, which a
    /// trainer [knows](Schedule::learning_rate_within).
    ///
    /// ```
    /// use chainrule_train::schedule::{Coslog, Schedule};
    ///
    /// let schedule = Coslog::default();
    /// // The third of four cycles goes from 3/15 to 7/15.
    /// assert!(schedule.learning_rate_within(0.04, 300, 1500) < 1e-9);
    /// assert!(schedule.learning_rate_within(0.04, 466, 1500) > 0.039);
    /// ```
    ///
    /// Source: Holzmüller, Grinsztajn and Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    /// Boosted Trees on Tabular Data", 2024.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Coslog {
        /// The number of cycles.
        pub cycles: usize = 4, at_least(1);
        /// After how many steps or epochs the last cycle ends; none for those of the training.
        pub total: Option<usize> = None, at_least(1);
    }
}

impl Schedule for Coslog {
    fn name(&self) -> &'static str {
        "coslog"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        self.learning_rate_within(base, step, UNTOLD)
    }

    fn learning_rate_within(&self, base: f64, step: u64, total: u64) -> f64 {
        let t = share(step, self.total, total);
        let cycles = (self.cycles.min(1000) as f64).exp2() - 1.0;
        base * (1.0 - (std::f64::consts::TAU * (1.0 + cycles * t).log2()).cos()) / 2.0
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_rates() {
        let schedule = Coslog::default();
        for (t, expected) in [(0, 0.0), (1, 0.0), (3, 0.0), (7, 0.0), (15, 0.0), (50, 0.0)] {
            let rate = schedule.learning_rate_within(2.0, t, 15);
            assert!((rate - expected).abs() < 1e-12, "{t}: {rate}");
        }
        // In the middle of a cycle, 1 + 15 t is the root of two powers of 2: sqrt 2 here.
        let one = Coslog { cycles: 1, total: Some(1000) };
        assert!((one.learning_rate(3.0, 414) - 3.0).abs() < 1e-5);
        assert_eq!(one.learning_rate_within(3.0, 414, 7), one.learning_rate(3.0, 414));
    }
}
