use chainrule_config::settings;
use chainrule_nn::Configure;

use super::definition::{Schedule, UNTOLD, along_cosine, share};

settings! {
    "flat_cosine": "base for t <= flat, then base (1 + cos(pi (t - flat) / (1 - flat))) / 2, t \
                    from 0 to 1 over the training";

    /// The base for a part of the training, then down to 0 along half a cosine wave:
    /// `base (1 + cos(pi (t - flat) / (1 - flat))) / 2` for `t` from `flat` to 1.
    ///
    /// `t` is the step divided by `total`, by default by that of the whole training, which a
    /// trainer [knows](Schedule::learning_rate_within). Beside learning rates it suits a
    /// [weight decay](crate::Trainer::decay_schedule) and
    /// [dropout](crate::Trainer::dropout_schedule).
    ///
    /// Source: Holzmüller, Grinsztajn and Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    /// Boosted Trees on Tabular Data", 2024.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct FlatCosine {
        /// For which part the base stays.
        pub flat: f64 = 0.5, within(0.0..1.0);
        /// After how many steps or epochs 0 is reached; none for those of the training.
        pub total: Option<usize> = None, at_least(1);
    }
}

impl Schedule for FlatCosine {
    fn name(&self) -> &'static str {
        "flat_cosine"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        self.learning_rate_within(base, step, UNTOLD)
    }

    fn learning_rate_within(&self, base: f64, step: u64, total: u64) -> f64 {
        let t = share(step, self.total, total);
        along_cosine(base, 0.0, (t - self.flat).max(0.0) / (1.0 - self.flat))
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::tests::assert_rates;

    #[test]
    fn golden_rates() {
        let half = 0.5_f64.sqrt() / 2.0;
        let schedule = FlatCosine { total: Some(8), ..FlatCosine::default() };
        let falling = [1.0, 0.5 + half, 0.5, 0.5 - half, 0.0, 0.0];
        assert_rates(&schedule, &[&[1.0; 4][..], &falling].concat());
        assert_eq!(schedule.learning_rate_within(1.0, 5, 1000), schedule.learning_rate(1.0, 5));
        let open = FlatCosine { flat: 0.0, total: None };
        assert_eq!(open.learning_rate_within(2.0, 5, 10), 1.0);
        assert_eq!(open.learning_rate(2.0, 50), 1.0);
    }
}
