use std::f64::consts::SQRT_2;

use chainrule_graph::Initialiser;
use chainrule_tensor::random::Generator;
use chainrule_tensor::{Real, Shape};

use super::fan::{Distribution, fans};
use super::{Gain, Listed};
use crate::Activation;
use crate::config::settings;

settings! {
    "he": "variance gain^2 / fan in, or fan out";

    /// He's rule, also named Kaiming: variance `gain^2 / fan in`, with gain `sqrt 2` by default,
    /// which makes up for the half of the values that a ReLU sets to zero.
    ///
    /// With [`fan_out`](He::fan_out), `gain^2 / fan out` keeps the size of gradients instead of
    /// values.
    ///
    /// Source: He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", 2015.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct He {
        /// The factor for the activation behind the weights.
        gain: Gain = Gain(SQRT_2);
        /// By the number of outputs instead of inputs.
        fan_out: bool = false;
        ..
        distribution: Distribution = Distribution::Uniform;
    }
}

impl He {
    /// Uniformly from `+-gain sqrt(3 / fan)`.
    #[must_use]
    pub fn uniform() -> Self {
        He::default()
    }

    /// Normally, with standard deviation `gain / sqrt(fan)`.
    #[must_use]
    pub fn normal() -> Self {
        He { distribution: Distribution::Normal, ..He::default() }
    }

    /// The factor for the activation behind the weights; see
    /// [`Properties::gain`](chainrule_graph::Properties::gain).
    #[must_use]
    pub fn gain(mut self, gain: f64) -> Self {
        self.gain = Gain(gain);
        self
    }

    /// With the gain of the activation behind the weights.
    ///
    /// ```
    /// use chainrule_nn::activation::Tanh;
    /// use chainrule_nn::init::He;
    ///
    /// assert_eq!(He::normal().for_activation::<f32>(&Tanh), He::normal().gain(5.0 / 3.0));
    /// ```
    #[must_use]
    pub fn for_activation<T: Real>(self, activation: &dyn Activation<T>) -> Self {
        self.gain(activation.properties().gain)
    }

    /// By the number of outputs instead of inputs.
    #[must_use]
    pub fn fan_out(mut self) -> Self {
        self.fan_out = true;
        self
    }
}

impl He {
    pub(super) fn distribution(&self) -> Distribution {
        self.distribution
    }
}

impl Initialiser for He {
    fn fill(
        &self,
        shape: Shape,
        values: &mut [f64],
        generator: &mut Generator,
    ) -> Result<(), String> {
        let (inputs, outputs) = fans("he", shape)?;
        let fan = if self.fan_out { outputs } else { inputs };
        self.distribution.fill(self.gain.0 / fan.sqrt(), values, generator)
    }
}

impl Listed for He {
    fn name(&self) -> &'static str {
        match self.distribution {
            Distribution::Uniform => "he_uniform",
            Distribution::Normal => "he_normal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::fan::tests::check_moments;

    #[test]
    fn moments_are_right() {
        check_moments(&He::normal(), (2.0_f64 / 200.0).sqrt(), None);
        check_moments(&He::uniform(), (2.0_f64 / 200.0).sqrt(), Some((6.0_f64 / 200.0).sqrt()));
        check_moments(&He::normal().fan_out().gain(1.0), (1.0_f64 / 300.0).sqrt(), None);
    }
}
