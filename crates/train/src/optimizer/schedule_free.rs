use chainrule_nn::Configure;
use chainrule_nn::config::settings;
use chainrule_tensor::{Real, simd};

use super::{Optimizer, Update, above_zero, bias_correction, bounded, gradient_limit};

settings! {
    "schedule_free":
        "z -= learning_rate (g / (sqrt v' + epsilon) + weight_decay y); x += c (z - x); \
         y = beta1 x + (1 - beta1) z; x is validated and kept", checked by is_an_average;

    /// Schedule-free AdamW: an average of all steps takes the place of a falling learning rate and
    /// of the momentum; as in Optax.
    ///
    /// Beside the weights `y` that are trained it remembers `z`, where steps are made, and by both
    /// an average `x`. For each weight with gradient `g` at `y` in step `t`: `v = beta2 v + (1 -
    /// beta2) g^2`, `x = (y - (1 - beta1) z) / beta1`, `z -= learning_rate (g / (sqrt v' + epsilon)
    /// + weight_decay y)` with `v' = v / (1 - beta2^t)`, `x += c (z - x)` and `y = beta1 x + (1 -
    /// beta1) z`. Here `c` is this step's part in the sum over all steps of the square of the
    /// largest learning rate until then: `1 / t` while it is constant.
    ///
    /// The trainer validates `x`, shows it to callbacks at the end of an epoch, and ends with it:
    /// see [`State::average`](super::State::average). A warm-up of the learning rate is of use, a
    /// decay is not.
    ///
    /// Source: Defazio and others, "The Road Less Scheduled", 2024.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct ScheduleFree {
        /// The length of a step.
        pub learning_rate: f64 = 2.5e-3, at_least(0.0);
        /// How near `y` is to the average; above 0.
        pub beta1: f64 = 0.9, within(0.0..1.0);
        /// How long the mean of the square is remembered.
        pub beta2: f64 = 0.999, within(0.0..1.0);
        /// Keeps the divisor away from zero.
        pub epsilon: f64 = 1e-8, at_least(0.0);
        /// How much of each weight a step takes away, for a learning rate of 1.
        pub weight_decay: f64 = 0.0, at_least(0.0);
    }
}

impl ScheduleFree {
    /// Schedule-free AdamW with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        ScheduleFree { learning_rate, ..ScheduleFree::default() }
    }
}

fn is_an_average(schedule_free: &ScheduleFree) -> Result<(), String> {
    above_zero("schedule_free", "beta1", schedule_free.beta1)
}

impl<T: Real> Optimizer<T> for ScheduleFree {
    fn name(&self) -> &'static str {
        "schedule_free"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        &["base", "second_moment"]
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn step(&self, update: Update<'_, T>) {
        let Update { step, learning_rate, share, weights, gradient, slots, .. } = update;
        let [base, second] = slots else { unreachable!("the state was made for two slots") };
        if step == 1 {
            base.copy_from_slice(weights);
        }
        let scale = T::from_f64(1.0 / bias_correction(self.beta2, step).sqrt());
        let new2 = T::from_f64(1.0 - self.beta2);
        let [rate, decay] = [learning_rate, learning_rate * self.weight_decay].map(T::from_f64);
        let [beta2, epsilon, share] = [self.beta2, self.epsilon, share].map(T::from_f64);
        let [near, far] = [self.beta1, 1.0 - self.beta1].map(T::from_f64);
        let inverse = T::from_f64(1.0 / self.beta1);
        let limit = gradient_limit();
        simd::dispatch(
            #[inline(always)]
            || {
                let slots = base.iter_mut().zip(second.iter_mut());
                for ((y, &g), (z, v)) in weights.iter_mut().zip(gradient).zip(slots) {
                    let g = bounded(g, limit);
                    *v = (beta2 * *v + new2 * g * g).flushed();
                    let x = (*y - far * *z) * inverse;
                    *z = (*z - rate * g / (v.sqrt() * scale + epsilon) - decay * *y).flushed();
                    let x = x + share * (*z - x);
                    *y = (near * x + far * *z).flushed();
                }
            },
        );
    }

    fn averages(&self) -> bool {
        true
    }

    fn average(&self, weights: &mut [T], slots: &[&[T]]) {
        let [base, _] = slots else { unreachable!("the state was made for two slots") };
        let (far, inverse) = (T::from_f64(1.0 - self.beta1), T::from_f64(1.0 / self.beta1));
        simd::dispatch(
            #[inline(always)]
            || {
                for (y, &z) in weights.iter_mut().zip(*base) {
                    *y = ((*y - far * z) * inverse).flushed();
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::State;
    use crate::optimizer::tests::assert_path;

    #[test]
    fn golden_path() {
        // The first step is Adam's, and all of the average. Then g = 1.8, v' = (0.999 4 + 1.8^2) /
        // 1.999.
        let free = ScheduleFree { epsilon: 0.0, ..ScheduleFree::new(0.1) };
        let v: f64 = (0.999 * 4.0 + 1.8 * 1.8) / 1.999;
        let z = 0.9 - 0.1 * 1.8 / v.sqrt();
        let x = 0.5 * (0.9 + z);
        assert_path(&free, &[0.9, 0.9 * x + 0.1 * z]);
        // A step with the weight decay of y.
        assert_path(&ScheduleFree { weight_decay: 0.5, ..free }, &[0.85]);
    }

    #[test]
    fn the_average_weighs_steps_by_the_square_of_the_largest_rate() {
        let free = ScheduleFree { beta2: 0.0, epsilon: 0.0, ..ScheduleFree::default() };
        let (mut y, mut state) = ([1.0_f64], State::new(&free, 1));
        // Each step is as long as its rate: z is 0.9, 0.7 and 0.6; weights are 0.01, 0.04 and 0.04.
        for rate in [0.1, 0.2, 0.1] {
            state.step_at(&free, rate, &mut y, &[1.0]);
        }
        let mut x = y;
        assert!(state.average(&free, &mut x));
        let expected = (0.01 * 0.9 + 0.04 * 0.7 + 0.04 * 0.6) / 0.09;
        assert!((x[0] - expected).abs() < 1e-14, "{} is not {expected}", x[0]);
        assert!((y[0] - (0.9 * expected + 0.1 * 0.6)).abs() < 1e-14);
    }
}
