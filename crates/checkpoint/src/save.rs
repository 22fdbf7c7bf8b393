use std::collections::HashMap;
use std::path::Path;

use chainrule_graph::Params;
use chainrule_tensor::Real;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::CheckpointError;
use crate::value::checked;

/// The key of the file's metadata that holds the description.
pub(crate) const DESCRIPTION: &str = "chainrule";

/// Saves all parameters and statistics, and a description of the model in words of one's own.
///
/// The file is written beside its place and then moved there, so that an interruption or a full
/// disk leaves what was there before. The same parameters give the same bytes.
///
/// ```
/// use chainrule_nn::{Model, Sequential};
///
/// let model = Sequential::new().linear(2, 3);
/// let params = model.init([2], 0)?;
/// let path = std::env::temp_dir().join("chainrule-doc-example.safetensors");
/// chainrule_checkpoint::save(&params, &path, "one layer")?;
///
/// let mut loaded = model.init([2], 1)?;
/// chainrule_checkpoint::load(&mut loaded, &path)?;
/// assert_eq!(loaded.values(), params.values());
/// assert_eq!(chainrule_checkpoint::description(&path)?.as_deref(), Some("one layer"));
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`CheckpointError::Io`] if the file cannot be written, and [`CheckpointError::ReservedName`] for
/// a parameter called `__metadata__` or values that are not finite, with which it could not be
/// loaded again.
pub fn save<T: Real>(
    params: &Params<T>,
    path: impl AsRef<Path>,
    description: &str,
) -> Result<(), CheckpointError> {
    let path = path.as_ref();
    let bytes = encode(params, path, description)?;
    let written = chainrule_files::replace(path, &bytes);
    written.map_err(|source| CheckpointError::Io { action: "write", path: path.to_owned(), source })
}

/// The bytes that [`save`] writes, for a file that is to be written in another way; errors name its
/// path.
///
/// # Errors
/// As [`save`], for all but writing.
pub fn encode<T: Real>(
    params: &Params<T>,
    path: impl AsRef<Path>,
    description: &str,
) -> Result<Vec<u8>, CheckpointError> {
    let path = path.as_ref();
    let named = || params.iter().chain(params.statistics());
    if let Some((name, _)) = named().find(|(name, _)| *name == "__metadata__") {
        return Err(CheckpointError::ReservedName { path: path.to_owned(), name: name.to_owned() });
    }
    for (name, tensor) in named() {
        checked::<T, f64>(path, name, tensor.values())?;
    }
    let bytes: Vec<Vec<u8>> = named().map(|(_, tensor)| little_endian(tensor.values())).collect();
    let dtype = if T::DTYPE == "f32" { Dtype::F32 } else { Dtype::F64 };
    // One entry only: with several, their order would differ from run to run.
    let metadata = HashMap::from([(DESCRIPTION.to_owned(), description.to_owned())]);
    let views = named().zip(&bytes).map(|((name, tensor), bytes)| {
        Ok((name, TensorView::new(dtype, tensor.shape().to_vec(), bytes)?))
    });
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
    let file = views.and_then(|views| safetensors::serialize(views, Some(metadata)));
    file.map_err(|source| CheckpointError::Format { path: path.to_owned(), source })
}

pub(crate) fn little_endian<T: Real>(values: &[T]) -> Vec<u8> {
    if T::DTYPE == "f32" {
        values.iter().flat_map(|x| (x.to_f64() as f32).to_le_bytes()).collect()
    } else {
        values.iter().flat_map(|x| x.to_f64().to_le_bytes()).collect()
    }
}
