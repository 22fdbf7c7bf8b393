//! The answers of a classifier for samples.

use chainrule_data::Targets;
use chainrule_nn::Model;
use chainrule_nn::loss::Predictions;
use chainrule_tensor::{Real, Tensor};

use crate::{Material, ReportError};

/// Samples that are predicted at once.
const BATCH: usize = 1024;

/// How a model's outputs are read as a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Classifier {
    /// The largest of so many outputs.
    Largest(usize),
    /// The one output of a yes or no: yes from here on, as a logit or as a probability.
    Logit,
    Probability,
}

/// A sample's class, the one that it is taken for, and how sure the model is of that, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) sample: usize,
    pub(super) truth: usize,
    pub(super) predicted: usize,
    pub(super) certainty: f64,
}

impl Answer {
    pub(super) fn is_right(&self) -> bool {
        self.truth == self.predicted
    }
}

impl Classifier {
    /// How the run's model classifies, if it does. A single output is only understood with the
    /// loss.
    pub(super) fn of<T: Real>(material: &Material<'_, T>) -> Option<Self> {
        match material.trained()?.2.targets() {
            Targets::Classes { classes, .. } => Some(Classifier::Largest(*classes)),
            Targets::Probabilities(_) => {
                Some(Classifier::Largest(material.evidence.data?.targets().width()))
            }
            Targets::Labels(_) if material.evidence.data?.targets().width() == 1 => {
                match material.evidence.loss?.domain().predictions {
                    Predictions::Logits => Some(Classifier::Logit),
                    Predictions::Probabilities => Some(Classifier::Probability),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub(super) fn count(self) -> usize {
        if let Classifier::Largest(classes) = self { classes } else { 2 }
    }

    /// The names of the classes, or their numbers.
    pub(super) fn names<T: Real>(self, material: &Material<'_, T>) -> Vec<String> {
        (0..self.count())
            .map(|class| material.classes.get(class).cloned().unwrap_or_else(|| class.to_string()))
            .collect()
    }

    /// The class of one sample's outputs and how sure the model is; `None` where an output is NaN.
    /// Of equals the first. Outputs that are not probabilities already are made some by a softmax.
    pub(super) fn read<T: Real>(self, outputs: &[T]) -> Option<(usize, f64)> {
        let outputs: Vec<f64> = outputs.iter().map(|x| x.to_f64()).collect();
        if outputs.iter().any(|x| x.is_nan()) || outputs.is_empty() {
            return None;
        }
        let yes = match self {
            Classifier::Logit => 1.0 / (1.0 + (-outputs[0]).exp()),
            Classifier::Probability => outputs[0],
            Classifier::Largest(_) => {
                let best = (0..outputs.len())
                    .fold(0, |best, i| if outputs[i] > outputs[best] { i } else { best });
                let probabilities = outputs.iter().all(|&x| x >= 0.0)
                    && (outputs.iter().sum::<f64>() - 1.0).abs() < 1e-3;
                let sum: f64 = outputs.iter().map(|x| (x - outputs[best]).exp()).sum();
                return Some((best, if probabilities { outputs[best] } else { 1.0 / sum }));
            }
        };
        Some(if yes >= 0.5 { (1, yes) } else { (0, 1.0 - yes) })
    }
}

/// The samples that count: all but those of the class that the loss ignores.
pub(super) fn counting<T: Real>(material: &Material<'_, T>) -> Vec<usize> {
    let Some(data) = material.evidence.data else { return Vec::new() };
    let ignored = material.evidence.loss.and_then(|loss| loss.ignore_index());
    let counts = |sample: &usize| match data.targets() {
        Targets::Classes { indices, .. } => ignored != Some(f64::from(indices[*sample])),
        _ => true,
    };
    (0..data.len()).filter(counts).collect()
}

/// The model's answers to the run's data, without samples that the loss ignores; `None` for what is
/// no classifier. Samples with NaN among their outputs are missing.
pub(super) fn answers<T: Real>(
    material: &Material<'_, T>,
) -> Result<Option<(Classifier, Vec<Answer>)>, ReportError> {
    let (Some((model, params, data)), Some(classifier)) =
        (material.trained(), Classifier::of(material))
    else {
        return Ok(None);
    };
    let outputs = if let Classifier::Largest(classes) = classifier { classes } else { 1 };
    let mut answers = Vec::new();
    for samples in counting(material).chunks(BATCH) {
        let part = data.select(samples)?;
        let given = model.predict(params, part.inputs())?;
        if given.shape().elements() != samples.len() * outputs {
            return Ok(None);
        }
        for ((&sample, given), truth) in
            samples.iter().zip(rows(&given, samples.len())).zip(truths(part.targets()))
        {
            let answer = |(predicted, certainty)| Answer { sample, truth, predicted, certainty };
            answers.extend(classifier.read(given).map(answer));
        }
    }
    Ok(Some((classifier, answers)))
}

/// How many of the samples a classifier takes for what they are, and how many there are.
pub(crate) fn right<T: Real>(
    material: &Material<'_, T>,
) -> Result<Option<(usize, usize)>, ReportError> {
    let right = |answers: Vec<Answer>| answers.iter().filter(|answer| answer.is_right()).count();
    Ok(answers(material)?.map(|(_, answers)| (right(answers), counting(material).len())))
}

/// The values of each sample.
pub(super) fn rows<T: Real>(tensor: &Tensor<T>, samples: usize) -> impl Iterator<Item = &[T]> {
    tensor.values().chunks((tensor.values().len() / samples.max(1)).max(1))
}

/// The class of each sample: the likeliest, where they are soft.
fn truths<T: Real>(targets: &Targets<T>) -> Vec<usize> {
    match targets {
        Targets::Classes { indices, .. } => indices.iter().map(|&class| class as usize).collect(),
        Targets::Probabilities(soft) => {
            let largest = |row: &[T]| {
                (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
            };
            rows(soft, targets.len()).map(largest).collect()
        }
        Targets::Labels(labels) => {
            labels.values().iter().map(|x| usize::from(x.to_f64() >= 0.5)).collect()
        }
        Targets::Values(_) => Vec::new(),
    }
}
