use chainrule_graph::BuildError;
use chainrule_graph::names::did_you_mean;
use chainrule_tensor::Shape;

/// A name that is in no list, with the one that was probably meant and all that are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {family} `{name}`{meant}; there are: {known}")]
pub struct UnknownName {
    family: &'static str,
    name: String,
    meant: String,
    known: String,
}

impl UnknownName {
    /// The error for `name`, which is not among `known`.
    #[must_use]
    pub fn new<'a>(family: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<_> = known.collect();
        let meant = did_you_mean(name, known.iter().copied());
        UnknownName { family, name: name.to_owned(), meant, known: known.join(", ") }
    }
}

/// Why a model cannot predict for some inputs.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// The inputs or the parameters do not fit the model.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The inputs have no axes.
    #[error("predict: the inputs have no batch axis; give them as [samples, features]")]
    NoBatch,
    /// The model does not give one output for each sample.
    #[error("predict: for inputs of shape {inputs} the model gives {outputs}, not one output for each sample")]
    Batch {
        /// The inputs' shape.
        inputs: Shape,
        /// The outputs' shape.
        outputs: Shape,
    },
}
