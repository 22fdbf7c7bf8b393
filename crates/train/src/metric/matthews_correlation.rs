use chainrule_config::formula;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::{ConfusionMatrix, Metric};

/// The correlation of predicted and right classes, from -1 to 1:
/// `(c n - sum t_k p_k) / sqrt((n^2 - sum p_k^2) (n^2 - sum t_k^2))` with `n` samples, `c` of them
/// right, `t_k` of class `k` and `p_k` taken for it. scikit-learn's `matthews_corrcoef`.
///
/// 0 if all samples are of one class, or all are taken for one. Samples with a NaN among the
/// outputs are taken for a class of their own, which is wrong.
///
/// Source: Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient,
/// 2004.
#[derive(Clone, Debug, Default)]
pub struct MatthewsCorrelation(ConfusionMatrix);

impl MatthewsCorrelation {
    /// Before any batch.
    #[must_use]
    pub fn new() -> Self {
        MatthewsCorrelation::default()
    }

    /// The counts that it is computed from.
    #[must_use]
    pub fn confusion_matrix(&self) -> &ConfusionMatrix {
        &self.0
    }
}

formula!(MatthewsCorrelation: "(c n - sum t_k p_k) / sqrt((n^2 - sum p_k^2) (n^2 - sum t_k^2))");

impl<T: Real> Metric<T> for MatthewsCorrelation {
    fn name(&self) -> &'static str {
        "matthews_correlation"
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
        let unpredicted: u64 = (0..self.0.classes()).map(|class| self.0.unpredicted(class)).sum();
        let (mut both, mut given, mut predicted) = (0.0, 0.0, (unpredicted as f64).powi(2));
        for counts in classes {
            both += counts.given as f64 * counts.predicted as f64;
            given += (counts.given as f64).powi(2);
            predicted += (counts.predicted as f64).powi(2);
        }
        let product = (n * n - predicted) * (n * n - given);
        match product {
            _ if n == 0.0 => f64::NAN,
            0.0 => 0.0,
            _ => (correct * n - both) / product.sqrt(),
        }
    }
}
