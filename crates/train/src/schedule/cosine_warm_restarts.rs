use chainrule_config::settings;
use chainrule_nn::Configure;

use super::{Schedule, along_cosine};

settings! {
    "cosine_warm_restarts":
        "minimum + (base - minimum) (1 + cos(pi c / p)) / 2, c steps into a period of p";

    /// Falls along half a cosine wave over and over, in periods that may grow:
    /// `minimum + (base - minimum) (1 + cos(pi c / p)) / 2`, `c` steps into a period of `p`;
    /// PyTorch's `CosineAnnealingWarmRestarts`.
    ///
    /// Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct CosineWarmRestarts {
        /// The length of the first period.
        pub first: usize = 10, at_least(1);
        /// How many times as long as the one before each period is.
        pub multiplier: usize = 1, at_least(1);
        /// The rate at the end of a period.
        pub minimum: f64 = 0.0, at_least(0.0);
    }
}

impl Schedule for CosineWarmRestarts {
    fn name(&self) -> &'static str {
        "cosine_warm_restarts"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        let (mut into, mut period) = (step, self.first.max(1) as u64);
        if self.multiplier <= 1 {
            into %= period;
        }
        while into >= period {
            into -= period;
            period = period.saturating_mul(self.multiplier as u64);
        }
        along_cosine(base, self.minimum, into as f64 / period as f64)
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Cosine;
    use crate::schedule::tests::{assert_rates, rates};

    #[test]
    fn golden_rates() {
        let fixed = CosineWarmRestarts { first: 2, ..CosineWarmRestarts::default() };
        assert_rates(&fixed, &[1.0, 0.5, 1.0, 0.5, 1.0]);
        let growing = CosineWarmRestarts { multiplier: 2, ..fixed };
        let expected =
            [rates(&Cosine::new(2), 2), rates(&Cosine::new(4), 4), rates(&Cosine::new(8), 8)]
                .concat();
        assert_rates(&growing, &expected);
    }
}
