use chainrule_data::DataError;
use chainrule_graph::{BuildError, NonFinite, Reach};
use chainrule_nn::loss::TargetForm;
use chainrule_nn::{Loss, TargetKind};
use chainrule_tensor::{Real, Shape};

/// Why a model cannot be trained or evaluated, or stopped training.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The model, the loss and the data do not fit together.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A setting of the trainer, the optimizer or a rule makes no sense.
    #[error("{0}")]
    Setting(String),
    /// A loss or a metric for another kind of target.
    #[error("{what} `{name}` cannot be used with {target} as \
             targets{}{}", takes(.form), instead(.name, *.target))]
    Target {
        /// Loss or metric.
        what: &'static str,
        /// Its name.
        name: String,
        /// The kind of the targets.
        target: TargetKind,
        /// The form that a loss takes instead, where that is not plain from its name.
        form: Option<TargetForm>,
    },
    /// A model with another number of outputs than there are classes.
    #[error(
        "the data have {classes} classes, but the model gives {outputs} outputs; a classifier \
         needs one for each class"
    )]
    Classes {
        /// The number of classes.
        classes: usize,
        /// The number of outputs.
        outputs: usize,
    },
    /// A metric for a model whose outputs do not stand beside the targets one to one.
    #[error(
        "metrics compare each output with its target, but the model gives {outputs} where the \
         targets need {expected}; \
         train without metrics, or give the model outputs of that shape"
    )]
    Outputs {
        /// The shape of the model's outputs for a batch.
        outputs: Shape,
        /// The shape that fits the targets.
        expected: Shape,
    },
    /// Parameters that no step would change; raised before the first one.
    #[error(
        "training would never change {}. Let the loss depend on every parameter, or accept it with \
         `allow_unreached`",
        each(.parameters)
    )]
    Unreached {
        /// The name of each, and why no gradient reaches it.
        parameters: Vec<(String, Reach)>,
    },
    /// Data of which no sample counts in the loss; in training raised before the first step.
    #[error(
        "no sample of the {what} data counts in the loss `{loss}`: each of the {samples} is \
         ignored, or has a weight \
         or a mask of 0; look at the settings of the loss and at the targets"
    )]
    NothingCounts {
        /// Which data: training, validation, or given to be evaluated.
        what: &'static str,
        /// The loss.
        loss: String,
        /// The number of samples.
        samples: usize,
    },
    /// A loss whose mean would divide by something that is no count.
    #[error(
        "the loss `{loss}` divides the mean of a batch by {divisor}, which must be finite and not \
         negative: a sum of \
         weights or the number of values that count"
    )]
    Divisor {
        /// The loss.
        loss: String,
        /// The divisor.
        divisor: f64,
        /// The batch, as positions in the data.
        samples: Vec<usize>,
    },
    /// The loss is NaN or infinite. The parameters are as they were before this step.
    #[error(
        "the loss became {loss} in epoch {epoch}, step {step}: {}. The parameters are kept as they \
         were before this \
         step; {}",
        from(.origin), advice(*.step)
    )]
    NonFiniteLoss {
        /// The epoch, from 1.
        epoch: usize,
        /// The step over all epochs, from 1.
        step: u64,
        /// The loss.
        loss: f64,
        /// The batch, as positions in the training data.
        samples: Vec<usize>,
        /// Where it began, with samples as positions in the training data. `None` if a second pass
        /// over the batch is finite.
        origin: Option<Box<NonFinite>>,
    },
    /// A gradient is NaN or infinite. The parameters are as they were before this step.
    #[error(
        "the gradient of parameter `{parameter}` became {value} in epoch {epoch}, step {step}, \
         while the loss was {loss}: {}. \
         The parameters are kept as they were before this step; {}",
        from(.origin), advice(*.step)
    )]
    NonFiniteGradient {
        /// The epoch, from 1.
        epoch: usize,
        /// The step over all epochs, from 1.
        step: u64,
        /// The loss of that step.
        loss: f64,
        /// The parameter nearest to the loss that has such a gradient.
        parameter: String,
        /// The first such value.
        value: f64,
        /// The batch, as positions in the training data.
        samples: Vec<usize>,
        /// Where it began, with samples as positions in the training data. `None` if the gradient
        /// of this batch alone is finite, so that it is a sum over several that is not.
        origin: Option<Box<NonFinite>>,
    },
    /// A parameter is NaN or infinite: it was given so, or the last step's change was too large for
    /// the type. Nothing is put back but by [`BestWeights`](crate::callback::BestWeights).
    #[error(
        "parameter `{parameter}` is {value} in epoch {epoch}, after step {step}: {}",
        advice_on_parameter(*.step, *.value)
    )]
    NonFiniteParameter {
        /// The epoch, from 1.
        epoch: usize,
        /// The number of steps made, over all epochs.
        step: u64,
        /// The parameter's name.
        parameter: String,
        /// The first such value.
        value: f64,
    },
}

/// Where NaN or infinity began, in words.
fn from(origin: &Option<Box<NonFinite>>) -> String {
    origin
        .as_ref()
        .map_or_else(|| "no single operation gives it on a replay".to_owned(), ToString::to_string)
}

/// The advice where the loss or the gradient of this step is not finite.
fn advice(step: u64) -> &'static str {
    match step {
        1 => {
            "no step was made before it, so look at the inputs, the loss and settings such as an \
             epsilon of 0"
        }
        _ => "a lower learning rate, scaled inputs or clipped gradients may help",
    }
}

/// The advice where a parameter is not finite after so many steps.
fn advice_on_parameter(step: u64, value: f64) -> &'static str {
    match step {
        0 => "start from finite parameters",
        _ if value.is_nan() => {
            "the gradients were finite, so the step made it: give the optimizer an epsilon above \
             0, or a lower \
             learning rate"
        }
        _ => "start again with a lower learning rate",
    }
}

/// The parameters that are not reached, in words.
fn each(parameters: &[(String, Reach)]) -> String {
    let each: Vec<String> =
        parameters.iter().map(|(name, reach)| format!("`{name}` ({reach})")).collect();
    each.join(", ")
}

impl TrainError {
    /// That a loss cannot be used with such targets.
    pub(crate) fn of_loss<T: Real>(loss: &dyn Loss<T>, target: TargetKind) -> TrainError {
        let unusual =
            |form: &TargetForm| form.kind() == TargetKind::Values && *form != TargetForm::Values;
        let form = loss.domain().targets.iter().copied().find(unusual);
        TrainError::Target { what: "loss", name: loss.name().to_owned(), target, form }
    }
}

fn takes(form: &Option<TargetForm>) -> String {
    form.map_or_else(String::new, |form| format!(": it takes {form}, given as {}", form.kind()))
}

/// The losses to use with such targets.
fn instead(name: &str, target: TargetKind) -> String {
    let advice = match target {
        TargetKind::Classes => "cross_entropy, accuracy",
        TargetKind::Probabilities => "cross_entropy, mse, accuracy",
        TargetKind::Labels => "bce_with_logits, label_accuracy, exact_match",
        TargetKind::Values => "mse",
    };
    if advice.split(", ").any(|known| known == name) {
        String::new()
    } else {
        format!("; made for them: {advice}")
    }
}
