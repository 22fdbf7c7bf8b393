//! Scalers: learned on the training data, applied to every data set that the network sees.

mod min_max;
mod standard;

pub use min_max::MinMaxScaler;
pub use standard::StandardScaler;

use chainrule_tensor::{Real, Tensor};

use crate::{DataError, check};

/// An error unless `x` is `[samples, features]` with at least one finite value.
fn check_fit<T: Real>(op: &'static str, x: &Tensor<T>) -> Result<(), DataError> {
    let what = "inputs";
    check::matrix(op, what, x.shape(), "[samples, features]")?;
    check::not_empty(op, what, x.shape())?;
    check::finite(op, what, x)
}

/// Each value replaced by `f(value, offset, scale)` with the offset and scale of its column, in `f64` with one
/// rounding at the end.
fn map_columns<T: Real>(
    op: &'static str,
    x: &Tensor<T>,
    offsets: &[f64],
    scales: &[f64],
    f: impl Fn(f64, f64, f64) -> f64,
) -> Result<Tensor<T>, DataError> {
    let shape = x.shape();
    check::matrix(op, "inputs", shape, "[samples, features]")?;
    if shape[1] != offsets.len() {
        return Err(DataError::Features { op, expected: offsets.len(), actual: shape[1], shape });
    }
    let mut out = x.clone();
    for row in out.values_mut().chunks_exact_mut(offsets.len()) {
        for ((value, &offset), &scale) in row.iter_mut().zip(offsets).zip(scales) {
            *value = T::from_f64(f(value.to_f64(), offset, scale));
        }
    }
    Ok(out)
}
