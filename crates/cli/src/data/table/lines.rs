//! The lines of a table as values.

use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, StringRecord, Trim};

use super::TableError;

/// Follows the last line, so that a quote that is never closed is found out: it swallows this too.
const END: &str = "end of table";

/// The lines of a table, all of the same length, none of them empty.
///
/// # Errors
/// A line with another number of values, a quote that goes beyond its line, text that is not UTF-8.
pub fn lines(path: &Path, mut text: Vec<u8>) -> Result<Vec<StringRecord>, TableError> {
    let delimiter = delimiter(&text);
    text.extend(format!("\n{END}\n").bytes());
    let mut reader = ReaderBuilder::new();
    let reader = reader.delimiter(delimiter).has_headers(false).flexible(true).trim(Trim::All);
    let mut lines: Vec<StringRecord> = Vec::new();
    let (mut record, mut reader) = (ByteRecord::new(), reader.from_reader(&text[..]));
    loop {
        let read = reader.read_byte_record(&mut record);
        let line = record.position().map_or(0, csv::Position::line);
        let path = || path.to_owned();
        if !read.map_err(|source| TableError::Csv { path: path(), line, source })? {
            let end = lines.pop();
            debug_assert!(
                end.is_some_and(|end| end.iter().eq([END])),
                "the last line was swallowed"
            );
            return Ok(lines);
        }
        if let Some(field) = record.iter().find(|field| field.contains(&b'\n')) {
            let (begin, rest) =
                field.split_at(field.iter().position(|byte| *byte == b'\n').unwrap_or(0));
            let breaks = rest.iter().filter(|byte| **byte == b'\n').count() as u64;
            let closed = (!field.ends_with(END.as_bytes())).then_some(line + breaks);
            let begin = String::from_utf8_lossy(begin.trim_ascii()).into_owned();
            return Err(TableError::Quote { path: path(), line, begin, closed });
        }
        let Ok(read) = StringRecord::from_byte_record(record.clone()) else {
            return Err(TableError::Encoding { path: path(), line });
        };
        let expected = lines.first().map_or(read.len(), StringRecord::len);
        let is_end = reader.position().byte() as usize >= text.len();
        if read.len() != expected && !is_end {
            return Err(TableError::Columns { path: path(), line, found: read.len(), expected });
        }
        lines.push(read);
    }
}

/// The delimiter that the first line has most of.
fn delimiter(text: &[u8]) -> u8 {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &u8| line.iter().filter(|byte| *byte == delimiter).count();
    // The last of equals is taken.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}
