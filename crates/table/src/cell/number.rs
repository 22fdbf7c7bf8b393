//! Numbers as they are written.

/// The marks within numbers: the decimal mark, and what stands between groups of three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Marks {
    pub decimal: u8,
    /// A blank stands for spaces that do not break, too.
    pub group: Option<u8>,
}

/// A number with a decimal point and without groups: `1`, `+1.5`, `.5`, `2.`, `1e3`; also
/// infinities in words, and those that come of numbers too large.
pub(super) fn plain(cell: &[u8]) -> Option<f64> {
    match cell {
        [b'0'..=b'9' | b'+' | b'-' | b'.' | b'i' | b'I', ..] => {
            std::str::from_utf8(cell).ok()?.parse().ok().filter(|value: &f64| !value.is_nan())
        }
        _ => None,
    }
}

/// A number with these marks; a number without groups is one, too.
pub(super) fn marked(cell: &[u8], marks: Marks) -> Option<f64> {
    let mut plainly = Vec::with_capacity(cell.len());
    let rest = match cell {
        [sign @ (b'+' | b'-'), rest @ ..] => {
            plainly.push(*sign);
            rest
        }
        _ => cell,
    };
    let whole = rest.iter().position(|byte| *byte == marks.decimal || matches!(byte, b'e' | b'E'));
    let (mut whole, fraction) = rest.split_at(whole.unwrap_or(rest.len()));
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let begin = digits(whole);
    plainly.extend(&whole[..begin]);
    whole = &whole[begin..];
    if !whole.is_empty() && !(1..=3).contains(&begin) {
        return None;
    }
    while !whole.is_empty() {
        whole = &whole[group(whole, marks.group?)?..];
        if digits(whole) < 3 || (whole.len() > 3 && whole[3].is_ascii_digit()) {
            return None;
        }
        plainly.extend(&whole[..3]);
        whole = &whole[3..];
    }
    match fraction {
        [mark, rest @ ..] if *mark == marks.decimal => {
            plainly.push(b'.');
            plainly.extend(rest);
        }
        rest => plainly.extend(rest),
    }
    // What is left of the cell must hold no mark but the decimal one, which is now a point.
    plain(&plainly)
}

/// The length of the group mark that the text begins with.
fn group(text: &[u8], mark: u8) -> Option<usize> {
    match (text, mark) {
        ([0xc2, 0xa0, ..], b' ') => Some(2),
        ([0xe2, 0x80, 0xaf, ..], b' ') => Some(3),
        // Of Latin-1.
        ([0xa0, ..], b' ') => Some(1),
        ([first, ..], _) if *first == mark => Some(1),
        _ => None,
    }
}

/// Returns true if a cell has no groups although it could: a number of four digits or more.
pub(super) fn is_ungrouped(cell: &[u8], mark: u8) -> bool {
    let digits = cell.trim_prefix_sign().iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 3 && !cell.contains(&mark)
}

/// Returns true if a cell shows that a comma is no decimal one: there are two, or none in a short
/// number.
pub(super) fn shows_groups(cell: &[u8], mark: u8) -> bool {
    cell.iter().filter(|byte| **byte == mark).count() != 1
}

trait TrimSign {
    fn trim_prefix_sign(&self) -> &[u8];
}

impl TrimSign for [u8] {
    fn trim_prefix_sign(&self) -> &[u8] {
        match self {
            [b'+' | b'-', rest @ ..] => rest,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_numbers_in_all_spellings() {
        for (text, expected) in [
            ("+1.5", Some(1.5)),
            (".5", Some(0.5)),
            ("2.", Some(2.0)),
            ("1e3", Some(1000.0)),
            ("1E-3", Some(0.001)),
            ("-0", Some(0.0)),
            ("1e400", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("0.1257", Some(0.1257)),
            ("", None),
            ("-", None),
            (".", None),
            ("e3", None),
            ("nan", None),
            ("-nan", None),
            ("1,5", None),
            ("0x10", None),
            ("1_000", None),
            ("1 000", None),
            ("idea", None),
        ] {
            assert_eq!(plain(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn marks_of_other_languages() {
        let german = Marks { decimal: b',', group: Some(b'.') };
        let english = Marks { decimal: b'.', group: Some(b',') };
        let french = Marks { decimal: b',', group: Some(b' ') };
        let comma = Marks { decimal: b',', group: None };
        for (text, marks, expected) in [
            ("1.234.567,5", german, Some(1_234_567.5)),
            ("-1.234", german, Some(-1234.0)),
            ("1234,5", german, Some(1234.5)),
            ("1.23,5", german, None),
            ("1.2345", german, None),
            ("1,234.5e2", english, Some(123_450.0)),
            ("1,234,56", english, None),
            ("1234,567", english, None),
            (",234", english, None),
            ("12 345,5", french, Some(12_345.5)),
            ("12\u{a0}345", french, Some(12_345.0)),
            ("12\u{202f}345", french, Some(12_345.0)),
            ("0,5", comma, Some(0.5)),
            ("0,5,5", comma, None),
            ("0.5", comma, None),
            (",5", comma, Some(0.5)),
            ("1,5e-3", comma, Some(0.0015)),
        ] {
            assert_eq!(marked(text.as_bytes(), marks), expected, "{text}");
        }
    }
}
