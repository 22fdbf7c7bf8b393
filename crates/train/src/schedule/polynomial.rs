use chainrule_config::settings;
use chainrule_nn::Configure;

use super::Schedule;

settings! {
    "polynomial": "end + (base - end) (1 - min(t, total) / total)^power";

    /// Falls to its end as a power of the steps that are left:
    /// `end + (base - end) (1 - t / total)^power`, and stays there after `total` steps; PyTorch's
    /// `PolynomialLR`, whose end is 0.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Polynomial {
        /// After how many steps the end is reached.
        pub total: usize = 5, at_least(1);
        /// The power; 1 is a straight line.
        pub power: f64 = 1.0, at_least(0.0);
        /// The rate at the end.
        pub end: f64 = 0.0, at_least(0.0);
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
        assert_rates(
            &Polynomial { total: 4, ..Polynomial::default() },
            &[1.0, 0.75, 0.5, 0.25, 0.0, 0.0],
        );
        assert_rates(&Polynomial { total: 2, power: 2.0, end: 0.2 }, &[1.0, 0.4, 0.2, 0.2]);
    }
}
