//! The layout of a text, told from its begin.

use super::header;
use super::split::{self, Cell, Separator};
use crate::cell::{Form, is_missing};

/// So many lines are looked at.
const SAMPLE: usize = 1000;

#[derive(Debug)]
pub(super) struct Dialect {
    pub separator: Separator,
    /// The byte that ends a line.
    pub end: u8,
    /// The number of columns.
    pub width: usize,
    /// The names, where the first line has some.
    pub names: Option<Vec<Vec<u8>>>,
    /// The line of the names.
    pub names_line: u64,
    /// The place of the first sample, and its line.
    pub begin: usize,
    pub line: u64,
    /// Columns at the end that hold nothing.
    pub empty_columns: usize,
    pub comments: usize,
    /// Empty lines above the first sample.
    pub empty_lines: usize,
}

/// The first lines, cut in one way.
struct Sample {
    separator: Separator,
    lines: Vec<SampleLine>,
    /// The place and line where cutting stopped: at the end, after enough lines, or at an error.
    stop: (usize, u64),
}

struct SampleLine {
    /// The place where it begins.
    at: usize,
    /// Its number, from 1.
    line: u64,
    cells: Vec<Cell>,
    /// So many empty lines stand between it and the one before.
    empty: usize,
}

impl Sample {
    fn cut(text: &[u8], (mut at, mut line): (usize, u64), separator: Separator, end: u8) -> Self {
        let (mut lines, mut empty) = (Vec::new(), 0);
        while at < text.len() && lines.len() < SAMPLE {
            let mut cells = Vec::new();
            let Ok(cut) = split::line(text, at, separator, end, &mut cells) else { break };
            if cells.iter().all(|cell| cell.is_empty()) {
                empty += 1;
            } else {
                lines.push(SampleLine { at, line, cells, empty });
                empty = 0;
            }
            line += text[at..cut.next].iter().filter(|byte| **byte == end).count() as u64;
            at = cut.next;
        }
        Sample { separator, lines, stop: (at, line) }
    }

    /// The number of cells that most lines have, and the share of them; the first of equals. A
    /// first line above others is left out, since names may be one short.
    fn width(&self) -> (usize, f64) {
        let mut counts: Vec<(usize, usize)> = Vec::new();
        let lines = if self.lines.len() > 1 { &self.lines[1..] } else { &self.lines[..] };
        for line in lines {
            let found = line.cells.len();
            match counts.iter_mut().find(|(width, _)| *width == found) {
                Some((_, count)) => *count += 1,
                None => counts.push((found, 1)),
            }
        }
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let width = counts.iter().find(|(_, count)| *count == most).map_or(0, |(width, _)| *width);
        (width, most as f64 / lines.len().max(1) as f64)
    }

    /// The share of the cells that are numbers, among those that hold something.
    fn numbers(&self, text: &[u8]) -> f64 {
        let comma: Option<Form> = (self.separator != Separator::Byte(b','))
            .then(|| "number (decimal comma)".parse().ok())
            .flatten();
        let is_number = |cell: &&Cell| {
            let cell = cell.bytes(text);
            Form::NUMBER.number(cell).is_some()
                || comma.is_some_and(|comma| comma.number(cell).is_some())
        };
        let cells = || self.lines.iter().flat_map(|line| &line.cells);
        let there = cells().filter(|cell| !is_missing(cell.bytes(text))).count();
        cells().filter(is_number).count() as f64 / there.max(1) as f64
    }
}

impl Dialect {
    /// Looks at the begin of a text, which holds whole lines; `names` says whether it has names.
    pub(super) fn of(text: &[u8], names: Option<bool>) -> Dialect {
        let end = if text.contains(&b'\n') || !text.contains(&b'\r') { b'\n' } else { b'\r' };
        let top = Top::of(text, end);
        let sample = match top.separator {
            Some(separator) => Sample::cut(text, (top.begin, top.line), separator, end),
            None => likeliest(text, (top.begin, top.line), end),
        };
        let separator = sample.separator;
        let (modal, _) = sample.width();
        let names = header::names(text, &sample_lines(&sample), modal, names);
        // A comment that is laid out as the samples are, above samples without names, has them.
        let mut comments = top.comments;
        let (names, used, names_line) = match (names, top.last) {
            (Some(names), _) => (Some(names), 1, sample.lines.first().map_or(1, |line| line.line)),
            (None, Some((at, line))) => {
                let cut = Sample::cut(&text[..top.begin], (at, line), separator, end);
                let lines = sample_lines(&cut).into_iter().chain(sample_lines(&sample));
                let found = header::commented(text, &lines.collect::<Vec<_>>(), modal);
                comments -= usize::from(found.is_some());
                (found, 0, line)
            }
            (None, None) => (None, 0, 1),
        };
        let samples = &sample.lines[used.min(sample.lines.len())..];
        let (begin, line) = match samples.first() {
            Some(first) => (first.at, first.line),
            None => sample.stop,
        };
        let full = names
            .as_ref()
            .map_or_else(|| samples.first().map_or(0, |first| first.cells.len()), Vec::len);
        let filled = |cells: &[Cell]| cells.iter().rposition(|cell| !cell.is_empty());
        let of_names =
            names.as_ref().and_then(|names| names.iter().rposition(|name| !name.is_empty()));
        let last =
            samples.iter().filter_map(|line| filled(&line.cells[..full.min(line.cells.len())]));
        let width = last.chain(of_names).max().map_or(0, |last| last + 1);
        let names = names.map(|names| names[..width].to_vec());
        let empty_columns = full - width;
        let above = sample.lines.iter().take(used + 1);
        let empty_lines = top.empty_lines + above.map(|line| line.empty).sum::<usize>();
        Dialect {
            separator,
            end,
            width,
            names,
            names_line,
            begin,
            line,
            empty_columns,
            comments,
            empty_lines,
        }
    }
}

fn sample_lines(sample: &Sample) -> Vec<&[Cell]> {
    sample.lines.iter().map(|line| &line.cells[..]).collect()
}

/// Everything above the first line.
struct Top {
    begin: usize,
    line: u64,
    /// As a line such as `sep=;` names it.
    separator: Option<Separator>,
    comments: usize,
    empty_lines: usize,
    /// The place where the text of the last comment begins, and its line.
    last: Option<(usize, u64)>,
}

impl Top {
    fn of(text: &[u8], end: u8) -> Top {
        let begin = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let mut top =
            Top { begin, line: 1, separator: None, comments: 0, empty_lines: 0, last: None };
        while top.begin < text.len() {
            let rest = &text[top.begin..];
            let length = rest.iter().position(|byte| *byte == end).map_or(rest.len(), |at| at + 1);
            let line = rest[..length].trim_ascii();
            // A tab is white, too.
            let named = rest[..length].strip_prefix(b"sep=").and_then(|named| named.first());
            match line {
                [] => top.empty_lines += 1,
                [b'#', ..] if !is_name_of_hash(rest) => {
                    let hash = rest.iter().position(|byte| *byte == b'#').unwrap_or(0);
                    top.comments += 1;
                    top.last = Some((top.begin + hash + 1, top.line));
                }
                _ if top.line == 1 && named.is_some() && line.len() <= 5 => {
                    top.separator = named.map(|byte| Separator::Byte(*byte));
                }
                _ => break,
            }
            top.begin += length;
            top.line += 1;
        }
        top
    }
}

/// Returns true if a line begins with a column that is called `#`.
fn is_name_of_hash(line: &[u8]) -> bool {
    matches!(line, [b'#', b',' | b';' | b'\t' | b'|', ..])
}

/// The way to separate cells that fits best: most lines have the same number of them, most cells
/// are numbers, there are many, in this order. Blanks are the last resort.
fn likeliest(text: &[u8], from: (usize, u64), end: u8) -> Sample {
    let cut = |byte: u8| Sample::cut(text, from, Separator::Byte(byte), end);
    let mut best: Option<((bool, f64, usize), Sample)> = None;
    for sample in [b'\t', b';', b'|', b','].map(cut) {
        let (width, share) = sample.width();
        if width < 2 {
            continue;
        }
        let score = (share >= 0.9, sample.numbers(text), width);
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, sample));
        }
    }
    if let Some((_, sample)) = best {
        return sample;
    }
    let blanks = Sample::cut(text, from, Separator::Blanks, end);
    let ((width, share), numbers) = (blanks.width(), blanks.numbers(text));
    // One column of words with blanks in them is one column still.
    let fits = share >= 0.9 && (width > 2 || numbers > 0.0);
    if width > 1 && (fits || numbers >= 0.5) { blanks } else { cut(b',') }
}
