//! Lines cut into cells.

/// A cell of a block of text: where it begins and ends, without blanks and quotes around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    start: u32,
    end: u32,
}

/// Marks the end of a cell within which quotes are doubled.
const DOUBLED: u32 = 1 << 31;

impl Cell {
    /// The bytes of the cell, doubled quotes as they are.
    pub(crate) fn bytes(self, block: &[u8]) -> &[u8] {
        &block[self.start as usize..(self.end & !DOUBLED) as usize]
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end & !DOUBLED
    }

    /// Makes doubled quotes single, in the block itself.
    pub(crate) fn undouble(&mut self, block: &mut [u8]) {
        if self.end & DOUBLED == 0 {
            return;
        }
        let (start, end) = (self.start as usize, (self.end & !DOUBLED) as usize);
        let (mut to, mut from) = (start, start);
        while from < end {
            block[to] = block[from];
            from += if block[from..end].starts_with(b"\"\"") { 2 } else { 1 };
            to += 1;
        }
        self.end = to as u32;
    }
}

/// The separator of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separator {
    Byte(u8),
    /// One or more spaces and tabs.
    Blanks,
}

impl Separator {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Separator::Byte(b',') => "commas",
            Separator::Byte(b';') => "semicolons",
            Separator::Byte(b'\t') => "tabs",
            Separator::Byte(b'|') => "bars",
            Separator::Byte(_) => "the separator it names",
            Separator::Blanks => "blanks",
        }
    }
}

/// The reason why a line cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A quote that is opened here is not closed before the text ends.
    Open { at: usize },
    /// Behind a quote that is closed before here stands more.
    Behind { at: usize },
}

/// A line that was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The place where the next one begins.
    pub next: usize,
    /// The text ended before the line did.
    pub open: bool,
    /// It has quotes that go on beyond it.
    pub goes_on: bool,
}

/// Cuts the line at `at` into cells, which are added to `cells`.
///
/// A line ends at `end`, with a carriage return before it or not, or with the text. In quotes it
/// goes on.
pub(crate) fn line(
    block: &[u8],
    mut at: usize,
    separator: Separator,
    end: u8,
    cells: &mut Vec<Cell>,
) -> Result<Line, Cut> {
    let is_blank =
        |byte: u8| byte == b' ' || (byte == b'\t' && separator != Separator::Byte(b'\t'));
    let between = match separator {
        Separator::Byte(byte) => byte,
        Separator::Blanks => b' ',
    };
    let skip = |mut at: usize| {
        while at < block.len() && is_blank(block[at]) {
            at += 1;
        }
        // A carriage return before the end of the line, or before that of the text.
        let returns =
            block.get(at) == Some(&b'\r') && block.get(at + 1).is_none_or(|next| *next == end);
        at + usize::from(returns && end != b'\r')
    };
    let cell = |mut start: usize, mut end: usize, doubled: bool| {
        while start < end && is_blank(block[start]) {
            start += 1;
        }
        while start < end && is_blank(block[end - 1]) {
            end -= 1;
        }
        Cell { start: start as u32, end: end as u32 | if doubled { DOUBLED } else { 0 } }
    };
    let (first, mut goes_on) = (cells.len(), false);
    let done = |at: usize, goes_on: bool| {
        Ok(Line { next: (at + 1).min(block.len()), open: at >= block.len(), goes_on })
    };
    loop {
        at = skip(at);
        // Blanks at the end of a line are no separator.
        let over = at >= block.len() || block[at] == end;
        if over && separator == Separator::Blanks && cells.len() > first {
            return done(at, goes_on);
        }
        if block.get(at) == Some(&b'"') {
            let start = at + 1;
            let (close, doubled) = closing(block, start).ok_or(Cut::Open { at })?;
            goes_on |= block[start..close].contains(&end);
            cells.push(cell(start, close, doubled));
            let behind = close + 1;
            at = skip(behind);
            let ends = at >= block.len() || block[at] == end;
            let another = match separator {
                Separator::Blanks => at > behind,
                Separator::Byte(byte) => block.get(at) == Some(&byte),
            };
            match (ends, another, separator) {
                (true, ..) => return done(at, goes_on),
                (_, true, Separator::Byte(_)) => at += 1,
                (_, true, Separator::Blanks) => {}
                (_, false, _) => return Err(Cut::Behind { at }),
            }
            continue;
        }
        let start = at;
        while at < block.len()
            && block[at] != between
            && block[at] != end
            && !(block[at] == b'\t' && separator == Separator::Blanks)
        {
            at += 1;
        }
        let mut stop = at;
        let ends = at >= block.len() || block[at] == end;
        if ends && end != b'\r' && stop > start && block[stop - 1] == b'\r' {
            stop -= 1;
        }
        cells.push(cell(start, stop, false));
        if ends {
            return done(at, goes_on);
        }
        at += 1;
    }
}

/// The place where the quote closes that was opened before `at`, and whether quotes are doubled in
/// it.
fn closing(block: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut doubled = false;
    loop {
        at += block[at..].iter().position(|byte| *byte == b'"')?;
        if block.get(at + 1) != Some(&b'"') {
            return Some((at, doubled));
        }
        (at, doubled) = (at + 2, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str, separator: Separator) -> Vec<Vec<String>> {
        let (mut at, mut lines) = (0, Vec::new());
        while at < text.len() {
            let mut cells = Vec::new();
            at = line(text.as_bytes(), at, separator, b'\n', &mut cells).unwrap().next;
            let mut block = text.as_bytes().to_vec();
            let mut bytes = |cell: &mut Cell| {
                cell.undouble(&mut block);
                String::from_utf8(cell.bytes(&block).to_vec()).unwrap()
            };
            lines.push(cells.iter_mut().map(&mut bytes).collect());
        }
        lines
    }

    #[test]
    fn cells_are_cut_at_separators_outside_of_quotes() {
        let comma = Separator::Byte(b',');
        for (text, expected) in [
            ("a,b\n1,2\n", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("a,b\r\n1,2", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("a , b\r\n,\n", vec![vec!["a", "b"], vec!["", ""]]),
            ("1, \"x, small\" ,2\n", vec![vec!["1", "x, small", "2"]]),
            ("\"a \"\"b\"\" c\",\"\"\"\"\n", vec![vec!["a \"b\" c", "\""]]),
            ("\"\",5\" pipe\n", vec![vec!["", "5\" pipe"]]),
            ("\"two\nlines\",1\r\n3,4\r", vec![vec!["two\nlines", "1"], vec!["3", "4"]]),
            ("\n", vec![vec![""]]),
            ("a,\"b\"\r", vec![vec!["a", "b"]]),
        ] {
            assert_eq!(cells(text, comma), expected, "{text:?}");
        }
        let tabs = vec![vec!["a b", "", "c"]];
        assert_eq!(cells(" a b\t\t c\n", Separator::Byte(b'\t')), tabs);
    }

    #[test]
    fn runs_of_blanks_are_one_separator() {
        for (text, expected) in [
            ("1  2\t 3\n", vec![vec!["1", "2", "3"]]),
            ("  1 2 \r\n3 4", vec![vec!["1", "2"], vec!["3", "4"]]),
            ("\"a b\"  2\n", vec![vec!["a b", "2"]]),
            ("2 \"a b\"\r\n", vec![vec!["2", "a b"]]),
        ] {
            assert_eq!(cells(text, Separator::Blanks), expected, "{text:?}");
        }
    }

    #[test]
    fn quotes_that_are_not_closed_are_told_with_their_place() {
        let cut =
            |text: &[u8]| line(text, 0, Separator::Byte(b','), b'\n', &mut Vec::new()).unwrap_err();
        assert_eq!(cut(b"1, \"a,b\nc"), Cut::Open { at: 3 });
        assert_eq!(cut(b"1,\"a\"b,2\n"), Cut::Behind { at: 5 });
    }
}
