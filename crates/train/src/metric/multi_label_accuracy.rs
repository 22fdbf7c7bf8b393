use chainrule_config::Setting;
use chainrule_nn::{Configure, TargetKind};
use chainrule_tensor::{Real, TensorView};

use super::rows::{check_threshold, given, predicted, row_pairs, threshold};
use super::{Metric, Ratio};

/// How many labels of multi-label samples are right. A label is predicted where its output is at
/// least the [threshold](MultiLabelAccuracy::threshold): 0 by default, the logit of a probability
/// of 1/2.
///
/// [`per_label`](MultiLabelAccuracy::per_label) counts single labels: one minus the
/// [Hamming loss](super::HammingLoss). [`exact_match`](MultiLabelAccuracy::exact_match) counts
/// samples with all labels right: subset accuracy, which scikit-learn calls accuracy. A NaN is
/// wrong whatever the label.
#[derive(Clone, Copy, Debug)]
pub struct MultiLabelAccuracy {
    exact: bool,
    threshold: f64,
    ratio: Ratio,
}

impl MultiLabelAccuracy {
    /// The share of labels that are right.
    #[must_use]
    pub fn per_label() -> Self {
        MultiLabelAccuracy { exact: false, threshold: 0.0, ratio: Ratio::default() }
    }

    /// The share of samples all of whose labels are right.
    #[must_use]
    pub fn exact_match() -> Self {
        MultiLabelAccuracy { exact: true, ..MultiLabelAccuracy::per_label() }
    }

    /// From which output on a label is predicted: 0 by default, for logits. For probabilities, of a
    /// model that ends in a sigmoid, it is 0.5.
    #[must_use]
    pub fn threshold(self, threshold: f64) -> Self {
        MultiLabelAccuracy { threshold, ..self }
    }
}

impl Configure for MultiLabelAccuracy {
    fn formula(&self) -> &'static str {
        if self.exact { "samples with all labels right / samples" } else { "right labels / labels" }
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![threshold(&mut self.threshold)]
    }

    fn check(&self) -> Result<(), String> {
        check_threshold(Metric::<f32>::name(self), self.threshold)
    }
}

impl<T: Real> Metric<T> for MultiLabelAccuracy {
    fn name(&self) -> &'static str {
        if self.exact { "exact_match" } else { "label_accuracy" }
    }

    fn accepts(&self, target: TargetKind) -> bool {
        target == TargetKind::Labels
    }

    fn prepare(&mut self, _: TargetKind) -> Result<(), String> {
        self.check()
    }

    fn reset(&mut self) {
        self.ratio = Ratio::default();
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        for (outputs, targets) in row_pairs(prediction, target) {
            let right = |(&output, &target): (&T, &T)| {
                predicted(output, self.threshold) == Some(given(target))
            };
            let mut labels = outputs.iter().zip(targets);
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
        let (mut single, mut exact) =
            (MultiLabelAccuracy::per_label(), MultiLabelAccuracy::exact_match());
        single.update(logits.view(), labels.view());
        exact.update(logits.view(), labels.view());
        assert_eq!(Metric::<f32>::value(&single), 7.0 / 9.0);
        assert_eq!(Metric::<f32>::value(&exact), 1.0 / 3.0);
        let mut above = MultiLabelAccuracy::per_label().threshold(0.5);
        above.update(logits.view(), labels.view());
        assert_eq!(Metric::<f32>::value(&above), 6.0 / 9.0);
        let wrong = MultiLabelAccuracy::exact_match().threshold(f64::NAN);
        assert_eq!(
            wrong.check().unwrap_err(),
            "exact_match: the threshold must be a number, it is NaN"
        );
    }
}
