//! The content of a file, read once: a pipe gives its bytes to the first reader only.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::TableError;

/// A table of more bytes, or a pipe without an end, would fill the memory.
const MOST: u64 = 1 << 31;
/// So many bytes tell a text from something else.
const BEGIN: u64 = 1 << 16;

/// The bytes of a file.
#[derive(Debug)]
pub enum Source {
    /// JSON, by its name or by how it begins.
    Recording(Vec<u8>),
    Table(Vec<u8>),
}

/// Reads a file, a pipe or a device to its end.
///
/// # Errors
/// What cannot be read, is too large, or is plainly no text.
pub fn read(path: &Path) -> Result<Source, TableError> {
    let failed = |source| TableError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    // Not all at once: a device may have no end.
    file.by_ref().take(BEGIN).read_to_end(&mut bytes).map_err(failed)?;
    if let Some(what) = other_kind(&bytes) {
        return Err(TableError::OtherKind { path: path.to_owned(), what });
    }
    file.take(MOST + 1 - bytes.len() as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST {
        return Err(TableError::TooLarge { path: path.to_owned(), most: MOST });
    }
    let by_name = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    match by_name || bytes.trim_ascii_start().starts_with(b"{") {
        true => Ok(Source::Recording(bytes)),
        false => Ok(Source::Table(bytes)),
    }
}

/// A kind of file that is no text, by how it begins.
fn other_kind(begin: &[u8]) -> Option<&'static str> {
    match begin {
        [0x1f, 0x8b, ..] | [b'P', b'K', 3, 4, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Some("compressed: unpack it first")
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("text in UTF-16: save it as UTF-8"),
        // The length of what describes the tensors, then that.
        [_, _, _, _, _, 0, 0, 0, b'{', ..] => Some("a saved network"),
        _ if begin.contains(&0) => Some("no text"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_told_apart() {
        for (begin, expected) in [
            (&b"\x40\0\0\0\0\0\0\0{\"a\""[..], Some("a saved network")),
            (b"\x1f\x8b\x08\0", Some("compressed: unpack it first")),
            (b"\xff\xfe1\0", Some("text in UTF-16: save it as UTF-8")),
            (b"\x89PNG\r\n\x1a\n\0", Some("no text")),
            (b"a,b\n1,2\n", None),
            (b"", None),
        ] {
            assert_eq!(other_kind(begin), expected, "{begin:?}");
        }
    }
}
