use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::Real;

use super::{
    Optimizer, Update, adam, bias_correction, bounded, decay, flushed_square, gradient_limit, pass,
    settled,
};

settings! {
    "nadam":
        "w -= learning_rate (mu' m / (1 - M') + (1 - mu) g / (1 - M)) / (sqrt v' + epsilon), mu = \
         beta1 (1 - 0.96^(t momentum_decay) / 2), M = product of mu";

    /// NAdam: Adam with Nesterov's momentum; as in PyTorch.
    ///
    /// For each weight `w` with gradient `g`, after the weight decay:
    /// `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`; with
    /// `mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2)` and `M_t = mu_1 ... mu_t`, `w -=
    /// learning_rate (mu_{t+1} m / (1 - M_{t+1}) + (1 - mu_t) g / (1 - M_t)) / (sqrt(v / (1 -
    /// beta2^t)) + epsilon)`.
    ///
    /// The momentum of a schedule is not taken: `M_t` would depend on all those before.
    ///
    /// Source: Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct NAdam {
        /// The length of a step.
        pub learning_rate: f64 = 2e-3, at_least(0.0);
        /// How long the mean of the gradient is remembered, in `[0, 1)`.
        pub beta1: f64 = 0.9, within(0.0..1.0);
        /// How long the mean of its square is remembered, in `[0, 1)`.
        pub beta2: f64 = 0.999, within(0.0..1.0);
        /// Keeps the divisor away from zero.
        pub epsilon: f64 = 1e-8, at_least(0.0);
        /// Added to the gradient for each unit of weight (L2), or taken from the weight if
        /// decoupled.
        pub weight_decay: f64 = 0.0, at_least(0.0);
        /// How fast the momentum grows from `beta1 / 2` to `beta1`.
        pub momentum_decay: f64 = 4e-3, at_least(0.0);
        /// Keeps the weight decay apart from the gradient, as in [`AdamW`](super::AdamW).
        pub decoupled_weight_decay: bool = false;
    }
}

impl NAdam {
    /// NAdam with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        NAdam { learning_rate, ..NAdam::default() }
    }

    /// `mu_t`, `mu_{t+1}` and `M_t`.
    fn momentum(&self, step: u64) -> [f64; 3] {
        let mu = |share: f64| self.beta1 * (1.0 - 0.5 * share);
        let ratio = 0.96_f64.powf(self.momentum_decay);
        // 1 - M_t is 1 in f64 long before the last of many steps: the product ends there.
        let (mut product, mut share) = (1.0, 1.0);
        for _ in 0..step {
            share *= ratio;
            product *= mu(share);
            if product < 1e-20 {
                break;
            }
        }
        let at = |t: f64| mu(ratio.powf(t));
        [at(step as f64), at(step as f64 + 1.0), product]
    }
}

impl<T: Real> Optimizer<T> for NAdam {
    fn name(&self) -> &'static str {
        "nadam"
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
        let Update { step, learning_rate, weights, gradient, slots: [first, second], .. } = update
        else {
            unreachable!("the state was made for two slots")
        };
        let [mu, next, product] = self.momentum(step);
        let along_gradient = T::from_f64(learning_rate * (1.0 - mu) / (1.0 - product));
        let along_moment = T::from_f64(learning_rate * next / (1.0 - product * next));
        let scale = T::from_f64(1.0 / bias_correction(self.beta2, step).sqrt());
        let [beta1, new1] = [self.beta1, 1.0 - self.beta1].map(T::from_f64);
        let [beta2, new2, epsilon] = [self.beta2, 1.0 - self.beta2, self.epsilon].map(T::from_f64);
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
                let along = by.add_product(along_gradient, g, along_moment * mean);
                let root = by.add_product(square.sqrt(), scale, epsilon);
                *w = settled(by, decays, kept - along / root);
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
        let mu = |t: f64| 0.9 * (1.0 - 0.5 * 0.96_f64.powf(t * 0.004));
        // The first moment is 0.2, the corrected second one 4.
        let step =
            mu(2.0) * 0.2 / (1.0 - mu(1.0) * mu(2.0)) + (1.0 - mu(1.0)) * 2.0 / (1.0 - mu(1.0));
        assert_path(&NAdam::new(0.1), &[1.0 - 0.1 * step / (2.0 + 1e-8)]);
    }

    #[test]
    fn the_product_of_momenta_ends_where_it_no_longer_matters() {
        let nadam = NAdam::default();
        let [.., long] = nadam.momentum(u64::MAX);
        assert!(long < 1e-20 && 1.0 - long == 1.0, "{long}");
        let [first, second, product] = nadam.momentum(1);
        assert!(
            (product - first).abs() < 1e-15
                && (nadam.momentum(2)[2] - first * second).abs() < 1e-15
        );
    }
}
