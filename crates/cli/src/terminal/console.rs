//! Who hears what: results on standard output, progress and notes on standard error.

use std::io::{self, ErrorKind, IsTerminal, Write};

use crate::terminal::paint::Paint;

/// The two streams, and what the flags and the surroundings allow on them.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    quiet: bool,
    json: bool,
}

/// Some terminals say that they have tens of thousands of columns; a bar over all of them would
/// take longer to write than a step takes.
const MOST_COLUMNS: u16 = 1000;

/// How to show progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    None,
    Lines,
    Bar { colour: bool },
}

impl Console {
    pub fn new(quiet: bool, json: bool) -> Self {
        Console { quiet, json }
    }

    /// Prints a part of the report, unless all there is to be is a JSON object.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub fn report(self, text: &str) -> io::Result<()> {
        if self.quiet || self.json { Ok(()) } else { print(text) }
    }

    /// Prints the JSON object, if it is wanted.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub fn object(self, object: impl FnOnce() -> serde_json::Value) -> io::Result<()> {
        if self.json { print(&format!("{}\n", object())) } else { Ok(()) }
    }

    /// Says something on the side.
    pub fn note(self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Says something that must be heard.
    pub fn complain(self, text: &str) {
        // If nobody listens on standard error either, there is nowhere left to say so.
        let _ = writeln!(io::stderr(), "{text}");
    }

    pub fn paint(self) -> Paint {
        Paint::new(colour(io::stdout().is_terminal()))
    }

    pub fn progress(self) -> Progress {
        let lively = is_lively(io::stderr().is_terminal()) && columns() <= MOST_COLUMNS;
        match (self.quiet, lively) {
            (true, _) => Progress::None,
            (false, false) => Progress::Lines,
            (false, true) => Progress::Bar { colour: colour(true) },
        }
    }
}

/// Prints on standard output; if whoever reads has seen enough, that is well.
///
/// # Errors
/// If standard output cannot be written.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads has seen enough, as in `chainrule | head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Colour is for terminals that can, unless `NO_COLOR` asks for none (`no-color.org`: any value but
/// the empty one).
fn colour(terminal: bool) -> bool {
    is_lively(terminal) && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The columns of the terminal behind standard error.
fn columns() -> u16 {
    terminal_size::terminal_size_of(io::stderr()).map_or(0, |(width, _)| width.0)
}

fn is_lively(terminal: bool) -> bool {
    terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
