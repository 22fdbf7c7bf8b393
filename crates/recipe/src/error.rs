use std::fmt;

use chainrule_checkpoint::CheckpointError;
use chainrule_data::DataError;
use chainrule_graph::BuildError;
use chainrule_nn::PredictError;
use chainrule_nn::config::did_you_mean;
use chainrule_train::TrainError;

/// Why a recipe cannot be read, run or loaded. Where a text is wrong, the message names the line
/// and the key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The text is not TOML.
    #[error("{line}{why}")]
    Syntax {
        /// The line.
        line: Line,
        /// The fault.
        why: String,
    },
    /// There is no such key.
    #[error(
        "{line}there is no key `{key}`{}; there are: {known}",
        did_you_mean(.key, .known.split(", "))
    )]
    Key {
        /// The line.
        line: Line,
        /// The key.
        key: String,
        /// Those that there are.
        known: String,
    },
    /// A value makes no sense.
    #[error("{line}`{key}`: {why}")]
    Value {
        /// The line.
        line: Line,
        /// The key.
        key: String,
        /// The fault of its value, and the rule that it must fulfil.
        why: String,
    },
    /// A file cannot be read, or its text makes no sense.
    #[error("{}: {}", .0.display(), .1)]
    File(std::path::PathBuf, String),
    /// The model cannot be built, or its first values not be drawn.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Model, loss and data do not fit together.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The network cannot answer for these inputs.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// The file cannot be saved or loaded.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The file's parameters are there, but not how they are to be used.
    #[error("{}: the file does not say how its network is to be used: {why}", path.display())]
    Description {
        /// The file.
        path: std::path::PathBuf,
        /// The fault.
        why: String,
    },
    /// The outputs of the network are no probabilities.
    #[error("the outputs of a network trained with `{0}` are not probabilities; take `predict`")]
    NoProbabilities(String),
}

/// A line of a text, from 1; none of a recipe that was not read from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Option<usize>);

/// `line 3: `, to stand in front of a message.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, "line {line}: "))
    }
}
