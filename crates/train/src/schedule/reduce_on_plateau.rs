use chainrule_config::{Aliases, Family, settings};
use std::str::FromStr;

use chainrule_nn::ConfigError;

settings! {
    "reduce_on_plateau": "times factor after more than patience epochs without improvement";

    /// Lowers the learning rate when a watched number no longer improves; PyTorch's
    /// `ReduceLROnPlateau`.
    ///
    /// An epoch is good if its number is better than the best so far by more than the threshold:
    /// `value < best - threshold abs(best)`, or `value < best - threshold` if that is absolute. It
    /// is the other way round for a number of which more is better. PyTorch takes a part of the
    /// best itself, so that below zero what is worse counts as good. After more than `patience`
    /// epochs in a row that are not good, the rate is multiplied by `factor`, but not below
    /// `min_learning_rate`. It stays if it would change by `epsilon` or less. Then the next
    /// `cooldown` epochs do not count. NaN is never good.
    ///
    /// These are the settings; [`Plateau`] remembers, and
    /// [`Trainer::reduce_on_plateau`](crate::Trainer::reduce_on_plateau) feeds it. As text:
    /// `"reduce_on_plateau(patience=3)".parse::<ReduceOnPlateau>()`, also by PyTorch's name.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct ReduceOnPlateau {
        /// The factor on the rate, in `[0, 1)`.
        pub factor: f64 = 0.1, within(0.0..1.0);
        /// How many epochs in a row may not be good.
        pub patience: usize = 10;
        /// By how much a good epoch is better.
        pub threshold: f64 = 1e-4, at_least(0.0);
        /// True if the threshold is a difference in place of a part of the best number. False by
        /// default.
        pub absolute: bool = false;
        /// How many epochs do not count after the rate was lowered.
        pub cooldown: usize = 0;
        /// The lowest rate.
        pub min_learning_rate: f64 = 0.0, at_least(0.0);
        /// The least change that is made.
        pub epsilon: f64 = 1e-8, at_least(0.0);
        /// True if more of the watched number is better; the trainer takes it from the monitor.
        pub maximise: bool = false;
    }
}

impl ReduceOnPlateau {
    /// Its other name.
    pub const ALIASES: Aliases = &[("reduce_lr_on_plateau", "reduce_on_plateau")];
}

impl FromStr for ReduceOnPlateau {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let entries = vec![Box::new(ReduceOnPlateau::default())];
        let family = Family::new("schedule on a plateau", |_: &Self| "reduce_on_plateau", entries);
        family.with_aliases(Self::ALIASES).only(text)
    }
}

/// The memory of [`ReduceOnPlateau`] over one training.
#[derive(Clone, Debug)]
pub struct Plateau {
    settings: ReduceOnPlateau,
    learning_rate: f64,
    best: f64,
    bad: usize,
    cooling: usize,
}

impl Plateau {
    /// Before the first epoch, with this learning rate.
    #[must_use]
    pub fn new(settings: ReduceOnPlateau, learning_rate: f64) -> Self {
        let best = if settings.maximise { f64::NEG_INFINITY } else { f64::INFINITY };
        Plateau { settings, learning_rate, best, bad: 0, cooling: 0 }
    }

    /// The learning rate as it is now.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Takes in an epoch's number; gives the learning rate of the next one.
    ///
    /// ```
    /// use chainrule_train::schedule::{Plateau, ReduceOnPlateau};
    ///
    /// let mut plateau =
    ///     Plateau::new(ReduceOnPlateau { patience: 1, ..ReduceOnPlateau::default() }, 0.5);
    /// let rates = [3.0, 2.0, 2.0, 2.0, 1.0].map(|loss| plateau.observe(loss));
    /// assert_eq!(rates, [0.5, 0.5, 0.5, 0.05, 0.05]);
    /// ```
    pub fn observe(&mut self, value: f64) -> f64 {
        let ReduceOnPlateau { factor, patience, cooldown, min_learning_rate, epsilon, .. } =
            self.settings;
        if self.improves(value) {
            (self.best, self.bad) = (value, 0);
        } else {
            self.bad += 1;
        }
        if self.cooling > 0 {
            (self.cooling, self.bad) = (self.cooling - 1, 0);
        }
        if self.bad > patience {
            let lower = (self.learning_rate * factor).max(min_learning_rate);
            if self.learning_rate - lower > epsilon {
                self.learning_rate = lower;
            }
            (self.cooling, self.bad) = (cooldown, 0);
        }
        self.learning_rate
    }

    fn improves(&self, value: f64) -> bool {
        let ReduceOnPlateau { threshold, absolute, maximise, .. } = self.settings;
        // Anything is better than nothing.
        let margin = if self.best.is_infinite() {
            0.0
        } else if absolute {
            threshold
        } else {
            threshold * self.best.abs()
        };
        if maximise { value > self.best + margin } else { value < self.best - margin }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(text: &str, values: &[f64]) -> Vec<f64> {
        let mut plateau = Plateau::new(text.parse().unwrap(), 1.0);
        values.iter().map(|&value| plateau.observe(value)).collect()
    }

    #[test]
    fn golden_rates() {
        let still = [1.0; 6];
        assert_eq!(
            rates("reduce_on_plateau(factor=0.5, patience=0)", &still),
            [1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125]
        );
        assert_eq!(
            rates("reduce_on_plateau(factor=0.5, patience=0, cooldown=2)", &still),
            [1.0, 0.5, 0.5, 0.5, 0.25, 0.25]
        );
        let low = "reduce_on_plateau(factor=0.5, patience=0, min_learning_rate=0.3, epsilon=0.1)";
        assert_eq!(rates(low, &still), [1.0, 0.5, 0.3, 0.3, 0.3, 0.3]);
        // Better by a tenth or more, in parts and in differences.
        assert_eq!(
            rates("reduce_on_plateau(patience=0, threshold=0.1)", &[10.0, 8.9, 8.1]),
            [1.0, 1.0, 0.1]
        );
        assert_eq!(
            rates(
                "reduce_on_plateau(patience=0, threshold=0.1, absolute=true)",
                &[10.0, 9.8, 9.75]
            )[2],
            0.1
        );
        assert_eq!(
            rates("reduce_on_plateau(patience=0, maximise=true)", &[0.5, 0.6, f64::NAN]),
            [1.0, 1.0, 0.1]
        );
    }

    /// Comparisons with numbers that may be negative or zero (pytorch#47513).
    #[test]
    fn a_threshold_is_a_part_of_the_size_of_the_best() {
        let last = |text: &str, values: &[f64]| {
            let plateau = format!("reduce_on_plateau(patience=0, threshold=0.1{text})");
            *rates(&plateau, values).last().unwrap()
        };
        // Each pair: a number that is better by less than a tenth, and one that is by more.
        for (best, [less, more]) in [
            (10.0, [9.1, 8.9]),
            (-10.0, [-10.9, -11.1]),
            (0.05, [0.046, -1.0]),
            (0.0, [0.0, -1e-9]),
        ] {
            assert_eq!([last("", &[best, less]), last("", &[best, more])], [0.1, 1.0], "{best}");
            let maximised = [less, more].map(|value| last(", maximise=true", &[-best, -value]));
            assert_eq!(maximised, [0.1, 1.0], "{} maximised", -best);
        }
        // What gets worse below zero is not good.
        assert_eq!(last("", &[-10.0, -9.95]), 0.1);
        assert_eq!(last(", maximise=true", &[-10.0, -10.5]), 0.1);
        // The first epoch is good whatever the threshold.
        for text in ["threshold=1", "threshold=2", "threshold=5, absolute=true"] {
            assert_eq!(
                rates(&format!("reduce_on_plateau(patience=0, {text})"), &[3.0]),
                [1.0],
                "{text}"
            );
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        assert_eq!("ReduceLROnPlateau(patience=4)".parse::<ReduceOnPlateau>().unwrap().patience, 4);
        let error = |text: &str| text.parse::<ReduceOnPlateau>().unwrap_err().to_string();
        let message = "reduce_on_plateau: factor must lie in [0, 1), but it is 1";
        assert_eq!(error("reduce_on_plateau(factor=1)"), message);
        let message = "there is no schedule on a plateau `reduce` (did you mean \
                       `reduce_on_plateau`?); there are: reduce_on_plateau";
        assert_eq!(error("reduce"), message);
    }
}
