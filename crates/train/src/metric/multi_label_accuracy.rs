use chainrule_nn::{Configure, TargetKind};
use chainrule_tensor::{Real, TensorView};

use super::rows::{given, predicted};
use super::{Metric, Ratio};

/// How many labels of multi-label samples are right. A label is predicted where its logit is at least 0, which is a
/// probability of at least 1/2.
///
/// [`per_label`](MultiLabelAccuracy::per_label) counts single labels: one minus the [Hamming loss](super::HammingLoss).
/// [`exact_match`](MultiLabelAccuracy::exact_match) counts samples with all labels right: subset accuracy, which
/// scikit-learn calls accuracy. A NaN is wrong whatever the label.
#[derive(Clone, Copy, Debug)]
pub struct MultiLabelAccuracy {
    exact: bool,
    ratio: Ratio,
}

impl MultiLabelAccuracy {
    /// The share of labels that are right.
    #[must_use]
    pub fn per_label() -> Self {
        MultiLabelAccuracy { exact: false, ratio: Ratio::default() }
    }

    /// The share of samples all of whose labels are right.
    #[must_use]
    pub fn exact_match() -> Self {
        MultiLabelAccuracy { exact: true, ratio: Ratio::default() }
    }
}

impl Configure for MultiLabelAccuracy {
    fn formula(&self) -> &'static str {
        if self.exact { "samples with all labels right / samples" } else { "right labels / labels" }
    }
}

impl<T: Real> Metric<T> for MultiLabelAccuracy {
    fn name(&self) -> &'static str {
        if self.exact { "exact_match" } else { "label_accuracy" }
    }

    fn accepts(&self, target: TargetKind) -> bool {
        target == TargetKind::Labels
    }

    fn reset(&mut self) {
        self.ratio = Ratio::default();
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        let (_, labels) = prediction.shape().as_rows();
        let rows = prediction.values().chunks_exact(labels.max(1)).zip(target.values().chunks_exact(labels.max(1)));
        for (logits, targets) in rows {
            let right = |(&logit, &target): (&T, &T)| predicted(logit) == Some(given(target));
            let mut labels = logits.iter().zip(targets);
            if self.exact {
                self.ratio.add(labels.all(right));
            } else {
                labels.for_each(|label| self.ratio.add(right(label)));
            }
        }
    }

    fn value(&self) -> f64 {
        self.ratio.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::Tensor;

    #[test]
    fn single_labels_and_whole_samples() {
        let logits = Tensor::from_rows([[3.0, -1.0, 0.0], [1.0, 1.0, -1.0], [f32::NAN, 1.0, 1.0]]);
        let labels = Tensor::from_rows([[1.0, 0.0, 1.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]);
        let (mut single, mut exact) = (MultiLabelAccuracy::per_label(), MultiLabelAccuracy::exact_match());
        single.update(logits.view(), labels.view());
        exact.update(logits.view(), labels.view());
        assert_eq!(Metric::<f32>::value(&single), 7.0 / 9.0);
        assert_eq!(Metric::<f32>::value(&exact), 1.0 / 3.0);
    }
}
