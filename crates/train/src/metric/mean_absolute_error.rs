use chainrule_config::formula;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::rows::pairs;
use super::{Mean, Metric};

/// The mean of `|p - t|` over samples and outputs. A NaN makes the value NaN.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanAbsoluteError(Mean);

impl MeanAbsoluteError {
    /// Before any batch.
    #[must_use]
    pub fn new() -> Self {
        MeanAbsoluteError::default()
    }
}

formula!(MeanAbsoluteError: "mean of |p - t|");

impl<T: Real> Metric<T> for MeanAbsoluteError {
    fn name(&self) -> &'static str {
        "mean_absolute_error"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        target == TargetKind::Values
    }

    fn reset(&mut self) {
        self.0 = Mean::default();
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        for (p, t) in pairs(prediction, target) {
            self.0.add((p.to_f64() - t.to_f64()).abs());
        }
    }

    fn value(&self) -> f64 {
        self.0.value()
    }
}
