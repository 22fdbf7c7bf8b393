use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::Real;

use super::{Optimizer, Update, bounded, flushed_square, gradient_limit, pass, settled};

settings! {
    "adagrad": "s += g^2; w -= learning_rate / (1 + (t - 1) lr_decay) g / (sqrt s + epsilon)";

    /// Adagrad: each weight's steps shrink with all the gradient that it has met; as in PyTorch.
    ///
    /// For each weight `w` with gradient `g`, after `g += weight_decay w`: `s += g^2`, where `s`
    /// begins at `initial_accumulator`; `w -= rate g / (sqrt s + epsilon)` with
    /// `rate = learning_rate / (1 + (t - 1) lr_decay)` in step `t`, from 1.
    ///
    /// Source: Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and
    /// Stochastic Optimization", 2011.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Adagrad {
        /// The length of the first step.
        pub learning_rate: f64 = 1e-2, at_least(0.0);
        /// How fast the learning rate falls.
        pub lr_decay: f64 = 0.0, at_least(0.0);
        /// Added to the gradient for each unit of weight (L2).
        pub weight_decay: f64 = 0.0, at_least(0.0);
        /// Where the sum of squares begins.
        pub initial_accumulator: f64 = 0.0, at_least(0.0);
        /// Keeps the divisor away from zero.
        pub epsilon: f64 = 1e-10, at_least(0.0);
    }
}

impl Adagrad {
    /// Adagrad with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Adagrad { learning_rate, ..Adagrad::default() }
    }
}

impl<T: Real> Optimizer<T> for Adagrad {
    fn name(&self) -> &'static str {
        "adagrad"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        &["sum_of_squares"]
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn step(&self, update: Update<'_, T>) {
        let Update { step, learning_rate, weights, gradient, slots: [sum], .. } = update else {
            unreachable!("the state was made for one slot")
        };
        let rate = T::from_f64(learning_rate / (1.0 + (step - 1) as f64 * self.lr_decay));
        let [l2, epsilon] = [self.weight_decay, self.epsilon].map(T::from_f64);
        if step == 1 {
            sum.fill(T::from_f64(self.initial_accumulator));
        }
        // A sum: small enough that it holds the squares of four million such gradients.
        let limit = gradient_limit::<T>() * T::from_f64(1.0 / 1024.0);
        pass!(self.weight_decay != 0.0, |decays, by| {
            for ((w, &g), s) in weights.iter_mut().zip(gradient).zip(sum.iter_mut()) {
                let g = bounded(if decays { g + l2 * *w } else { g }, limit);
                let total = by.add_product(g, g, *s).minimum(T::MAX);
                *s = flushed_square(total);
                *w = settled(by, decays, *w - rate * g / (total.sqrt() + epsilon));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::tests::assert_path;

    #[test]
    fn golden_paths() {
        // 1 - 0.1; then g = 1.8: 0.9 - 0.1 * 1.8 / sqrt(4 + 3.24).
        let exact = Adagrad { epsilon: 0.0, ..Adagrad::new(0.1) };
        assert_path(&exact, &[0.9, 0.9 - 0.18 / 7.24_f64.sqrt()]);
        let slower =
            Adagrad { learning_rate: 0.3, lr_decay: 1.0, initial_accumulator: 5.0, ..exact };
        let first = 1.0 - 0.3 * 2.0 / 3.0;
        assert_path(&slower, &[first, first - 0.15 * 1.6 / 11.56_f64.sqrt()]);
    }
}
