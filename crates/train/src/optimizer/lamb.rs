use chainrule_config::settings;
use chainrule_nn::Configure;
use chainrule_tensor::{Real, reduce, simd};

use super::{
    Optimizer, Parameter, Update, Whole, WholeUpdate, adam, bias_correction, bounded,
    gradient_limit,
};

settings! {
    "lamb": "u = m' / (sqrt v' + epsilon) + weight_decay w; w -= learning_rate |w| / |u| u";

    /// LAMB: steps of [`Adam`](super::Adam) whose length is in proportion to that of the parameter,
    /// for large batches; as in Optax.
    ///
    /// For each parameter `w` as a whole, with gradient `g`: `m = beta1 m + (1 - beta1) g`,
    /// `v = beta2 v + (1 - beta2) g^2`, `u = m' / (sqrt v' + epsilon) + weight_decay w` with Adam's
    /// bias corrections, and `w -= learning_rate |w| / |u| u` with Euclidean norms; where either is
    /// zero, `w -= learning_rate u`.
    ///
    /// Source: You and others, "Large Batch Optimization for Deep Learning: Training BERT in 76
    /// minutes", 2020.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Lamb {
        /// The length of a step, for a parameter of length 1.
        pub learning_rate: f64 = 1e-3, at_least(0.0);
        /// How long the mean of the gradient is remembered, in `[0, 1)`.
        pub beta1: f64 = 0.9, within(0.0..1.0);
        /// How long the mean of its square is remembered, in `[0, 1)`.
        pub beta2: f64 = 0.999, within(0.0..1.0);
        /// Keeps the divisor away from zero.
        pub epsilon: f64 = 1e-6, at_least(0.0);
        /// Added to the direction for each unit of weight.
        pub weight_decay: f64 = 0.0, at_least(0.0);
    }
}

impl Lamb {
    /// LAMB with this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Lamb { learning_rate, ..Lamb::default() }
    }
}

/// Directions that are computed at once, to be summed up.
const BLOCK: usize = 256;

impl<T: Real> Optimizer<T> for Lamb {
    fn name(&self) -> &'static str {
        "lamb"
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

    fn whole(&self, parameter: &Parameter) -> Option<Whole> {
        Some(Whole { slots: vec![parameter.range.len(); 2], scratch: 0 })
    }

    fn step_whole(&self, mut whole: WholeUpdate<'_, T>) {
        let Update { step, learning_rate, momentum, .. } = whole.update;
        let beta1 = momentum.unwrap_or(self.beta1);
        let along = T::from_f64(1.0 / bias_correction(beta1, step));
        let scale = T::from_f64(1.0 / bias_correction(self.beta2, step).sqrt());
        let [new1, new2] = [1.0 - beta1, 1.0 - self.beta2].map(T::from_f64);
        let [beta1, beta2] = [beta1, self.beta2].map(T::from_f64);
        let [epsilon, decay] = [self.epsilon, self.weight_decay].map(T::from_f64);
        let limit = gradient_limit();
        let direction =
            move |w: T, m: T, v: T| along * m / (v.sqrt() * scale + epsilon) + decay * w;
        let squares = whole.sum(|Update { weights, gradient, slots, .. }| {
            let [first, second] = slots else { unreachable!("the state was made for two slots") };
            let moments = first.chunks_mut(BLOCK).zip(second.chunks_mut(BLOCK));
            let blocks = weights.chunks(BLOCK).zip(gradient.chunks(BLOCK)).zip(moments);
            blocks.fold(
                [0.0; 2],
                |[of_weights, of_directions], ((weights, gradient), (first, second))| {
                    let mut directions = [T::ZERO; BLOCK];
                    simd::dispatch(
                        #[inline(always)]
                        || {
                            let moments = first.iter_mut().zip(second);
                            let out = directions.iter_mut().zip(weights);
                            for ((u, &w), (&g, (m, v))) in out.zip(gradient.iter().zip(moments)) {
                                let g = bounded(g, limit);
                                *m = (beta1 * *m + new1 * g).flushed();
                                *v = (beta2 * *v + new2 * g * g).flushed();
                                *u = direction(w, *m, *v);
                            }
                        },
                    );
                    let directions = reduce::sum_of_squares(&directions[..weights.len()]);
                    [of_weights + reduce::sum_of_squares(weights), of_directions + directions]
                },
            )
        });
        let ratio = if squares.contains(&0.0) { 1.0 } else { (squares[0] / squares[1]).sqrt() };
        let rate = T::from_f64(learning_rate * ratio);
        let [] = whole.sum(|Update { weights, slots, .. }| {
            let [first, second] = slots else { unreachable!("the state was made for two slots") };
            simd::dispatch(
                #[inline(always)]
                || {
                    for (w, (&m, &v)) in weights.iter_mut().zip(first.iter().zip(second.iter())) {
                        *w = (*w - rate * direction(*w, m, v)).flushed();
                    }
                },
            );
            []
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::tests::assert_path;
    use crate::optimizer::{Parameters, State};

    #[test]
    fn golden_path() {
        // Of a single weight, |w| / |u| u is w times the sign of the gradient.
        let lamb = Lamb { epsilon: 0.0, ..Lamb::new(0.1) };
        assert_path(&lamb, &[0.9, 0.81, 0.729]);
        assert_path(&Lamb { weight_decay: 0.5, ..lamb }, &[0.9, 0.81]);
    }

    #[test]
    fn each_parameter_moves_by_a_part_of_its_own_length() {
        let parameters =
            Parameters::new([("a", [2].into()), ("b", [1, 2].into()), ("zero", [1].into())]);
        let (lamb, mut weights) = (Lamb::new(0.1), [3.0_f64, 4.0, 0.0, -0.5, 0.0]);
        State::new(&lamb, parameters).step(&lamb, &mut weights, &[1e-3, 1e3, 1.0, 1.0, -2.0]);
        let half = 0.5_f64.sqrt();
        let expected = [3.0 - 0.5 * half, 4.0 - 0.5 * half, -0.05 * half, -0.5 - 0.05 * half, 0.1];
        for (got, expected) in weights.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-3, "{got} is not {expected}");
        }
    }
}
