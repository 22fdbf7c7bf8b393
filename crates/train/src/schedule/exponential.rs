use chainrule_nn::Configure;
use chainrule_nn::config::Setting;

use super::{Schedule, not_negative};

/// Falls by a factor in every step: `base gamma^t`; PyTorch's `ExponentialLR`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    /// The factor; 0.95 by default here.
    pub gamma: f64,
}

impl Default for Exponential {
    fn default() -> Self {
        Exponential { gamma: 0.95 }
    }
}

impl Configure for Exponential {
    fn formula(&self) -> &'static str {
        "base gamma^t"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![("gamma", Setting::Number(&mut self.gamma))]
    }

    fn check(&self) -> Result<(), String> {
        not_negative("exponential", "gamma", self.gamma)
    }
}

impl Schedule for Exponential {
    fn name(&self) -> &'static str {
        "exponential"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        base * self.gamma.powf(step as f64)
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
        assert_rates(&Exponential { gamma: 0.5 }, &[1.0, 0.5, 0.25, 0.125]);
    }
}
