//! Text from outside, fit to be part of a message.

use std::path::Path;

use chainrule::config::shortened;
pub use chainrule::config::shown;

/// So many characters of a path are shown.
const LONGEST_PATH: usize = 400;
/// So many characters of a line are shown, whatever it holds.
const LONGEST_LINE: usize = 1500;
/// So many names of a list are shown.
const MOST_NAMES: usize = 40;

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind: messages of one line. A message of 100 kB, a list of 1,000 names.
    #[test]
    fn messages_are_short_and_steer_no_terminal() {
        assert_eq!(message("a\nb\tc"), "a\nb\\tc");
        assert!(message(&"y".repeat(100_000)).len() < 2000);
        let names: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
        assert!(listed(&names).ends_with("38, 39 and 960 more"));
        assert_eq!(listed(&["a", "b"]), "a, b");
    }
}
