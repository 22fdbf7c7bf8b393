use chainrule_config::settings;
use chainrule_data::{Dataset, Targets};
use chainrule_graph::{Graph, Var};
use chainrule_nn::loss::Predictions;
use chainrule_nn::{Layer, Loss, TargetKind, activation};
use chainrule_recipe::Change;
use chainrule_tensor::{Real, Tensor};

use super::{Evidence, Finding, Kind, Rule, Severity, percent, words};

settings! {
    "unsuited_loss": "the loss's domain against the last operation and the targets";

    /// The loss does not suit what the model ends in, or the targets.
    ///
    /// - A loss on logits behind an activation with bounds squashes twice: behind softmax or
    ///   sigmoid an error, behind another, such as tanh or relu, a warning.
    /// - A softmax, in the model or in the loss, for labels that do not exclude each other, is an
    ///   error. Such labels are rows of targets that do not sum to 1, for at least the part `rows`
    ///   of them.
    /// - A regression loss such as the squared error on classes or labels, of which at least the
    ///   part `hard` is 0 or 1, is a warning. One that the trainer refuses is an error.
    /// - Targets outside of the range of the last activation, at least the part `rows` of them, are
    ///   an error: no weights can reach them.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct UnsuitedLoss {
        /// The part of the targets that do not fit.
        pub rows: f64 = 0.01, above(0.0);
        /// The part of the targets that are 0 or 1.
        pub hard: f64 = 0.9, above(0.0);
    }
}

impl<T: Real> Rule<T> for UnsuitedLoss {
    fn name(&self) -> &'static str {
        "unsuited_loss"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let (Some(loss), Some(data)) = (evidence.loss, evidence.data) else { return Vec::new() };
        let ending = evidence.model.and_then(|model| ending(model, data));
        let by_output = ending.as_deref().and_then(|ending| squashed_twice(loss, ending));
        let by_range = ending.as_deref().and_then(|ending| self.out_of_range(ending, data));
        let by_labels = self.exclusive(loss, ending.as_deref(), data);
        let findings = [by_output, by_labels, self.regression(loss, data), by_range];
        findings.into_iter().flatten().take(1).collect()
    }
}

impl UnsuitedLoss {
    fn exclusive<T: Real>(
        &self,
        loss: &dyn Loss<T>,
        ending: Option<&str>,
        data: &Dataset<T>,
    ) -> Option<Finding> {
        let (Targets::Labels(targets) | Targets::Probabilities(targets)) = data.targets() else {
            return None;
        };
        let in_model = matches!(ending, Some("softmax" | "log_softmax"));
        if !in_model && !matches!(loss.name(), "cross_entropy" | "kl_divergence") {
            return None;
        }
        let width = data.targets().width();
        let off = |row: &[T]| (row.iter().map(|t| t.to_f64()).sum::<f64>() - 1.0).abs() > 0.01;
        let share = share_of(targets.values().chunks(width), off);
        (share >= self.rows).then(|| {
            let place =
                if in_model { "the model ends in a softmax" } else { "the loss applies a softmax" };
            found(
                Severity::Error,
                format!(
                    "{place}, which gives probabilities that sum to 1, but {} of the rows of \
                     targets do not",
                    percent(share)
                ),
                "for labels that do not exclude each other, leave the softmax out and take \
                 bce_with_logits",
                Change::loss("bce_with_logits"),
            )
        })
    }

    fn regression<T: Real>(&self, loss: &dyn Loss<T>, data: &Dataset<T>) -> Option<Finding> {
        let (kind, values) = match data.targets() {
            Targets::Values(_) => return None,
            Targets::Classes { .. } => (TargetKind::Classes, None),
            Targets::Probabilities(values) => (TargetKind::Probabilities, Some(values)),
            Targets::Labels(values) => (TargetKind::Labels, Some(values)),
        };
        let better = if kind == TargetKind::Labels { "bce_with_logits" } else { "cross_entropy" };
        let remedy = format!("take {better} on the logits, without an activation at the output");
        if !loss.accepts(kind) {
            let evidence = format!("{} cannot be used with {kind} as targets", loss.name());
            return Some(found(Severity::Error, evidence, &remedy, Change::loss(better)));
        }
        let is_hard = |t: &T| t.to_f64() == 0.0 || t.to_f64() == 1.0;
        let hard =
            values.map_or(1.0, |values: &Tensor<T>| share_of(values.values().iter(), is_hard));
        (loss.domain().predictions == Predictions::Values && hard >= self.hard).then(|| {
            let evidence = format!(
                "{} on {kind}: where the model is confidently wrong, its gradient through softmax \
                 or sigmoid is next \
                 to zero",
                loss.name()
            );
            found(Severity::Warning, evidence, &remedy, Change::loss(better))
        })
    }

    fn out_of_range<T: Real>(&self, ending: &str, data: &Dataset<T>) -> Option<Finding> {
        let Targets::Values(targets) = data.targets() else { return None };
        let (low, high) = range(ending)?;
        let outside = |t: &T| t.to_f64() < low || t.to_f64() > high;
        let share = share_of(targets.values().iter(), outside);
        (share >= self.rows).then(|| {
            let evidence = format!(
                "the model ends in {ending}, which gives {} to {}, but {} of the targets are \
                 outside",
                words(low),
                words(high),
                percent(share)
            );
            let remedy = "end the model in its last linear layer, or scale the targets";
            found(Severity::Error, evidence, remedy, Change::set("output_activation", "none"))
        })
    }
}

fn squashed_twice<T: Real>(loss: &dyn Loss<T>, ending: &str) -> Option<Finding> {
    if loss.domain().predictions != Predictions::Logits {
        return None;
    }
    let severity = match ending {
        "softmax" | "log_softmax" | "softmin" | "sigmoid" | "log_sigmoid" => Severity::Error,
        _ => range(ending).map(|_| Severity::Warning)?,
    };
    let evidence = format!(
        "{} takes logits and squashes them itself, but the model already ends in {ending}",
        loss.name()
    );
    let remedy = format!("leave the {ending} at the output out; use it for predictions only");
    Some(found(severity, evidence, &remedy, Change::set("output_activation", "none")))
}

/// The bounds of an activation of the list that has some.
fn range(name: &str) -> Option<(f64, f64)> {
    let known =
        activation::all::<f64>().into_iter().find(|activation| activation.kind() == name)?;
    let (low, high) = known.properties().range;
    (low.is_finite() || high.is_finite()).then_some((low, high))
}

/// The operation that the model ends in, what only hands on values left out.
fn ending<T: Real>(model: &dyn Layer<T>, data: &Dataset<T>) -> Option<String> {
    let graph = Graph::<T>::new().evaluating();
    let mut output: Var<'_, T> = model.forward(graph.input("inputs", data.input_shape(2)));
    while let Some("identity" | "dropout" | "reshape" | "flatten") = output.op_name().as_deref() {
        output = *output.operands().first()?;
    }
    output.op_name()
}

fn share_of<I>(items: impl Iterator<Item = I>, holds: impl Fn(I) -> bool) -> f64 {
    let (mut all, mut some) = (0_usize, 0_usize);
    for item in items {
        all += 1;
        some += usize::from(holds(item));
    }
    some as f64 / all.max(1) as f64
}

fn found(severity: Severity, evidence: String, remedy: &str, cure: Change) -> Finding {
    let (layer, remedies) = (None, vec![cure]);
    Finding {
        kind: Kind::UnsuitedLoss,
        severity,
        layer,
        evidence,
        remedy: remedy.to_owned(),
        remedies,
    }
}
