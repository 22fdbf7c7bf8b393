use chainrule_graph::Initialiser;
use chainrule_tensor::Shape;
use chainrule_tensor::random::Generator;

use super::He;
use super::Listed;
use super::fan::Distribution;
use crate::config::formula;

/// LeCun's rule: variance `1 / fan in`, which keeps the size of values through affine maps and
/// self-normalising units.
///
/// Source: LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeCun(He);

impl LeCun {
    /// Uniformly from `+-sqrt(3 / fan in)`.
    #[must_use]
    pub fn uniform() -> Self {
        LeCun(He::uniform().gain(1.0))
    }

    /// Normally, with standard deviation `1 / sqrt(fan in)`.
    #[must_use]
    pub fn normal() -> Self {
        LeCun(He::normal().gain(1.0))
    }
}

impl Initialiser for LeCun {
    fn fill(
        &self,
        shape: Shape,
        values: &mut [f64],
        generator: &mut Generator,
    ) -> Result<(), String> {
        self.0.fill(shape, values, generator)
    }
}

formula!(LeCun: "variance 1 / fan in");

impl Listed for LeCun {
    fn name(&self) -> &'static str {
        match self.0.distribution() {
            Distribution::Uniform => "lecun_uniform",
            Distribution::Normal => "lecun_normal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::fan::tests::check_moments;

    #[test]
    fn moments_are_right() {
        check_moments(&LeCun::normal(), (1.0_f64 / 200.0).sqrt(), None);
        check_moments(&LeCun::uniform(), (1.0_f64 / 200.0).sqrt(), Some((3.0_f64 / 200.0).sqrt()));
    }
}
