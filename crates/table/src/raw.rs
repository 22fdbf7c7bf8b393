//! A table as a file holds it, before anything is made of its columns. Every format becomes one.

use crate::cell::{Form, decide, is_missing, is_missing_number};
use crate::words::Words;

/// The columns of a file.
#[derive(Debug)]
pub(crate) struct Raw {
    /// The names, where the file has some; where it has none, numbers from 1.
    pub names: Vec<String>,
    pub columns: Vec<RawColumn>,
    pub rows: usize,
    pub places: Places,
    /// Remarks that are told, such as an encoding or lines left out.
    pub notes: Vec<String>,
    pub comma_separates: bool,
    /// Bytes are of Latin-1.
    pub latin: bool,
    /// The columns that the file itself says are categories.
    pub declared: Vec<bool>,
    /// The columns that the file itself says are predicted.
    pub targets: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum RawColumn {
    /// Numbers of one form, NaN where one is missing; the first infinite one with its row and text.
    Numbers {
        form: Form,
        values: Vec<f64>,
        infinite: Option<(usize, String)>,
    },
    Words(Words),
    /// Not asked for.
    Skipped,
}

/// The place of each row in the file.
#[derive(Clone, Debug)]
pub(crate) enum Places {
    /// In files without lines.
    Rows,
    /// From each of these rows on, rows follow each other line by line from this line.
    Lines(Vec<(usize, u64)>),
}

impl Places {
    pub fn place(&self, row: usize) -> String {
        match self {
            Places::Rows => format!("row {}", row + 1),
            Places::Lines(runs) => {
                let run = runs.partition_point(|(first, _)| *first <= row).saturating_sub(1);
                let (first, line) = runs.get(run).copied().unwrap_or((0, 1));
                format!("line {}", line + (row - first) as u64)
            }
        }
    }

    /// Notes the line of a row, the rows in their order.
    pub fn push(&mut self, row: usize, line: u64) {
        if let Places::Lines(runs) = self {
            let follows =
                runs.last().is_some_and(|(first, begin)| begin + (row - first) as u64 == line);
            if !follows {
                runs.push((row, line));
            }
        }
    }
}

/// Gathers the cells of a column: numbers of one form as long as all are, else their texts.
#[derive(Debug)]
pub(crate) struct Collector {
    state: State,
    /// Only what has its text can be decided in the end, whatever it looks like at first.
    as_words: bool,
    /// Whole numbers beyond 2^53 are words: as classes they must not become equal.
    exact: bool,
    pub bad: Option<BadCell>,
}

#[derive(Debug)]
enum State {
    Undecided,
    Numbers {
        form: Form,
        values: Vec<f64>,
        infinite: Option<(usize, String)>,
    },
    Words(Words),
    /// A column that was taken for numbers is none; it must be read again, as words.
    Lost,
    Skipped,
}

/// A cell that no column may have.
#[derive(Clone, Debug)]
pub(crate) struct BadCell {
    pub row: usize,
    pub what: String,
}

/// Whole numbers from here on are not all there.
pub(crate) const EXACT: f64 = 9_007_199_254_740_992.0;

impl Collector {
    pub fn new(as_words: bool, exact: bool) -> Self {
        let state = if as_words { State::Words(Words::default()) } else { State::Undecided };
        Collector { state, as_words, exact, bad: None }
    }

    /// One whose form is decided in the end, with all texts at hand.
    pub fn undecided_to_the_end(exact: bool) -> Self {
        Collector { state: State::Words(Words::default()), as_words: false, exact, bad: None }
    }

    pub fn skipped() -> Self {
        Collector { state: State::Skipped, as_words: false, exact: false, bad: None }
    }

    /// Returns true if the column must be read again, with its texts kept.
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Adds the cells of a block, of which the first is that of `row`.
    pub fn push<'a>(
        &mut self,
        row: usize,
        cells: impl Iterator<Item = &'a [u8]> + Clone,
        comma_separates: bool,
    ) {
        match &mut self.state {
            State::Skipped | State::Lost => {}
            State::Words(words) => push_words(words, row, cells, &mut self.bad),
            State::Undecided => {
                let exact = self.exact;
                let is_inexact =
                    |cell: &[u8]| exact && cell.len() > 15 && cell.iter().all(u8::is_ascii_digit);
                // Without a copy, which nothing asks for while all is plain.
                let plain = |cell: &[u8]| {
                    is_missing_number(cell)
                        || (Form::NUMBER.number(cell).is_some() && !is_inexact(cell))
                };
                let form = if cells.clone().all(plain) {
                    Some(Form::NUMBER)
                } else {
                    let there = cells.clone().filter(|cell| !is_missing_number(cell));
                    match there.clone().any(is_inexact) {
                        true => None,
                        false => decide(there, comma_separates).ok(),
                    }
                };
                match form {
                    Some(form) => {
                        self.state = State::Numbers { form, values: Vec::new(), infinite: None };
                        self.push(row, cells, comma_separates);
                    }
                    None => {
                        let mut words = Words::default();
                        push_words(&mut words, row, cells, &mut self.bad);
                        self.state = State::Words(words);
                    }
                }
            }
            State::Numbers { form, values, infinite } => {
                for (at, cell) in cells.enumerate() {
                    match form.number(cell) {
                        Some(value) => {
                            let inexact = self.exact && value.abs() >= EXACT;
                            if inexact && cell.iter().all(u8::is_ascii_digit) {
                                self.state = State::Lost;
                                return;
                            }
                            if value.is_infinite() && infinite.is_none() {
                                let text = String::from_utf8_lossy(cell).into_owned();
                                *infinite = Some((row + at, text));
                            }
                            values.push(value);
                        }
                        None if is_missing_number(cell) => values.push(f64::NAN),
                        None => {
                            self.state = State::Lost;
                            return;
                        }
                    }
                }
            }
        }
    }

    /// The column, whose form is decided by all of its cells.
    pub fn finish(self, comma_separates: bool) -> RawColumn {
        match self.state {
            State::Skipped | State::Lost => RawColumn::Skipped,
            State::Undecided => RawColumn::Words(Words::default()),
            State::Numbers { form, values, infinite } => {
                RawColumn::Numbers { form, values, infinite }
            }
            State::Words(words) if self.as_words => RawColumn::Words(words),
            State::Words(words) => numbers(&words, comma_separates, self.exact)
                .map_or(RawColumn::Words(words), |numbers| numbers),
        }
    }
}

/// The column as numbers, if all its texts are of one form.
pub(crate) fn numbers(words: &Words, comma_separates: bool, exact: bool) -> Option<RawColumn> {
    let there = || words.texts().filter(|text| !is_missing_number(text));
    let is_inexact = |text: &[u8]| {
        text.len() > 15
            && text.iter().all(u8::is_ascii_digit)
            && Form::NUMBER.number(text).is_some_and(|value| value >= EXACT)
    };
    if words.different() == 0 || (exact && there().any(is_inexact)) {
        return None;
    }
    let form = decide(there(), comma_separates).ok()?;
    Some(as_numbers(words, form))
}

/// The column as numbers of the form that most texts have; others are missing.
pub(crate) fn most_numbers(words: &Words, comma_separates: bool) -> RawColumn {
    let there = words.texts().filter(|text| !is_missing_number(text));
    let form = decide(there, comma_separates).unwrap_or_else(|(form, _)| form);
    as_numbers(words, form)
}

/// The column as numbers of a form; texts that are not of it are missing.
pub(crate) fn as_numbers(words: &Words, form: Form) -> RawColumn {
    let of = words.texts().map(|text| form.number(text).unwrap_or(f64::NAN));
    let of: Vec<f64> = std::iter::once(f64::NAN).chain(of).collect();
    let values: Vec<f64> = words.codes.iter().map(|&code| of[code as usize]).collect();
    let infinite = values.iter().position(|value| value.is_infinite()).map(|row| {
        let text = words.text(words.codes[row]);
        (row, String::from_utf8_lossy(text).into_owned())
    });
    RawColumn::Numbers { form, values, infinite }
}

fn push_words<'a>(
    words: &mut Words,
    row: usize,
    cells: impl Iterator<Item = &'a [u8]>,
    bad: &mut Option<BadCell>,
) {
    for (at, cell) in cells.enumerate() {
        if is_missing(cell) {
            words.push_missing();
            continue;
        }
        let before = words.different();
        let pushed = words.push(cell);
        if bad.is_none() && (pushed.is_err() || words.different() > before) {
            let what = match pushed {
                Err(_) => Some("there are more than 2^32 different texts; leave it out".to_owned()),
                Ok(()) => control(cell),
            };
            *bad = what.map(|what| BadCell { row: row + at, what });
        }
    }
}

/// The control character in a text that makes it none; line ends and tabs may be within quotes.
fn control(cell: &[u8]) -> Option<String> {
    let found = cell.iter().find(|byte| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127))?;
    let text = chainrule_config::shown(&String::from_utf8_lossy(cell));
    Some(match found {
        0 => format!("`{text}` holds a byte of 0; save the table as plain text"),
        byte => format!("`{text}` holds the control character {byte}; remove it"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_rows_are_kept_as_runs() {
        let mut places = Places::Lines(Vec::new());
        for (row, line) in [(0, 2), (1, 3), (2, 5), (3, 6), (4, 9)] {
            places.push(row, line);
        }
        let lines: Vec<String> = (0..5).map(|row| places.place(row)).collect();
        assert_eq!(lines, ["line 2", "line 3", "line 5", "line 6", "line 9"]);
        assert!(matches!(places, Places::Lines(runs) if runs.len() == 3));
        assert_eq!(Places::Rows.place(4), "row 5");
    }

    fn collect(blocks: &[&[&str]], exact: bool) -> Collector {
        let mut collector = Collector::new(false, exact);
        let mut row = 0;
        for block in blocks {
            collector.push(row, block.iter().map(|cell| cell.as_bytes()), true);
            row += block.len();
        }
        collector
    }

    #[test]
    fn numbers_are_numbers_until_a_later_block_says_otherwise() {
        let column = collect(&[&["1", "NA", "None"], &["2.5"]], false).finish(true);
        assert!(matches!(column, RawColumn::Numbers { values, .. }
            if values[0] == 1.0 && values[1].is_nan() && values[2].is_nan() && values[3] == 2.5));
        assert!(collect(&[&["1"], &["x"]], false).is_lost());
        assert!(matches!(collect(&[&["x"], &["1"]], false).finish(true), RawColumn::Words(_)));
        let late = collect(&[&["2021-01-02", "soon"], &["2021-01-03"]], false).finish(true);
        assert!(matches!(late, RawColumn::Words(words) if words.different() == 3));
    }

    #[test]
    fn long_labels_are_no_numbers() {
        let ids = ["9007199254740993", "9007199254740992"];
        assert!(matches!(collect(&[&ids], true).finish(true), RawColumn::Words(_)));
        assert!(collect(&[&["1"], &ids], true).is_lost());
        assert!(matches!(collect(&[&ids], false).finish(true), RawColumn::Numbers { .. }));
    }

    #[test]
    fn the_first_infinite_number_is_kept_with_its_text() {
        let column = collect(&[&["1", "1e400", "inf"]], false).finish(true);
        assert!(matches!(column, RawColumn::Numbers { infinite: Some((1, text)), .. }
            if text == "1e400"));
    }
}
