use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::binary_cross_entropy::SigmoidCrossEntropy;
use super::checks::{expect, require, weigh_columns};
use super::{Domain, Loss, Predictions, TargetForm, elementwise_loss};
use crate::Configure;
use crate::config::settings;

settings! {
    "multi_label_soft_margin": "1 / C sum_c w_c (max(p, 0) - p t + ln(1 + e^-|p|))";

    /// Binary cross-entropy on logits, averaged over the labels of each sample:
    /// `-1 / C sum_c w_c (t_c ln sigmoid(p_c) + (1 - t_c) ln(1 - sigmoid(p_c)))`; gradient
    /// `w (sigmoid(p) - t) / C`.
    ///
    /// One value for each sample where [`BinaryCrossEntropy`](struct@super::BinaryCrossEntropy)
    /// gives one for each label; their means are the same, and so are the targets. The mean divides
    /// by the number of labels, weighted or not, as in PyTorch's `MultiLabelSoftMarginLoss`.
    #[derive(Clone, Debug, PartialEq)]
    pub struct MultiLabelSoftMargin {
        /// A factor for each label.
        pub weights: Vec<f64> = Vec::new(), at_least(0.0);
    }
}

impl<T: Real> Loss<T> for MultiLabelSoftMargin {
    fn name(&self) -> &str {
        "multi_label_soft_margin"
    }

    fn domain(&self) -> Domain {
        Domain { predictions: Predictions::Logits, targets: &[TargetForm::Labels] }
    }

    #[track_caller]
    fn values<'g>(&self, prediction: Var<'g, T>, target: Var<'g, T>) -> Var<'g, T> {
        const NAME: &str = "multi_label_soft_margin";
        require(prediction, self.check());
        expect(NAME, Predictions::Logits, prediction);
        if prediction.shape().rank() == 0 {
            prediction.graph().fail(format!("{NAME}: logits [] must be [.., labels]"));
            return prediction;
        }
        let values = elementwise_loss(SigmoidCrossEntropy, prediction, target);
        let weighted = weigh_columns(NAME, "weights", &self.weights, values);
        weighted.mean(weighted.shape().rank() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::Reduction;
    use crate::loss::check::{self, assert_close, run};
    use chainrule_tensor::Tensor;

    #[test]
    fn golden_values() {
        let x = Tensor::from_rows([[0.0, 2.0, -3.0], [100.0, -100.0, 0.5]]);
        let t = Tensor::from_rows([[0.0, 1.0, 0.0], [1.0, 1.0, 0.3]]);
        let [y, dx, _] = run(&MultiLabelSoftMargin::default(), &x, &t, Reduction::None);
        let first = (std::f64::consts::LN_2 + 0.1269280110429727 + 0.04858735157374206) / 3.0;
        assert_close(&y, &[first, (100.0 + 0.8240769841801067) / 3.0], 1e-15);
        assert_close(
            &dx[..3],
            &[0.5 / 3.0, -0.11920292202211769 / 3.0, 0.04742587317756678 / 3.0],
            1e-15,
        );
        let weighted = MultiLabelSoftMargin { weights: vec![0.0, 2.0, 0.0] };
        let [mean, ..] = run(&weighted, &x, &t, Reduction::Mean);
        assert_close(&mean, &[(0.1269280110429727 + 100.0) / 3.0], 1e-15);
    }

    #[test]
    fn derivatives_agree_with_differences_and_nan_passes() {
        check::derivatives(&MultiLabelSoftMargin::default());
        let t = Tensor::from_rows([[0.0, 1.0]]);
        let [y, ..] = run(
            &MultiLabelSoftMargin::default(),
            &Tensor::from_rows([[f64::NAN, 2.0]]),
            &t,
            Reduction::Mean,
        );
        assert!(y[0].is_nan());
    }

    #[test]
    fn mistakes_are_named() {
        let loss = MultiLabelSoftMargin { weights: vec![1.0, 2.0] };
        assert_eq!(
            check::mistake(&loss),
            "multi_label_soft_margin: 2 weights for [2, 3]; give one for each column, or none"
        );
    }
}
