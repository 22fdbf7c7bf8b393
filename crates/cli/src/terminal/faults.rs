//! The last words of a program that cannot go on: one line instead of a trace of calls.

use std::io::Write;
use std::panic;

use crate::terminal::{interrupt, memory};
use crate::text::shown;

/// How the standard library begins what it says of a thread that has no room to start. It cannot
/// unwind from there and would end the program by a signal.
const NO_ROOM: &str = "failed to allocate an alternative stack";

/// Makes a fault of the program, or of the machine, one line on standard error; with
/// `RUST_BACKTRACE` set, all of it. A file that grows beyond what the system allows is an error of
/// the write from now on, and no end of the program.
pub fn tell_in_one_line() {
    // Where the signal cannot be handled, all is as it was.
    let _ = interrupt::outlive_large_files();
    let traced = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |fault| {
        let why = fault.payload_as_str().unwrap_or("a fault without a message");
        if why.starts_with(NO_ROOM) {
            memory::exhausted(format_args!("the stack of another thread is"));
        }
        if traced {
            return usual(fault);
        }
        let place = fault
            .location()
            .map_or_else(String::new, |place| format!(" ({}:{})", place.file(), place.line()));
        let line = format!("error: the program cannot go on: {}{place}", shown::shown(why));
        // Nobody listens if this fails.
        let _ = writeln!(std::io::stderr(), "{line}");
    }));
}
