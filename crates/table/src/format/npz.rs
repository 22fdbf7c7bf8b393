//! Several arrays of NumPy in one file: `.npz`, a zip archive of `.npy` files.

use std::io::Read;

use chainrule_tensor::memory;
use flate2::read::DeflateDecoder;

use super::npy::Array;
use super::raw;
use crate::raw::Raw;
use crate::{Source, TableError};

/// Arrays of these names are predicted, unless another is named.
const TARGETS: [&str; 6] = ["y", "target", "targets", "label", "labels", "y_train"];

pub(super) fn read(source: &Source, bytes: &[u8]) -> Result<Raw, TableError> {
    let wrong = |what: String| source.wrong(what);
    let entries = entries(bytes).map_err(wrong)?;
    let (mut names, mut columns, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    let mut samples: Option<(usize, String)> = None;
    for entry in &entries {
        let data = entry.unpacked(bytes).map_err(wrong)?;
        let name = entry.name.strip_suffix(".npy").unwrap_or(&entry.name).to_owned();
        let of = |what: String| wrong(format!("holds the array {name}, which {what}"));
        let array = Array::of(&data).map_err(of)?;
        match &samples {
            Some((rows, first)) if *rows != array.rows() => {
                return Err(wrong(format!(
                    "holds {rows} samples in {first}, but {} in {name}; give each array one row \
                     for each sample",
                    array.rows()
                )));
            }
            _ => samples = Some((array.rows(), name.clone())),
        }
        let first = names.len();
        for (name, column) in array.columns(&name).map_err(of)? {
            names.push(name);
            columns.push(column);
        }
        if TARGETS.contains(&name.as_str()) {
            targets.extend(first..names.len());
        }
    }
    let rows = samples.map_or(0, |(rows, _)| rows);
    let mut raw = raw(names, columns, rows, Vec::new());
    raw.targets = targets;
    Ok(raw)
}

/// A file in the archive.
struct Entry {
    name: String,
    /// The place of its own header.
    at: usize,
    packed: usize,
    size: usize,
    is_deflated: bool,
}

/// The files by the directory at the end of the archive (PKWARE's APPNOTE, sections 4.3.12 to
/// 4.3.16, with the sizes of Zip64).
fn entries(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let damaged = || "is a damaged archive; write it anew".to_owned();
    let number = |at: usize, length: usize| {
        let part = bytes.get(at..at.checked_add(length)?)?;
        Some(part.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))
    };
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let end = bytes.windows(4).rposition(|four| four == b"PK\x05\x06").ok_or_else(damaged)?;
    let field = |at: usize, length: usize| number(at, length).ok_or_else(damaged);
    let (mut count, mut at) = (field(end + 10, 2)?, field(end + 16, 4)?);
    if (count == 0xffff || at == 0xffff_ffff) && end >= 20 && field(end - 20, 4)? == 0x0706_4b50 {
        let large = size(field(end - 12, 8)?);
        (count, at) = (field(large.saturating_add(32), 8)?, field(large.saturating_add(48), 8)?);
    }
    let (mut entries, mut at) = (Vec::new(), size(at));
    for _ in 0..count {
        if field(at, 4)? != 0x0201_4b50 {
            return Err(damaged());
        }
        let method = field(at + 10, 2)?;
        let lengths = [field(at + 28, 2)?, field(at + 30, 2)?, field(at + 32, 2)?].map(size);
        let name = bytes.get(at + 46..at + 46 + lengths[0]).ok_or_else(damaged)?;
        let name = String::from_utf8_lossy(name).into_owned();
        // Sizes that do not fit 32 bits stand behind the name, in this order.
        let mut sizes = [field(at + 24, 4)?, field(at + 20, 4)?, field(at + 42, 4)?];
        let (mut extra, last) = (at + 46 + lengths[0], at + 46 + lengths[0] + lengths[1]);
        while extra + 4 <= last {
            let (id, length) = (field(extra, 2)?, size(field(extra + 2, 2)?));
            let mut place = extra + 4;
            for value in sizes.iter_mut().filter(|value| id == 1 && **value == 0xffff_ffff) {
                *value = field(place, 8)?;
                place += 8;
            }
            extra += 4 + length;
        }
        let [whole, packed, begin] = sizes.map(size);
        if !matches!(method, 0 | 8) || !name.ends_with(".npy") {
            return Err("is a zip archive, but not one of NumPy; unpack it first".to_owned());
        }
        entries.push(Entry { name, at: begin, packed, size: whole, is_deflated: method == 8 });
        at += 46 + lengths.iter().sum::<usize>();
    }
    Ok(entries)
}

impl Entry {
    fn unpacked(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let name = chainrule_config::shown(&self.name);
        let damaged = || format!("holds the damaged array {name}; write it anew");
        memory::check::<u8>(self.size).map_err(|why| format!("holds {why}"))?;
        let header = bytes.get(self.at..).filter(|rest| rest.len() > 30).ok_or_else(damaged)?;
        let length = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let data = header.get(30 + length(26) + length(28)..).ok_or_else(damaged)?;
        let packed = data.get(..self.packed).ok_or_else(damaged)?;
        if !self.is_deflated {
            return Ok(packed.to_vec());
        }
        let mut data = Vec::new();
        let most = self.size as u64 + 1;
        DeflateDecoder::new(packed).take(most).read_to_end(&mut data).map_err(|_| damaged())?;
        if data.len() == self.size { Ok(data) } else { Err(damaged()) }
    }
}
