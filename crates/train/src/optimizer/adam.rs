use chainrule_nn::Configure;
use chainrule_nn::config::Setting;
use chainrule_tensor::Real;

use super::{
    Optimizer, Update, bias_correction, bounded, decay, flushed_square, fraction, gradient_limit,
    not_negative, pass, settled,
};

/// Adam: steps of about the learning rate in each direction, whatever the gradient's size there; as
/// in PyTorch.
///
/// For each weight `w` with gradient `g`, after `g += weight_decay w`:
/// `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`,
/// `w -= learning_rate m' / (sqrt v' + epsilon)` with the bias corrections `m' = m / (1 - beta1^t)`
/// and `v' = v / (1 - beta2^t)`, computed in `f64`. AMSGrad takes the largest `v` so far in place
/// of `v`, so that steps do not grow again when a large gradient is forgotten.
///
/// Sources: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015; Reddi, Kale and
/// Kumar, "On the Convergence of Adam and Beyond", 2018.
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
    /// Added to the gradient for each unit of weight (L2, not decoupled; see
    /// [`AdamW`](super::AdamW)); 0 by default.
    pub weight_decay: f64,
    /// Divides by the largest mean of squares so far. False by default; it is then named `amsgrad`.
    pub amsgrad: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Adam {
            learning_rate: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            amsgrad: false,
        }
    }
}

impl Adam {
    /// Adam with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Adam { learning_rate, ..Adam::default() }
    }

    fn name(&self) -> &'static str {
        if self.amsgrad { "amsgrad" } else { "adam" }
    }
}

impl Configure for Adam {
    fn formula(&self) -> &'static str {
        if self.amsgrad {
            "w -= learning_rate m' / (sqrt(max v)' + epsilon)"
        } else {
            "m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= learning_rate m' / \
             (sqrt v' + epsilon)"
        }
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![
            ("learning_rate", Setting::Number(&mut self.learning_rate)),
            ("beta1", Setting::Number(&mut self.beta1)),
            ("beta2", Setting::Number(&mut self.beta2)),
            ("epsilon", Setting::Number(&mut self.epsilon)),
            ("weight_decay", Setting::Number(&mut self.weight_decay)),
            ("amsgrad", Setting::Flag(&mut self.amsgrad)),
        ]
    }

    fn check(&self) -> Result<(), String> {
        let Adam { learning_rate, beta1, beta2, epsilon, weight_decay, .. } = *self;
        check(self.name(), [learning_rate, beta1, beta2, epsilon, weight_decay])
    }
}

impl<T: Real> Optimizer<T> for Adam {
    fn name(&self) -> &'static str {
        self.name()
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        slots(self.amsgrad)
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn step(&self, update: Update<'_, T>) {
        step(self, false, update);
    }
}

/// Checks the settings of this family: learning rate, two betas, epsilon, weight decay.
pub(super) fn check(
    name: &str,
    [learning_rate, beta1, beta2, epsilon, weight_decay]: [f64; 5],
) -> Result<(), String> {
    not_negative(name, "learning_rate", learning_rate)?;
    fraction(name, "beta1", beta1)?;
    fraction(name, "beta2", beta2)?;
    not_negative(name, "epsilon", epsilon)?;
    not_negative(name, "weight_decay", weight_decay)
}

pub(super) fn slots(amsgrad: bool) -> &'static [&'static str] {
    if amsgrad {
        &["first_moment", "second_moment", "largest_second_moment"]
    } else {
        &["first_moment", "second_moment"]
    }
}

/// A step of Adam, or of AdamW if the weight decay is decoupled.
pub(super) fn step<T: Real>(adam: &Adam, decoupled: bool, update: Update<'_, T>) {
    let Update { step, learning_rate, momentum, weights, gradient, slots, .. } = update;
    let beta1 = momentum.unwrap_or(adam.beta1);
    let rate = T::from_f64(learning_rate / bias_correction(beta1, step));
    let scale = T::from_f64(1.0 / bias_correction(adam.beta2, step).sqrt());
    let [new1, new2] = [1.0 - beta1, 1.0 - adam.beta2].map(T::from_f64);
    let [beta1, beta2, epsilon] = [beta1, adam.beta2, adam.epsilon].map(T::from_f64);
    let [shrink, l2] = decay(adam.weight_decay, decoupled, learning_rate);
    let limit = gradient_limit();
    match slots {
        [first, second] => pass!(adam.weight_decay != 0.0, |decays, by| {
            let moments = first.iter_mut().zip(second.iter_mut());
            for ((w, &g), (m, v)) in weights.iter_mut().zip(gradient).zip(moments) {
                let kept = if decays { *w * shrink } else { *w };
                let g = bounded(if decays { g + l2 * kept } else { g }, limit);
                let mean = by.add_product(beta1, *m, new1 * g);
                *m = by.flushed(mean);
                let square = by.add_product(beta2, *v, new2 * g * g);
                *v = flushed_square(square);
                let root = by.add_product(square.sqrt(), scale, epsilon);
                *w = settled(by, decays, kept - rate * mean / root);
            }
        }),
        [first, second, largest] => pass!(adam.weight_decay != 0.0, |decays, by| {
            let moments = first.iter_mut().zip(second.iter_mut()).zip(largest.iter_mut());
            for ((w, &g), ((m, v), most)) in weights.iter_mut().zip(gradient).zip(moments) {
                let kept = if decays { *w * shrink } else { *w };
                let g = bounded(if decays { g + l2 * kept } else { g }, limit);
                let mean = by.add_product(beta1, *m, new1 * g);
                *m = by.flushed(mean);
                let square = by.add_product(beta2, *v, new2 * g * g);
                *v = flushed_square(square);
                let square = square.maximum(*most);
                *most = flushed_square(square);
                let root = by.add_product(square.sqrt(), scale, epsilon);
                *w = settled(by, decays, kept - rate * mean / root);
            }
        }),
        _ => unreachable!("the state was made for these slots"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::tests::{assert_path, down_a_parabola};

    #[test]
    fn golden_path() {
        assert_path(&Adam::new(0.1), &[0.9000000005, 0.8004122286917928, 0.7015862729460303]);
        assert_path(
            &Adam { epsilon: 1e-5, ..Adam::new(0.1) },
            &[0.9000004999975, 0.8004132482111623],
        );
    }

    #[test]
    fn amsgrad_keeps_the_largest_square_and_so_takes_no_larger_steps() {
        // The gradient shrinks on the way down, which plain Adam soon forgets at this beta2.
        let adam = Adam { beta2: 0.5, ..Adam::new(0.01) };
        let amsgrad = Adam { amsgrad: true, ..adam };
        let (adam, amsgrad) = (down_a_parabola(&adam, 40), down_a_parabola(&amsgrad, 40));
        assert!(amsgrad[39] > adam[39] + 0.01, "{} and {}", amsgrad[39], adam[39]);
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let check = |adam: Adam| Optimizer::<f32>::check(&adam).unwrap_err();
        assert_eq!(
            check(Adam { beta2: 1.0, ..Adam::default() }),
            "adam: beta2 must lie in [0, 1), but it is 1"
        );
        assert_eq!(
            check(Adam::new(f64::NAN)),
            "adam: learning_rate must be finite and not negative, but it is NaN"
        );
    }
}
