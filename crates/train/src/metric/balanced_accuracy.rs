use chainrule_config::formula;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::{ConfusionMatrix, Metric};

/// The mean recall of the classes, each class weighing the same however many samples it has.
///
/// Classes without a sample are left out, as in scikit-learn. A NaN among the outputs of a sample
/// is wrong.
#[derive(Clone, Debug, Default)]
pub struct BalancedAccuracy(ConfusionMatrix);

impl BalancedAccuracy {
    /// Before any batch.
    #[must_use]
    pub fn new() -> Self {
        BalancedAccuracy::default()
    }

    /// The counts that it is computed from.
    #[must_use]
    pub fn confusion_matrix(&self) -> &ConfusionMatrix {
        &self.0
    }
}

formula!(BalancedAccuracy: "mean of hits / given over the classes");

impl<T: Real> Metric<T> for BalancedAccuracy {
    fn name(&self) -> &'static str {
        "balanced_accuracy"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        Metric::<T>::accepts(&self.0, target)
    }

    fn reset(&mut self) {
        Metric::<T>::reset(&mut self.0);
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        self.0.update(prediction, target);
    }

    fn value(&self) -> f64 {
        let present = (0..self.0.classes()).filter(|&class| self.0.support(class) > 0);
        let (sum, count) =
            present.fold((0.0, 0), |(sum, count), class| (sum + self.0.recall(class), count + 1));
        sum / f64::from(count)
    }
}
