use chainrule_nn::Configure;
use chainrule_nn::config::Setting;

use super::{Schedule, at_least_one, not_negative};

/// Falls to its end as a power of the steps that are left: `end + (base - end) (1 - t / total)^power`, and stays there
/// after `total` steps; PyTorch's `PolynomialLR`, whose end is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polynomial {
    /// After how many steps the end is reached; 5 by default.
    pub total: usize,
    /// The power; 1, a straight line, by default.
    pub power: f64,
    /// The rate at the end; 0 by default.
    pub end: f64,
}

impl Default for Polynomial {
    fn default() -> Self {
        Polynomial { total: 5, power: 1.0, end: 0.0 }
    }
}

impl Configure for Polynomial {
    fn formula(&self) -> &'static str {
        "end + (base - end) (1 - min(t, total) / total)^power"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![
            ("total", Setting::Count(&mut self.total)),
            ("power", Setting::Number(&mut self.power)),
            ("end", Setting::Number(&mut self.end)),
        ]
    }

    fn check(&self) -> Result<(), String> {
        at_least_one("polynomial", "total", self.total)?;
        not_negative("polynomial", "the power", self.power)?;
        not_negative("polynomial", "the end", self.end)
    }
}

impl Schedule for Polynomial {
    fn name(&self) -> &'static str {
        "polynomial"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        let total = self.total as f64;
        self.end + (base - self.end) * (1.0 - (step as f64).min(total) / total).powf(self.power)
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
        assert_rates(&Polynomial { total: 4, ..Polynomial::default() }, &[1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
        assert_rates(&Polynomial { total: 2, power: 2.0, end: 0.2 }, &[1.0, 0.4, 0.2, 0.2]);
    }
}
