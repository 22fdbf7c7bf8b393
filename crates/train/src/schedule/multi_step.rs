use chainrule_config::settings;
use chainrule_nn::Configure;

use super::Schedule;

settings! {
    "multi_step": "base gamma^(number of milestones up to t)", checked by whole_milestones;

    /// Falls by a factor at each of several steps: `base gamma^n` after `n` milestones; PyTorch's
    /// `MultiStepLR`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct MultiStep {
        /// The steps at which it falls, whole numbers in any order; one given twice counts twice.
        pub milestones: Vec<f64> = vec![30.0, 80.0];
        /// The factor.
        pub gamma: f64 = 0.1, at_least(0.0);
    }
}

fn whole_milestones(schedule: &MultiStep) -> Result<(), String> {
    let wrong = |x: &&f64| !(**x >= 0.0 && x.fract() == 0.0);
    let rule = "multi_step: milestones must be whole numbers of at least 0";
    match schedule.milestones.iter().find(wrong) {
        Some(wrong) => Err(format!("{rule}, but one is {wrong}")),
        None => Ok(()),
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
        assert_eq!(
            error,
            "multi_step: milestones must be whole numbers of at least 0, but one is 1.5"
        );
    }
}
