use chainrule_config::formula;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::rows::{given, row_pairs};
use super::{Mean, Metric};

/// How far up the given labels of a sample are among all, from 0 to 1. For each given label it is
/// the share that is given, of the labels with an output at least as large as its own. The mean is
/// over these, then over samples.
///
/// A sample with no label or with all of them counts 1. Logits and probabilities give the same. A
/// NaN among the outputs makes the value NaN. The time for a sample grows with the number of labels
/// times that of given ones.
///
/// Source: scikit-learn's `label_ranking_average_precision_score`; Tsoumakas, Katakis and Vlahavas,
/// Mining multi-label data, 2009.
#[derive(Clone, Copy, Debug, Default)]
pub struct LabelRankingAveragePrecision(Mean);

impl LabelRankingAveragePrecision {
    /// Before any batch.
    #[must_use]
    pub fn new() -> Self {
        LabelRankingAveragePrecision::default()
    }
}

formula!(
    LabelRankingAveragePrecision:
        "mean over given labels j of given k with p_k >= p_j / all k with p_k >= p_j"
);

impl<T: Real> Metric<T> for LabelRankingAveragePrecision {
    fn name(&self) -> &'static str {
        "label_ranking_average_precision"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        target == TargetKind::Labels
    }

    fn reset(&mut self) {
        self.0 = Mean::default();
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        row_pairs(prediction, target)
            .for_each(|(outputs, targets)| self.0.add(of_sample(outputs, targets)));
    }

    fn value(&self) -> f64 {
        self.0.value()
    }
}

fn of_sample<T: Real>(outputs: &[T], targets: &[T]) -> f64 {
    if outputs.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let labels = || outputs.iter().zip(targets.iter().map(|&target| given(target)));
    let mut mean = Mean::default();
    for (&own, _) in labels().filter(|&(_, given)| given) {
        let (mut among, mut all) = (0_u32, 0_u32);
        for (_, given) in labels().filter(|&(&output, _)| output >= own) {
            among += u32::from(given);
            all += 1;
        }
        mean.add(f64::from(among) / f64::from(all));
    }
    if mean.count == 0 || mean.count == outputs.len() as u64 { 1.0 } else { mean.value() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::Tensor;

    #[test]
    fn the_example_of_scikit_learn_and_the_edges() {
        let mut metric = LabelRankingAveragePrecision::new();
        let outputs = Tensor::from_rows([[0.75_f32, 0.5, 1.0], [1.0, 0.2, 0.1]]);
        metric.update(outputs.view(), Tensor::from_rows([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]).view());
        assert_eq!(Metric::<f32>::value(&metric), (0.5 + 1.0 / 3.0) / 2.0);
        for labels in [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]] {
            assert_eq!(of_sample(&[0.3_f64, 0.2, 0.1], &labels), 1.0);
        }
        assert_eq!(of_sample(&[1.0_f64, 1.0], &[1.0, 0.0]), 0.5);
        assert!(of_sample(&[f64::NAN, 1.0], &[1.0, 0.0]).is_nan());
    }
}
