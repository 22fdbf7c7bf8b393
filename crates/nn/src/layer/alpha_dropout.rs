use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::noise::{Line, Noise};
use super::{Layer, Listed, checked};
use crate::config::settings;

/// `lambda alpha` of SELU: a dropped element becomes minus this, its value far below zero.
const SATURATION: f64 = 1.758_099_340_847_376_6;

settings! {
    "alpha_dropout": "a x + b with probability 1 - p, else b - a s; keeps mean 0 and variance 1";

    /// Dropout behind SELU: in training, an element is set to SELU's lowest value `-s` with
    /// probability `p`. Then all are scaled and shifted so that mean 0 and variance 1 stay as they
    /// are: `y = a z + b` with `z` either `x` or `-s`, `a = 1 / sqrt((1 - p) (1 + p s^2))` and
    /// `b = a p s`, where `s = 1.758..`. In evaluation `y = x`. The derivative is `a` where `x` was
    /// kept, else 0.
    ///
    /// With `p = 1` all is zero, as in PyTorch. `p = 0.5` by default. A `p` outside of `[0, 1]` is
    /// a mistake that planning reports.
    ///
    /// Source: Klambauer, Unterthiner, Mayr and Hochreiter, "Self-Normalizing Neural Networks",
    /// 2017.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct AlphaDropout {
        /// The probability that an element is dropped.
        pub p: f64 = 0.5, within(0.0..=1.0);
    }
}

impl<T: Real> Layer<T> for AlphaDropout {
    fn kind(&self) -> &str {
        "alpha_dropout"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        if !graph.is_training() || self.p == 0.0 {
            return x;
        }
        let line = |p: f64| {
            let keep = 1.0 - p;
            let scale = match keep == 0.0 {
                true => 0.0,
                false => 1.0 / (keep * (1.0 + p * SATURATION * SATURATION)).sqrt(),
            };
            let shift = scale * SATURATION;
            Line { scale, shift, offset: shift * p }
        };
        graph.apply(Noise { name: "alpha_dropout", p: self.p, line }, &[x])
    }
}

impl<T: Real> Listed<T> for AlphaDropout {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::check::{mistake, pass};
    use chainrule_tensor::Tensor;
    use chainrule_tensor::random::generator;

    #[test]
    fn mean_zero_and_variance_one_stay() {
        for p in [0.05, 0.3, 0.5] {
            let x = Tensor::<f64>::normal([300, 400], 0.0, 1.0, &mut generator(1)).unwrap();
            let [y, _] = pass(&AlphaDropout { p }, &x, 2);
            let n = 120_000.0_f64;
            let mean = y.values().iter().sum::<f64>() / n;
            let variance = y.values().iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
            // Five standard errors of the mean, and of a variance with a kurtosis of at most 3.
            assert!(mean.abs() < 5.0 / n.sqrt(), "p = {p}: mean {mean}");
            assert!(
                (variance - 1.0).abs() < 5.0 * (2.0 / n).sqrt(),
                "p = {p}: variance {variance}"
            );
        }
    }

    #[test]
    fn dropped_elements_have_one_value_and_no_gradient() {
        let x = Tensor::<f64>::ones([20, 30]);
        let [y, dx] = pass(&AlphaDropout::default(), &x, 2);
        let a = (0.5 * (1.0 + 0.5 * SATURATION * SATURATION)).sqrt().recip();
        let b = a * 0.5 * SATURATION;
        for (&y, &dx) in y.values().iter().zip(dx.values()) {
            let expected = if dx == 0.0 { b - a * SATURATION } else { a + b };
            assert!((y - expected).abs() < 1e-15 && (dx == 0.0 || dx == a), "{y} {dx}");
        }
        let [y, dx] = pass(&AlphaDropout { p: 1.0 }, &x, 2);
        assert_eq!((y.values(), dx.values()), (&[0.0; 600][..], &[0.0; 600][..]));
    }

    #[test]
    fn a_probability_outside_is_a_mistake() {
        assert_eq!(
            mistake(&AlphaDropout { p: 2.0 }, [3]),
            "alpha_dropout: p must lie in [0, 1], but it is 2"
        );
    }
}
