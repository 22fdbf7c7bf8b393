use chainrule_nn::Configure;
use chainrule_nn::config::Setting;

use super::{Schedule, along_cosine, at_least_one, not_negative};

/// Falls along half a cosine wave: `minimum + (base - minimum) (1 + cos(pi t / total)) / 2`; PyTorch's
/// `CosineAnnealingLR`. After `total` steps it rises again, as PyTorch's does: train for `total` steps or epochs.
///
/// Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    /// After how many steps the minimum is reached; 100 by default here.
    pub total: usize,
    /// The rate there; 0 by default.
    pub minimum: f64,
}

impl Default for Cosine {
    fn default() -> Self {
        Cosine { total: 100, minimum: 0.0 }
    }
}

impl Cosine {
    /// From the base to 0 in this many steps.
    #[must_use]
    pub fn new(total: usize) -> Self {
        Cosine { total, ..Cosine::default() }
    }
}

impl Configure for Cosine {
    fn formula(&self) -> &'static str {
        "minimum + (base - minimum) (1 + cos(pi t / total)) / 2"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![("total", Setting::Count(&mut self.total)), ("minimum", Setting::Number(&mut self.minimum))]
    }

    fn check(&self) -> Result<(), String> {
        at_least_one("cosine", "total", self.total)?;
        not_negative("cosine", "the minimum", self.minimum)
    }
}

impl Schedule for Cosine {
    fn name(&self) -> &'static str {
        "cosine"
    }

    fn learning_rate(&self, base: f64, step: u64) -> f64 {
        along_cosine(base, self.minimum, step as f64 / self.total as f64)
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
        let half = 0.5_f64.sqrt() / 2.0;
        assert_rates(&Cosine::new(4), &[1.0, 0.5 + half, 0.5, 0.5 - half, 0.0, 0.5 - half]);
        assert_rates(&Cosine { minimum: 0.2, ..Cosine::new(2) }, &[1.0, 0.6, 0.2]);
    }
}
