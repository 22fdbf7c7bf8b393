//! The program on a terminal of its own.

use crate::common;

use std::fs::File;
use std::io::Read;
use std::process::Stdio;

use common::{QUICK, program};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{self, OpenptFlags};
use rustix::termios::{Winsize, tcsetwinsize};

/// A training with standard error on a terminal of so many columns; gives what the terminal got.
fn shown_on(columns: u16) -> String {
    let folder = tempfile::tempdir().unwrap();
    let screen = pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    pty::grantpt(&screen).unwrap();
    pty::unlockpt(&screen).unwrap();
    let name = pty::ptsname(&screen, Vec::new()).unwrap();
    let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&screen, size).unwrap();
    let end = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let mut command = program(folder.path(), &QUICK);
    command.env("TERM", "xterm").stdout(Stdio::null()).stderr(Stdio::from(end));
    let mut child = command.spawn().unwrap();
    // Its copy of the terminal's other end, so that reading ends with the program.
    drop(command);
    let (mut screen, mut shown, mut piece) = (File::from(screen), Vec::new(), [0; 4096]);
    // The end is an error here: nobody holds the other side any more.
    while let Ok(count @ 1..) = screen.read(&mut piece) {
        shown.extend_from_slice(&piece[..count]);
    }
    assert!(child.wait().unwrap().success());
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn a_terminal_of_usual_width_shows_a_bar() {
    let shown = shown_on(80);
    assert!(shown.contains("\u{1b}["), "no cursor is moved: {shown:?}");
}

// What the program was given (kind 9 of RELIABILITY.md): some terminals say 65,535 columns.
#[test]
fn a_terminal_of_65535_columns_is_told_lines_and_no_bar() {
    let shown = shown_on(u16::MAX);
    let epochs = shown.lines().filter(|line| line.starts_with("epoch ")).count();
    assert!(!shown.contains("\u{1b}["), "{shown:?}");
    assert!(shown.len() < 4096, "{} bytes: {:?}", shown.len(), &shown[..200]);
    assert_eq!(epochs, 2, "{shown:?}");
}
