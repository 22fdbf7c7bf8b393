//! The common part of precision, recall and F1.

use chainrule_config::Setting;
use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

use super::average::{Average, Counts, averaged};
use super::rows::{check_threshold, given, predicted, row_pairs, threshold};
use super::{ConfusionMatrix, Mean, Metric};

/// Counts of what was predicted and what was given: of classes a confusion matrix, of labels each
/// on its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Decisions {
    average: usize,
    class: Option<usize>,
    /// From which output on a label is predicted.
    threshold: f64,
    /// True if targets are labels.
    multi_label: bool,
    matrix: ConfusionMatrix,
    labels: Vec<Counts>,
    /// The scores of samples with labels.
    samples: Mean,
}

impl Decisions {
    pub(super) fn average(self, average: Average) -> Self {
        Decisions { average: average as usize, ..self }
    }

    pub(super) fn class(self, class: usize) -> Self {
        Decisions { class: Some(class), ..self }
    }

    pub(super) fn threshold(self, threshold: f64) -> Self {
        Decisions { threshold, ..self }
    }

    pub(super) fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![
            ("average", Setting::Choice(&mut self.average, Average::NAMES)),
            ("class", Setting::OptionalCount(&mut self.class)),
            threshold(&mut self.threshold),
        ]
    }

    pub(super) fn check(&self, metric: &str) -> Result<(), String> {
        check_threshold(metric, self.threshold)
    }

    pub(super) fn matrix(&self) -> &ConfusionMatrix {
        &self.matrix
    }

    fn averaging(&self) -> Average {
        [Average::Macro, Average::Micro, Average::Weighted, Average::Samples][self.average]
    }

    pub(super) fn accepts(&self, target: TargetKind) -> bool {
        let by_sample = self.averaging() == Average::Samples && self.class.is_none();
        match target {
            TargetKind::Labels => true,
            TargetKind::Classes | TargetKind::Probabilities => !by_sample,
            TargetKind::Values => false,
        }
    }

    pub(super) fn prepare(&mut self, target: TargetKind) {
        self.multi_label = target == TargetKind::Labels;
    }

    pub(super) fn reset(&mut self) {
        Metric::<f32>::reset(&mut self.matrix);
        self.labels.fill(Counts::default());
        self.samples = Mean::default();
    }

    pub(super) fn update<T: Real>(
        &mut self,
        prediction: TensorView<'_, T>,
        target: TensorView<'_, T>,
        score: fn(Counts) -> f64,
    ) {
        if !self.multi_label {
            return self.matrix.update(prediction, target);
        }
        let (_, width) = prediction.shape().as_rows();
        if self.labels.len() < width {
            self.labels.resize(width, Counts::default());
        }
        for (outputs, targets) in row_pairs(prediction, target) {
            let mut sample = Counts::default();
            for ((label, &output), &target) in self.labels.iter_mut().zip(outputs).zip(targets) {
                let predicted = predicted(output, self.threshold);
                label.add(predicted, given(target));
                sample.add(predicted, given(target));
            }
            self.samples.add(score(sample));
        }
    }

    /// The counts of each class or label.
    fn counts(&self) -> impl Iterator<Item = Counts> {
        let classes = if self.multi_label { self.labels.len() } else { self.matrix.classes() };
        (0..classes).map(|class| {
            if self.multi_label { self.labels[class] } else { self.matrix.of_class(class) }
        })
    }

    pub(super) fn per_class(&self, score: fn(Counts) -> f64) -> Vec<f64> {
        self.counts().map(score).collect()
    }

    pub(super) fn value(&self, score: fn(Counts) -> f64) -> f64 {
        let samples = if self.multi_label { self.samples.count } else { self.matrix.samples() };
        if samples == 0 {
            return f64::NAN;
        }
        match (self.class, self.averaging()) {
            (Some(class), _) => self.counts().nth(class).map_or(f64::NAN, score),
            (None, Average::Samples) => self.samples.value(),
            (None, average) if self.multi_label => averaged(average, self.counts(), score),
            (None, average) => {
                let occurs = |counts: &Counts| counts.given + counts.predicted > 0;
                averaged(average, self.counts().filter(occurs), score)
            }
        }
    }
}

/// A metric that is a score of [`Decisions`].
macro_rules! score_of_decisions {
    ($metric:ident, $name:literal, $formula:literal, $score:path) => {
        impl $metric {
            /// The macro average, before any batch.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            /// Averaged like this; [`Average::Macro`](crate::metric::Average::Macro) by default.
            #[must_use]
            pub fn average(self, average: crate::metric::Average) -> Self {
                Self(self.0.average(average))
            }

            /// Of one class or label alone, instead of an average: scikit-learn's
            /// `average="binary"` with this `pos_label`. NaN if there is no such class.
            #[must_use]
            pub fn of_class(self, class: usize) -> Self {
                Self(self.0.class(class))
            }

            /// From which output on a label is predicted, where targets are labels: 0 by default,
            /// for logits. For probabilities, of a model that ends in a sigmoid, it is 0.5.
            #[must_use]
            pub fn threshold(self, threshold: f64) -> Self {
                Self(self.0.threshold(threshold))
            }

            /// The value of each class or label.
            #[must_use]
            pub fn per_class(&self) -> Vec<f64> {
                self.0.per_class($score)
            }

            /// The counts that it is computed from, where targets are classes.
            #[must_use]
            pub fn confusion_matrix(&self) -> &crate::metric::ConfusionMatrix {
                self.0.matrix()
            }
        }

        impl chainrule_nn::Configure for $metric {
            fn formula(&self) -> &'static str {
                $formula
            }

            fn settings(&mut self) -> Vec<(&'static str, chainrule_config::Setting<'_>)> {
                self.0.settings()
            }

            fn check(&self) -> Result<(), String> {
                self.0.check($name)
            }
        }

        impl<T: chainrule_tensor::Real> crate::metric::Metric<T> for $metric {
            fn name(&self) -> &'static str {
                $name
            }

            fn accepts(&self, target: chainrule_nn::TargetKind) -> bool {
                self.0.accepts(target)
            }

            fn prepare(&mut self, target: chainrule_nn::TargetKind) -> Result<(), String> {
                self.0.prepare(target);
                self.0.check($name)
            }

            fn reset(&mut self) {
                self.0.reset();
            }

            fn update(
                &mut self,
                prediction: chainrule_tensor::TensorView<'_, T>,
                target: chainrule_tensor::TensorView<'_, T>,
            ) {
                self.0.update(prediction, target, $score);
            }

            fn value(&self) -> f64 {
                self.0.value($score)
            }
        }
    };
}
pub(super) use score_of_decisions;
