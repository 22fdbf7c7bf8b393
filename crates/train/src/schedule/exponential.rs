use chainrule_config::settings;
use chainrule_nn::Configure;

use super::Schedule;

settings! {
    "exponential": "base gamma^t";

    /// Falls by a factor in every step: `base gamma^t`; PyTorch's `ExponentialLR`.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Exponential {
        /// The factor.
        pub gamma: f64 = 0.95, at_least(0.0);
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
