//! The last words of a program that cannot go on: one line instead of a trace of calls.

use std::io::Write;
use std::panic;

use crate::terminal::interrupt;
use crate::text::shown;

/// Makes a fault of the program, or of the machine, one line on standard error; with
/// `RUST_BACKTRACE` set, all of it. A file that grows beyond what the system allows is an error of
/// the write from now on, and no end of the program.
pub fn tell_in_one_line() {
    // Where the signal cannot be handled, all is as it was.
    let _ = interrupt::outlive_large_files();
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
        return;
    }
    panic::set_hook(Box::new(|fault| {
        let why = fault.payload_as_str().unwrap_or("a fault without a message");
        let place = fault
            .location()
            .map_or_else(String::new, |place| format!(" ({}:{})", place.file(), place.line()));
        let line = format!("error: the program cannot go on: {}{place}", shown::shown(why));
        // Nobody listens if this fails.
        let _ = writeln!(std::io::stderr(), "{line}");
    }));
}
