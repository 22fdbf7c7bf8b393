use chainrule_config::settings;
use chainrule_nn::Configure;

use super::{Schedule, along_cosine};

settings! {
    "one_cycle":
        "from max / div_factor to max, then to max / div_factor / final_div_factor, along half \
         cosine waves";

    /// Up to the highest rate and down again, far below where it began, once; PyTorch's
    /// `OneCycleLR`.
    ///
    /// It begins at `highest / div_factor`, reaches the highest rate after
    /// `pct_start total_steps - 1` steps, and ends after `total_steps - 1` of them at the first
    /// rate divided by `final_div_factor`, where it stays. In three phases it falls back to the
    /// first rate as fast as it rose, and then to the end.
    ///
    /// The momentum, or `beta1`, goes the other way at the same time: from `max_momentum` down to
    /// `base_momentum`, and back. It takes the place of the optimizer's own; one that has none goes
    /// without.
    ///
    /// Source: Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using
    /// Large Learning Rates", 2018.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct OneCycle {
        /// The highest rate; `None`, the default, means the optimizer's own.
        pub max_learning_rate: Option<f64> = None, at_least(0.0);
        /// The length of the cycle.
        pub total_steps: usize = 100, at_least(1);
        /// The part of the cycle that leads up, in `[0, 1]`.
        pub pct_start: f64 = 0.3, within(0.0..=1.0);
        /// True if it goes in straight lines in place of half cosine waves.
        pub linear: bool = false;
        /// How many times the first rate goes into the highest.
        pub div_factor: f64 = 25.0, above(0.0);
        /// How many times the last rate goes into the first.
        pub final_div_factor: f64 = 1e4, above(0.0);
        /// True if it falls in two phases.
        pub three_phase: bool = false;
        /// True if the momentum has a cycle too.
        pub cycle_momentum: bool = true;
        /// The lowest momentum, in `[0, 1)`.
        pub base_momentum: f64 = 0.85, within(0.0..1.0);
        /// The highest momentum, in `[0, 1)`.
        pub max_momentum: f64 = 0.95, within(0.0..1.0);
    }
}

impl OneCycle {
    /// Of a number that is `first` at the beginning, `highest` at the top and `last` in the end.
    fn at(&self, step: u64, first: f64, highest: f64, last: f64) -> f64 {
        let total = self.total_steps as f64;
        let (top, end) = (self.pct_start * total - 1.0, total - 1.0);
        let down = 2.0 * self.pct_start * total - 2.0;
        let phases = [
            (0.0, top, first, highest),
            if self.three_phase { (top, down, highest, first) } else { (top, end, highest, last) },
            (down, end, first, last),
        ];
        let phases = &phases[..if self.three_phase { 3 } else { 2 }];
        let step = (step as f64).min(end);
        let phase = phases.iter().find(|(_, until, ..)| step <= *until).or(phases.last());
        let &(begin, until, from, to) = phase.expect("there are phases");
        let share = if until > begin { (step - begin) / (until - begin) } else { 1.0 };
        if self.linear { (to - from) * share + from } else { along_cosine(from, to, share) }
    }
}

impl Schedule for OneCycle {
    fn name(&self) -> &'static str {
        "one_cycle"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        let highest = self.max_learning_rate.unwrap_or(base);
        let first = highest / self.div_factor;
        self.at(step, first, highest, first / self.final_div_factor)
    }

    fn momentum(&self, step: u64) -> Option<f64> {
        self.cycle_momentum
            .then(|| self.at(step, self.max_momentum, self.base_momentum, self.max_momentum))
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
        let line = OneCycle {
            total_steps: 5,
            pct_start: 0.6,
            linear: true,
            div_factor: 4.0,
            ..OneCycle::default()
        };
        let end = 0.25 / 1e4;
        assert_rates(&line, &[0.25, 0.625, 1.0, (1.0 + end) / 2.0, end, end, end]);
        let wave = OneCycle { linear: false, max_learning_rate: Some(2.0), ..line };
        assert_rates(&wave, &[0.5, 1.25, 2.0, 1.0 + end, 2.0 * end]);
        let thrice = OneCycle { total_steps: 8, pct_start: 0.375, three_phase: true, ..line };
        assert_rates(&thrice, &[0.25, 0.625, 1.0, 0.625, 0.25, 0.25 - (0.25 - end) / 3.0]);
        let momenta =
            |cycle: OneCycle| (0..5).map(|step| cycle.momentum(step).unwrap()).collect::<Vec<_>>();
        for (got, expected) in momenta(line).iter().zip([0.95, 0.9, 0.85, 0.9, 0.95]) {
            assert!((got - expected).abs() < 1e-14, "{got} is not {expected}");
        }
        assert_eq!(OneCycle { cycle_momentum: false, ..line }.momentum(2), None);
        let error = Schedule::check(&OneCycle { max_momentum: 1.0, ..line }).unwrap_err();
        assert_eq!(error, "one_cycle: max_momentum must lie in [0, 1), but it is 1");
        let error = Schedule::check(&OneCycle { pct_start: 1.5, ..line }).unwrap_err();
        assert_eq!(error, "one_cycle: pct_start must lie in [0, 1], but it is 1.5");
    }

    #[test]
    fn a_cycle_of_one_step_or_without_a_way_up_has_rates() {
        for (total_steps, pct_start) in [(1, 0.3), (1, 1.0), (2, 0.5), (3, 0.0), (4, 1.0)] {
            for three_phase in [false, true] {
                let cycle = OneCycle { total_steps, pct_start, three_phase, ..OneCycle::default() };
                for step in 0..6 {
                    let rate = cycle.learning_rate(1.0, step);
                    assert!((0.0..=1.0).contains(&rate), "{cycle:?}: {rate}");
                }
            }
        }
    }
}
