use chainrule_nn::{Configure, TargetKind};
use chainrule_tensor::{Real, TensorView};

use super::rows::{given, predicted};
use super::{Metric, Ratio};

/// The share of labels of multi-label samples that are wrong: one minus
/// [`MultiLabelAccuracy::per_label`](super::MultiLabelAccuracy::per_label). A label is predicted where its logit is at
/// least 0; a NaN is wrong whatever the label.
#[derive(Clone, Copy, Debug, Default)]
pub struct HammingLoss(Ratio);

impl HammingLoss {
    /// Before any batch.
    #[must_use]
    pub fn new() -> Self {
        HammingLoss::default()
    }
}

impl Configure for HammingLoss {
    fn formula(&self) -> &'static str {
        "wrong labels / labels"
    }
}

impl<T: Real> Metric<T> for HammingLoss {
    fn name(&self) -> &'static str {
        "hamming_loss"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        target == TargetKind::Labels
    }

    fn reset(&mut self) {
        self.0 = Ratio::default();
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        for (&logit, &label) in prediction.values().iter().zip(target.values()) {
            self.0.add(predicted(logit) != Some(given(label)));
        }
    }

    fn value(&self) -> f64 {
        self.0.value()
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
