use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::Real;

use super::{Optimizer, Update, bias_correction, flushed_square, pass, settled};

settings! {
    "adamax":
        "m = beta1 m + (1 - beta1) g; u = max(beta2 u, |g| + epsilon); w -= learning_rate m' / u";

    /// Adamax: Adam with the largest magnitude in place of the root of the mean square; as in
    /// PyTorch.
    ///
    /// For each weight `w` with gradient `g`, after `g += weight_decay w`:
    /// `m = beta1 m + (1 - beta1) g`, `u = max(beta2 u, |g| + epsilon)`,
    /// `w -= learning_rate m / ((1 - beta1^t) u)`.
    ///
    /// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, section 7.1.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Adamax {
        /// The length of a step.
        pub learning_rate: f64 = 2e-3, at_least(0.0);
        /// How long the mean of the gradient is remembered, in `[0, 1)`.
        pub beta1: f64 = 0.9, within(0.0..1.0);
        /// How long its largest magnitude is remembered, in `[0, 1)`.
        pub beta2: f64 = 0.999, within(0.0..1.0);
        /// Keeps the divisor away from zero.
        pub epsilon: f64 = 1e-8, at_least(0.0);
        /// Added to the gradient for each unit of weight (L2).
        pub weight_decay: f64 = 0.0, at_least(0.0);
    }
}

impl Adamax {
    /// Adamax with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Adamax { learning_rate, ..Adamax::default() }
    }
}

impl<T: Real> Optimizer<T> for Adamax {
    fn name(&self) -> &'static str {
        "adamax"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        &["first_moment", "largest_magnitude"]
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn step(&self, update: Update<'_, T>) {
        let Update {
            step,
            learning_rate,
            momentum,
            weights,
            gradient,
            slots: [first, largest],
            ..
        } = update
        else {
            unreachable!("the state was made for two slots")
        };
        let beta1 = momentum.unwrap_or(self.beta1);
        let rate = T::from_f64(learning_rate / bias_correction(beta1, step));
        let [beta1, new1, beta2] = [beta1, 1.0 - beta1, self.beta2].map(T::from_f64);
        let [epsilon, l2] = [self.epsilon, self.weight_decay].map(T::from_f64);
        pass!(self.weight_decay != 0.0, |decays, by| {
            let moments = first.iter_mut().zip(largest.iter_mut());
            for ((w, &g), (m, u)) in weights.iter_mut().zip(gradient).zip(moments) {
                let g = if decays { g + l2 * *w } else { g };
                let mean = by.add_product(beta1, *m, new1 * g);
                *m = by.flushed(mean);
                let size = (beta2 * *u).maximum(g.abs() + epsilon);
                *u = flushed_square(size);
                *w = settled(by, decays, *w - rate * mean / size);
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
        let first = 1.0 - 0.1 * 2.0 / (2.0 + 1e-8);
        // m = 0.9 * 0.2 + 0.1 g, corrected by 1 - 0.81; u = 0.999 (2 + 1e-8), which is more than
        // |g|.
        let m = (0.18 + 0.1 * 2.0 * first) / 0.19;
        assert_path(&Adamax::new(0.1), &[first, first - 0.1 * m / (0.999 * (2.0 + 1e-8))]);
    }
}
