use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::Real;

use super::{Optimizer, Update, decay, pass, settled};

settings! {
    "lion":
        "w -= learning_rate (sign(beta1 m + (1 - beta1) g) + weight_decay w); m = beta2 m + (1 - \
         beta2) g";

    /// Lion: every step has the length of the learning rate; the sign is that of a momentum.
    ///
    /// For each weight `w` with gradient `g`: `c = beta1 m + (1 - beta1) g`,
    /// `m = beta2 m + (1 - beta2) g`, `w -= learning_rate (sign c + weight_decay w)`, where
    /// `sign 0` is 0. Since each step is larger than Adam's, the learning rate should be three to
    /// ten times smaller, and the weight decay larger by as much.
    ///
    /// Source: Chen, Liang, Huang, Real, Wang, Liu, Pham, Dong, Luong, Hsieh, Lu and Le, "Symbolic
    /// Discovery of Optimization Algorithms", 2023, program 2.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Lion {
        /// The length of a step.
        pub learning_rate: f64 = 1e-4, at_least(0.0);
        /// How much of the momentum goes into the sign, in `[0, 1)`.
        pub beta1: f64 = 0.9, within(0.0..1.0);
        /// How long the momentum is remembered, in `[0, 1)`.
        pub beta2: f64 = 0.99, within(0.0..1.0);
        /// How much of each weight a step takes away, for a learning rate of 1 (decoupled).
        pub weight_decay: f64 = 0.0, at_least(0.0);
    }
}

impl Lion {
    /// Lion with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Lion { learning_rate, ..Lion::default() }
    }
}

impl<T: Real> Optimizer<T> for Lion {
    fn name(&self) -> &'static str {
        "lion"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        &["momentum"]
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn step(&self, update: Update<'_, T>) {
        let Update { learning_rate, momentum: beta1, weights, gradient, slots: [momentum], .. } =
            update
        else {
            unreachable!("the state was made for one slot")
        };
        let beta1 = beta1.unwrap_or(self.beta1);
        let [beta1, new1] = [beta1, 1.0 - beta1].map(T::from_f64);
        let [beta2, new2] = [self.beta2, 1.0 - self.beta2].map(T::from_f64);
        let rate = T::from_f64(learning_rate);
        let [shrink, _] = decay(self.weight_decay, true, learning_rate);
        pass!(self.weight_decay != 0.0, |decays, by| {
            for ((w, &g), m) in weights.iter_mut().zip(gradient).zip(momentum.iter_mut()) {
                let c = by.add_product(beta1, *m, new1 * g);
                // Zero, and NaN, stay what they are.
                let up = if c > T::ZERO { T::ONE } else { c };
                let sign = if c < T::ZERO { -T::ONE } else { up };
                *m = by.flushed(by.add_product(beta2, *m, new2 * g));
                let kept = if decays { *w * shrink } else { *w };
                *w = settled(by, decays, kept - rate * sign);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::State;
    use crate::optimizer::tests::assert_path;

    #[test]
    fn golden_path() {
        assert_path(&Lion::new(0.1), &[0.9, 0.8, 0.7]);
        // Each step takes away a tenth of a fifth of the weight as well.
        assert_path(&Lion { weight_decay: 0.2, ..Lion::new(0.1) }, &[0.88, 0.88 * 0.98 - 0.1]);
    }

    #[test]
    fn the_sign_of_zero_is_zero_and_a_momentum_outlives_its_gradient() {
        let (lion, mut weights) = (Lion::new(0.5), [1.0_f64, 1.0]);
        let mut state = State::new(&lion, 2);
        state.step(&lion, &mut weights, &[0.0, 3.0]);
        state.step(&lion, &mut weights, &[0.0, 0.0]);
        assert_eq!(weights, [1.0, 0.0]);
        assert_eq!(state.slots()[0][0], 0.0);
    }
}
