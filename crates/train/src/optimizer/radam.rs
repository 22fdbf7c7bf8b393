use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::Real;

use super::{
    Optimizer, Update, adam, bias_correction, bounded, decay, flushed_square, gradient_limit, pass,
    settled,
};

settings! {
    "radam":
        "w -= learning_rate m' R / (sqrt v' + epsilon) with the rectification R, or w -= \
         learning_rate m' in the first steps";

    /// RAdam: Adam that does not divide by the mean square until enough squares make it; as in
    /// PyTorch.
    ///
    /// For each weight `w` with gradient `g`, after the weight decay: `m` and `v` as in
    /// [`Adam`](super::Adam); `m' = m / (1 - beta1^t)`. With `r = 2 / (1 - beta2) - 1` and
    /// `r_t = r - 2 t beta2^t / (1 - beta2^t)`: if `r_t > 5`,
    /// `w -= learning_rate m' R sqrt(1 - beta2^t) / (sqrt v + epsilon)` with the rectification
    /// `R = sqrt((r_t - 4) (r_t - 2) r / ((r - 4) (r - 2) r_t))`; else `w -= learning_rate m'`.
    ///
    /// Source: Liu, Jiang, He, Chen, Liu, Gao and Han, "On the Variance of the Adaptive Learning
    /// Rate and Beyond", 2020.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct RAdam {
        /// The length of a step.
        pub learning_rate: f64 = 1e-3, at_least(0.0);
        /// How long the mean of the gradient is remembered, in `[0, 1)`.
        pub beta1: f64 = 0.9, within(0.0..1.0);
        /// How long the mean of its square is remembered, in `[0, 1)`.
        pub beta2: f64 = 0.999, within(0.0..1.0);
        /// Keeps the divisor away from zero.
        pub epsilon: f64 = 1e-8, at_least(0.0);
        /// Added to the gradient for each unit of weight (L2), or taken from the weight if
        /// decoupled.
        pub weight_decay: f64 = 0.0, at_least(0.0);
        /// Keeps the weight decay apart from the gradient, as in [`AdamW`](super::AdamW).
        pub decoupled_weight_decay: bool = false;
    }
}

impl RAdam {
    /// RAdam with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        RAdam { learning_rate, ..RAdam::default() }
    }

    /// `R sqrt(1 - beta2^t)`, if there are enough squares.
    fn rectification(&self, step: u64) -> Option<f64> {
        let (t, correction) = (step as f64, bias_correction(self.beta2, step));
        let most = 2.0 / (1.0 - self.beta2) - 1.0;
        let now = most - 2.0 * t * self.beta2.powf(t) / correction;
        let squared = (now - 4.0) * (now - 2.0) * most / ((most - 4.0) * (most - 2.0) * now);
        (now > 5.0).then(|| squared.sqrt() * correction.sqrt())
    }
}

impl<T: Real> Optimizer<T> for RAdam {
    fn name(&self) -> &'static str {
        "radam"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        adam::slots(false)
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn step(&self, update: Update<'_, T>) {
        let Update {
            step, learning_rate, momentum, weights, gradient, slots: [first, second], ..
        } = update
        else {
            unreachable!("the state was made for two slots")
        };
        let beta1 = momentum.unwrap_or(self.beta1);
        let rate = learning_rate / bias_correction(beta1, step);
        // Without rectification the divisor is 0 sqrt v + 1.
        let (rate, roots, rest) = match self.rectification(step) {
            Some(rectification) => (rate * rectification, 1.0, self.epsilon),
            None => (rate, 0.0, 1.0),
        };
        let [rate, roots, rest] = [rate, roots, rest].map(T::from_f64);
        let [beta1, new1] = [beta1, 1.0 - beta1].map(T::from_f64);
        let [beta2, new2] = [self.beta2, 1.0 - self.beta2].map(T::from_f64);
        let [shrink, l2] = decay(self.weight_decay, self.decoupled_weight_decay, learning_rate);
        let limit = gradient_limit();
        pass!(self.weight_decay != 0.0, |decays, by| {
            let moments = first.iter_mut().zip(second.iter_mut());
            for ((w, &g), (m, v)) in weights.iter_mut().zip(gradient).zip(moments) {
                let kept = if decays { *w * shrink } else { *w };
                let g = bounded(if decays { g + l2 * kept } else { g }, limit);
                let mean = by.add_product(beta1, *m, new1 * g);
                *m = by.flushed(mean);
                let square = by.add_product(beta2, *v, new2 * g * g);
                *v = flushed_square(square);
                let root = by.add_product(roots, square.sqrt(), rest);
                *w = settled(by, decays, kept - rate * mean / root);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::tests::assert_path;

    #[test]
    fn the_first_steps_are_those_of_corrected_momentum() {
        // m / (1 - beta1) = 2, then (0.9 * 0.2 + 0.1 * 1.6) / 0.19.
        assert_path(&RAdam::new(0.1), &[0.8, 0.8 - 0.1 * 0.34 / 0.19]);
    }

    #[test]
    fn the_division_begins_with_the_sixth_step_and_ends_as_adam() {
        let radam = RAdam::default();
        assert!((1..6).all(|step| radam.rectification(step).is_none()));
        let ratio = radam.rectification(6).unwrap();
        assert!(ratio > 0.0 && ratio < 0.1, "{ratio}");
        assert!((radam.rectification(100_000).unwrap() - 1.0).abs() < 1e-12);
    }
}
