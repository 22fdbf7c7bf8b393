use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::Real;

use super::{Optimizer, Update, bounded, flushed_square, gradient_limit, pass, settled};

settings! {
    "adadelta":
        "v = rho v + (1 - rho) g^2; d = g sqrt(u + epsilon) / sqrt(v + epsilon); u = rho u + (1 - \
         rho) d^2; w -= learning_rate d";

    /// Adadelta: steps in the unit of the weights, without a learning rate of their own; as in
    /// PyTorch.
    ///
    /// For each weight `w` with gradient `g`, after `g += weight_decay w`:
    /// `v = rho v + (1 - rho) g^2`, `d = g sqrt(u + epsilon) / sqrt(v + epsilon)`,
    /// `u = rho u + (1 - rho) d^2`, `w -= learning_rate d`.
    ///
    /// Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Adadelta {
        /// How much of the computed step is made.
        pub learning_rate: f64 = 1.0, at_least(0.0);
        /// How long the means of squares are remembered, in `[0, 1)`.
        pub rho: f64 = 0.9, within(0.0..1.0);
        /// Keeps the divisor away from zero, and the first steps as well.
        pub epsilon: f64 = 1e-6, at_least(0.0);
        /// Added to the gradient for each unit of weight (L2).
        pub weight_decay: f64 = 0.0, at_least(0.0);
    }
}

impl<T: Real> Optimizer<T> for Adadelta {
    fn name(&self) -> &'static str {
        "adadelta"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        &["mean_square", "mean_square_step"]
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn step(&self, update: Update<'_, T>) {
        let Update { learning_rate, weights, gradient, slots: [squares, steps], .. } = update
        else {
            unreachable!("the state was made for two slots")
        };
        let [rate, rho, new] = [learning_rate, self.rho, 1.0 - self.rho].map(T::from_f64);
        let [epsilon, l2] = [self.epsilon, self.weight_decay].map(T::from_f64);
        let limit = gradient_limit();
        pass!(self.weight_decay != 0.0, |decays, by| {
            let means = squares.iter_mut().zip(steps.iter_mut());
            for ((w, &g), (v, u)) in weights.iter_mut().zip(gradient).zip(means) {
                let g = bounded(if decays { g + l2 * *w } else { g }, limit);
                let square = by.add_product(rho, *v, new * g * g);
                *v = flushed_square(square);
                let d = g * ((*u + epsilon).sqrt() / (square + epsilon).sqrt());
                *u = flushed_square(by.add_product(rho, *u, new * d * d));
                *w = settled(by, decays, *w - rate * d);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::tests::assert_path;

    #[test]
    fn golden_path() {
        // g = 2: v = 0.4, d = 2 sqrt(1e-6 / 0.400001), u = 0.1 d^2.
        let d = 2.0 * (1e-6 / 0.400001_f64).sqrt();
        let g = 2.0 * (1.0 - d);
        let second = g * ((0.1 * d * d + 1e-6) / (0.36 + 0.1 * g * g + 1e-6)).sqrt();
        assert_path(&Adadelta::default(), &[1.0 - d, 1.0 - d - second]);
    }
}
