//! Text from outside, fit to be part of a message.

use std::path::Path;

/// So many characters of a value are shown.
const MOST: usize = 80;
/// So many characters of a path are shown.
const LONGEST_PATH: usize = 400;
/// So many characters of a line are shown, whatever it holds.
const LONGEST_LINE: usize = 1500;
/// So many names of a list are shown.
const MOST_NAMES: usize = 40;

/// A value on one line, without characters that steer a terminal, the middle left out where it is
/// long.
pub fn shown(value: &str) -> String {
    shortened(value, MOST)
}

/// A path on one line, in full unless it is longer than any that is in use.
pub fn place(path: &Path) -> String {
    shortened(&path.to_string_lossy(), LONGEST_PATH)
}

/// The first names of a list, and how many more there are.
pub fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let some: Vec<String> =
        names.iter().take(MOST_NAMES).map(|name| shown(name.as_ref())).collect();
    match names.len() - some.len() {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

/// A message of one or more lines, each fit to be seen.
pub fn message(text: &str) -> String {
    text.split('\n').map(|line| shortened(line, LONGEST_LINE)).collect::<Vec<_>>().join("\n")
}

fn shortened(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.chars().map(legible).collect();
    }
    let (begin, end) = (2 * most / 3, most / 3);
    let part = |skip: usize, take: usize| {
        text.chars().skip(skip).take(take).map(legible).collect::<String>()
    };
    format!(
        "{}... ({} characters left out) ...{}",
        part(0, begin),
        count - begin - end,
        part(count - end, end)
    )
}

/// The character, or how it would be written in a program if it moves the cursor or turns the
/// direction of writing.
fn legible(c: char) -> String {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns || c == '\u{2028}' || c == '\u{2029}' {
        c.escape_default().collect()
    } else {
        c.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind: messages of one line. A field of 1 MB, control characters.
    #[test]
    fn values_are_short_and_steer_no_terminal() {
        assert_eq!(shown("caf\u{e9} 3.5"), "caf\u{e9} 3.5");
        assert_eq!(shown("\u{1b}[31mred\n\u{202e}x\u{7}"), "\\u{1b}[31mred\\n\\u{202e}x\\u{7}");
        let long = shown(&"x".repeat(1_000_000));
        assert!(long.len() < 200 && long.contains("(999921 characters left out)"), "{long}");
        assert_eq!(message("a\nb\tc"), "a\nb\\tc");
        assert!(message(&"y".repeat(100_000)).len() < 2000);
        let names: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
        assert!(listed(&names).ends_with("38, 39 and 960 more"));
        assert_eq!(listed(&["a", "b"]), "a, b");
    }
}
