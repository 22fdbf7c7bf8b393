use std::fmt;

use chainrule_tensor::random::Generator;
use chainrule_tensor::{Shape, Tensor};

use super::TargetKind;

/// The predictions and targets that a loss takes. Which targets it accepts follows from it, what a
/// model in front of it may end in, and samples for checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The kind of predictions.
    pub predictions: Predictions,
    /// The forms of targets, the usual one first.
    pub targets: &'static [TargetForm],
}

/// The kind of predictions that a loss takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Predictions {
    /// Any numbers.
    Values,
    /// Numbers that the loss turns into probabilities, by a sigmoid or a softmax of its own.
    Logits,
    /// Probabilities, each in `[0, 1]`.
    Probabilities,
    /// Logarithms of probabilities that sum to 1 along the last axis.
    LogProbabilities,
    /// Numbers above zero.
    Positive,
    /// Along the last axis a half of means, then a half of variances: two outputs for each target.
    MeansAndVariances,
    /// Along the last axis a half of one vector, then a half of another: twice as many outputs as
    /// each has numbers.
    Pairs,
}

/// A form of targets, for predictions `[.., d]`, or `[.., 2 d]` where they come in halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetForm {
    /// Any numbers, `[.., d]`.
    Values,
    /// Whole numbers that are not negative, `[.., d]`.
    Counts,
    /// -1 or 1 for each number, `[.., d]`.
    Signs,
    /// -1 or 1 for each sample, `[..]`.
    SampleSigns,
    /// Labels from 0 to 1, soft ones included, `[.., d]`.
    Labels,
    /// 0 or 1 for each label, `[.., d]`.
    MultiHot,
    /// A probability for each class, `[.., d]`.
    Probabilities,
    /// Logarithms of such probabilities, `[.., d]`.
    LogProbabilities,
    /// A class index for each sample, `[..]`.
    Classes,
}

impl Domain {
    /// Numbers against numbers, the domain of a loss of which nothing else is known.
    pub const VALUES: Domain = Domain {
        predictions: Predictions::Values,
        targets: &[TargetForm::Values, TargetForm::Labels, TargetForm::Probabilities],
    };

    /// Returns true if targets of this kind come in one of the forms.
    #[must_use]
    pub fn accepts(&self, kind: TargetKind) -> bool {
        self.targets.iter().any(|form| form.kind() == kind)
    }

    /// Predictions and targets of this form that make sense, for checks; `shape` is `[.., d]`.
    ///
    /// # Panics
    /// If the shape has no axis.
    #[must_use]
    pub fn draw(
        &self,
        form: TargetForm,
        shape: Shape,
        generator: &mut Generator,
    ) -> (Tensor<f64>, Tensor<f64>) {
        (self.predictions.draw(shape, generator), form.draw(shape, generator))
    }
}

impl Predictions {
    /// The number of outputs of a model for each number of a target.
    #[must_use]
    pub fn outputs_per_target(self) -> usize {
        match self {
            Predictions::MeansAndVariances | Predictions::Pairs => 2,
            _ => 1,
        }
    }

    fn draw(self, shape: Shape, generator: &mut Generator) -> Tensor<f64> {
        let (last, width) = (shape.rank() - 1, shape[shape.rank() - 1]);
        let doubled = shape.with_length(last, width * self.outputs_per_target());
        match self {
            Predictions::Values | Predictions::Logits | Predictions::Pairs => {
                uniform(doubled, -3.0, 3.0, generator)
            }
            Predictions::Probabilities => uniform(shape, 0.05, 0.95, generator),
            Predictions::LogProbabilities => normalised(shape, generator).map(f64::ln),
            Predictions::Positive => uniform(shape, 0.2, 3.0, generator),
            Predictions::MeansAndVariances => {
                let drawn = uniform(doubled, -3.0, 3.0, generator);
                let variance = |i| (i / width) % 2 == 1;
                Tensor::from_fn(doubled, |i| {
                    if variance(i) { 0.2 + drawn.values()[i].abs() } else { drawn.values()[i] }
                })
            }
        }
    }
}

impl TargetForm {
    /// The kind of data that holds such targets.
    #[must_use]
    pub fn kind(self) -> TargetKind {
        match self {
            TargetForm::Classes => TargetKind::Classes,
            TargetForm::Probabilities => TargetKind::Probabilities,
            TargetForm::Labels | TargetForm::MultiHot => TargetKind::Labels,
            _ => TargetKind::Values,
        }
    }

    /// Returns true if a target may be moved a little and still be one, so that there is a
    /// derivative by it.
    #[must_use]
    pub fn is_continuous(self) -> bool {
        !matches!(
            self,
            TargetForm::Signs
                | TargetForm::SampleSigns
                | TargetForm::MultiHot
                | TargetForm::Classes
        )
    }

    fn draw(self, shape: Shape, generator: &mut Generator) -> Tensor<f64> {
        let last = shape.rank() - 1;
        let (samples, width) = (shape.without_axis(last), shape[last]);
        let unit = |shape: Shape, generator: &mut Generator| uniform(shape, 0.0, 1.0, generator);
        let sign = |x: f64| if x < 0.5 { -1.0 } else { 1.0 };
        match self {
            TargetForm::Values => uniform(shape, -3.0, 3.0, generator),
            // Not 1, where the approximation of ln t! that some losses add begins.
            TargetForm::Counts => {
                unit(shape, generator).map(|x| if x < 0.2 { 0.0 } else { 1.0 + (x * 5.0).floor() })
            }
            TargetForm::Signs => unit(shape, generator).map(sign),
            TargetForm::SampleSigns => unit(samples, generator).map(sign),
            TargetForm::Labels => uniform(shape, 0.05, 0.95, generator),
            TargetForm::MultiHot => unit(shape, generator).map(f64::round),
            TargetForm::Probabilities => normalised(shape, generator),
            TargetForm::LogProbabilities => normalised(shape, generator).map(f64::ln),
            TargetForm::Classes => unit(samples, generator).map(|x| (x * width as f64).floor()),
        }
    }
}

impl fmt::Display for Predictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Predictions::Values => "values",
            Predictions::Logits => "logits",
            Predictions::Probabilities => "probabilities",
            Predictions::LogProbabilities => "log-probabilities",
            Predictions::Positive => "values above 0",
            Predictions::MeansAndVariances => "means and variances",
            Predictions::Pairs => "pairs of vectors",
        })
    }
}

impl fmt::Display for TargetForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TargetForm::Values => "values",
            TargetForm::Counts => "counts",
            TargetForm::Signs => "-1 or 1",
            TargetForm::SampleSigns => "-1 or 1 per sample",
            TargetForm::Labels => "labels in [0, 1]",
            TargetForm::MultiHot => "labels 0 or 1",
            TargetForm::Probabilities => "probabilities",
            TargetForm::LogProbabilities => "log-probabilities",
            TargetForm::Classes => "class indices",
        })
    }
}

fn uniform(shape: Shape, low: f64, high: f64, generator: &mut Generator) -> Tensor<f64> {
    Tensor::uniform(shape, low..high, generator).expect("the range is not empty")
}

/// Rows of positive numbers with sum 1.
fn normalised(shape: Shape, generator: &mut Generator) -> Tensor<f64> {
    let (drawn, width) = (uniform(shape, 0.1, 1.0, generator), shape[shape.rank() - 1]);
    let values = drawn.values();
    Tensor::from_fn(shape, |i| values[i] / values[i / width * width..][..width].iter().sum::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_tensor::random::generator;

    #[test]
    fn what_is_drawn_is_of_the_form() {
        let shape = Shape::new(&[40, 3]);
        let draw = |form: TargetForm| form.draw(shape, &mut generator(1));
        for (form, allowed) in [
            (TargetForm::Classes, &[0.0, 1.0, 2.0][..]),
            (TargetForm::SampleSigns, &[-1.0, 1.0]),
            (TargetForm::Signs, &[-1.0, 1.0]),
            (TargetForm::MultiHot, &[0.0, 1.0]),
            (TargetForm::Counts, &[0.0, 2.0, 3.0, 4.0, 5.0]),
        ] {
            let drawn = draw(form);
            assert!(allowed.iter().all(|x| drawn.values().contains(x)), "{form}");
            assert!(drawn.values().iter().all(|x| allowed.contains(x)), "{form}");
        }
        for row in 0..40 {
            assert!(
                (draw(TargetForm::Probabilities).row(row).iter().sum::<f64>() - 1.0).abs() < 1e-15
            );
            let halves = Predictions::MeansAndVariances.draw(shape, &mut generator(row as u64));
            assert!(halves.row(row).len() == 6 && halves.row(row)[3..].iter().all(|&x| x >= 0.2));
        }
    }
}
