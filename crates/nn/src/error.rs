use chainrule_graph::BuildError;
use chainrule_tensor::Shape;

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
    #[error(
        "predict: for inputs of shape {inputs} the model gives {outputs}, not one output for each \
         sample"
    )]
    Batch {
        /// The inputs' shape.
        inputs: Shape,
        /// The outputs' shape.
        outputs: Shape,
    },
}
