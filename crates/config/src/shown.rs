//! Text from outside, fit to be part of a message.

/// So many characters of a value are shown.
const MOST: usize = 80;

/// A value on one line, without characters that steer a terminal, the middle left out where it is
/// long.
///
/// ```
/// use chainrule_config::shown;
///
/// assert_eq!(shown("caf\u{e9}\n3.5"), "caf\u{e9}\\n3.5");
/// assert!(shown(&"x".repeat(1_000_000)).contains("(999921 characters left out)"));
/// ```
#[must_use]
pub fn shown(value: &str) -> String {
    shortened(value, MOST)
}

/// As [`shown`](shown()), with so many characters in place of 80.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
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
    }
}
