use chainrule_config::settings;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::probabilities::{Input, Probabilities};
use super::rows::{Target, rows};
use super::{Mean, Metric};

settings! {
    "brier_score": "mean of sum (p - q)^2, halved for two classes";

    /// The squared error of probabilities: for more than two classes `sum (p_c - q_c)^2`, from 0 to
    /// 2, the mean over samples. For two classes half of it, which is `(p_1 - t)^2`, from 0 to 1.
    /// For labels `(p - t)^2`, the mean over samples and labels. scikit-learn's `brier_score_loss`
    /// with its default `scale_by_half="auto"`.
    ///
    /// Outputs are logits unless [`input`](BrierScore::input) says otherwise. A NaN makes the value
    /// NaN.
    ///
    /// Source: Brier, Verification of forecasts expressed in terms of probability, 1950.
    #[derive(Clone, Debug)]
    pub struct BrierScore {
        /// The kind of outputs: `logits` or `probabilities`.
        input: Probabilities = Probabilities::default();
        ..
        mean: Mean = Mean::default();
    }
}

impl BrierScore {
    /// Of logits, before any batch.
    #[must_use]
    pub fn new() -> Self {
        BrierScore::default()
    }

    /// States the kind of outputs: [`Input::Logits`] by default.
    #[must_use]
    pub fn input(self, input: Input) -> Self {
        BrierScore { input: self.input.input(input), ..self }
    }
}

impl<T: Real> Metric<T> for BrierScore {
    fn name(&self) -> &'static str {
        "brier_score"
    }

    fn accepts(&self, target: TargetKind) -> bool {
        target != TargetKind::Values
    }

    fn prepare(&mut self, target: TargetKind) -> Result<(), String> {
        self.input.prepare(target);
        Ok(())
    }

    fn reset(&mut self) {
        self.mean = Mean::default();
    }

    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
        for (outputs, target) in rows(prediction, target) {
            // An index that is no class would be told by no probability.
            let unknown =
                matches!(target, Target::Class(_)) && target.class(outputs.len()).is_none();
            let by_label = self.input.multi_label();
            let probabilities = self.input.of(outputs);
            let squares =
                probabilities.iter().enumerate().map(|(c, p)| (p - target.probability(c)).powi(2));
            if by_label {
                squares.for_each(|square| self.mean.add(square));
            } else {
                let scale = if outputs.len() > 2 { 1.0 } else { 0.5 };
                self.mean.add(if unknown { f64::NAN } else { scale * squares.sum::<f64>() });
            }
        }
    }

    fn value(&self) -> f64 {
        self.mean.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::Tensor;

    #[test]
    fn the_examples_of_scikit_learn() {
        let mut score = BrierScore::new().input(Input::Probabilities);
        let p = Tensor::<f64>::from_rows([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6]]);
        score.update(p.view(), Tensor::from(vec![0.0, 1.0, 2.0]).view());
        assert!((Metric::<f64>::value(&score) - 0.44 / 3.0).abs() < 1e-15);
        Metric::<f64>::reset(&mut score);
        let p = Tensor::<f64>::from_rows([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8], [0.7, 0.3]]);
        score.update(p.view(), Tensor::from(vec![0.0, 1.0, 1.0, 0.0]).view());
        assert!((Metric::<f64>::value(&score) - 0.0375).abs() < 1e-15);
        Metric::<f64>::reset(&mut score);
        Metric::<f64>::prepare(&mut score, TargetKind::Labels).unwrap();
        score.update(
            p.view(),
            Tensor::from_rows([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]).view(),
        );
        assert!((Metric::<f64>::value(&score) - 0.0375).abs() < 1e-15);
    }
}
