//! Text in lines that fit a terminal.

/// The columns of a line.
const WIDTH: usize = 80;

/// The text in lines of at most 80 columns, each behind this many spaces. A word that is longer has
/// a line of its own.
pub fn wrapped(text: &str, indent: usize) -> String {
    let mut out = String::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > WIDTH
            {
                out += &format!("{:indent$}{line}\n", "");
                line.clear();
            }
            line += if line.is_empty() { "" } else { " " };
            line += word;
        }
        out += &format!("{:indent$}{line}\n", "");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_filled_and_none_is_too_long() {
        let text = wrapped(&"seven77 ".repeat(30), 4);
        assert!(
            text.lines().all(|line| line.starts_with("    s") && line.chars().count() <= 80),
            "{text}"
        );
        assert_eq!(text.lines().next().unwrap().chars().count(), 4 + 9 * 8 - 1);
        assert_eq!(wrapped("a\nb", 1), " a\n b\n");
        assert_eq!(wrapped(&"x".repeat(100), 2), format!("  {}\n", "x".repeat(100)));
    }
}
