use chainrule_config::settings;
use chainrule_nn::Configure;

use super::Schedule;

settings! {
    "step": "base gamma^floor(t / step_size)";

    /// Falls by a factor every some steps: `base gamma^floor(t / step_size)`; PyTorch's `StepLR`.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct StepDecay {
        /// How many steps lie between two falls.
        pub step_size: usize = 30, at_least(1);
        /// The factor.
        pub gamma: f64 = 0.1, at_least(0.0);
    }
}

impl Schedule for StepDecay {
    fn name(&self) -> &'static str {
        "step"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        base * self.gamma.powf((step / self.step_size.max(1) as u64) as f64)
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
        assert_rates(
            &StepDecay { step_size: 2, gamma: 0.5 },
            &[1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125],
        );
    }
}
