use chainrule_graph::non_finite::Origin;
use chainrule_nn::Configure;
use chainrule_tensor::Real;
use chainrule_train::TrainError;

use super::{Evidence, Finding, Kind, Remedy, Rule, Severity};

/// A value was NaN or infinite: training stopped with an error that says so, or an observed step saw one.
///
/// An infinite value within a loss may be harmless, so that one that did not stop training is a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NonFinite;

impl<T: Real> Rule<T> for NonFinite {
    fn name(&self) -> &'static str {
        "non_finite"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let seen = evidence.log.and_then(|log| log.non_finite.as_ref());
        let found = |severity, layer: Option<&str>, evidence| {
            vec![Finding {
                kind: Kind::NonFinite,
                severity,
                layer: layer.filter(|layer| !layer.is_empty()).map(str::to_owned),
                evidence,
                remedy: "lower the learning rate, scale inputs and targets, clip the norm of the gradient, and keep \
                         logarithms, roots and quotients of one's own away from zero"
                    .to_owned(),
                remedies: vec![Remedy::LearningRate(0.1), Remedy::StandardiseInputs, Remedy::ClipNorm(1.0)],
            }]
        };
        match (evidence.error, seen) {
            (Some(TrainError::NonFiniteLoss { epoch, step, loss, origin, .. }), _) => {
                let layer = origin.as_ref().and_then(|origin| match &origin.origin {
                    Origin::Forward { at, .. } | Origin::Backward { at, .. } => Some(at.layer.as_str()),
                    _ => None,
                });
                let began = origin.as_ref().map_or_else(String::new, |origin| format!(": {origin}"));
                found(Severity::Error, layer, format!("the loss became {loss} in epoch {epoch}, step {step}{began}"))
            }
            (Some(TrainError::NonFiniteGradient { step, loss, parameter, value, .. }), _) => {
                let text = format!("its gradient became {value} in step {step}, while the loss was {loss}");
                found(Severity::Error, Some(parameter), text)
            }
            (Some(TrainError::NonFiniteParameter { step, parameter, value, .. }), _) => {
                found(Severity::Error, Some(parameter), format!("it became {value} after step {step}"))
            }
            (_, Some(seen)) => {
                let what = if seen.gradient { "the gradient with respect to the value" } else { "the value" };
                let text = format!("{what} of operation `{}` was not finite in step {}", seen.op, seen.step);
                found(Severity::Warning, Some(&seen.layer), text)
            }
            _ => Vec::new(),
        }
    }
}

impl Configure for NonFinite {
    fn formula(&self) -> &'static str {
        "a value, a gradient or a parameter is NaN or infinite"
    }
}
