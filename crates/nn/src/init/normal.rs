use chainrule_graph::Initialiser;
use chainrule_tensor::Shape;
use chainrule_tensor::random::Generator;

use super::Listed;
use super::fan;
use crate::config::settings;

settings! {
    "normal": "N(mean, deviation^2)";

    /// Normally with a mean and a standard deviation; 0 and 1 by default, as in PyTorch.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Normal {
        /// The mean.
        mean: f64 = 0.0;
        /// The standard deviation.
        deviation: f64 = 1.0;
    }
}

impl Normal {
    /// Normally with this mean and standard deviation.
    #[must_use]
    pub fn new(mean: f64, deviation: f64) -> Self {
        Normal { mean, deviation }
    }
}

impl Initialiser for Normal {
    fn fill(&self, _: Shape, values: &mut [f64], generator: &mut Generator) -> Result<(), String> {
        fan::normal(self.mean, self.deviation, values, generator)
    }
}

impl Listed for Normal {
    fn name(&self) -> &'static str {
        "normal"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::fan::tests::check_moments;

    #[test]
    fn moments_are_right_and_a_negative_deviation_is_an_error() {
        check_moments(&Normal::new(0.0, 0.3), 0.3, None);
        let mut generator = chainrule_tensor::random::generator(0);
        assert!(Normal::new(0.0, -1.0).fill([2].into(), &mut [0.0; 2], &mut generator).is_err());
    }
}
