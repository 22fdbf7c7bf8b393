use std::collections::HashMap;
use std::path::Path;

use chainrule_tensor::Real;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::CheckpointError;
use crate::load::{decode, metadata, parse, read};
use crate::save::{DESCRIPTION, little_endian};

/// The bytes of a safetensors file with these vectors and a description: such as the state of a
/// training, which is no model. Numbers are kept as `F64`, values in their own precision, all to
/// the bit; those that are not finite, too.
///
/// ```
/// use chainrule_checkpoint::{encode_vectors, load_vectors};
///
/// let (weights, counts) = ([0.1_f32, 0.2], [3.0, f64::INFINITY]);
/// let bytes = encode_vectors("half way", &[("weights", &weights)], &[("counts", &counts)])?;
/// let path = std::env::temp_dir().join("chainrule-doc-vectors.safetensors");
/// std::fs::write(&path, bytes)?;
/// let (description, vectors) = load_vectors(&path)?;
/// assert_eq!(description, "half way");
/// assert_eq!(vectors["counts"], [3.0, f64::INFINITY]);
/// assert_eq!(vectors["weights"], [f64::from(0.1_f32), f64::from(0.2_f32)]);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A vector called `__metadata__`, or more of them than the format holds.
pub fn encode_vectors<T: Real>(
    description: &str,
    values: &[(&str, &[T])],
    numbers: &[(&str, &[f64])],
) -> Result<Vec<u8>, CheckpointError> {
    let path = Path::new("");
    let names =
        || values.iter().map(|(name, _)| *name).chain(numbers.iter().map(|(name, _)| *name));
    if let Some(name) = names().find(|name| *name == "__metadata__") {
        return Err(CheckpointError::ReservedName { path: path.to_owned(), name: name.to_owned() });
    }
    let dtype = if T::DTYPE == "f32" { Dtype::F32 } else { Dtype::F64 };
    let values = values.iter().map(|(name, x)| (*name, dtype, x.len(), little_endian(x)));
    let numbers = numbers.iter().map(|(name, x)| (*name, Dtype::F64, x.len(), little_endian(x)));
    let all: Vec<_> = values.chain(numbers).collect();
    let views = all
        .iter()
        .map(|(name, dtype, len, bytes)| Ok((*name, TensorView::new(*dtype, vec![*len], bytes)?)));
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
    let metadata = HashMap::from([(DESCRIPTION.to_owned(), description.to_owned())]);
    let file = views.and_then(|views| safetensors::serialize(views, Some(metadata)));
    file.map_err(|source| CheckpointError::Format { path: path.to_owned(), source })
}

/// The description and the vectors of a file that holds what [`encode_vectors`] gave.
///
/// # Errors
/// A file that cannot be read, that is no safetensors file or not a whole one, or that holds
/// numbers of another type than `F32` and `F64`.
pub fn load_vectors(
    path: impl AsRef<Path>,
) -> Result<(String, HashMap<String, Vec<f64>>), CheckpointError> {
    let path = path.as_ref();
    let bytes = read(path)?;
    let description = metadata(path, &bytes)?.remove(DESCRIPTION).unwrap_or_default();
    let mut vectors = HashMap::new();
    for (name, tensor) in parse(path, &bytes)?.tensors() {
        let values = decode(tensor.dtype(), tensor.data());
        let values = values.ok_or_else(|| CheckpointError::Dtype {
            path: path.to_owned(),
            name: name.clone(),
            dtype: format!("{:?}", tensor.dtype()),
        })?;
        vectors.insert(name, values);
    }
    Ok((description, vectors))
}
