use chainrule_nn::Configure;
use chainrule_nn::config::Setting;

use super::{Schedule, along_cosine, at_least_one, not_negative};

/// Falls along half a cosine wave over and over, in periods that may grow:
/// `minimum + (base - minimum) (1 + cos(pi c / p)) / 2`, `c` steps into a period of `p`; PyTorch's
/// `CosineAnnealingWarmRestarts`.
///
/// Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineWarmRestarts {
    /// The length of the first period; 10 by default here.
    pub first: usize,
    /// How many times as long as the one before each period is; 1 by default.
    pub multiplier: usize,
    /// The rate at the end of a period; 0 by default.
    pub minimum: f64,
}

impl Default for CosineWarmRestarts {
    fn default() -> Self {
        CosineWarmRestarts { first: 10, multiplier: 1, minimum: 0.0 }
    }
}

impl Configure for CosineWarmRestarts {
    fn formula(&self) -> &'static str {
        "minimum + (base - minimum) (1 + cos(pi c / p)) / 2, c steps into a period of p"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![
            ("first", Setting::Count(&mut self.first)),
            ("multiplier", Setting::Count(&mut self.multiplier)),
            ("minimum", Setting::Number(&mut self.minimum)),
        ]
    }

    fn check(&self) -> Result<(), String> {
        at_least_one("cosine_warm_restarts", "first", self.first)?;
        at_least_one("cosine_warm_restarts", "the multiplier", self.multiplier)?;
        not_negative("cosine_warm_restarts", "the minimum", self.minimum)
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
        let expected = [rates(&Cosine::new(2), 2), rates(&Cosine::new(4), 4), rates(&Cosine::new(8), 8)].concat();
        assert_rates(&growing, &expected);
    }
}
