//! Files that are no lines of cells.

pub(crate) mod arff;
mod idx;
pub(crate) mod libsvm;
mod npy;
mod npz;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "pictures")]
mod pictures;

use std::io::Read;

use chainrule_tensor::memory;

use crate::cell::Form;
use crate::kind::Kind;
use crate::raw::{Places, Raw, RawColumn};
use crate::words::Words;
use crate::{Source, TableError};

/// Reads a file that is not one of lines of cells; `None` if it is one.
///
/// # Errors
/// Everything that is wrong with the file, with its place.
pub(crate) fn read(source: &Source) -> Result<Option<Raw>, TableError> {
    let (mut reader, kind) = source.open_again()?;
    let mut whole = || {
        let mut bytes = Vec::new();
        // As much again is needed for what is made of it.
        let most = memory::available() as u64 / 2;
        let read = reader.by_ref().take(most).read_to_end(&mut bytes);
        match read {
            Err(error) => Err(source.failed(error)),
            Ok(read) if read as u64 == most => Err(source.wrong(format!(
                "has more than {most} bytes, too many to be read at once; write it as CSV"
            ))),
            Ok(_) => Ok(bytes),
        }
    };
    let raw = match kind {
        Kind::Npy => npy::read(source, &whole()?)?,
        Kind::Npz => npz::read(source, &whole()?)?,
        Kind::Idx => idx::read(source, &whole()?)?,
        #[cfg(feature = "parquet")]
        Kind::Parquet => parquet::read(source, whole)?,
        #[cfg(feature = "pictures")]
        Kind::Folder => pictures::read(source)?,
        Kind::Arff => arff::read(source, &whole()?)?,
        Kind::Libsvm => libsvm::read(source, &whole()?)?,
        _ => return Ok(None),
    };
    Ok(Some(raw))
}

/// A table of more columns is refused: each of them takes some memory of its own.
const MOST_COLUMNS: usize = 1 << 20;

fn check_columns(count: usize) -> Result<(), String> {
    if count <= MOST_COLUMNS {
        return Ok(());
    }
    Err(format!("has {count} columns, more than {MOST_COLUMNS}; leave some out"))
}

/// Columns side by side, without lines.
fn raw(names: Vec<String>, columns: Vec<RawColumn>, rows: usize, notes: Vec<String>) -> Raw {
    Raw {
        declared: vec![false; names.len()],
        names,
        columns,
        rows,
        places: Places::Rows,
        notes,
        comma_separates: true,
        latin: false,
        targets: Vec::new(),
    }
}

/// Numbers that were read as such.
fn numbers(values: Vec<f64>) -> RawColumn {
    let infinite = values.iter().position(|value| value.is_infinite());
    let infinite = infinite.map(|row| (row, values[row].to_string()));
    RawColumn::Numbers { form: Form::NUMBER, values, infinite }
}

/// Whole numbers; as texts where some are too long to be held as numbers.
fn whole_numbers(values: impl Iterator<Item = i128> + Clone) -> RawColumn {
    if values.clone().all(|value| (value.unsigned_abs() as f64) < crate::raw::EXACT) {
        return numbers(values.map(|value| value as f64).collect());
    }
    words(values.map(|value| Some(value.to_string())))
}

/// Texts, `None` where one is missing.
fn words(texts: impl Iterator<Item = Option<impl AsRef<str>>>) -> RawColumn {
    let mut words = Words::default();
    for text in texts {
        // Beyond 2^32 texts one is as good as missing; memory ends before.
        match text {
            Some(text) if words.push(text.as_ref().trim().as_bytes()).is_ok() => {}
            _ => words.push_missing(),
        }
    }
    RawColumn::Words(words)
}
