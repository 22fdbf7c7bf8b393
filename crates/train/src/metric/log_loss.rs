use chainrule_config::settings;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::probabilities::{Input, Probabilities};
use super::rows::{Target, pairs, rows};
use super::{Mean, Metric};

settings! {
    "log_loss": "mean of -sum q ln p";

    /// The negative logarithm of the probability of what is right. For classes `-ln p_t`, or
    /// `-sum q ln p` with soft targets `q`, the mean over samples. For labels
    /// `-t ln p - (1 - t) ln(1 - p)`, the mean over samples and labels.
    ///
    /// Outputs are logits unless [`input`](LogLoss::input) says otherwise; from them the logarithms
    /// are computed directly and not cut off. Probabilities are first clipped to `[eps, 1 - eps]`
    /// with the `eps` of the scalar, as in scikit-learn. A NaN makes the value NaN.
    #[derive(Clone, Debug)]
    pub struct LogLoss {
        /// The kind of outputs: `logits` or `probabilities`.
        input: Probabilities = Probabilities::default();
        ..
        mean: Mean = Mean::default();
    }
}

impl LogLoss {
    /// Of logits, before any batch.
    #[must_use]
    pub fn new() -> Self {
        LogLoss::default()
    }

    /// States the kind of outputs: [`Input::Logits`] by default.
    #[must_use]
    pub fn input(self, input: Input) -> Self {
        LogLoss { input: self.input.input(input), ..self }
    }
}

impl<T: Real> Metric<T> for LogLoss {
    fn name(&self) -> &'static str {
        "log_loss"
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
        let from_logits = self.input.is_logits();
        if self.input.multi_label() {
            let of_label = if from_logits { of_logit } else { of_probability };
            for (&output, &label) in pairs(prediction, target) {
                self.mean.add(of_label(output.to_f64(), label.to_f64(), T::EPSILON.to_f64()));
            }
            return;
        }
        for (outputs, target) in rows(prediction, target) {
            let loss = if from_logits {
                let logarithms = self.input.log_softmax(outputs);
                cross_entropy(target, |class| logarithms[class], outputs.len())
            } else {
                let ln = |class: usize| clipped(outputs[class].to_f64(), T::EPSILON.to_f64()).ln();
                cross_entropy(target, ln, outputs.len())
            };
            self.mean.add(loss);
        }
    }

    fn value(&self) -> f64 {
        self.mean.value()
    }
}

fn cross_entropy<T: Real>(target: Target<'_, T>, ln: impl Fn(usize) -> f64, classes: usize) -> f64 {
    match target {
        Target::Class(_) => target.class(classes).map_or(f64::NAN, |class| -ln(class)),
        // What has no weight is left out, so that 0 ln 0 is 0.
        Target::Row(weights) => {
            let terms = weights.iter().enumerate().filter(|(_, q)| **q != T::ZERO);
            -terms.map(|(class, q)| q.to_f64() * ln(class)).sum::<f64>()
        }
    }
}

fn of_logit(x: f64, t: f64, _: f64) -> f64 {
    let wrong = if x >= 0.0 { 1.0 - t } else { t };
    // A label that agrees costs nothing, even at an infinite logit.
    let cost = if wrong == 0.0 && x.is_infinite() { 0.0 } else { wrong * x.abs() };
    cost + (-x.abs()).exp().ln_1p()
}

fn of_probability(p: f64, t: f64, epsilon: f64) -> f64 {
    let p = clipped(p, epsilon);
    -t * p.ln() - (1.0 - t) * (1.0 - p).ln()
}

fn clipped(p: f64, epsilon: f64) -> f64 {
    p.clamp(epsilon, 1.0 - epsilon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::Tensor;

    fn of(
        mut metric: LogLoss,
        kind: TargetKind,
        outputs: [[f64; 2]; 2],
        targets: Tensor<f64>,
    ) -> f64 {
        Metric::<f64>::prepare(&mut metric, kind).unwrap();
        metric.update(Tensor::from_rows(outputs).view(), targets.view());
        Metric::<f64>::value(&metric)
    }

    #[test]
    fn extreme_logits_are_not_cut_off_and_probabilities_are() {
        let classes = Tensor::from(vec![1.0, 0.0]);
        assert_eq!(
            of(LogLoss::new(), TargetKind::Classes, [[1e4, 0.0], [1e4, -1e4]], classes.clone()),
            5e3
        );
        let metric = LogLoss::new().input(Input::Probabilities);
        let value = of(metric.clone(), TargetKind::Classes, [[1.0, 0.0], [1.0, 0.0]], classes);
        assert!((value - (-f64::EPSILON.ln() + f64::EPSILON) / 2.0).abs() < 1e-14);
        let labels = Tensor::from_rows([[1.0, 0.0], [0.5, 1.0]]);
        let value =
            of(LogLoss::new(), TargetKind::Labels, [[0.0, 0.0], [0.0, -1e4]], labels.clone());
        assert!((value - (3.0 * 2_f64.ln() + 1e4) / 4.0).abs() < 1e-12);
        let value = of(metric, TargetKind::Labels, [[0.5, 0.5], [0.5, 0.5]], labels);
        assert!((value - 2_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn soft_targets_weigh_and_nan_shows() {
        let soft = Tensor::from_rows([[0.25, 0.75], [1.0, 0.0]]);
        let value = of(
            LogLoss::new(),
            TargetKind::Probabilities,
            [[0.0, 0.0], [0.0, f64::NEG_INFINITY]],
            soft.clone(),
        );
        assert!((value - 2_f64.ln() / 2.0).abs() < 1e-15);
        assert!(
            of(LogLoss::new(), TargetKind::Probabilities, [[f64::NAN, 0.0], [0.0, 0.0]], soft)
                .is_nan()
        );
    }
}
