use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::Real;

use super::{Optimizer, Update, bounded, flushed_square, gradient_limit, pass, settled};

settings! {
    "rmsprop": "v = alpha v + (1 - alpha) g^2; w -= learning_rate g / (sqrt v + epsilon)";

    /// RMSprop: the gradient divided by the root of the mean of its squares; as in PyTorch.
    ///
    /// For each weight `w` with gradient `g`, after `g += weight_decay w`:
    /// `v = alpha v + (1 - alpha) g^2`; if centred, `a = alpha a + (1 - alpha) g` and
    /// `d = sqrt(v - a^2) + epsilon`, else `d = sqrt v + epsilon`; with momentum
    /// `b = momentum b + g / d` and `w -= learning_rate b`, else `w -= learning_rate g / d`. A
    /// difference `v - a^2` that rounding makes negative counts as 0.
    ///
    /// Sources: Tieleman and Hinton, "Lecture 6.5: RMSprop", 2012; centred: Graves, "Generating
    /// Sequences With Recurrent Neural Networks", 2013, section 4.1.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct RmsProp {
        /// The length of a step.
        pub learning_rate: f64 = 1e-2, at_least(0.0);
        /// How long the mean of squares is remembered, in `[0, 1)`.
        pub alpha: f64 = 0.99, within(0.0..1.0);
        /// Keeps the divisor away from zero.
        pub epsilon: f64 = 1e-8, at_least(0.0);
        /// Added to the gradient for each unit of weight (L2).
        pub weight_decay: f64 = 0.0, at_least(0.0);
        /// How much of the last step goes into the next, in `[0, 1)`.
        pub momentum: f64 = 0.0, within(0.0..1.0);
        /// Divides by the standard deviation in place of the root of the mean square.
        pub centered: bool = false;
    }
}

impl RmsProp {
    /// RMSprop with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        RmsProp { learning_rate, ..RmsProp::default() }
    }

    /// One pass with the momentum and the mean, each only where it is used: then as long as the
    /// weights.
    fn pass<T: Real, const MOMENTUM: bool, const CENTERED: bool>(
        &self,
        [rate, momentum]: [f64; 2],
        weights: &mut [T],
        gradient: &[T],
        squares: &mut [T],
        (momenta, means): (&mut [T], &mut [T]),
    ) {
        let [rate, alpha, new] = [rate, self.alpha, 1.0 - self.alpha].map(T::from_f64);
        let [epsilon, l2, momentum] = [self.epsilon, self.weight_decay, momentum].map(T::from_f64);
        let limit = gradient_limit();
        pass!(self.weight_decay != 0.0, |decays, by| {
            let len = weights.len();
            // Of one length, and bound anew, so that the loop needs no checks and vectorises.
            let (weights, gradient, squares) =
                (&mut weights[..len], &gradient[..len], &mut squares[..len]);
            let momenta = &mut momenta[..if MOMENTUM { len } else { 0 }];
            let means = &mut means[..if CENTERED { len } else { 0 }];
            for i in 0..len {
                let g = gradient[i];
                let g = bounded(if decays { g + l2 * weights[i] } else { g }, limit);
                let v = by.add_product(alpha, squares[i], new * g * g);
                squares[i] = flushed_square(v);
                let variance = if CENTERED {
                    let mean = by.add_product(alpha, means[i], new * g);
                    means[i] = by.flushed(mean);
                    (v - mean * mean).maximum(T::ZERO)
                } else {
                    v
                };
                let d = variance.sqrt() + epsilon;
                if MOMENTUM {
                    let step = by.add_product(momentum, momenta[i], g / d);
                    momenta[i] = by.flushed(step);
                    weights[i] = settled(by, decays, weights[i] - rate * step);
                } else {
                    weights[i] = settled(by, decays, weights[i] - rate * g / d);
                }
            }
        });
    }
}

impl<T: Real> Optimizer<T> for RmsProp {
    fn name(&self) -> &'static str {
        "rmsprop"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn slots(&self) -> &[&'static str] {
        match (self.momentum != 0.0, self.centered) {
            (false, false) => &["mean_square"],
            (true, false) => &["mean_square", "momentum"],
            (false, true) => &["mean_square", "mean"],
            (true, true) => &["mean_square", "momentum", "mean"],
        }
    }

    fn check(&self) -> Result<(), String> {
        Configure::check(self)
    }

    fn step(&self, update: Update<'_, T>) {
        let Update { learning_rate, momentum, weights, gradient, slots, .. } = update;
        let pace = [learning_rate, momentum.unwrap_or(self.momentum)];
        match slots {
            [squares] => {
                self.pass::<T, false, false>(pace, weights, gradient, squares, (&mut [], &mut []));
            }
            [squares, means] if self.centered => {
                self.pass::<T, false, true>(pace, weights, gradient, squares, (&mut [], means));
            }
            [squares, momenta] => {
                self.pass::<T, true, false>(pace, weights, gradient, squares, (momenta, &mut []));
            }
            [squares, momenta, means] => {
                self.pass::<T, true, true>(pace, weights, gradient, squares, (momenta, means));
            }
            _ => unreachable!("the state was made for these slots"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::State;
    use crate::optimizer::tests::assert_path;

    #[test]
    fn golden_paths() {
        // g = 2: v = 0.04, so that the first step is 10 times the learning rate.
        let rms = RmsProp::new(0.01);
        let first = 1.0 - 0.01 * 2.0 / (0.2 + 1e-8);
        assert_path(&rms, &[first]);
        // a = 0.02: the variance is 0.04 - 0.0004.
        assert_path(
            &RmsProp { centered: true, ..rms },
            &[1.0 - 0.01 * 2.0 / (0.0396_f64.sqrt() + 1e-8)],
        );
        let g = 2.0 * first;
        let step = g / ((0.99 * 0.04 + 0.01 * g * g).sqrt() + 1e-8);
        let momentum = 0.5 * 2.0 / (0.2 + 1e-8) + step;
        assert_path(&RmsProp { momentum: 0.5, ..rms }, &[first, first - 0.01 * momentum]);
    }

    #[test]
    fn a_constant_gradient_has_no_variance_and_no_nan() {
        let rms = RmsProp { centered: true, alpha: 0.5, ..RmsProp::new(1e-9) };
        let (mut weights, mut state) = ([0.1_f32; 64], State::new(&rms, 64));
        let gradient: Vec<f32> = (1..=64).map(|i| 0.013 * i as f32).collect();
        for _ in 0..100 {
            state.step(&rms, &mut weights, &gradient);
        }
        assert!(weights.iter().all(|w| w.is_finite()));
    }
}
