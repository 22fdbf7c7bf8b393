//! Arrays of NumPy: `.npy`, versions 1 to 3 of the format
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).

use chainrule_tensor::memory;

use super::{check_columns, numbers, raw, whole_numbers, words};
use crate::raw::{Raw, RawColumn};
use crate::{Source, TableError};

pub(super) fn read(source: &Source, bytes: &[u8]) -> Result<Raw, TableError> {
    let array = Array::of(bytes).map_err(|what| source.wrong(what))?;
    let rows = array.rows();
    let columns = array.columns("").map_err(|what| source.wrong(what))?;
    let (names, columns): (Vec<String>, Vec<RawColumn>) = columns.into_iter().unzip();
    let names = names
        .into_iter()
        .enumerate()
        .map(|(at, name)| if name.is_empty() { (at + 1).to_string() } else { name });
    let notes = match array.fields.len() {
        1 => vec!["it has no names; its columns are numbered".to_owned()],
        _ => Vec::new(),
    };
    Ok(raw(names.collect(), columns, rows, notes))
}

/// An array as it is in a file.
pub(super) struct Array<'a> {
    /// One of no name, or those of a structured array.
    fields: Vec<(String, Dtype)>,
    is_fortran: bool,
    shape: Vec<usize>,
    data: &'a [u8],
}

#[derive(Clone, Copy)]
struct Dtype {
    is_big: bool,
    kind: u8,
    /// In bytes.
    size: usize,
}

impl<'a> Array<'a> {
    /// # Errors
    /// The reason why it is no array of numbers or texts.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, String> {
        let damaged = || "is a damaged .npy file; write it anew".to_owned();
        let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(damaged)?;
        let (length, rest) = match rest {
            [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
            [2 | 3, _, a, b, c, d, rest @ ..] => {
                (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest)
            }
            _ => return Err(damaged()),
        };
        let (header, data) = rest.split_at_checked(length).ok_or_else(damaged)?;
        let header = str::from_utf8(header).map_err(|_| damaged())?;
        let value = |key: &str| {
            let at = header.find(&format!("'{key}':"))? + key.len() + 3;
            Some(header[at..].trim_start())
        };
        let is_fortran = value("fortran_order").ok_or_else(damaged)?.starts_with("True");
        let shape = value("shape").and_then(|text| text.strip_prefix('('));
        let shape = shape.and_then(|text| Some(&text[..text.find(')')?])).ok_or_else(damaged)?;
        let lengths = shape.split(',').map(str::trim).filter(|length| !length.is_empty());
        let shape: Vec<usize> = lengths
            .map(|length| length.parse().map_err(|_| damaged()))
            .collect::<Result<_, _>>()?;
        let fields = fields(value("descr").ok_or_else(damaged)?)?;
        let size: usize = fields.iter().map(|(_, dtype)| dtype.size).sum();
        let array = Array { fields, is_fortran, shape, data };
        let needed = memory::product(&array.shape).saturating_mul(size);
        if array.data.len() < needed {
            let there = array.data.len();
            return Err(format!("ends early: of {needed} bytes {there} are there; write it anew"));
        }
        if array.shape.is_empty() || array.shape.contains(&0) {
            return Err("has no samples".to_owned());
        }
        Ok(array)
    }

    pub(super) fn rows(&self) -> usize {
        self.shape[0]
    }

    /// The columns with their names, which are empty where the array has none: all axes but the
    /// first are laid out in a row.
    ///
    /// # Errors
    /// That there are values which are no numbers or texts.
    pub(super) fn columns(&self, name: &str) -> Result<Vec<(String, RawColumn)>, String> {
        let (rows, width) = (self.rows(), memory::product(&self.shape[1..]));
        check_columns(width)?;
        memory::check::<f64>(rows.saturating_mul(width)).map_err(|why| format!("holds {why}"))?;
        let size: usize = self.fields.iter().map(|(_, dtype)| dtype.size).sum();
        let mut columns = Vec::new();
        for column in 0..width {
            let mut begin = 0;
            for (field, dtype) in &self.fields {
                let element = |row: usize| match self.is_fortran {
                    false => row * width + column,
                    true => row + rows * self.fortran(column),
                };
                let cell = |row: usize| &self.data[element(row) * size + begin..][..dtype.size];
                let place = if width > 1 { (column + 1).to_string() } else { String::new() };
                let parts = [name, field.as_str(), &place];
                let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                columns.push((parts.join(" "), dtype.column((0..rows).map(cell))?));
                begin += dtype.size;
            }
        }
        Ok(columns)
    }

    /// The place of a column of row-major order, in column-major order of the axes but the first.
    fn fortran(&self, mut column: usize) -> usize {
        let (mut place, mut step) = (0, memory::product(&self.shape[1..]));
        for &length in self.shape[1..].iter().rev() {
            step /= length;
            place += (column % length) * step;
            column /= length;
        }
        place
    }
}

impl Dtype {
    /// From a text such as `<f8`.
    fn of(text: &str) -> Result<Self, String> {
        let no = || {
            let text = chainrule_config::shown(text);
            format!("holds values of the type `{text}`; save numbers or fixed texts")
        };
        let (order, rest) = match text.as_bytes() {
            [order @ (b'<' | b'>' | b'|' | b'='), rest @ ..] => (*order, rest),
            rest => (b'=', rest),
        };
        let (&kind, length) = rest.split_first().ok_or_else(no)?;
        let length: usize =
            str::from_utf8(length).ok().and_then(|n| n.parse().ok()).ok_or_else(no)?;
        let known = matches!(
            (kind, length),
            (b'f', 2 | 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'b', 1) | (b'U' | b'S', 1..)
        );
        let size = if kind == b'U' { length.saturating_mul(4) } else { length };
        let is_big = order == b'>' || (order == b'=' && cfg!(target_endian = "big"));
        if known { Ok(Dtype { is_big, kind, size }) } else { Err(no()) }
    }

    fn column<'c>(
        self,
        cells: impl Iterator<Item = &'c [u8]> + Clone,
    ) -> Result<RawColumn, String> {
        let bits = move |cell: &[u8]| {
            let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
            if self.is_big { cell.iter().fold(0, fold) } else { cell.iter().rev().fold(0, fold) }
        };
        let unused = 64 - 8 * self.size.min(8) as u32;
        Ok(match (self.kind, self.size) {
            (b'f', 2) => numbers(cells.map(|cell| half(bits(cell) as u16)).collect()),
            (b'f', 4) => {
                numbers(cells.map(|cell| f32::from_bits(bits(cell) as u32).into()).collect())
            }
            (b'f', _) => numbers(cells.map(|cell| f64::from_bits(bits(cell))).collect()),
            (b'i', _) => whole_numbers(
                cells.map(move |cell| i128::from((bits(cell) << unused) as i64 >> unused)),
            ),
            (b'u' | b'b', _) => whole_numbers(cells.map(move |cell| i128::from(bits(cell)))),
            (b'S', _) => words(cells.map(|cell| {
                let end = cell.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
                let text = crate::text::decoded(&cell[..end], false);
                (!crate::cell::is_missing(text.as_bytes())).then_some(text)
            })),
            _ => words(cells.map(|cell| {
                let units = cell.chunks_exact(4).map(bits);
                let text: String = units
                    .take_while(|unit| *unit != 0)
                    .map(|unit| char::from_u32(unit as u32).unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect();
                (!crate::cell::is_missing(text.as_bytes())).then_some(text)
            })),
        })
    }
}

/// The types of a text such as `'<f8'` or `[('a', '<f8'), ('b', '<i4')]`.
fn fields(descr: &str) -> Result<Vec<(String, Dtype)>, String> {
    let quoted = |text: &str| {
        text.split('\'').skip(1).step_by(2).map(str::to_owned).collect::<Vec<String>>()
    };
    if !descr.starts_with('[') {
        let dtype = quoted(descr).into_iter().next().unwrap_or_default();
        return Ok(vec![(String::new(), Dtype::of(&dtype)?)]);
    }
    let end = descr.find(']').unwrap_or(descr.len());
    let mut fields = Vec::new();
    for field in descr[1..end].split("),") {
        let parts = quoted(field);
        let [name, dtype] = &parts[..] else {
            return Err("holds fields within fields; save columns of numbers".to_owned());
        };
        if field.matches('(').count() > 1 {
            return Err("holds fields that are arrays; save columns of numbers".to_owned());
        }
        fields.push((name.clone(), Dtype::of(dtype)?));
    }
    Ok(fields)
}

/// A number of 16 bits (IEEE 754 binary16).
pub(super) fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_16_bits() {
        for (bits, expected) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0001, 2f64.powi(-24)),
            (0x7c00, f64::INFINITY),
            (0x3555, 0.333_251_953_125),
        ] {
            assert_eq!(half(bits), expected);
        }
        assert!(half(0x7e00).is_nan());
    }
}
