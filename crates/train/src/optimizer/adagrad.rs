use chainrule_nn::Configure;
use chainrule_nn::config::Setting;
use chainrule_tensor::{Real, simd};

use super::{Optimizer, Update, bounded, gradient_limit, not_negative};

/// Adagrad: each weight's steps shrink with all the gradient that it has met; as in PyTorch.
///
/// For each weight `w` with gradient `g`, after `g += weight_decay w`: `s += g^2`, where `s` begins at
/// `initial_accumulator`; `w -= rate g / (sqrt s + epsilon)` with `rate = learning_rate / (1 + (t - 1) lr_decay)` in
/// step `t`, from 1.
///
/// Source: Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization",
/// 2011.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adagrad {
    /// The length of the first step; 1e-2 by default.
    pub learning_rate: f64,
    /// How fast the learning rate falls; 0 by default.
    pub lr_decay: f64,
    /// Added to the gradient for each unit of weight (L2); 0 by default.
    pub weight_decay: f64,
    /// Where the sum of squares begins; 0 by default.
    pub initial_accumulator: f64,
    /// Keeps the divisor away from zero; 1e-10 by default.
    pub epsilon: f64,
}

impl Default for Adagrad {
    fn default() -> Self {
        Adagrad { learning_rate: 1e-2, lr_decay: 0.0, weight_decay: 0.0, initial_accumulator: 0.0, epsilon: 1e-10 }
    }
}

impl Adagrad {
    /// Adagrad with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Adagrad { learning_rate, ..Adagrad::default() }
    }
}

impl Configure for Adagrad {
    fn formula(&self) -> &'static str {
        "s += g^2; w -= learning_rate / (1 + (t - 1) lr_decay) g / (sqrt s + epsilon)"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![
            ("learning_rate", Setting::Number(&mut self.learning_rate)),
            ("lr_decay", Setting::Number(&mut self.lr_decay)),
            ("weight_decay", Setting::Number(&mut self.weight_decay)),
            ("initial_accumulator", Setting::Number(&mut self.initial_accumulator)),
            ("epsilon", Setting::Number(&mut self.epsilon)),
        ]
    }

    fn check(&self) -> Result<(), String> {
        not_negative("adagrad", "the learning rate", self.learning_rate)?;
        not_negative("adagrad", "lr_decay", self.lr_decay)?;
        not_negative("adagrad", "the weight decay", self.weight_decay)?;
        not_negative("adagrad", "the initial accumulator", self.initial_accumulator)?;
        not_negative("adagrad", "epsilon", self.epsilon)
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
        simd::dispatch(
            #[inline(always)]
            || {
                for ((w, &g), s) in weights.iter_mut().zip(gradient).zip(sum.iter_mut()) {
                    let g = bounded(g + l2 * *w, limit);
                    *s = (*s + g * g).minimum(T::MAX).flushed();
                    *w = (*w - rate * g / (s.sqrt() + epsilon)).flushed();
                }
            },
        );
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
        let slower = Adagrad { learning_rate: 0.3, lr_decay: 1.0, initial_accumulator: 5.0, ..exact };
        let first = 1.0 - 0.3 * 2.0 / 3.0;
        assert_path(&slower, &[first, first - 0.15 * 1.6 / 11.56_f64.sqrt()]);
    }
}
