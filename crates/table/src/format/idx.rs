//! Arrays of bytes or numbers as MNIST has them: IDX (<http://yann.lecun.com/exdb/mnist/>).

use std::io::Read;

use chainrule_tensor::memory;

use super::{check_columns, numbers, raw};
use crate::raw::{Raw, RawColumn};
use crate::{Source, TableError};

/// Reads the pictures of a file, and their labels in the file beside it, whose name has `labels` in
/// place of `images` and `idx1` in place of `idx3`.
pub(super) fn read(source: &Source, bytes: &[u8]) -> Result<Raw, TableError> {
    let pictures = Array::of(bytes).map_err(|what| source.wrong(what))?;
    let rows = pictures.shape[0];
    let width = memory::product(&pictures.shape[1..]);
    let (mut names, mut columns, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for column in 0..width {
        names.push((column + 1).to_string());
        columns.push(pictures.column(column, width));
    }
    let beside = source.beside(|name| {
        name.contains("images").then(|| name.replace("images", "labels").replace("idx3", "idx1"))
    });
    if let Some(beside) = beside {
        let (mut reader, _) = beside.open_again()?;
        let mut bytes = Vec::new();
        let most = memory::available() as u64 / 2;
        reader.by_ref().take(most).read_to_end(&mut bytes).map_err(|e| beside.failed(e))?;
        let labels = Array::of(&bytes).map_err(|what| beside.wrong(what))?;
        if labels.shape != [rows] {
            return Err(beside.wrong(format!(
                "has labels of shape {:?} for {rows} samples; give each sample one",
                labels.shape
            )));
        }
        names.push("label".to_owned());
        columns.push(labels.column(0, 1));
        notes.push(format!("its labels are those of {}", beside.name()));
    }
    Ok(raw(names, columns, rows, notes))
}

struct Array<'a> {
    kind: u8,
    size: usize,
    shape: Vec<usize>,
    data: &'a [u8],
}

impl<'a> Array<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, String> {
        let damaged = || "is a damaged IDX file; get it anew".to_owned();
        let [0, 0, kind, axes, rest @ ..] = bytes else { return Err(damaged()) };
        let size = match kind {
            8 | 9 => 1,
            11 => 2,
            12 | 13 => 4,
            14 => 8,
            _ => return Err(damaged()),
        };
        let (shape, data) = rest.split_at_checked(4 * usize::from(*axes)).ok_or_else(damaged)?;
        let (lengths, _) = shape.as_chunks::<4>();
        let shape: Vec<usize> =
            lengths.iter().map(|length| u32::from_be_bytes(*length) as usize).collect();
        let needed = memory::product(&shape).saturating_mul(size);
        if data.len() < needed {
            let there = data.len();
            return Err(format!("ends early: of {needed} bytes {there} are there; get it anew"));
        }
        if shape.is_empty() || shape.contains(&0) {
            return Err("has no samples".to_owned());
        }
        check_columns(memory::product(&shape[1..]))?;
        memory::check::<f64>(memory::product(&shape)).map_err(|why| format!("holds {why}"))?;
        Ok(Array { kind: *kind, size, shape, data })
    }

    fn column(&self, column: usize, width: usize) -> RawColumn {
        let cells = self.data.chunks_exact(self.size).skip(column).step_by(width);
        let rows = self.shape[0];
        let value = |cell: &[u8]| {
            let bits = cell.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            match self.kind {
                8 => bits as f64,
                9 => f64::from(bits as u8 as i8),
                11 => f64::from(bits as u16 as i16),
                12 => f64::from(bits as u32 as i32),
                13 => f64::from(f32::from_bits(bits as u32)),
                _ => f64::from_bits(bits),
            }
        };
        numbers(cells.take(rows).map(value).collect())
    }
}
