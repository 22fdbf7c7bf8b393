use chainrule_config::formula;
use chainrule_recipe::Change;
use chainrule_tensor::Real;

use super::{Evidence, Failure, Finding, Kind, Rule, Severity};

/// A value was NaN or infinite: training stopped with an error that says so, or an observed step
/// saw one.
///
/// An infinite value within a loss may be harmless, so that one that did not stop training is a
/// warning.
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
                remedy: "lower the learning rate, scale inputs and targets, clip the norm of the \
                         gradient, and keep \
                         logarithms, roots and quotients of one's own away from zero"
                    .to_owned(),
                remedies: vec![
                    Change::times("learning_rate", 0.1),
                    Change::set("scale_inputs", "standard"),
                    Change::set("clip_norm", 1.0),
                ],
            }]
        };
        let failure = evidence.error.map(Failure::of);
        let failure =
            failure.as_ref().or(evidence.failure).and_then(|failure| failure.non_finite.as_ref());
        match (failure, seen) {
            (Some((layer, text)), _) => found(Severity::Error, Some(layer), text.clone()),
            (_, Some(seen)) => {
                let what = if seen.gradient {
                    "the gradient with respect to the value"
                } else {
                    "the value"
                };
                let text = format!(
                    "{what} of operation `{}` was not finite in step {}",
                    seen.op, seen.step
                );
                found(Severity::Warning, Some(&seen.layer), text)
            }
            _ => Vec::new(),
        }
    }
}

formula!(NonFinite: "a value, a gradient or a parameter is NaN or infinite");
