use std::path::Path;

use chainrule_tensor::Real;

use crate::CheckpointError;

/// The values in another precision, all of which must be such as a training leaves: finite, and no
/// variance or count below zero.
pub(crate) fn checked<T: Real, U: Real>(
    path: &Path,
    name: &str,
    values: &[T],
) -> Result<Vec<U>, CheckpointError> {
    // By the names that batch normalisation has here and in PyTorch.
    let counts = ["running_var", "batches"].contains(&name.rsplit('.').next().unwrap_or(name));
    let convert = |(position, value): (usize, &T)| {
        let value = value.to_f64();
        let converted = U::from_f64(value);
        let why = if !value.is_finite() {
            "which is not finite: keep parameters from before that happened"
        } else if !converted.is_finite() {
            "which single precision cannot hold: load it into a model in f64"
        } else if counts && value < 0.0 {
            "but variances and counts are not negative: the parameters are damaged, or of \
             something else"
        } else {
            return Ok(converted);
        };
        Err(CheckpointError::Value {
            path: path.to_owned(),
            name: name.to_owned(),
            position,
            value,
            why,
        })
    };
    values.iter().enumerate().map(convert).collect()
}
