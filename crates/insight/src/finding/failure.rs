use chainrule_graph::non_finite::Origin;
use chainrule_train::TrainError;

/// The error that ended a training, in words that can be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The error's message.
    pub message: String,
    /// If a value was NaN or infinite: the layer or the parameter, empty where there is none to
    /// name, and what happened to it.
    pub non_finite: Option<(String, String)>,
}

impl Failure {
    /// The description of this error.
    #[must_use]
    pub fn of(error: &TrainError) -> Self {
        let non_finite = match error {
            TrainError::NonFiniteLoss { epoch, step, loss, origin, .. } => {
                let layer = origin.as_ref().and_then(|origin| match &origin.origin {
                    Origin::Forward { at, .. } | Origin::Backward { at, .. } => {
                        Some(at.layer.clone())
                    }
                    _ => None,
                });
                let began =
                    origin.as_ref().map_or_else(String::new, |origin| format!(": {origin}"));
                let text = format!("the loss became {loss} in epoch {epoch}, step {step}{began}");
                Some((layer.unwrap_or_default(), text))
            }
            TrainError::NonFiniteGradient { step, loss, parameter, value, .. } => {
                let text = format!(
                    "its gradient became {value} in step {step}, while the loss was {loss}"
                );
                Some((parameter.clone(), text))
            }
            TrainError::NonFiniteParameter { step, parameter, value, .. } => {
                Some((parameter.clone(), format!("it became {value} after step {step}")))
            }
            _ => None,
        };
        Failure { message: error.to_string(), non_finite }
    }
}
