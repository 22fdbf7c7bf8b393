use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::checks::{expect, require, share_of, softplus, weigh_columns};
use super::{Domain, Elementwise, Loss, Predictions, TargetForm, elementwise_loss};
use crate::Configure;
use crate::config::settings;

settings! {
    "bce_with_logits": "max(p, 0) - p t + ln(1 + e^-|p|)";

    /// Binary cross-entropy on logits, one value for each element:
    /// `-t ln sigmoid(p) - (1 - t) ln(1 - sigmoid(p))`, computed as
    /// `max(p, 0) - p t + ln(1 + e^-|p|)` without cancellation, alike on both sides; gradient
    /// `sigmoid(p) - t`. At an infinite logit it is the limit: 0 where the label agrees, else
    /// infinite.
    ///
    /// For samples with several labels that do not exclude each other, such as a picture with both
    /// a laptop and a smartphone. Each label has a sigmoid of its own, where a softmax would make
    /// them compete. Targets are in `[0, 1]`, soft ones included, and have the shape of the logits.
    /// The mean is over all elements, as in PyTorch's `BCEWithLogitsLoss`. On probabilities it is
    /// [`BinaryCrossEntropyOnProbabilities`](super::BinaryCrossEntropyOnProbabilities).
    ///
    /// With other settings:
    /// `BinaryCrossEntropy { pos_weights: vec![1.0, 3.0], ..BinaryCrossEntropy }`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct BinaryCrossEntropy {
        /// A factor for each label's values. The mean stays over all elements.
        pub weights: Vec<f64> = Vec::new(), at_least(0.0);
        /// A factor for the term `-t ln sigmoid(p)` of each label: above 1 where positive samples
        /// are rare and should be found.
        pub pos_weights: Vec<f64> = Vec::new(), at_least(0.0);
    }
}

/// The loss with its default settings.
#[allow(non_upper_case_globals, reason = "it reads as a loss without settings")]
pub const BinaryCrossEntropy: BinaryCrossEntropy =
    BinaryCrossEntropy { weights: Vec::new(), pos_weights: Vec::new() };

impl<T: Real> Loss<T> for BinaryCrossEntropy {
    fn name(&self) -> &str {
        "bce_with_logits"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::Logits, targets: &[TargetForm::Labels] }
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        const NAME: &str = "bce_with_logits";
        require(prediction, self.check());
        expect(NAME, Predictions::Logits, prediction);
        let values = if self.pos_weights.is_empty() {
            elementwise_loss(SigmoidCrossEntropy, prediction, target)
        } else {
            let positive = elementwise_loss(Positive, prediction, target);
            elementwise_loss(Negative, prediction, target)
                + weigh_columns(NAME, "positive weights", &self.pos_weights, positive)
        };
        weigh_columns(NAME, "weights", &self.weights, values)
    }
}

/// The whole in one: built from `max` and `abs` its gradient at zero would be `-t`, not `1/2 - t`.
///
/// Both sides are computed alike: `|p|` times the share of the label that is not on the logit's
/// side, `1 - t` or `t`. Nothing cancels, and the limits at infinite logits are exact.
#[derive(Debug)]
pub(super) struct SigmoidCrossEntropy;

impl<T: Real> Elementwise<T> for SigmoidCrossEntropy {
    fn name(&self) -> &str {
        "bce_with_logits"
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        // Not `abs`, whose slope at zero is 0: that of either side belongs to its share.
        let (wrong, size) = if p >= T::ZERO { (T::ONE - t, p) } else { (t, -p) };
        let product = wrong * size;
        // The limit of an infinite logit on the label's side; where the logit is NaN, so is the
        // rest.
        let share = if product.is_nan() && wrong == T::ZERO { T::ZERO } else { product };
        share + (-size).exp().ln_1p()
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        // Selected before the difference: a select behind it took 1.5 times as long.
        let (size, positive) = if p >= T::ZERO { (p, true) } else { (-p, false) };
        let wrong = (-size).sigmoid();
        let (more, less) = if positive { (T::ONE - t, wrong) } else { (wrong, t) };
        (more - less, -p)
    }
}

/// The term of the positive label, `t ln(1 + e^-p)`.
#[derive(Debug)]
struct Positive;

impl<T: Real> Elementwise<T> for Positive {
    fn name(&self) -> &str {
        "bce_with_logits"
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        share_of(t, softplus(-p))
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        (-t * (-p).sigmoid(), softplus(-p))
    }
}

/// The term of the negative label, `(1 - t) ln(1 + e^p)`.
#[derive(Debug)]
struct Negative;

impl<T: Real> Elementwise<T> for Negative {
    fn name(&self) -> &str {
        "bce_with_logits"
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        share_of(T::ONE - t, softplus(p))
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        ((T::ONE - t) * p.sigmoid(), -softplus(p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reduction;
    use crate::loss::check::{self, assert_close, run};
    use chainrule_graph::{Graph, gradcheck};
    use chainrule_tensor::Tensor;

    const X: [f64; 6] = [0.0, 2.0, -3.0, 100.0, -100.0, 0.5];
    const T: [f64; 6] = [0.0, 1.0, 0.0, 1.0, 1.0, 0.3];

    fn on_golden(loss: &BinaryCrossEntropy, reduction: Reduction) -> [Vec<f64>; 3] {
        let [x, t] = [X, T].map(|values| Tensor::new([2, 3], values.to_vec()).unwrap());
        run(loss, &x, &t, reduction)
    }

    #[test]
    fn golden_values() {
        let values = [
            std::f64::consts::LN_2,
            0.1269280110429727,
            0.04858735157374206,
            0.0,
            100.0,
            0.8240769841801067,
        ];
        let [none, ..] = on_golden(&BinaryCrossEntropy, Reduction::None);
        assert_close(&none, &values, 1e-15);
        let [mean, gradient, _] = on_golden(&BinaryCrossEntropy, Reduction::Mean);
        assert_close(&mean, &[16.948789921226126], 1e-15);
        let expected =
            [0.5, -0.11920292202211769, 0.04742587317756678, 0.0, -1.0, 0.3224593312018546];
        assert_close(&gradient, &expected.map(|g| g / 6.0), 1e-16);
    }

    #[test]
    fn golden_values_with_weights() {
        let loss = BinaryCrossEntropy { pos_weights: vec![1.0, 3.0, 0.5], ..BinaryCrossEntropy };
        let [none, ..] = on_golden(&loss, Reduction::None);
        let values = [
            std::f64::consts::LN_2,
            0.3807840331289175,
            0.04858735157374206,
            3.72e-44,
            300.0,
            0.7529654365530907,
        ];
        assert_close(&none, &values, 1e-15);
        let loss = BinaryCrossEntropy { weights: vec![1.0, 2.0, 4.0], ..loss };
        let [weighted, ..] = on_golden(&loss, Reduction::None);
        let factors = [1.0, 2.0, 4.0, 1.0, 2.0, 4.0];
        let expected: Vec<f64> =
            values.iter().zip(factors).map(|(value, factor)| value * factor).collect();
        assert_close(&weighted, &expected, 1e-15);
    }

    #[test]
    fn gradients_agree_with_differences_at_zero_too() {
        let x = Tensor::from_rows([[0.0, 2.0, -3.0], [4.0, -1.0, 0.5]]);
        let t = Tensor::from_rows([[0.0, 1.0, 0.0], [1.0, 1.0, 0.3]]);
        let weighted =
            BinaryCrossEntropy { weights: vec![1.0, 2.0, 0.0], pos_weights: vec![0.5, 1.0, 4.0] };
        for loss in [BinaryCrossEntropy, weighted] {
            for reduction in check::REDUCTIONS {
                gradcheck(&[x.clone(), t.clone()], |_, x| loss.forward(x[0], x[1], reduction))
                    .unwrap();
            }
        }
    }

    #[test]
    fn far_logits_stay_finite_and_nan_passes() {
        let (x, t) = (
            Tensor::from(vec![1e4_f32, -1e4, 1e4, f32::NAN]),
            Tensor::from(vec![1.0, 1.0, 0.0, 0.0]),
        );
        let [y, dx, _] = run(&BinaryCrossEntropy, &x, &t, Reduction::None);
        assert_eq!((&y[..3], &dx[..3]), (&[0.0, 1e4, 1e4][..], &[0.0, -1.0, 1.0][..]));
        assert!(y[3].is_nan() && dx[3].is_nan());
        let doubled = BinaryCrossEntropy { pos_weights: vec![2.0; 4], ..BinaryCrossEntropy };
        let [y, dx, _] = run(&doubled, &x, &t, Reduction::None);
        assert_eq!((&y[..3], &dx[..3]), (&[0.0, 2e4, 1e4][..], &[0.0, -2.0, 1.0][..]));
        assert!(y[3].is_nan() && dx[3].is_nan());
    }

    #[test]
    fn weights_that_do_not_fit_are_mistakes() {
        let with = |weights: &[f64], pos_weights: &[f64]| {
            check::mistake(&BinaryCrossEntropy {
                weights: weights.to_vec(),
                pos_weights: pos_weights.to_vec(),
            })
        };
        assert_eq!(
            with(&[1.0, 2.0], &[]),
            "bce_with_logits: 2 weights for [2, 3]; give one for each column, or none"
        );
        assert_eq!(
            with(&[], &[1.0]),
            "bce_with_logits: 1 positive weights for [2, 3]; give one for each column, or none"
        );
        assert_eq!(
            with(&[1.0, -1.0, 1.0], &[]),
            "bce_with_logits: weights must be finite and not negative, but one is -1"
        );
    }

    #[test]
    fn probabilities_are_refused_behind_a_reshape_too() {
        use crate::{Layer, activation::Sigmoid};
        let graph = Graph::<f32>::new();
        let y = Sigmoid.forward(graph.input("x", [2, 3])).reshape([3, 2]);
        let loss = BinaryCrossEntropy.forward(y, graph.input("t", [3, 2]), Reduction::Mean);
        let error = graph.plan(loss).unwrap_err().to_string();
        assert!(
            error
                .starts_with("bce_with_logits takes logits, but the model already ends in sigmoid"),
            "{error}"
        );
    }
}
