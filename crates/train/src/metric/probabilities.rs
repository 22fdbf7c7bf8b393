//! From a model's outputs to probabilities.

use chainrule_config::{Setting, Value};
use chainrule_nn::TargetKind;
use chainrule_tensor::Real;

/// The kind of a model's outputs, for metrics that need probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// Logits, as cross-entropy takes them: a softmax makes them probabilities of classes, a
    /// sigmoid each of them that of a label.
    #[default]
    Logits,
    /// Probabilities already: the model ends in a softmax or a sigmoid.
    Probabilities,
}

/// Turns the outputs of one sample after the other into probabilities, in `f64`.
#[derive(Clone, Debug, Default)]
pub(super) struct Probabilities {
    input: usize,
    multi_label: bool,
    row: Vec<f64>,
}

impl Value for Probabilities {
    fn setting(&mut self) -> Setting<'_> {
        Setting::Choice(&mut self.input, &["logits", "probabilities"])
    }
}

impl Probabilities {
    pub(super) fn input(self, input: Input) -> Self {
        Probabilities { input: input as usize, ..self }
    }

    pub(super) fn prepare(&mut self, target: TargetKind) {
        self.multi_label = target == TargetKind::Labels;
    }

    /// Returns true if targets are labels, each on its own.
    pub(super) fn multi_label(&self) -> bool {
        self.multi_label
    }

    pub(super) fn is_logits(&self) -> bool {
        self.input == Input::Logits as usize
    }

    /// The probability of each class or label.
    pub(super) fn of<T: Real>(&mut self, outputs: &[T]) -> &[f64] {
        self.read(outputs);
        match (self.is_logits(), self.multi_label) {
            (false, _) => {}
            (true, true) => self.row.iter_mut().for_each(|x| *x = Real::sigmoid(*x)),
            (true, false) => {
                below_maximum(&mut self.row);
                self.row.iter_mut().for_each(|x| *x = x.exp());
                let sum: f64 = self.row.iter().sum();
                self.row.iter_mut().for_each(|x| *x /= sum);
            }
        }
        &self.row
    }

    /// The logarithm of the softmax of logits, exact on both sides: it neither becomes minus
    /// infinity for a small probability, nor 0 for one near 1.
    pub(super) fn log_softmax<T: Real>(&mut self, logits: &[T]) -> &[f64] {
        self.read(logits);
        below_maximum(&mut self.row);
        let first = self.row.iter().position(|&x| x == 0.0);
        let others = self.row.iter().enumerate().filter(|&(i, _)| Some(i) != first);
        let rest = others.map(|(_, x)| x.exp()).sum::<f64>().ln_1p();
        self.row.iter_mut().for_each(|x| *x -= rest);
        &self.row
    }

    fn read<T: Real>(&mut self, outputs: &[T]) {
        self.row.clear();
        self.row.extend(outputs.iter().map(|x| x.to_f64()));
    }
}

/// The largest value; NaN if one is. Subtracts the maximum. One infinite logit is at 0 and all
/// others infinitely far below, the limit; of several there is none, and the row is NaN.
fn below_maximum(row: &mut [f64]) {
    let max = row.iter().fold(f64::NEG_INFINITY, |max, &x| Real::maximum(max, x));
    let infinite = row.iter().filter(|&&x| x == f64::INFINITY).count();
    for x in row {
        *x = match infinite {
            0 => *x - max,
            1 if *x == f64::INFINITY => 0.0,
            1 => *x - max,
            _ => f64::NAN,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_far_apart_keep_their_logarithms() {
        let mut probabilities = Probabilities::default();
        assert_eq!(probabilities.of(&[1e4_f32, -1e4]), [1.0, 0.0]);
        let log = probabilities.log_softmax(&[0.0_f64, -50.0, -1e4]);
        assert_eq!(log, [-(-50_f64).exp(), -50.0 - (-50_f64).exp(), -1e4]);
        assert!(probabilities.log_softmax(&[f64::NAN, 0.0]).iter().all(|x| x.is_nan()));
        probabilities.prepare(TargetKind::Labels);
        assert_eq!(probabilities.of(&[0.0_f32, 1e4, -1e4]), [0.5, 1.0, 0.0]);
        assert_eq!(probabilities.input(Input::Probabilities).of(&[0.25_f32]), [0.25]);
    }
}
