use chainrule_config::formula;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::{ConfusionMatrix, Metric};

/// The agreement of predicted and right classes beyond chance:
/// `1 - (n - c) / (n - sum t_k p_k / n)` with `n` samples, `c` of them right, `t_k` of class `k`
/// and `p_k` taken for it.
///
/// NaN if all samples are of one class and taken for it, as in scikit-learn. Samples with a NaN
/// among the outputs are taken for a class of their own, which is wrong.
///
/// Source: Cohen, A coefficient of agreement for nominal scales, 1960.
#[derive(Clone, Debug, Default)]
pub struct CohenKappa(ConfusionMatrix);

impl CohenKappa {
    /// Before any batch.
    #[must_use]
    pub fn new() -> Self {
        CohenKappa::default()
    }

    /// The counts that it is computed from.
    #[must_use]
    pub fn confusion_matrix(&self) -> &ConfusionMatrix {
        &self.0
    }
}

formula!(CohenKappa: "(accuracy - chance) / (1 - chance)");

impl<T: Real> Metric<T> for CohenKappa {
    fn name(&self) -> &'static str {
        "cohen_kappa"
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
        let (n, correct) = (self.0.samples() as f64, self.0.correct() as f64);
        let classes = (0..self.0.classes()).map(|class| self.0.of_class(class));
        let both: f64 = classes.map(|counts| counts.given as f64 * counts.predicted as f64).sum();
        let wrong_by_chance = n - both / n;
        if wrong_by_chance == 0.0 { f64::NAN } else { 1.0 - (n - correct) / wrong_by_chance }
    }
}
