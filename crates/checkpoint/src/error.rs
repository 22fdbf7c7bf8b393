use std::path::PathBuf;

use chainrule_tensor::Shape;

/// Why parameters cannot be saved or loaded. Each message names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
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
        /// What is wrong with it.
        source: safetensors::SafeTensorError,
    },
    /// The file lacks a parameter, or holds one that the model does not have.
    #[error(
        "{} does not fit the model: missing from the file: {}; in the file but not in the model: {}",
        path.display(),
        list(.missing),
        list(.unknown)
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
    #[error("{} does not fit the model: parameter `{name}` has shape {found} in the file, but {expected} in the model", path.display())]
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
    #[error("{}: parameter `{name}` is stored as {dtype}; only F32 and F64 can be loaded", path.display())]
    Dtype {
        /// The file.
        path: PathBuf,
        /// The parameter.
        name: String,
        /// Its type in the file.
        dtype: String,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
