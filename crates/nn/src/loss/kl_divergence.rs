use chainrule_tensor::Real;

use super::{Domain, Elementwise, Predictions, TargetForm};
use crate::config::settings;

settings! {
    "kl_divergence": "t (ln t - p), or e^t (t - p)";

    /// The Kullback-Leibler divergence of the target from log-probabilities `p`, in parts:
    /// `t (ln t - p)` for each class; gradient `-t`. A class of probability zero costs nothing; its
    /// derivative by the target is `-inf`.
    ///
    /// With `log_target` the target is given as log-probabilities too: `e^t (t - p)`; gradient
    /// `-e^t`.
    ///
    /// The divergence of a sample is the sum over its classes. The mean is over all elements, as in
    /// PyTorch's `KLDivLoss`; the mean over samples that PyTorch calls `batchmean` is the sum
    /// divided by their number. A model in front of it ends in
    /// [`LogSoftmax`](crate::activation::LogSoftmax).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KlDivergence {
        /// True if targets are logarithms of probabilities.
        pub log_target: bool = false;
    }
}

elementwise_loss!(KlDivergence);

impl<T: Real> Elementwise<T> for KlDivergence {
    fn name(&self) -> &str {
        "kl_divergence"
    }

    fn domain(&self) -> Domain {
        let targets: &[TargetForm] = if self.log_target {
            &[TargetForm::LogProbabilities]
        } else {
            &[TargetForm::Probabilities]
        };
        Domain { predictions: Predictions::LogProbabilities, targets }
    }

    #[inline(always)]
    fn value(&self, p: T, t: T) -> T {
        if self.log_target {
            if t == -T::INFINITY && !p.is_nan() { T::ZERO } else { t.exp() * (t - p) }
        } else if t == T::ZERO && !p.is_nan() {
            T::ZERO
        } else {
            t * (t.ln() - p)
        }
    }

    #[inline(always)]
    fn gradient(&self, p: T, t: T) -> (T, T) {
        if self.log_target {
            let by_target =
                if t == -T::INFINITY && !p.is_nan() { T::ZERO } else { t.exp() * (t - p + T::ONE) };
            (-t.exp(), by_target)
        } else {
            (-t, t.ln() + T::ONE - p)
        }
    }

    elementwise_by_value!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check;

    #[test]
    fn golden_values() {
        let ln2 = std::f64::consts::LN_2;
        check::golden(
            &KlDivergence::default(),
            &[
                (-ln2, 0.25, -0.25 * ln2, -0.25),
                (-1e4, 1.0, 1e4, -1.0),
                (f64::NEG_INFINITY, 0.0, 0.0, 0.0),
            ],
        );
        check::golden(
            &KlDivergence { log_target: true },
            &[(-1.0, 0.0, 1.0, -1.0), (-1.0, -1e4, 0.0, 0.0)],
        );
    }

    #[test]
    fn a_model_that_ends_in_probabilities_is_refused() {
        use crate::{Layer, Loss, Reduction, activation::Softmax};
        let graph = chainrule_graph::Graph::<f32>::new();
        let y = Softmax.forward(graph.input("x", [3, 2]));
        let loss = KlDivergence::default().forward(y, graph.input("t", [3, 2]), Reduction::Mean);
        assert_eq!(
            graph.plan(loss).unwrap_err().kind.to_string(),
            "kl_divergence takes log-probabilities, but the model ends in softmax: end it in \
             log_softmax"
        );
    }
}
