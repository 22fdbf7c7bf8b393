use chainrule_nn::Configure;
use chainrule_nn::config::Setting;

use super::{Schedule, not_negative};

/// Falls by a factor at each of several steps: `base gamma^n` after `n` milestones; PyTorch's `MultiStepLR`.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiStep {
    /// The steps at which it falls, whole numbers in any order; one given twice counts twice. 30 and 80 by default here.
    pub milestones: Vec<f64>,
    /// The factor; 0.1 by default.
    pub gamma: f64,
}

impl Default for MultiStep {
    fn default() -> Self {
        MultiStep { milestones: vec![30.0, 80.0], gamma: 0.1 }
    }
}

impl Configure for MultiStep {
    fn formula(&self) -> &'static str {
        "base gamma^(number of milestones up to t)"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![("milestones", Setting::Numbers(&mut self.milestones)), ("gamma", Setting::Number(&mut self.gamma))]
    }

    fn check(&self) -> Result<(), String> {
        if let Some(wrong) = self.milestones.iter().find(|milestone| !(**milestone >= 0.0 && milestone.fract() == 0.0))
        {
            return Err(format!("multi_step: milestones must be whole numbers of at least 0, but one is {wrong}"));
        }
        not_negative("multi_step", "gamma", self.gamma)
    }
}

impl Schedule for MultiStep {
    fn name(&self) -> &'static str {
        "multi_step"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        let passed = self.milestones.iter().filter(|milestone| **milestone <= step as f64).count();
        base * self.gamma.powf(passed as f64)
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
        let schedule = MultiStep { milestones: vec![4.0, 1.0, 4.0], gamma: 0.5 };
        assert_rates(&schedule, &[1.0, 0.5, 0.5, 0.5, 0.125, 0.125]);
        let error = Schedule::check(&MultiStep { milestones: vec![1.5], gamma: 0.5 }).unwrap_err();
        assert_eq!(error, "multi_step: milestones must be whole numbers of at least 0, but one is 1.5");
    }
}
