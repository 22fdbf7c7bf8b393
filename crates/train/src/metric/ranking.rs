//! Scores that are kept to be ranked.

use chainrule_config::{Setting, Value};
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::probabilities::{Input, Probabilities};
use super::rows::{given, rows, same_width};

/// The scores of all samples with what was given: nine bytes for each sample and column. Of two
/// classes there is one column, the second's; of more classes or labels one for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranking {
    probabilities: Probabilities,
    columns: usize,
    scores: Vec<f64>,
    given: Vec<bool>,
}

/// How many samples with the same score are given, and how many are not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tie {
    pub(super) given: u64,
    pub(super) others: u64,
}

impl Value for Ranking {
    fn setting(&mut self) -> Setting<'_> {
        self.probabilities.setting()
    }
}

impl Ranking {
    pub(super) fn input(self, input: Input) -> Self {
        Ranking { probabilities: self.probabilities.input(input), ..self }
    }

    pub(super) fn prepare(&mut self, target: TargetKind) {
        self.probabilities.prepare(target);
    }

    pub(super) fn reset(&mut self) {
        self.columns = 0;
        self.scores.clear();
        self.given.clear();
    }

    pub(super) fn update<T: Real>(
        &mut self,
        prediction: TensorView<'_, T>,
        target: TensorView<'_, T>,
    ) {
        let multi_label = self.probabilities.multi_label();
        let softmax = !multi_label && self.probabilities.is_logits();
        let (_, width) = prediction.shape().as_rows();
        let columns = if width == 2 && !multi_label { 1 } else { width };
        same_width(self.columns, columns, !self.scores.is_empty());
        self.columns = columns;
        for (outputs, target) in rows(prediction, target) {
            let class = target.class(width);
            let given = |column| {
                if multi_label {
                    given(T::from_f64(target.probability(column)))
                } else {
                    class == Some(column)
                }
            };
            if self.columns < width {
                // The logit of the probability is the difference of the logits.
                let [first, second] = [outputs[0].to_f64(), outputs[1].to_f64()];
                self.scores.push(if softmax { second - first } else { second });
                self.given.push(given(1));
                continue;
            }
            if softmax {
                self.scores.extend(self.probabilities.log_softmax(outputs));
            } else {
                self.scores.extend(outputs.iter().map(|x| x.to_f64()));
            }
            self.given.extend((0..width).map(given));
        }
    }

    /// The value of each column, from its ties from the highest score to the lowest. NaN for one
    /// with a NaN among its scores.
    pub(super) fn per_column(&self, value: impl Fn(&[Tie]) -> f64) -> Vec<f64> {
        let samples = self.scores.len() / self.columns.max(1);
        let (mut ranked, mut ties) = (Vec::with_capacity(samples), Vec::new());
        let of_column = |column| {
            ranked.clear();
            let of_column = (column..self.scores.len()).step_by(self.columns);
            ranked.extend(of_column.map(|i| (self.scores[i], self.given[i])));
            if ranked.iter().any(|(score, _)| score.is_nan()) {
                return f64::NAN;
            }
            ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
            ties.clear();
            let mut last = None;
            for &(score, given) in &ranked {
                if last != Some(score) {
                    ties.push(Tie::default());
                    last = Some(score);
                }
                let tie = ties.last_mut().expect("there is one for each score");
                tie.given += u64::from(given);
                tie.others += u64::from(!given);
            }
            value(&ties)
        };
        (0..self.columns).map(of_column).collect()
    }
}

/// The mean; NaN of nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
