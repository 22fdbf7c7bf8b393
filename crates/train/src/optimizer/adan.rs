use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::{Real, simd};

use super::{Optimizer, Update, bias_correction, bounded, gradient_limit};

settings! {
    "adan":
        "w -= learning_rate ((m' + (1 - beta2) v') / (sqrt(n' + epsilon_root) + epsilon) + \
         weight_decay w)";

    /// Adan: Nesterov's momentum from differences of gradients, so that no gradient is computed
    /// ahead; as in Optax.
    ///
    /// For each weight `w` with gradient `g` and `d = g - previous g`, which is 0 in the first
    /// step: `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) d`,
    /// `n = beta3 n + (1 - beta3) (g + (1 - beta2) d)^2`, and `w -= learning_rate ((m' + (1 -
    /// beta2) v') / (sqrt(n' + epsilon_root) + epsilon) + weight_decay w)` with Adam's bias
    /// corrections of all three.
    ///
    /// Two things differ from the paper, as in Optax. The weight decay is that of
    /// [`AdamW`](super::AdamW), where the paper divides by `1 + learning_rate weight_decay`; and
    /// betas say how much is kept, where the paper's say how much is new.
    ///
    /// Source: Xie, Zhou, Li, Lin and Yan, "Adan: Adaptive Nesterov Momentum Algorithm for Faster
    /// Optimizing Deep Models", 2022, algorithm 1.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Adan {
        /// The length of a step.
        pub learning_rate: f64 = 1e-3, at_least(0.0);
        /// How long the mean of the gradient is remembered, in `[0, 1)`.
        pub beta1: f64 = 0.98, within(0.0..1.0);
        /// How long the mean of its differences is remembered, in `[0, 1)`.
        pub beta2: f64 = 0.92, within(0.0..1.0);
        /// How long the mean of the square is remembered, in `[0, 1)`.
        pub beta3: f64 = 0.99, within(0.0..1.0);
        /// Keeps the divisor away from zero.
        pub epsilon: f64 = 1e-8, at_least(0.0);
        /// The same, within the root.
        pub epsilon_root: f64 = 1e-8, at_least(0.0);
        /// How much of each weight a step takes away, for a learning rate of 1 (decoupled).
        pub weight_decay: f64 = 0.0, at_least(0.0);
    }
}

impl Adan {
    /// Adan with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Adan { learning_rate, ..Adan::default() }
    }
}

impl<T: Real> Optimizer<T> for Adan {
    fn name(&self) -> &'static str {
        "adan"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        &["first_moment", "difference", "second_moment", "previous_gradient"]
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn step(&self, update: Update<'_, T>) {
        let Update { step, learning_rate, momentum, weights, gradient, slots, .. } = update;
        let [first, difference, second, previous] = slots else {
            unreachable!("the state was made for four slots")
        };
        if step == 1 {
            previous.copy_from_slice(gradient);
        }
        let beta1 = momentum.unwrap_or(self.beta1);
        let along = T::from_f64(learning_rate / bias_correction(beta1, step));
        let ahead =
            T::from_f64(learning_rate * (1.0 - self.beta2) / bias_correction(self.beta2, step));
        let scale = T::from_f64(1.0 / bias_correction(self.beta3, step));
        let [new1, new2, new3] =
            [beta1, self.beta2, self.beta3].map(|beta| T::from_f64(1.0 - beta));
        let [beta1, beta2, beta3] = [beta1, self.beta2, self.beta3].map(T::from_f64);
        let [epsilon, root] = [self.epsilon, self.epsilon_root].map(T::from_f64);
        let shrink = T::from_f64(1.0 - learning_rate * self.weight_decay);
        // A difference is twice as large, and so the square.
        let limit = gradient_limit::<T>() * T::HALF;
        simd::dispatch(
            #[inline(always)]
            || {
                let moments = first
                    .iter_mut()
                    .zip(difference.iter_mut())
                    .zip(second.iter_mut().zip(previous.iter_mut()));
                for ((w, &g), ((m, v), (n, before))) in
                    weights.iter_mut().zip(gradient).zip(moments)
                {
                    let g = bounded(g, limit);
                    let d = g - bounded(*before, limit);
                    let square = (g + new2 * d) * (g + new2 * d);
                    *before = g.flushed();
                    *m = (beta1 * *m + new1 * g).flushed();
                    *v = (beta2 * *v + new2 * d).flushed();
                    *n = (beta3 * *n + new3 * square).flushed();
                    let step = (along * *m + ahead * *v) / ((*n * scale + root).sqrt() + epsilon);
                    *w = (*w * shrink - step).flushed();
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
    fn golden_path() {
        // The first step is Adam's.
        let adan = Adan { epsilon: 0.0, epsilon_root: 0.0, ..Adan::new(0.1) };
        // Then g = 1.8 and d = -0.2: m' = (0.98 0.02 2 + 0.02 1.8) / (1 - 0.98^2), v' = -0.2 0.08 /
        // (1 - 0.92^2), n' = (0.99 0.01 4 + 0.01 (1.8 - 0.08 0.2)^2) / (1 - 0.99^2).
        let m = (0.98 * 0.02 * 2.0 + 0.02 * 1.8) / (1.0 - 0.98 * 0.98);
        let v = -0.2 * 0.08 / (1.0 - 0.92 * 0.92);
        let n: f64 = (0.99 * 0.01 * 4.0 + 0.01 * (1.8_f64 - 0.016).powi(2)) / (1.0 - 0.99 * 0.99);
        assert_path(&adan, &[0.9, 0.9 - 0.1 * (m + 0.08 * v) / n.sqrt()]);
        assert_path(&Adan { weight_decay: 0.5, ..adan }, &[0.85]);
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let adan = Adan { beta3: 1.0, ..Adan::default() };
        assert_eq!(
            Configure::check(&adan).unwrap_err(),
            "adan: beta3 must lie in [0, 1), but it is 1"
        );
    }
}
