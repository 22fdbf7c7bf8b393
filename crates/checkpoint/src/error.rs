use std::path::PathBuf;

use chainrule_config::{listing, nearest};
use chainrule_tensor::Shape;

/// Why parameters cannot be saved or loaded. Each message names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be read or written.
    #[error(
        "cannot {action} {}: {source}{}",
        path.display(),
        if *.action == "write" { chainrule_files::advice(.source) } else { "" }
    )]
    Io {
        /// Read or write.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The file is not a safetensors file, or is damaged.
    #[error("{} is not a valid safetensors file: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The fault.
        source: safetensors::SafeTensorError,
    },
    /// The file lacks a parameter, or holds one that the model does not have.
    #[error(
        "{} does not fit the model: missing from the file: {}; in the file but not in the model: \
         {}{}",
        path.display(),
        listing(.missing.iter().map(String::as_str)),
        listing(.unknown.iter().map(String::as_str)),
        renamed(.missing, .unknown)
    )]
    Names {
        /// The file.
        path: PathBuf,
        /// Parameters of the model that the file lacks.
        missing: Vec<String>,
        /// Tensors of the file that are not in the model.
        unknown: Vec<String>,
    },
    /// A parameter of another shape.
    #[error(
        "{} does not fit the model: parameter `{name}` has shape {found} in the file, but \
         {expected} in the model{}",
        path.display(),
        turned(*.found, *.expected)
    )]
    ParameterShape {
        /// The file.
        path: PathBuf,
        /// The parameter.
        name: String,
        /// Its shape in the file.
        found: Shape,
        /// Its shape in the model.
        expected: Shape,
    },
    /// A parameter of a type that is not a 32-bit or 64-bit floating-point number.
    #[error("{}: parameter `{name}` is stored as {dtype}; only F32 and F64 can be \
             loaded", path.display())]
    Dtype {
        /// The file.
        path: PathBuf,
        /// The parameter.
        name: String,
        /// Its type in the file.
        dtype: String,
    },
    /// Matrices of which it cannot be told what their axes are.
    #[error(
        "{}: it cannot be told whether `{name}`, of shape {shape}, is [inputs, outputs], as here, \
         or [outputs, inputs], as in \
         PyTorch: no other program's matrix in the file is of a shape that would show it. \
         Transpose the linear weights if \
         need be, and save the file with an entry `chainrule` in its metadata, which says that \
         they are [inputs, outputs]",
        path.display()
    )]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// The first such parameter.
        name: String,
        /// Its shape.
        shape: Shape,
    },
    /// A value that no parameter may have.
    #[error("{}: `{name}` holds {value} at position {position}, {why}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The parameter or statistic.
        name: String,
        /// Its position among the values, in row-major order.
        position: usize,
        /// The value.
        value: f64,
        /// The fault, and what to do.
        why: &'static str,
    },
    /// A name that no tensor of the format may have.
    #[error("cannot write {}: the format keeps the name `{name}` for itself; give the parameter \
             another one", path.display())]
    ReservedName {
        /// The file.
        path: PathBuf,
        /// The parameter.
        name: String,
    },
}

/// The name that a missing one may have in the file, of the first for which that can be guessed.
fn renamed(missing: &[String], unknown: &[String]) -> String {
    let known = || unknown.iter().map(String::as_str);
    let within = |name: &str| {
        known().find(|known| known.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')))
    };
    let guess = missing
        .iter()
        .find_map(|name| Some((name, within(name).or_else(|| nearest(name, known()))?)));
    guess.map_or_else(String::new, |(name, near)| {
        format!(" (is `{near}` of the file the model's `{name}`?)")
    })
}

/// That a matrix has its axes the other way round.
fn turned(found: Shape, expected: Shape) -> &'static str {
    match (&*found, &*expected) {
        ([a, b], [c, d]) if (a, b) == (d, c) => {
            "; it is its transpose: PyTorch keeps weights as [outputs, inputs], and here they are \
             [inputs, outputs]"
        }
        _ => "",
    }
}
