use chainrule_config::settings;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::Metric;
use super::probabilities::Input;
use super::ranking::{Ranking, Tie, mean};

settings! {
    "average_precision": "sum over thresholds of (R_n - R_n-1) P_n";

    /// The area under the steps of precision over recall: `sum (R_n - R_(n-1)) P_n` over the
    /// distinct scores from the highest to the lowest. Precision and recall are those of what has
    /// at least that score. Not interpolated.
    ///
    /// Of two classes that of the second; of more the mean over classes, each against the rest; of
    /// labels the mean over labels. Exact: the scores of all samples are kept, nine bytes for each
    /// sample and class, and sorted for the value. Scores are probabilities by
    /// [`input`](AveragePrecision::input), compared by their logarithms, so that those that would
    /// round to 1 stay apart.
    ///
    /// A class or label that is never given counts 0, as in scikit-learn. NaN if a score is NaN.
    #[derive(Clone, Debug)]
    pub struct AveragePrecision {
        /// The kind of outputs: `logits` or `probabilities`.
        input: Ranking = Ranking::default();
    }
}

impl AveragePrecision {
    /// Of logits, before any batch.
    #[must_use]
    pub fn new() -> Self {
        AveragePrecision::default()
    }

    /// States the kind of outputs: [`Input::Logits`] by default.
    #[must_use]
    pub fn input(self, input: Input) -> Self {
        AveragePrecision { input: self.input.input(input) }
    }

    /// The value of each class or label; of two classes that of the second alone.
    #[must_use]
    pub fn per_class(&self) -> Vec<f64> {
        self.input.per_column(area)
    }
}

impl<T: Real> Metric<T> for AveragePrecision {
    fn name(&self) -> &'static str {
        "average_precision"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        target != TargetKind::Values
    }

    fn prepare(&mut self, target: TargetKind) -> Result<(), String> {
        self.input.prepare(target);
        Ok(())
    }

    fn reset(&mut self) {
        self.input.reset();
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        self.input.update(prediction, target);
    }

    fn value(&self) -> f64 {
        mean(&self.per_class())
    }
}

fn area(ties: &[Tie]) -> f64 {
    let total: u64 = ties.iter().map(|tie| tie.given).sum();
    let (mut given, mut all, mut sum) = (0, 0, 0.0);
    for tie in ties {
        given += tie.given;
        all += tie.given + tie.others;
        sum += tie.given as f64 * (given as f64 / all as f64);
    }
    if total == 0 { 0.0 } else { sum / total as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::Tensor;

    #[test]
    fn the_example_of_scikit_learn_ties_and_a_class_never_given() {
        let of = |scores: [f64; 4], classes: [f64; 4]| {
            let mut precision = AveragePrecision::new().input(Input::Probabilities);
            let scores = Tensor::from_rows(scores.map(|p| [1.0 - p, p]));
            precision.update(scores.view(), Tensor::from(classes.to_vec()).view());
            Metric::<f64>::value(&precision)
        };
        assert_eq!(of([0.1, 0.4, 0.35, 0.8], [0.0, 0.0, 1.0, 1.0]), (1.0 + 2.0 / 3.0) / 2.0);
        assert_eq!(of([0.5; 4], [0.0, 0.0, 1.0, 1.0]), 0.5);
        assert_eq!(of([0.1, 0.4, 0.35, 0.8], [0.0; 4]), 0.0);
        assert_eq!(of([0.1, 0.4, 0.35, 0.8], [1.0; 4]), 1.0);
    }
}
