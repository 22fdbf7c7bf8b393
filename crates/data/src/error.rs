use chainrule_config::shown;
use chainrule_tensor::{Shape, TensorError};

/// A fault in data. Each message names the place in the data and what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is nothing in the data.
    #[error(
        "{op}: {what} of shape {shape} hold no values: give at least one sample with at least one \
         value"
    )]
    Empty {
        /// The operation.
        op: &'static str,
        /// Which data.
        what: &'static str,
        /// Its shape.
        shape: Shape,
    },
    /// Inputs and targets differ in their number of samples.
    #[error(
        "Dataset: the inputs have {inputs} samples, the targets {targets}: give one target for \
         each input"
    )]
    Samples {
        /// The number of samples in the inputs.
        inputs: usize,
        /// The number of samples in the targets.
        targets: usize,
    },
    /// A tensor with other axes than the operation reads.
    #[error("{op}: {what} of shape {shape} do not fit: they must be {expected}")]
    Axes {
        /// The operation.
        op: &'static str,
        /// Which data.
        what: &'static str,
        /// Its shape.
        shape: Shape,
        /// The axes that they must have.
        expected: &'static str,
    },
    /// A value that is NaN or infinite.
    #[error(
        "{op}: {what} have {value} in row {row}, column {column}: remove the sample or put a \
         number there"
    )]
    NonFinite {
        /// The operation.
        op: &'static str,
        /// Which data.
        what: &'static str,
        /// The sample.
        row: usize,
        /// The position within the sample, counted in row-major order.
        column: usize,
        /// The value, as text.
        value: String,
    },
    /// A probability or label outside of 0 to 1.
    #[error(
        "Dataset: {what} have {value} in row {row}, column {column}: each must lie from 0 to 1"
    )]
    OutsideUnit {
        /// Which data.
        what: &'static str,
        /// The sample.
        row: usize,
        /// The class or label.
        column: usize,
        /// The value, as text.
        value: String,
    },
    /// A class index that is not one of the classes.
    #[error(
        "Dataset: row {row} has class {class}, but with {classes} classes the index must be below \
         {classes}"
    )]
    Class {
        /// The sample.
        row: usize,
        /// Its class index.
        class: u32,
        /// The number of classes.
        classes: usize,
    },
    /// Targets of a kind that the operation cannot take.
    #[error("{op}: needs class indices as targets, these are {kind}")]
    Kind {
        /// The operation.
        op: &'static str,
        /// The kind of the targets.
        kind: &'static str,
    },
    /// A column of a table that cannot be used.
    #[error("{op}: column {}: {why}", shown(.column))]
    Column {
        /// The operation.
        op: &'static str,
        /// The name of the column.
        column: String,
        /// The fault, and what to do.
        why: String,
    },
    /// A column that the table does not have.
    #[error("{op}: there is no column `{}`{near}; there are: {columns}", shown(.column))]
    NoColumn {
        /// The operation.
        op: &'static str,
        /// The name asked for.
        column: String,
        /// The question whether another name was meant; empty if none is like it.
        near: String,
        /// The names that there are.
        columns: String,
    },
    /// A sample that does not exist.
    #[error("{op}: there is no sample {row} among {samples}")]
    Row {
        /// The operation.
        op: &'static str,
        /// The sample asked for.
        row: usize,
        /// The number of samples.
        samples: usize,
    },
    /// A number that makes no sense for the operation.
    #[error("{op}: {what} must be {rule}, not {value}")]
    Parameter {
        /// The operation.
        op: &'static str,
        /// The parameter's name.
        what: &'static str,
        /// The rule that it must fulfil.
        rule: String,
        /// The value given, as text.
        value: String,
    },
    /// A split that would leave one part empty.
    #[error(
        "{op}: a test fraction of {fraction} of {samples} samples leaves {train} for training and \
         {test} for testing: \
         {advice}"
    )]
    Split {
        /// The operation.
        op: &'static str,
        /// The fraction asked for.
        fraction: f64,
        /// The number of samples.
        samples: usize,
        /// The number of samples left for training.
        train: usize,
        /// The number of samples for testing.
        test: usize,
        /// The advice.
        advice: &'static str,
    },
    /// A tensor with another number of features than the scaler was fitted on.
    #[error(
        "{op}: the scaler was fitted on {expected} features, shape {shape} has {actual}: give the \
         same columns"
    )]
    Features {
        /// The operation.
        op: &'static str,
        /// The number of features that the scaler was fitted on.
        expected: usize,
        /// The number of features given.
        actual: usize,
        /// The shape given.
        shape: Shape,
    },
    /// A feature whose statistics do not fit into `f64`.
    #[error(
        "{op}: the values of column {column} lie so far apart that their {statistic} overflows: \
         scale them down"
    )]
    Overflow {
        /// The operation.
        op: &'static str,
        /// The feature.
        column: usize,
        /// The statistic that overflows.
        statistic: &'static str,
    },
    /// Compressed data that cannot be unpacked.
    #[error("{op}: the compressed data are damaged: {why}")]
    Compressed {
        /// The operation.
        op: &'static str,
        /// The decoder's message.
        why: String,
    },
    /// A record that cannot be read.
    #[error("{op}: line {line}: {why}")]
    Record {
        /// The operation.
        op: &'static str,
        /// The line, counted from 1.
        line: usize,
        /// The fault.
        why: String,
    },
    /// A tensor operation refused its operands.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}
