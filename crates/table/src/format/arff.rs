//! Tables of Weka: ARFF
//! (<https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/>).

use chainrule_config::shown;

use super::raw;
use crate::raw::{Collector, Places, Raw, RawColumn};
use crate::words::Words;
use crate::{Source, TableError};

/// Reads the attributes as columns. The names of nominal ones are checked; a sparse row has 0, or
/// the first name, in all columns that it does not name.
pub(super) fn read(source: &Source, bytes: &[u8]) -> Result<Raw, TableError> {
    let latin = str::from_utf8(bytes).is_err();
    let text = crate::text::decoded(bytes, latin);
    let mut lines = text.trim_start_matches('\u{feff}').lines().zip(1_u64..);
    let wrong = |line: u64, column: Option<&str>, what: String| TableError::Place {
        file: source.name().to_owned(),
        place: format!("line {line}"),
        column: column.map(str::to_owned),
        what,
    };
    let attributes = header(&mut lines).map_err(|(line, what)| wrong(line, None, what))?;
    if attributes.is_empty() {
        return Err(source.wrong("has no attributes; name them above @data"));
    }
    for (at, attribute) in attributes.iter().enumerate() {
        if attributes[..at].iter().any(|other| other.name == attribute.name) {
            let what = "two attributes have this name; rename one".to_owned();
            return Err(wrong(attribute.line, Some(&attribute.name), what));
        }
    }
    let kept = |attribute: &Attribute| match attribute.kind {
        Kind::Nominal(_) | Kind::Text => Taken::Words(Words::default()),
        Kind::Numeric | Kind::Date => Taken::Numbers(Collector::undecided_to_the_end(false)),
    };
    let mut columns: Vec<Taken> = attributes.iter().map(kept).collect();
    let mut places = Places::Lines(Vec::new());
    let mut rows = 0;
    for (line, number) in lines {
        let line = line.trim();
        if line.is_empty() || line.starts_with('%') {
            continue;
        }
        let cells = match line.starts_with('{') {
            true => sparse(line, &attributes),
            false => cells(line),
        };
        let cells = cells.map_err(|what| wrong(number, None, what))?;
        // A weight may stand behind the values.
        let weighted = cells.len() == attributes.len() + 1
            && cells.last().is_some_and(|last| last.text.starts_with('{'));
        let found = cells.len() - usize::from(weighted);
        if found != attributes.len() {
            let what = format!(
                "it has {found} values, but there are {} attributes; give every line the same",
                attributes.len()
            );
            return Err(wrong(number, None, what));
        }
        for ((cell, attribute), column) in cells.iter().zip(&attributes).zip(&mut columns) {
            let text = if cell.is_missing() { "" } else { &cell.text };
            attribute.check(text).map_err(|what| wrong(number, Some(&attribute.name), what))?;
            match column {
                Taken::Numbers(column) => column.push(rows, std::iter::once(text.as_bytes()), true),
                // Of words only ? is a mark: NA is one of them.
                Taken::Words(words) => {
                    if text.is_empty() || words.push(text.as_bytes()).is_err() {
                        words.push_missing();
                    }
                }
            }
        }
        places.push(rows, number);
        rows += 1;
    }
    let names = attributes.iter().map(|attribute| attribute.name.clone()).collect();
    let declared = attributes.iter().map(|a| matches!(a.kind, Kind::Nominal(_))).collect();
    let columns = columns.into_iter().map(|column| match column {
        Taken::Numbers(column) => column.finish(true),
        Taken::Words(words) => RawColumn::Words(words),
    });
    let columns = columns.collect();
    let notes = latin.then(|| "it is not UTF-8, and was read as Latin-1 (Windows-1252)".to_owned());
    let mut raw = raw(names, columns, rows, notes.into_iter().collect());
    (raw.declared, raw.places) = (declared, places);
    Ok(raw)
}

/// The cells of a column so far.
enum Taken {
    Numbers(Collector),
    Words(Words),
}

struct Attribute {
    name: String,
    kind: Kind,
    line: u64,
}

enum Kind {
    Numeric,
    Nominal(Vec<String>),
    Text,
    Date,
}

impl Attribute {
    fn check(&self, text: &str) -> Result<(), String> {
        let shown = || shown(text);
        match &self.kind {
            _ if text.is_empty() => Ok(()),
            Kind::Numeric if crate::Form::NUMBER.number(text.as_bytes()).is_none() => {
                Err(format!("`{}` is not a number; write it as one, or ?", shown()))
            }
            Kind::Nominal(names) if !names.iter().any(|name| name == text) => {
                Err(format!("`{}` is none of the declared values; declare it, or write ?", shown()))
            }
            _ => Ok(()),
        }
    }

    /// The value of a cell that a sparse row does not name.
    fn default(&self) -> String {
        match &self.kind {
            Kind::Nominal(names) => names.first().cloned().unwrap_or_default(),
            _ => "0".to_owned(),
        }
    }
}

/// The attributes, up to `@data`; or the line and what is wrong in it.
fn header<'a>(
    lines: &mut impl Iterator<Item = (&'a str, u64)>,
) -> Result<Vec<Attribute>, (u64, String)> {
    let mut attributes = Vec::new();
    let mut last = 1;
    for (text, line) in lines {
        let text = text.trim();
        last = line;
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match word.to_lowercase().as_str() {
            _ if text.is_empty() || text.starts_with('%') => {}
            "@relation" => {}
            "@data" => return Ok(attributes),
            "@attribute" => {
                attributes.push(attribute(rest.trim(), line).map_err(|what| (line, what))?);
            }
            _ => {
                let what = format!("`{}` is no part of a header; see ARFF", shown(text));
                return Err((line, what));
            }
        }
    }
    Err((last, "there is no @data; put it above the samples".to_owned()))
}

fn attribute(text: &str, line: u64) -> Result<Attribute, String> {
    let wrong = || format!("`{}` is no attribute; write its name and its type", shown(text));
    let (name, rest) = word(text).ok_or_else(wrong)?;
    let rest = rest.trim();
    let kind = match rest.to_lowercase() {
        kind if ["numeric", "real", "integer"].contains(&kind.as_str()) => Kind::Numeric,
        kind if kind == "string" => Kind::Text,
        kind if kind.starts_with("date") => Kind::Date,
        kind if kind.starts_with('{') => {
            let inner = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            let names = cells(inner.ok_or_else(wrong)?)?;
            Kind::Nominal(names.into_iter().map(|cell| cell.text).collect())
        }
        _ => return Err(wrong()),
    };
    Ok(Attribute { name: name.text, kind, line })
}

struct Cell {
    text: String,
    is_quoted: bool,
}

impl Cell {
    fn is_missing(&self) -> bool {
        !self.is_quoted && (self.text.is_empty() || self.text == "?")
    }
}

/// The cells of a line: with commas, blanks or both between them.
fn cells(line: &str) -> Result<Vec<Cell>, String> {
    let (mut cells, mut rest) = (Vec::new(), line.trim());
    while !rest.is_empty() {
        let (cell, after) = if rest.starts_with('{') {
            let end = rest.find('}').map_or(rest.len(), |at| at + 1);
            (Cell { text: rest[..end].to_owned(), is_quoted: false }, &rest[end..])
        } else {
            word(rest).ok_or_else(|| {
                let begin = shown(rest.lines().next().unwrap_or_default());
                format!("a quote is opened in `{begin}` and never closed; close it")
            })?
        };
        cells.push(cell);
        let after = after.trim_start();
        match after.strip_prefix(',') {
            // Nothing behind the last comma is an empty cell.
            Some(after) if after.trim().is_empty() => {
                cells.push(Cell { text: String::new(), is_quoted: false });
                rest = "";
            }
            Some(after) => rest = after.trim_start(),
            None => rest = after,
        }
    }
    Ok(cells)
}

/// A sparse row, `{index value, index value}`, as a full one.
fn sparse(line: &str, attributes: &[Attribute]) -> Result<Vec<Cell>, String> {
    let inner = line[1..].split_once('}').map(|(inner, _)| inner);
    let inner = inner.ok_or("a sparse row is opened and never closed; close it")?;
    let default = |attribute: &Attribute| Cell { text: attribute.default(), is_quoted: false };
    let mut row: Vec<Cell> = attributes.iter().map(default).collect();
    let mut parts = cells(inner)?.into_iter();
    while let Some(index) = parts.next() {
        let at = index.text.parse::<usize>().ok().filter(|at| *at < row.len());
        let (Some(at), Some(value)) = (at, parts.next()) else {
            let text = shown(&index.text);
            return Err(format!("`{text}` is no index of an attribute, from 0, with a value"));
        };
        row[at] = value;
    }
    Ok(row)
}

/// The first word of a text, in quotes or not, and the rest; `None` if its quote is not closed.
fn word(text: &str) -> Option<(Cell, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let Some(quote) = quote else {
        let end = text.find(|c: char| c == ',' || c.is_whitespace() || c == '{');
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        return Some((Cell { text: word.to_owned(), is_quoted: false }, rest));
    };
    let (mut out, mut is_escaped) = (String::new(), false);
    for (at, c) in text.char_indices().skip(1) {
        match (is_escaped, c) {
            (true, _) => {
                out.push(match c {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                });
                is_escaped = false;
            }
            (_, '\\') => is_escaped = true,
            (_, c) if c == quote => {
                return Some((Cell { text: out, is_quoted: true }, &text[at + c.len_utf8()..]));
            }
            (_, c) => out.push(c),
        }
    }
    None
}

/// Returns true if a text begins as ARFF does.
pub(crate) fn is_arff(begin: &[u8]) -> bool {
    let text = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin);
    let mut lines = text.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"%"));
    first.is_some_and(|line| {
        let word = line.get(..9).unwrap_or_default().to_ascii_lowercase();
        word == b"@relation" || word == b"@attribut"
    })
}
