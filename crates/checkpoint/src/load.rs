use std::collections::HashMap;
use std::path::Path;

use chainrule_graph::Params;
use chainrule_tensor::{Real, Shape};
use safetensors::{Dtype, SafeTensors};

use crate::CheckpointError;
use crate::save::DESCRIPTION;
use crate::value::checked;

/// Loads a file's tensors into the parameters and statistics of the same names and shapes, from
/// `F32` or `F64`. On any error the parameters stay as they were.
///
/// A file of another program, without the entry `chainrule` in its metadata that
/// [`save`](crate::save) writes, may hold weights as `[outputs, inputs]`, as PyTorch has them.
/// Where one of its matrices is not square, its shape shows that; where all are, the file is
/// refused.
///
/// # Errors
/// A file that cannot be read, is no safetensors file, or does not hold just the model's
/// parameters. Values that are not finite, or become so in the parameters' precision. Negative
/// `running_var` or `batches`, which no training leaves.
pub fn load<T: Real>(
    params: &mut Params<T>,
    path: impl AsRef<Path>,
) -> Result<(), CheckpointError> {
    let path = path.as_ref();
    let bytes = read(path)?;
    let file = parse(path, &bytes)?;
    check_names(params, path, &file)?;
    let foreign = !metadata(path, &bytes)?.contains_key(DESCRIPTION);
    let mut loaded = Vec::new();
    for (name, parameter) in params.iter().chain(params.statistics()) {
        let tensor = file
            .tensor(name)
            .map_err(|source| CheckpointError::Format { path: path.to_owned(), source })?;
        // More axes than a shape can have cannot be the model's either; the first ones name the
        // difference well enough.
        let found = Shape::new(&tensor.shape()[..tensor.shape().len().min(Shape::MAX_RANK)]);
        if tensor.shape() != &*parameter.shape() {
            let (name, expected) = (name.to_owned(), parameter.shape());
            return Err(CheckpointError::ParameterShape {
                path: path.to_owned(),
                name,
                found,
                expected,
            });
        }
        let values =
            decode(tensor.dtype(), tensor.data()).ok_or_else(|| CheckpointError::Dtype {
                path: path.to_owned(),
                name: name.to_owned(),
                dtype: format!("{:?}", tensor.dtype()),
            })?;
        loaded.push((name.to_owned(), checked(path, name, &values)?));
    }
    if foreign {
        refuse_ambiguous(params, path)?;
    }
    for (name, values) in loaded {
        if let Some(parameter) = params.get_mut(&name) {
            parameter.copy_from_slice(&values);
        }
    }
    Ok(())
}

/// The description that a file was saved with, if it has one.
///
/// # Errors
/// A file that cannot be read or is no safetensors file.
pub fn description(path: impl AsRef<Path>) -> Result<Option<String>, CheckpointError> {
    let path = path.as_ref();
    Ok(metadata(path, &read(path)?)?.remove(DESCRIPTION))
}

/// The description that a file gives of itself.
pub(crate) fn metadata(
    path: &Path,
    bytes: &[u8],
) -> Result<HashMap<String, String>, CheckpointError> {
    let header = SafeTensors::read_metadata(bytes);
    let (_, metadata) =
        header.map_err(|source| CheckpointError::Format { path: path.to_owned(), source })?;
    Ok(metadata.metadata().clone().unwrap_or_default())
}

/// That the shape of some matrix shows in which order their axes are; all of them fit the model.
fn refuse_ambiguous<T: Real>(params: &Params<T>, path: &Path) -> Result<(), CheckpointError> {
    let matrices = || params.iter().filter(|(_, parameter)| parameter.shape().rank() == 2);
    let square = matrices()
        .find(|(_, matrix)| matrix.shape()[0] == matrix.shape()[1] && matrix.shape()[0] > 1);
    match square {
        Some((name, matrix))
            if matrices().all(|(_, matrix)| matrix.shape()[0] == matrix.shape()[1]) =>
        {
            Err(CheckpointError::Ambiguous {
                path: path.to_owned(),
                name: name.to_owned(),
                shape: matrix.shape(),
            })
        }
        _ => Ok(()),
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    std::fs::read(path).map_err(|source| CheckpointError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })
}

pub(crate) fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>, CheckpointError> {
    SafeTensors::deserialize(bytes)
        .map_err(|source| CheckpointError::Format { path: path.to_owned(), source })
}

fn check_names<T: Real>(
    params: &Params<T>,
    path: &Path,
    file: &SafeTensors<'_>,
) -> Result<(), CheckpointError> {
    let held = file.names();
    let layout = params.layout();
    let names = layout.entries().iter().chain(layout.statistics()).map(|entry| &entry.name);
    let missing: Vec<String> =
        names.filter(|name| !held.contains(&name.as_str())).cloned().collect();
    let mut unknown: Vec<String> = held
        .iter()
        .filter(|name| layout.position(name).or(layout.statistic_position(name)).is_none())
        .map(|&name| name.to_owned())
        .collect();
    unknown.sort();
    if missing.is_empty() && unknown.is_empty() {
        Ok(())
    } else {
        Err(CheckpointError::Names { path: path.to_owned(), missing, unknown })
    }
}

/// The values of a tensor's bytes; none for a type that is not read.
pub(crate) fn decode(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f64>> {
    match dtype {
        Dtype::F32 => {
            let values = bytes.as_chunks::<4>().0.iter();
            Some(values.map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect())
        }
        Dtype::F64 => {
            let values = bytes.as_chunks::<8>().0.iter();
            Some(values.map(|&bytes| f64::from_le_bytes(bytes)).collect())
        }
        _ => None,
    }
}
