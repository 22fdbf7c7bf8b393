use chainrule_nn::Configure;
use chainrule_nn::config::Setting;

use super::{Schedule, at_least_one, not_negative};

/// Falls by a factor every some steps: `base gamma^floor(t / step_size)`; PyTorch's `StepLR`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// How many steps lie between two falls; 30 by default here.
    pub step_size: usize,
    /// The factor; 0.1 by default.
    pub gamma: f64,
}

impl Default for Step {
    fn default() -> Self {
        Step { step_size: 30, gamma: 0.1 }
    }
}

impl Configure for Step {
    fn formula(&self) -> &'static str {
        "base gamma^floor(t / step_size)"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![("step_size", Setting::Count(&mut self.step_size)), ("gamma", Setting::Number(&mut self.gamma))]
    }

    fn check(&self) -> Result<(), String> {
        at_least_one("step", "step_size", self.step_size)?;
        not_negative("step", "gamma", self.gamma)
    }
}

impl Schedule for Step {
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
        assert_rates(&Step { step_size: 2, gamma: 0.5 }, &[1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125]);
    }
}
