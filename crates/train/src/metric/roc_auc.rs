use chainrule_config::settings;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::Metric;
use super::probabilities::Input;
use super::ranking::{Ranking, Tie, mean};

settings! {
    "roc_auc": "P(score of a given one > score of another) + P(equal) / 2";

    /// The area under the receiver operating characteristic: the probability that a sample of the
    /// class has a higher score than one that is not, ties counting half.
    ///
    /// Of two classes that of the second; of more the mean over classes, each against the rest,
    /// scikit-learn's `multi_class="ovr"`; of labels the mean over labels. Exact: the scores of all
    /// samples are kept, nine bytes for each sample and class, and sorted for the value. Scores are
    /// probabilities by [`input`](RocAuc::input), compared by their logarithms, so that those that
    /// would round to 1 stay apart.
    ///
    /// NaN if a class or label is given to all samples or to none, as in scikit-learn, and if a
    /// score is NaN.
    #[derive(Clone, Debug)]
    pub struct RocAuc {
        /// The kind of outputs: `logits` or `probabilities`.
        input: Ranking = Ranking::default();
    }
}

impl RocAuc {
    /// Of logits, before any batch.
    #[must_use]
    pub fn new() -> Self {
        RocAuc::default()
    }

    /// States the kind of outputs: [`Input::Logits`] by default.
    #[must_use]
    pub fn input(self, input: Input) -> Self {
        RocAuc { input: self.input.input(input) }
    }

    /// The value of each class or label; of two classes that of the second alone.
    #[must_use]
    pub fn per_class(&self) -> Vec<f64> {
        self.input.per_column(area)
    }
}

impl<T: Real> Metric<T> for RocAuc {
    fn name(&self) -> &'static str {
        "roc_auc"
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

/// Counts pairs in whole numbers.
fn area(ties: &[Tie]) -> f64 {
    let (mut given, mut others, mut twice) = (0_u64, 0_u64, 0_u128);
    for tie in ties {
        // Those above are beaten by none of these; those of this score are worth half to each
        // other.
        twice += u128::from(tie.others) * u128::from(2 * given + tie.given);
        given += tie.given;
        others += tie.others;
    }
    twice as f64 / (2.0 * given as f64 * others as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::Tensor;

    #[test]
    fn the_example_of_scikit_learn_ties_and_a_class_alone() {
        let of = |scores: [f64; 4], classes: [f64; 4]| {
            let mut auc = RocAuc::new().input(Input::Probabilities);
            auc.update(
                Tensor::from_rows(scores.map(|p| [1.0 - p, p])).view(),
                Tensor::from(classes.to_vec()).view(),
            );
            Metric::<f64>::value(&auc)
        };
        assert_eq!(of([0.1, 0.4, 0.35, 0.8], [0.0, 0.0, 1.0, 1.0]), 0.75);
        assert_eq!(of([0.5, 0.5, 0.5, 0.8], [0.0, 0.0, 1.0, 1.0]), 0.75);
        assert_eq!(of([0.0, -0.0, 0.0, -0.0], [0.0, 1.0, 0.0, 1.0]), 0.5);
        assert!(of([0.1, 0.4, 0.35, 0.8], [1.0; 4]).is_nan());
        assert!(of([0.1, f64::NAN, 0.35, 0.8], [0.0, 0.0, 1.0, 1.0]).is_nan());
    }

    #[test]
    fn logits_beyond_the_last_place_of_a_probability_stay_apart() {
        let mut auc = RocAuc::new();
        let logits = Tensor::<f64>::from_rows([
            [0.0, 80.0, -1.0],
            [0.0, 90.0, -1.0],
            [80.0, 0.0, -1.0],
            [0.0, 0.0, 9.0],
        ]);
        auc.update(logits.view(), Tensor::from(vec![2.0, 1.0, 0.0, 2.0]).view());
        assert_eq!(auc.per_class(), [1.0, 1.0, 0.875]);
    }
}
