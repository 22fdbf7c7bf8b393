use chainrule_config::settings;
use chainrule_nn::{Configure, TargetKind};
use chainrule_tensor::{Real, TensorView};

use super::rows::{given, pairs, predicted};
use super::{Metric, Ratio};

settings! {
    "hamming_loss": "wrong labels / labels";

    /// The share of labels of multi-label samples that are wrong: one minus
    /// [`MultiLabelAccuracy::per_label`](super::MultiLabelAccuracy::per_label). A label is
    /// predicted where its output is at least the [threshold](HammingLoss::threshold), 0 by
    /// default; a NaN is wrong whatever the label.
    #[derive(Clone, Copy, Debug)]
    pub struct HammingLoss {
        /// From which output on a label is predicted.
        threshold: f64 = 0.0, within(..);
        ..
        ratio: Ratio = Ratio::default();
    }
}

impl HammingLoss {
    /// Before any batch.
    #[must_use]
    pub fn new() -> Self {
        HammingLoss::default()
    }

    /// From which output on a label is predicted: 0 by default, for logits. For probabilities, of a
    /// model that ends in a sigmoid, it is 0.5.
    #[must_use]
    pub fn threshold(self, threshold: f64) -> Self {
        HammingLoss { threshold, ..self }
    }
}

impl<T: Real> Metric<T> for HammingLoss {
    fn name(&self) -> &'static str {
        "hamming_loss"
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
        for (&output, &label) in pairs(prediction, target) {
            self.ratio.add(predicted(output, self.threshold) != Some(given(label)));
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
    fn zero_is_predicted_and_nan_is_wrong() {
        let logits = Tensor::from_rows([[0.0_f32, -1.0], [f32::NAN, f32::NAN]]);
        let mut loss = HammingLoss::new();
        loss.update(logits.view(), Tensor::from_rows([[1.0, 0.5], [0.0, 1.0]]).view());
        assert_eq!(Metric::<f32>::value(&loss), 0.75);
    }
}
