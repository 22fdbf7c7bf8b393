use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::checks::{expect, require, weigh_columns};
use super::{Domain, Elementwise, Loss, Predictions, TargetForm, elementwise_loss};
use crate::Configure;
use crate::config::settings;

settings! {
    "bce": "-t max(ln p, -100) - (1 - t) max(ln(1 - p), -100)";

    /// Binary cross-entropy on probabilities, one value for each element:
    /// `-t ln p - (1 - t) ln(1 - p)`, where each logarithm is at least -100; gradient
    /// `(p - t) / (p (1 - p))`, the divisor at least 1e-12.
    ///
    /// The bounds are those of PyTorch's `BCELoss`: a certain but wrong prediction costs 100, with
    /// a gradient of 1e12. The derivative by the target is that of the bounded value, finite where
    /// PyTorch's is infinite. In training, [`BinaryCrossEntropy`](struct@super::BinaryCrossEntropy)
    /// on logits is exact where a sigmoid has already rounded to 0 or 1. A prediction outside of
    /// `[0, 1]` gives NaN. Targets are in `[0, 1]`, soft ones included. The mean is over all
    /// elements.
    #[derive(Clone, Debug, PartialEq)]
    pub struct BinaryCrossEntropyOnProbabilities {
        /// A factor for each label's values. The mean stays over all elements.
        pub weights: Vec<f64> = Vec::new(), at_least(0.0);
    }
}

impl<T: Real> Loss<T> for BinaryCrossEntropyOnProbabilities {
    fn name(&self) -> &str {
        "bce"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::Probabilities, targets: &[TargetForm::Labels] }
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        require(prediction, self.check());
        expect("bce", Predictions::Probabilities, prediction);
        weigh_columns(
            "bce",
            "weights",
            &self.weights,
            elementwise_loss(OnProbabilities, prediction, target),
        )
    }
}

#[derive(Debug)]
struct OnProbabilities;

impl<T: Real> Elementwise<T> for OnProbabilities {
    fn name(&self) -> &str {
        "bce"
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        let [yes, no] = logarithms(p);
        -t * yes - (T::ONE - t) * no
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        let [yes, no] = logarithms(p);
        ((p - t) / (p * (T::ONE - p)).maximum(T::from_f64(SMALLEST_DIVISOR)), no - yes)
    }
}

/// PyTorch's constant, an `f32` in both precisions.
const SMALLEST_DIVISOR: f64 = 1e-12_f32 as f64;

/// `ln p` and `ln(1 - p)`, at least -100.
#[inline(always)]
fn logarithms<T: Real>(p: T) -> [T; 2] {
    [p.ln(), (-p).ln_1p()].map(
        #[inline(always)]
        |x| x.maximum(T::from_f64(-100.0)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{Reduction, check};
    use chainrule_tensor::Tensor;

    #[test]
    fn golden_values() {
        check::golden(
            &BinaryCrossEntropyOnProbabilities::default(),
            &[
                (0.9, 1.0, 0.10536051565782628, -1.0 / 0.9),
                (1.0, 0.0, 100.0, 1.0 / SMALLEST_DIVISOR),
                (0.0, 1.0, 100.0, -1.0 / SMALLEST_DIVISOR),
                (0.0, 0.0, 0.0, 0.0),
                (1.0, 1.0, 0.0, 0.0),
                (0.25, 0.5, 0.8369882167858358, -0.25 / 0.1875),
            ],
        );
    }

    #[test]
    fn each_label_has_a_weight() {
        let weighted = BinaryCrossEntropyOnProbabilities { weights: vec![2.0] };
        let (p, t) = (Tensor::from_rows([[0.0], [0.5]]), Tensor::from_rows([[1.0], [1.0]]));
        let [y, dp, _] = check::run(&weighted, &p, &t, Reduction::None);
        assert_eq!(
            (y, dp),
            (vec![200.0, 2.0 * std::f64::consts::LN_2], vec![-2.0 / SMALLEST_DIVISOR, -4.0])
        );
        assert_eq!(
            check::mistake(&weighted),
            "bce: 1 weights for [2, 3]; give one for each column, or none"
        );
    }

    #[test]
    fn a_model_that_ends_in_logits_is_refused() {
        use crate::{Layer, Linear};
        let graph = chainrule_graph::Graph::<f32>::new();
        let y = Linear::new(2, 1).forward(graph.input("x", [3, 2]));
        let loss = BinaryCrossEntropyOnProbabilities::default().forward(
            y,
            graph.input("t", [3, 1]),
            Reduction::Mean,
        );
        assert_eq!(
            graph.plan(loss).unwrap_err().kind.to_string(),
            "bce takes probabilities, but the model ends in affine: end it in sigmoid, or take a \
             loss on logits"
        );
    }
}
