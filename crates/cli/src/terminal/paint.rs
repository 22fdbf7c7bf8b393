//! Colours, where they are wanted.

/// Puts text in colour, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// In colour if `on`.
    pub fn new(on: bool) -> Self {
        Paint { on }
    }

    /// A heading.
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Marks something right.
    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Marks something wrong.
    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_the_text_is_as_it_was() {
        assert_eq!(Paint::new(false).red("3"), "3");
        assert_eq!(Paint::new(true).red("3"), "\u{1b}[31m3\u{1b}[0m");
    }
}
