use chainrule_config::settings;
use chainrule_nn::Configure;

use super::{Schedule, along_cosine};

settings! {
    "cosine": "minimum + (base - minimum) (1 + cos(pi t / total)) / 2";

    /// Falls along half a cosine wave: `minimum + (base - minimum) (1 + cos(pi t / total)) / 2`;
    /// PyTorch's `CosineAnnealingLR`. After `total` steps it rises again, as PyTorch's does: train
    /// for `total` steps or epochs.
    ///
    /// Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Cosine {
        /// After how many steps the minimum is reached.
        pub total: usize = 100, at_least(1);
        /// The rate there.
        pub minimum: f64 = 0.0, at_least(0.0);
    }
}

impl Cosine {
    /// From the base to 0 in this many steps.
    #[must_use]
    pub fn new(total: usize) -> Self {
        Cosine { total, ..Cosine::default() }
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
