//! Scalers: learned on the training data, applied to every data set that the network sees.

mod min_max;
mod standard;

pub use min_max::MinMaxScaler;
pub use standard::StandardScaler;

use chainrule_tensor::{Real, Shape, Tensor};

use crate::{DataError, check};

/// An error unless `x` is `[samples, features]` with at least one finite value.
fn check_fit<T: Real>(op: &'static str, x: &Tensor<T>) -> Result<(), DataError> {
    let what = "inputs";
    check::matrix(op, what, x.shape(), "[samples, features]")?;
    check::not_empty(op, what, x.shape())?;
    check::finite(op, what, x)
}

/// An error unless there are so many numbers, and each of them is as it must be.
fn check_parts(
    op: &'static str,
    what: &'static str,
    numbers: &[f64],
    count: usize,
    holds: impl Fn(f64) -> bool,
) -> Result<(), DataError> {
    let wrong = |rule: String, value| Err(DataError::Parameter { op, what, rule, value });
    if numbers.len() != count || count == 0 {
        return wrong(format!("{} numbers", count.max(1)), numbers.len().to_string());
    }
    match numbers.iter().find(|x| !holds(**x)) {
        Some(x) => wrong("finite numbers that a feature may have".to_owned(), x.to_string()),
        None => Ok(()),
    }
}

/// Each value of `[samples, features]` replaced by `f(value, offset, scale)` with the offset and
/// scale of its column, in `f64` with one rounding at the end.
fn map_columns<T: Real>(
    op: &'static str,
    (shape, values): (Shape, &mut [T]),
    offsets: &[f64],
    scales: &[f64],
    f: impl Fn(f64, f64, f64) -> f64,
) -> Result<(), DataError> {
    check::matrix(op, "inputs", shape, "[samples, features]")?;
    if shape[1] != offsets.len() {
        return Err(DataError::Features { op, expected: offsets.len(), actual: shape[1], shape });
    }
    assert_eq!(values.len(), shape.elements(), "{op}: the values must fill the shape {shape}");
    for row in values.chunks_exact_mut(offsets.len()) {
        for ((value, &offset), &scale) in row.iter_mut().zip(offsets).zip(scales) {
            *value = T::from_f64(f(value.to_f64(), offset, scale));
        }
    }
    Ok(())
}

/// A copy of `x`, changed in place.
fn changed<T: Real>(
    x: &Tensor<T>,
    change: impl FnOnce(Shape, &mut [T]) -> Result<(), DataError>,
) -> Result<Tensor<T>, DataError> {
    let mut changed = x.clone();
    change(x.shape(), changed.values_mut())?;
    Ok(changed)
}
