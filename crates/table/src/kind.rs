//! The kind of a file, by its first bytes.

use crate::TableError;
use crate::format::{arff, libsvm};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Bytes of text, or nothing at all.
    Text,
    /// UTF-16 with its mark, or plainly without; whether the higher byte comes first.
    Utf16 {
        big: bool,
        marked: bool,
    },
    /// An array of NumPy, or several.
    Npy,
    Npz,
    Parquet,
    /// An array as MNIST has it.
    Idx,
    /// A table of Weka.
    Arff,
    /// Sparse rows.
    Libsvm,
    /// A folder, not a file.
    Folder,
    /// A second layer of gzip, which is as good as none.
    Gzip,
    /// No table, and what to do.
    Other(&'static str),
}

impl Kind {
    pub(crate) fn of(begin: &[u8]) -> Kind {
        let known = KNOWN
            .iter()
            .find(|(at, magic, _)| begin.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
        match begin {
            [0xff, 0xfe, ..] => Kind::Utf16 { big: false, marked: true },
            [0xfe, 0xff, ..] => Kind::Utf16 { big: true, marked: true },
            [0x1f, 0x8b, ..] => Kind::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Other("is compressed by zstd; unpack it first"),
            [0xd0, 0xcf, 0x11, 0xe0, ..] => {
                Kind::Other("is a workbook of Excel (.xls); save its sheet as CSV")
            }
            [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] => Kind::Other(
                "is a picture; give a folder of pictures, with one folder a class, or a table",
            ),
            [0x89, b'H', b'D', b'F', ..] => Kind::Other("is HDF5; write the table as CSV"),
            [0x80, 2..=5, ..] => Kind::Other("is a pickle of Python; write the table as CSV"),
            // The length of what describes the tensors, then that.
            [_, _, _, _, _, 0, 0, 0, b'{', ..] => {
                Kind::Other("is a saved network; give the table that it is to read")
            }
            [b'P', b'K', 3, 4, ..] => archive(begin),
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Kind::Npy,
            [b'P', b'A', b'R', b'1', ..] if cfg!(feature = "parquet") => Kind::Parquet,
            [b'P', b'A', b'R', b'1', ..] => Kind::Other(
                "is Parquet; use a build with the feature `parquet`, or write the table as CSV",
            ),
            [0, 0, 8 | 9 | 11..=14, 1..=8, ..] => Kind::Idx,
            _ if known.is_some() => Kind::Other(known.map_or("", |(_, _, what)| what)),
            _ if arff::is_arff(begin) => Kind::Arff,
            _ if libsvm::is_sparse(begin) => Kind::Libsvm,
            _ => without_mark(begin),
        }
    }

    /// # Errors
    /// That it is no table.
    pub(crate) fn check(self, file: &str) -> Result<(), TableError> {
        match self {
            Kind::Folder => Err(TableError::File {
                file: file.to_owned(),
                what: "is a folder; give a file of it, or use a build with the feature `pictures` \
                       for pictures"
                    .to_owned(),
            }),
            Kind::Other(what) => {
                Err(TableError::File { file: file.to_owned(), what: what.to_owned() })
            }
            _ => Ok(()),
        }
    }
}

/// Known kinds: the place of their mark, the mark, and what they are.
const KNOWN: [(usize, &[u8], &str); 13] = [
    (0, b"BZh", "is compressed by bzip2; unpack it first"),
    (0, b"\xfd7zXZ", "is compressed by xz; unpack it first"),
    (0, b"7z\xbc\xaf", "is a 7z archive; unpack it first"),
    (0, b"%PDF", "is a PDF; write the table as CSV"),
    (0, b"SQLite format 3", "is a database of SQLite; write the table as CSV"),
    (0, b"ARROW1", "is an Arrow file; write the table as CSV"),
    (0, b"<!DOCTYPE", "is a page of HTML; download the table that it shows"),
    (0, b"<!doctype", "is a page of HTML; download the table that it shows"),
    (0, b"<html", "is a page of HTML; download the table that it shows"),
    (0, b"{\"", "is JSON; write the table as CSV"),
    (0, b"[{", "is JSON; write the table as CSV"),
    (0, b"[[", "is JSON; write the table as CSV"),
    (257, b"ustar", "is a tar archive; unpack it first"),
];

/// The content of a zip file, by the name of its first entry.
fn archive(begin: &[u8]) -> Kind {
    let length = begin.get(26..28).map_or(0, |two| usize::from(two[0]) | usize::from(two[1]) << 8);
    let name = begin.get(30..).map_or(&[][..], |rest| &rest[..length.min(rest.len())]);
    let holds = |part: &str| begin.windows(part.len()).any(|window| window == part.as_bytes());
    Kind::Other(match name {
        b"[Content_Types].xml" | b"_rels/.rels" => {
            "is a workbook of Excel (.xlsx); save its sheet as CSV"
        }
        _ if name.starts_with(b"xl/") || name.starts_with(b"docProps/") => {
            "is a workbook of Excel (.xlsx); save its sheet as CSV"
        }
        b"mimetype" if holds("opendocument.spreadsheet") => {
            "is an OpenDocument sheet (.ods); save it as CSV"
        }
        b"mimetype" => "is a document; write the table in it as CSV",
        _ if name.ends_with(b".npy") => return Kind::Npz,
        _ => "is a zip archive; unpack it first",
    })
}

/// UTF-16 without a mark has every other byte 0; other text has none.
fn without_mark(begin: &[u8]) -> Kind {
    if !begin.contains(&0) {
        return Kind::Text;
    }
    let (pairs, _) = begin.as_chunks::<2>();
    let zeros = |half: usize| pairs.iter().filter(|pair| pair[half] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    match pairs.len() {
        0 => Kind::Other(NO_TEXT),
        _ if second == 0 && 10 * first >= 9 * pairs.len() => {
            Kind::Utf16 { big: true, marked: false }
        }
        _ if first == 0 && 10 * second >= 9 * pairs.len() => {
            Kind::Utf16 { big: false, marked: false }
        }
        _ => Kind::Other(NO_TEXT),
    }
}

const NO_TEXT: &str = "is no text; give a table (CSV, one sample a line)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_tables_are_told_apart() {
        let zip = |name: &str, rest: &str| {
            let mut bytes = b"PK\x03\x04".to_vec();
            bytes.extend([0; 22]);
            bytes.extend([name.len() as u8, 0, 0, 0]);
            bytes.extend(name.bytes());
            bytes.extend(rest.bytes());
            bytes
        };
        for (begin, expected) in [
            (b"\x40\0\0\0\0\0\0\0{\"a\"".to_vec(), "is a saved network"),
            (b"\x28\xb5\x2f\xfd\0".to_vec(), "is compressed by zstd"),
            (b"\x89PNG\r\n\x1a\n\0".to_vec(), "is a picture"),
            (b"\xfd7zXZ\0".to_vec(), "is compressed by xz"),
            (b"a,\0\x01\x02".to_vec(), "is no text"),
            (b"\0".to_vec(), "is no text"),
            (zip("[Content_Types].xml", ""), "is a workbook of Excel (.xlsx)"),
            (zip("xl/workbook.xml", ""), "is a workbook of Excel (.xlsx)"),
            (
                zip("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
                "is an OpenDocument sheet (.ods)",
            ),
            (zip("mimetype", "application/epub+zip"), "is a document"),
            (zip("a.csv", ""), "is a zip archive"),
        ] {
            match Kind::of(&begin) {
                Kind::Other(what) => assert!(what.starts_with(expected), "{what}"),
                kind => panic!("{expected}: {kind:?}"),
            }
        }
    }

    #[test]
    fn text_is_text() {
        assert_eq!(Kind::of(b""), Kind::Text);
        assert_eq!(Kind::of(b"a,b\n1,2\n"), Kind::Text);
        assert_eq!(Kind::of(b"\xff\xfe1\0"), Kind::Utf16 { big: false, marked: true });
        assert_eq!(Kind::of(b"\xfe\xff\x001"), Kind::Utf16 { big: true, marked: true });
        assert_eq!(Kind::of(b"1\0,\x002\0"), Kind::Utf16 { big: false, marked: false });
        assert_eq!(Kind::of(b"\x001\0,\x002"), Kind::Utf16 { big: true, marked: false });
    }
}
