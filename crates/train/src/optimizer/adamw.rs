use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::Real;

use super::{Adam, Optimizer, Update, adam};

settings! {
    "adamw": "w -= learning_rate (m' / (sqrt v' + epsilon) + weight_decay w)";

    /// AdamW: [`Adam`] with weight decay apart from the gradient, as in PyTorch.
    ///
    /// For each weight, `w -= learning_rate weight_decay w`, then a step of [`Adam`] with the
    /// gradient as it is: weights shrink alike, whatever the size of their gradients.
    ///
    /// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct AdamW {
        /// The length of a step.
        pub learning_rate: f64 = 1e-3, at_least(0.0);
        /// How long the mean of the gradient is remembered, in `[0, 1)`.
        pub beta1: f64 = 0.9, within(0.0..1.0);
        /// How long the mean of its square is remembered, in `[0, 1)`.
        pub beta2: f64 = 0.999, within(0.0..1.0);
        /// Keeps the divisor away from zero.
        pub epsilon: f64 = 1e-8, at_least(0.0);
        /// How much of each weight a step takes away, for a learning rate of 1.
        pub weight_decay: f64 = 1e-2, at_least(0.0);
        /// Divides by the largest mean of squares so far.
        pub amsgrad: bool = false;
    }
}

impl AdamW {
    /// AdamW with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        AdamW { learning_rate, ..AdamW::default() }
    }
}

impl<T: Real> Optimizer<T> for AdamW {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        adam::slots(self.amsgrad)
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn step(&self, update: Update<'_, T>) {
        let AdamW { learning_rate, beta1, beta2, epsilon, weight_decay, amsgrad } = *self;
        adam::step(
            &Adam { learning_rate, beta1, beta2, epsilon, weight_decay, amsgrad },
            true,
            update,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::State;
    use crate::optimizer::tests::{assert_path, down_a_parabola};

    #[test]
    fn without_decay_it_is_adam_and_with_it_weights_shrink_whatever_their_gradient() {
        let adamw = AdamW { weight_decay: 0.0, ..AdamW::new(0.1) };
        assert_path(&adamw, &down_a_parabola(&Adam::new(0.1), 5));
        let (adamw, mut weights) =
            (AdamW { weight_decay: 0.5, ..AdamW::new(0.1) }, [2.0_f64, -4.0]);
        let mut state = State::new(&adamw, 2);
        state.step(&adamw, &mut weights, &[0.0, 0.0]);
        assert_eq!(weights, [1.9, -3.8]);
    }

    #[test]
    fn golden_path() {
        // The first step of Adam is g / (|g| + epsilon): 1 - 0.1 * 0.01 - 0.1 * 2 / (2 + 1e-8).
        assert_path(&AdamW::new(0.1), &[1.0 - 0.001 - 0.1 * 2.0 / (2.0 + 1e-8)]);
    }
}
