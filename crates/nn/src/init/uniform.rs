use chainrule_graph::Initialiser;
use chainrule_tensor::Shape;
use chainrule_tensor::random::Generator;

use super::Listed;
use super::fan;
use crate::config::settings;

settings! {
    "uniform": "U(low, high)";

    /// Uniformly from `[low, high)`; `[0, 1)` by default, as in PyTorch.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Uniform {
        /// The lowest value.
        low: f64 = 0.0;
        /// The highest value.
        high: f64 = 1.0;
    }
}

impl Uniform {
    /// Uniformly from `[low, high)`; with both equal, the constant.
    #[must_use]
    pub fn new(low: f64, high: f64) -> Self {
        Uniform { low, high }
    }
}

impl Initialiser for Uniform {
    fn fill(&self, _: Shape, values: &mut [f64], generator: &mut Generator) -> Result<(), String> {
        fan::uniform(self.low, self.high, values, generator)
    }
}

impl Listed for Uniform {
    fn name(&self) -> &'static str {
        "uniform"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::fan::tests::check_moments;

    #[test]
    fn moments_are_right_and_bad_bounds_are_an_error() {
        check_moments(&Uniform::new(-0.5, 0.5), 0.5 / 3.0_f64.sqrt(), Some(0.5));
        let mut generator = chainrule_tensor::random::generator(0);
        assert!(Uniform::new(1.0, 0.0).fill([2].into(), &mut [0.0; 2], &mut generator).is_err());
        assert!(
            Uniform::new(0.0, f64::NAN).fill([2].into(), &mut [0.0; 2], &mut generator).is_err()
        );
    }
}
