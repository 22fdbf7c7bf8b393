use std::collections::HashMap;
use std::io::Read;

use chainrule_config::shown;

use super::decode::text as decoded;
use super::dialect::Dialect;
use super::split::{self, Cell, Cut, Separator};
use crate::raw::Places;
use crate::{Source, TableError};

/// So many bytes are read at a time; whole lines of them are a block.
const BLOCK: usize = 1 << 20;
/// No line of a table is longer.
const LONGEST_LINE: usize = 64 << 20;

/// Samples that follow each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a> {
    /// The row of the first one.
    pub first: usize,
    width: usize,
    text: &'a [u8],
    cells: &'a [Cell],
}

impl<'a> Block<'a> {
    pub(crate) fn rows(&self) -> usize {
        self.cells.len() / self.width
    }

    /// The cells of a column, without blanks around them.
    pub(crate) fn column(&self, at: usize) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let text = self.text;
        self.cells.iter().skip(at).step_by(self.width).map(move |cell| cell.bytes(text))
    }
}

/// The lines of a text, read block by block.
pub(crate) struct Rows<'a> {
    source: &'a Source,
    reader: Box<dyn Read + Send + 'a>,
    dialect: Dialect,
    buffer: Vec<u8>,
    /// The place in the buffer where the next line begins, and its number.
    at: usize,
    line: u64,
    is_whole: bool,
    cells: Vec<Cell>,
    count: usize,
    places: Places,
    empty_lines: usize,
    note: Option<String>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        source: &'a Source,
        reader: Box<dyn Read + Send + 'a>,
        names: Option<bool>,
        note: Option<String>,
    ) -> Result<Self, TableError> {
        let mut rows = Rows {
            source,
            reader,
            dialect: Dialect::of(b"", None),
            buffer: Vec::new(),
            at: 0,
            line: 1,
            is_whole: false,
            cells: Vec::new(),
            count: 0,
            places: Places::Lines(Vec::new()),
            empty_lines: 0,
            note,
        };
        rows.fill(BLOCK)?;
        let end = if rows.is_whole { rows.buffer.len() } else { rows.last_line() };
        rows.dialect = Dialect::of(&rows.buffer[..end], names);
        if rows.dialect.width == 0 && !rows.is_whole {
            return Err(rows.too_long());
        }
        (rows.at, rows.line) = (rows.dialect.begin, rows.dialect.line);
        rows.empty_lines = rows.dialect.empty_lines;
        if rows.dialect.width == 0 {
            // A first line that cannot be cut is told.
            rows.cut_buffer()?;
        }
        Ok(rows)
    }

    /// The place where the last line begins, which may not be whole.
    fn last_line(&self) -> usize {
        let last = self.buffer.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
        last.map_or(0, |at| at + 1)
    }

    /// Reads until the buffer has so many bytes, or there are no more.
    fn fill(&mut self, bytes: usize) -> Result<(), TableError> {
        let missing = bytes.saturating_sub(self.buffer.len()) as u64;
        let read = self.reader.by_ref().take(missing).read_to_end(&mut self.buffer);
        let read = read.map_err(|error| self.source.failed(error))?;
        self.is_whole = (read as u64) < missing;
        Ok(())
    }

    pub(crate) fn comma_separates(&self) -> bool {
        self.dialect.separator == Separator::Byte(b',')
    }

    pub(super) fn has_latin_names(&self) -> bool {
        let names = self.dialect.names.iter().flatten();
        names.into_iter().any(|name| std::str::from_utf8(name).is_err())
    }

    /// The names of the columns; those without one are called by their number.
    ///
    /// # Errors
    /// Two columns with one name.
    pub(crate) fn names(&self) -> Result<Vec<String>, TableError> {
        let Some(names) = &self.dialect.names else {
            return Ok((1..=self.dialect.width).map(|number| number.to_string()).collect());
        };
        let latin = self.has_latin_names();
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut all = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            let name = match decoded(name, latin).trim() {
                "" => format!("column {}", at + 1),
                name => name.to_owned(),
            };
            if let Some(first) = known.insert(name.clone(), at) {
                let what =
                    format!("the columns {} and {} have this name; rename one", first + 1, at + 1);
                return Err(self.wrong(self.dialect.names_line, Some(name), what));
            }
            all.push(name);
        }
        Ok(all)
    }

    /// The number of samples so far.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn places(&mut self) -> Places {
        std::mem::replace(&mut self.places, Places::Rows)
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let plural = |count: usize, what: &str| {
            (count > 0).then(|| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
        };
        let left_out = [
            plural(self.empty_lines, "empty line"),
            plural(self.dialect.comments, "comment"),
            plural(self.dialect.empty_columns, "empty column"),
        ];
        let left_out: Vec<String> = left_out.into_iter().flatten().collect();
        let separated = (self.dialect.width > 1 && !self.comma_separates())
            .then(|| format!("its values are separated by {}", self.dialect.separator.name()));
        let names = match self.dialect.names {
            Some(_) => None,
            None => Some("it has no names; its columns are numbered".to_owned()),
        };
        let left_out = (!left_out.is_empty()).then(|| format!("left out: {}", left_out.join(", ")));
        [self.note.clone(), separated, names, left_out].into_iter().flatten().collect()
    }

    /// The next lines; `None` if there are no more.
    ///
    /// # Errors
    /// A line that is no sample.
    pub(crate) fn block(&mut self) -> Result<Option<Block<'_>>, TableError> {
        let first = self.count;
        let there = self.cut()?;
        let (width, text, cells) = (self.dialect.width, &self.buffer[..], &self.cells[..]);
        Ok(there.then_some(Block { first, width, text, cells }))
    }

    /// The place in the file of a row that was read.
    pub(crate) fn place(&self, row: usize) -> String {
        self.places.place(row)
    }

    /// Cuts whole lines into cells, as many as there are in a block.
    fn cut(&mut self) -> Result<bool, TableError> {
        self.cells.clear();
        let before = self.count;
        loop {
            self.cut_buffer()?;
            if self.count > before {
                return Ok(true);
            }
            if self.is_whole {
                return Ok(false);
            }
            // What is left of the buffer is the begin of a line.
            self.buffer.drain(..self.at);
            self.at = 0;
            if self.buffer.len() >= LONGEST_LINE {
                return Err(self.too_long());
            }
            self.fill(BLOCK.max(2 * self.buffer.len()))?;
        }
    }

    fn cut_buffer(&mut self) -> Result<(), TableError> {
        let Dialect { separator, end, width, .. } = self.dialect;
        while self.at < self.buffer.len() {
            let first = self.cells.len();
            let cut = split::line(&self.buffer, self.at, separator, end, &mut self.cells);
            let line = match cut {
                Ok(line) if line.open && !self.is_whole => {
                    self.cells.truncate(first);
                    return Ok(());
                }
                Ok(line) => line,
                Err(Cut::Open { .. } | Cut::Behind { .. })
                    if !self.is_whole && self.is_open(cut) =>
                {
                    self.cells.truncate(first);
                    return Ok(());
                }
                Err(Cut::Open { at }) => return Err(self.open_quote(at)),
                Err(Cut::Behind { at }) => return Err(self.behind_quote(at)),
            };
            // Counted before the text is changed in place.
            let ends = if line.goes_on { self.ends(line.next) } else { 1 };
            for cell in &mut self.cells[first..] {
                cell.undouble(&mut self.buffer);
            }
            if line.goes_on {
                self.check_quotes(first)?;
            }
            self.take_line(first, width)?;
            self.line += ends;
            self.at = line.next;
        }
        Ok(())
    }

    /// Returns true if a line might be cut with more of the text at hand.
    fn is_open(&self, cut: Result<split::Line, Cut>) -> bool {
        match cut {
            Err(Cut::Open { .. }) => self.buffer.len() - self.at < LONGEST_LINE,
            Err(Cut::Behind { at }) => at + 1 >= self.buffer.len(),
            Ok(_) => false,
        }
    }

    /// Keeps the cells from `first` on if they are a sample, and leaves them out if they are none.
    fn take_line(&mut self, first: usize, width: usize) -> Result<(), TableError> {
        let is_empty = |cells: &[Cell]| cells.iter().all(|cell| cell.is_empty());
        if self.cells[first].is_empty() && is_empty(&self.cells[first..]) {
            self.cells.truncate(first);
            self.empty_lines += 1;
            return Ok(());
        }
        while self.cells.len() - first > width && self.cells.last().is_some_and(|c| c.is_empty()) {
            self.cells.pop();
        }
        let found = self.cells.len() - first;
        if found != width {
            if self.cells[first].bytes(&self.buffer).starts_with(b"#") {
                self.cells.truncate(first);
                self.dialect.comments += 1;
                return Ok(());
            }
            let found = if found == 1 { "1 value".to_owned() } else { format!("{found} values") };
            let what = match self.dialect.names {
                Some(_) => format!(
                    "it has {found}, but there are {width} names; give every line the same columns"
                ),
                None => format!(
                    "it has {found}, but the first line has {width}; give every line the same \
                     columns"
                ),
            };
            return Err(self.wrong(self.line, None, what));
        }
        self.places.push(self.count, self.line);
        self.count += 1;
        Ok(())
    }

    /// A quote that swallowed samples: lines within it have as many cells as a sample.
    fn check_quotes(&self, first: usize) -> Result<(), TableError> {
        let Dialect { separator, end, width, .. } = self.dialect;
        for cell in &self.cells[first..] {
            let text = cell.bytes(&self.buffer);
            let mut parts = text.split(|byte| *byte == end);
            let begin = parts.next().unwrap_or_default();
            let is_sample = |part: &[u8]| {
                let mut cells = Vec::new();
                let cut = split::line(part, 0, separator, end, &mut cells);
                cut.is_ok() && cells.len() == width && width > 1
            };
            if parts.any(is_sample) {
                let breaks = text.iter().filter(|byte| **byte == end).count() as u64;
                let what = format!(
                    "a quote is opened in `{}` and closed on line {} only; close the quote, or \
                     double it within a value",
                    shown(&String::from_utf8_lossy(begin.trim_ascii())),
                    self.line + breaks
                );
                return Err(self.wrong(self.line, None, what));
            }
        }
        Ok(())
    }

    fn open_quote(&self, at: usize) -> TableError {
        let line = self.line + self.ends(at);
        let rest = &self.buffer[at + 1..];
        let begin = rest.split(|byte| *byte == self.dialect.end).next().unwrap_or_default();
        let what = format!(
            "a quote is opened in `{}` and never closed; close the quote, or double it within a \
             value",
            shown(&String::from_utf8_lossy(begin.trim_ascii()))
        );
        self.wrong(line, None, what)
    }

    fn behind_quote(&self, at: usize) -> TableError {
        let line = self.line + self.ends(at);
        let rest = self.buffer[at..].split(|byte| *byte == self.dialect.end);
        let rest = rest.into_iter().next().unwrap_or_default();
        let what = format!(
            "behind a closing quote stands `{}`; double a quote within a value",
            shown(&String::from_utf8_lossy(rest.trim_ascii()))
        );
        self.wrong(line, None, what)
    }

    /// The line ends between the begin of the line and a place.
    fn ends(&self, at: usize) -> u64 {
        let text = &self.buffer[self.at..at];
        text.iter().filter(|byte| **byte == self.dialect.end).count() as u64
    }

    fn too_long(&self) -> TableError {
        let what = format!(
            "it is longer than {} bytes; a table has one sample a line",
            self.buffer.len().min(LONGEST_LINE)
        );
        self.wrong(self.line, None, what)
    }

    fn wrong(&self, line: u64, column: Option<String>, what: String) -> TableError {
        let (file, place) = (self.source.name().to_owned(), format!("line {line}"));
        TableError::Place { file, place, column, what }
    }
}
