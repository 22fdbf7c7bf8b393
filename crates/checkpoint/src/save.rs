use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use chainrule_graph::Params;
use chainrule_tensor::Real;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::value::checked;
use crate::{CheckpointError, DESCRIPTION};

/// Saves all parameters and buffers, and a description of the model in words of one's own.
///
/// The file is written beside its place and then moved there, so that an interruption or a full disk leaves what was
/// there before. The same parameters give the same bytes.
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
/// [`CheckpointError::Io`] if the file cannot be written, and [`CheckpointError::ReservedName`] for a parameter called
/// `__metadata__` or values that are not finite, with which it could not be loaded again.
pub fn save<T: Real>(params: &Params<T>, path: impl AsRef<Path>, description: &str) -> Result<(), CheckpointError> {
    let path = path.as_ref();
    if let Some(name) = params.iter().chain(params.buffers()).map(|(name, _)| name).find(|name| *name == "__metadata__")
    {
        return Err(CheckpointError::ReservedName { path: path.to_owned(), name: name.to_owned() });
    }
    for (name, tensor) in params.iter().chain(params.buffers()) {
        checked::<T, f64>(path, name, tensor.values())?;
    }
    let io = |source| CheckpointError::Io { action: "write", path: path.to_owned(), source };
    let bytes =
        encode(params, description).map_err(|source| CheckpointError::Format { path: path.to_owned(), source })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = new_file(folder).map_err(io)?;
    file.write_all(&bytes).and_then(|()| file.as_file().sync_all()).map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}

fn encode<T: Real>(params: &Params<T>, description: &str) -> Result<Vec<u8>, safetensors::SafeTensorError> {
    let named = || params.iter().chain(params.buffers());
    let bytes: Vec<Vec<u8>> = named().map(|(_, tensor)| little_endian(tensor.values())).collect();
    let dtype = if T::DTYPE == "f32" { Dtype::F32 } else { Dtype::F64 };
    let tensors = named()
        .zip(&bytes)
        .map(|((name, tensor), bytes)| Ok((name, TensorView::new(dtype, tensor.shape().to_vec(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    // One entry only: with several, their order would differ from run to run.
    let metadata = HashMap::from([(DESCRIPTION.to_owned(), description.to_owned())]);
    safetensors::serialize(tensors, Some(metadata))
}

fn little_endian<T: Real>(values: &[T]) -> Vec<u8> {
    if T::DTYPE == "f32" {
        values.iter().flat_map(|x| (x.to_f64() as f32).to_le_bytes()).collect()
    } else {
        values.iter().flat_map(|x| x.to_f64().to_le_bytes()).collect()
    }
}

/// A file without a name yet, with the permissions that any new file gets.
fn new_file(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".chainrule-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}
