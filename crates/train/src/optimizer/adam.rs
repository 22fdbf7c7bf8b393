use chainrule_tensor::{Real, simd};

use super::{Optimizer, Update, fraction, not_negative};

/// Adam: steps of about the learning rate in each direction, whatever the gradient's size there; as in PyTorch.
///
/// For each weight `w` with gradient `g`, after `g += weight_decay w`: `m = beta1 m + (1 - beta1) g`,
/// `v = beta2 v + (1 - beta2) g^2`, `w -= learning_rate m' / (sqrt v' + epsilon)` with the bias corrections
/// `m' = m / (1 - beta1^t)` and `v' = v / (1 - beta2^t)`, computed in `f64`.
///
/// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// The length of a step; 1e-3 by default.
    pub learning_rate: f64,
    /// How long the mean of the gradient is remembered, in `[0, 1)`; 0.9 by default.
    pub beta1: f64,
    /// How long the mean of its square is remembered, in `[0, 1)`; 0.999 by default.
    pub beta2: f64,
    /// Keeps the divisor away from zero; 1e-8 by default.
    pub epsilon: f64,
    /// Added to the gradient for each unit of weight (L2, not decoupled); 0 by default.
    pub weight_decay: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Adam { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

impl Adam {
    /// Adam with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Adam { learning_rate, ..Adam::default() }
    }
}

impl<T: Real> Optimizer<T> for Adam {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &'static [&'static str] {
        &["first_moment", "second_moment"]
    }

    fn check(&self) -> Result<(), String> {
        not_negative("adam: the learning rate", self.learning_rate)?;
        fraction("adam: beta1", self.beta1)?;
        fraction("adam: beta2", self.beta2)?;
        not_negative("adam: epsilon", self.epsilon)?;
        not_negative("adam: the weight decay", self.weight_decay)
    }

    fn step(&self, update: Update<'_, T>) {
        let [first, second] = update.slots else { unreachable!("the state was made for two slots") };
        // powf, since a step past 2^31 would overflow powi's exponent.
        let correction = |beta: f64| 1.0 - beta.powf(update.step as f64);
        let rate = T::from_f64(update.learning_rate / correction(self.beta1));
        let scale = T::from_f64(1.0 / correction(self.beta2).sqrt());
        let [beta1, beta2, epsilon, decay] = [self.beta1, self.beta2, self.epsilon, self.weight_decay].map(T::from_f64);
        let [new1, new2] = [1.0 - self.beta1, 1.0 - self.beta2].map(T::from_f64);
        let moments = first.iter_mut().zip(second.iter_mut());
        let weights = update.weights.iter_mut().zip(update.gradient);
        simd::dispatch(
            #[inline(always)]
            || {
                for ((w, &g), (m, v)) in weights.zip(moments) {
                    let g = g + decay * *w;
                    *m = beta1 * *m + new1 * g;
                    *v = beta2 * *v + new2 * g * g;
                    *w -= rate * *m / (v.sqrt() * scale + epsilon);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::tests::down_a_parabola;

    #[test]
    fn golden_path() {
        let expected = [0.9000000005, 0.8004122286917928, 0.7015862729460303];
        for (got, expected) in down_a_parabola(&Adam::new(0.1), 3).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-14, "{got} is not {expected}");
        }
        let expected = [0.9000004999975, 0.8004132482111623];
        for (got, expected) in down_a_parabola(&Adam { epsilon: 1e-5, ..Adam::new(0.1) }, 2).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-14, "{got} is not {expected}");
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let check = |adam: Adam| Optimizer::<f32>::check(&adam).unwrap_err();
        assert_eq!(check(Adam { beta2: 1.0, ..Adam::default() }), "adam: beta2 must lie in [0, 1), but it is 1");
        assert_eq!(
            check(Adam::new(f64::NAN)),
            "adam: the learning rate must be finite and not negative, but it is NaN"
        );
    }
}
