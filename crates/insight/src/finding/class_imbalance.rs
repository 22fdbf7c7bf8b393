use chainrule_config::settings;
use chainrule_data::{Dataset, Targets};
use chainrule_graph::Graph;
use chainrule_nn::{Loss, Reduction};
use chainrule_recipe::Change;
use chainrule_tensor::{Real, Tensor};

use super::{Evidence, Finding, Kind, Rule, Severity, percent, words};

settings! {
    "class_imbalance":
        "samples times weight of a class, most / least > warning; of a label, 1 < rare";

    /// Some classes hardly count, so that a model that ignores them already has a small loss.
    ///
    /// A class counts by its samples times what the loss makes of one of them. That is the norm of
    /// its gradient at a model that knows nothing, so that weights of classes or labels count as
    /// well. Found where the class that counts most does so more than `warning` times as much as
    /// the one that counts least, among classes that have a sample. Above `info`, and for classes
    /// without a sample, an info. For multi-label targets: where 1 counts less than the part `rare`
    /// of a label.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct ClassImbalance {
        /// How many times as much a class counts for an info.
        pub info: f64 = 4.0, above(0.0);
        /// How many times as much a class counts for a warning.
        pub warning: f64 = 10.0, above(0.0);
        /// The part of a label below which its less frequent value is rare.
        pub rare: f64 = 0.02, above(0.0);
    }
}

impl<T: Real> Rule<T> for ClassImbalance {
    fn name(&self) -> &'static str {
        "class_imbalance"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let Some(data) = evidence.data else { return Vec::new() };
        match data.targets() {
            Targets::Labels(labels) => self.labels(labels, evidence.loss),
            Targets::Values(_) => Vec::new(),
            Targets::Classes { .. } | Targets::Probabilities(_) => {
                self.classes(data, evidence.loss)
            }
        }
    }
}

impl ClassImbalance {
    fn classes<T: Real>(&self, data: &Dataset<T>, loss: Option<&dyn Loss<T>>) -> Vec<Finding> {
        let counts: Vec<f64> = match data.targets() {
            Targets::Classes { .. } => data
                .class_counts()
                .unwrap_or_default()
                .into_iter()
                .map(|count| count as f64)
                .collect(),
            targets => {
                let (Targets::Probabilities(p) | Targets::Labels(p) | Targets::Values(p)) = targets
                else {
                    return Vec::new();
                };
                let width = targets.width();
                (0..width)
                    .map(|class| {
                        p.values().iter().skip(class).step_by(width).map(|p| p.to_f64()).sum()
                    })
                    .collect()
            }
        };
        let weights = match data.targets() {
            Targets::Classes { classes, .. } => loss.and_then(|loss| class_weights(loss, *classes)),
            _ => None,
        };
        let weights = weights.unwrap_or_else(|| vec![1.0; counts.len()]);
        let masses: Vec<f64> =
            counts.iter().zip(&weights).map(|(count, weight)| count * weight).collect();
        let present = || (0..counts.len()).filter(|&class| masses[class] > 0.0);
        let by_mass = |a: &usize, b: &usize| masses[*a].total_cmp(&masses[*b]);
        let (Some(least), Some(most)) = (present().min_by(by_mass), present().max_by(by_mass))
        else {
            return Vec::new();
        };
        let mut findings = Vec::new();
        let missing = counts.iter().filter(|count| **count == 0.0).count();
        if missing > 0 {
            let evidence = format!("{missing} of {} classes have no sample", counts.len());
            findings.push(found(Severity::Info, evidence, Vec::new()));
        }
        let ratio = masses[most] / masses[least];
        if ratio > self.info {
            let severity = if ratio > self.warning { Severity::Warning } else { Severity::Info };
            let evidence = format!(
                "class {most} has {} samples and class {least} has {}; in the loss it counts {} \
                 times as much",
                words(counts[most]),
                words(counts[least]),
                words(ratio)
            );
            findings.push(found(severity, evidence, vec![Change::set("class_weights", true)]));
        }
        findings
    }

    fn labels<T: Real>(&self, labels: &Tensor<T>, loss: Option<&dyn Loss<T>>) -> Vec<Finding> {
        let (rows, width) = labels.shape().as_rows();
        let weights = loss
            .and_then(|loss| label_weights(loss, width))
            .unwrap_or_else(|| vec![[1.0; 2]; width]);
        let share = |label: usize| {
            let ones: f64 =
                labels.values().iter().skip(label).step_by(width.max(1)).map(|t| t.to_f64()).sum();
            let [of_ones, of_zeros] = weights[label];
            let (ones, zeros) = (ones * of_ones, (rows as f64 - ones) * of_zeros);
            ones / (ones + zeros)
        };
        let rare: Vec<(usize, f64)> =
            (0..width).map(|label| (label, share(label))).filter(|(_, s)| *s < self.rare).collect();
        let Some((label, share)) = rare.iter().min_by(|a, b| a.1.total_cmp(&b.1)) else {
            return Vec::new();
        };
        let evidence = format!(
            "{} of {width} labels are hardly ever 1: for label {label}, 1 makes up {} of the loss",
            rare.len(),
            percent(*share)
        );
        vec![found(Severity::Warning, evidence, vec![Change::set("class_weights", true)])]
    }
}

fn found(severity: Severity, evidence: String, remedies: Vec<Change>) -> Finding {
    let remedy = "give the rare ones weights in the loss (`weights`, `pos_weights`), or repeat \
                  their samples; judge by \
                  balanced accuracy or average precision";
    Finding {
        kind: Kind::ClassImbalance,
        severity,
        layer: None,
        evidence,
        remedy: remedy.to_owned(),
        remedies,
    }
}

/// The weight that the loss gives one sample of each class, where the model knows nothing.
fn class_weights<T: Real>(loss: &dyn Loss<T>, classes: usize) -> Option<Vec<f64>> {
    let targets: Vec<T> = (0..classes).map(|class| T::from_f64(class as f64)).collect();
    let gradient = gradient(loss, classes, classes, Some(&targets), &targets)?;
    Some(
        gradient.chunks(classes).map(|row| row.iter().map(|g| g * g).sum::<f64>().sqrt()).collect(),
    )
}

/// The weights that the loss gives a 1 and a 0 of each label, where the model knows nothing.
fn label_weights<T: Real>(loss: &dyn Loss<T>, width: usize) -> Option<Vec<[f64; 2]>> {
    let targets: Vec<T> =
        (0..2 * width).map(|i| if i < width { T::ONE } else { T::ZERO }).collect();
    let gradient = gradient(loss, 2, width, None, &targets)?;
    Some((0..width).map(|label| [gradient[label].abs(), gradient[width + label].abs()]).collect())
}

/// The gradient of the mean loss with respect to predictions of zero, `[samples, outputs]`.
fn gradient<T: Real>(
    loss: &dyn Loss<T>,
    samples: usize,
    outputs: usize,
    classes: Option<&[T]>,
    targets: &[T],
) -> Option<Vec<f64>> {
    let graph = Graph::<T>::new();
    let prediction = graph.input("prediction", [samples, outputs]).keep_gradient();
    let target = match classes {
        Some(_) => graph.class_input("targets", samples, outputs),
        None => graph.input("targets", [samples, outputs]),
    };
    let plan = graph.plan(loss.forward(prediction, target, Reduction::Mean)).ok()?;
    let (params, mut workspace, mut grads) = (plan.init(0).ok()?, plan.workspace(), plan.grads());
    workspace.set(target, targets).ok()?;
    plan.forward(&params, &mut workspace);
    plan.backward(&params, &mut workspace, &mut grads);
    let gradient: Vec<f64> =
        workspace.gradient(prediction).values().iter().map(|g| g.to_f64()).collect();
    gradient.iter().all(|g| g.is_finite()).then_some(gradient)
}
