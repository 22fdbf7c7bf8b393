use chainrule_graph::Initialiser;
use chainrule_tensor::random::Generator;
use chainrule_tensor::{Real, Shape};

use super::fan::{Distribution, fans};
use super::{Gain, Listed};
use crate::Activation;
use crate::config::settings;

settings! {
    "glorot": "variance gain^2 2 / (fan in + fan out)";

    /// Glorot's rule, also named Xavier, has the variance `gain^2 * 2 / (fan in + fan out)`. It
    /// keeps the size of values on the way forward and of gradients on the way back, as a
    /// compromise, for activations that are linear near zero. Gain 1 by default; 5/3 for tanh.
    ///
    /// Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    /// networks", 2010.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Glorot {
        /// The factor for the activation behind the weights.
        gain: Gain = Gain(1.0);
        ..
        distribution: Distribution = Distribution::Uniform;
    }
}

impl Glorot {
    /// Uniformly from `+-gain sqrt(6 / (fan in + fan out))`.
    #[must_use]
    pub fn uniform() -> Self {
        Glorot::default()
    }

    /// Normally, with standard deviation `gain sqrt(2 / (fan in + fan out))`.
    #[must_use]
    pub fn normal() -> Self {
        Glorot { distribution: Distribution::Normal, ..Glorot::default() }
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
    /// use chainrule_nn::init::Glorot;
    ///
    /// assert_eq!(Glorot::normal().for_activation::<f32>(&Tanh), Glorot::normal().gain(5.0 / 3.0));
    /// ```
    #[must_use]
    pub fn for_activation<T: Real>(self, activation: &dyn Activation<T>) -> Self {
        self.gain(activation.properties().gain)
    }
}

impl Initialiser for Glorot {
    fn fill(
        &self,
        shape: Shape,
        values: &mut [f64],
        generator: &mut Generator,
    ) -> Result<(), String> {
        let (inputs, outputs) = fans("glorot", shape)?;
        self.distribution.fill(self.gain.0 * (2.0 / (inputs + outputs)).sqrt(), values, generator)
    }
}

impl Listed for Glorot {
    fn name(&self) -> &'static str {
        match self.distribution {
            Distribution::Uniform => "glorot_uniform",
            Distribution::Normal => "glorot_normal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::fan::tests::check_moments;

    #[test]
    fn moments_are_right() {
        check_moments(&Glorot::uniform(), (2.0_f64 / 500.0).sqrt(), Some((6.0_f64 / 500.0).sqrt()));
        check_moments(
            &Glorot::normal().gain(5.0 / 3.0),
            5.0 / 3.0 * (2.0_f64 / 500.0).sqrt(),
            None,
        );
    }
}
