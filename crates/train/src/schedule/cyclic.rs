use chainrule_config::{Choice, settings};
use chainrule_nn::Configure;

use super::Schedule;

settings! {
    "cyclic": "from low to high and back in straight lines, over and over";

    /// Up and down in straight lines, over and over; PyTorch's `CyclicLR`.
    ///
    /// In cycle `c`, from 1, the rate goes from `low` to `low + (high - low) scale` in
    /// `step_size_up` steps and back in `step_size_down`. The scale is 1 (`triangular`), `1 / 2^(c
    /// - 1)` (`triangular2`) or `gamma^t` (`exp_range`).
    ///
    /// The momentum, or `beta1`, goes the other way at the same time: from `max_momentum` down to
    /// `max_momentum - (max_momentum - base_momentum) scale`, and back. It takes the place of the
    /// optimizer's own; one that has none goes without.
    ///
    /// Source: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Cyclic {
        /// The lowest rate; `None` means a quarter of the highest, as the source advises. PyTorch
        /// has no default.
        pub base_learning_rate: Option<f64> = None, at_least(0.0);
        /// The highest rate; `None` means the optimizer's own. PyTorch has no default.
        pub max_learning_rate: Option<f64> = None, at_least(0.0);
        /// The steps that lead up.
        pub step_size_up: usize = 2000, at_least(1);
        /// The steps that lead down; `None` means as many as lead up.
        pub step_size_down: Option<usize> = None, at_least(1);
        /// The factor of each step, for `exp_range`.
        pub gamma: f64 = 1.0, at_least(0.0);
        /// Lets the momentum have a cycle too.
        pub cycle_momentum: bool = true;
        /// The lowest momentum.
        pub base_momentum: f64 = 0.8, within(0.0..1.0);
        /// The highest momentum.
        pub max_momentum: f64 = 0.9, within(0.0..1.0);
        /// How high the cycles are.
        mode: Choice = Choice::of(&["triangular", "triangular2", "exp_range"]);
    }
}

/// How high the cycles of [`Cyclic`] are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CyclicMode {
    /// All alike, the default.
    #[default]
    Triangular,
    /// Each half as high as the one before.
    Triangular2,
    /// Lower by a factor in every step.
    ExpRange,
}

impl Cyclic {
    /// How high the cycles are.
    #[must_use]
    pub fn mode(self, mode: CyclicMode) -> Self {
        Cyclic { mode: self.mode.at(mode as usize), ..self }
    }

    /// How much of the way from low to high a step is at.
    fn share(&self, step: u64) -> f64 {
        let up = self.step_size_up as u64;
        let down = self.step_size_down.unwrap_or(self.step_size_up) as u64;
        // Of the largest numbers no step ever sees the end.
        let cycle = up.saturating_add(down);
        let (past, into) = (step / cycle, step % cycle);
        let height =
            if into <= up { into as f64 / up as f64 } else { (cycle - into) as f64 / down as f64 };
        let scale = match self.mode.index() {
            0 => 1.0,
            1 => 0.5_f64.powf(past as f64),
            _ => self.gamma.powf(step as f64),
        };
        height * scale
    }
}

impl Schedule for Cyclic {
    fn name(&self) -> &'static str {
        "cyclic"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        let high = self.max_learning_rate.unwrap_or(base);
        let low = self.base_learning_rate.unwrap_or(high / 4.0);
        low + (high - low) * self.share(step)
    }

    fn momentum(&self, step: u64) -> Option<f64> {
        let range = self.max_momentum - self.base_momentum;
        self.cycle_momentum.then(|| self.max_momentum - range * self.share(step))
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
        let cyclic = Cyclic { base_learning_rate: Some(0.2), step_size_up: 2, ..Cyclic::default() };
        assert_rates(&cyclic, &[0.2, 0.6, 1.0, 0.6, 0.2, 0.6]);
        let slow = Cyclic { step_size_down: Some(4), ..cyclic };
        assert_rates(&slow, &[0.2, 0.6, 1.0, 0.8, 0.6, 0.4, 0.2, 0.6]);
        assert_rates(
            &cyclic.mode(CyclicMode::Triangular2),
            &[0.2, 0.6, 1.0, 0.6, 0.2, 0.4, 0.6, 0.4, 0.2, 0.3],
        );
        let momenta: Vec<f64> = (0..8).map(|step| slow.momentum(step).unwrap()).collect();
        for (got, expected) in momenta.iter().zip([0.9, 0.85, 0.8, 0.825, 0.85, 0.875, 0.9, 0.85]) {
            assert!((got - expected).abs() < 1e-14, "{got} is not {expected}");
        }
        assert_eq!(Cyclic { cycle_momentum: false, ..slow }.momentum(2), None);
        let exponential = Cyclic { gamma: 0.5, ..cyclic }.mode(CyclicMode::ExpRange);
        assert_rates(&exponential, &[0.2, 0.2 + 0.4 * 0.5, 0.2 + 0.8 * 0.25, 0.2 + 0.4 * 0.125]);
    }
}
