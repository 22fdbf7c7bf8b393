//! Running the built program in a folder of its own.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A training that is quick without optimisation, too.
pub const QUICK: [&str; 4] = ["--hidden", "16", "--epochs", "2"];

/// The program with these flags, in this folder, without a terminal.
pub fn program(folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chainrule"));
    command.current_dir(folder).args(flags).stdin(Stdio::null());
    command
}

/// Its output and exit code.
pub fn run(folder: &Path, flags: &[&str]) -> Output {
    program(folder, flags).output().unwrap()
}

/// The same with [`QUICK`] in front; it must succeed.
pub fn run_quick(folder: &Path, flags: &[&str]) -> Output {
    let output = run(folder, &[&QUICK, flags].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    output
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Its output and exit code if Ctrl-C comes right after the first line on standard output.
#[cfg(unix)]
pub fn interrupted(folder: &Path, flags: &[&str]) -> Output {
    use std::io::{BufRead, BufReader, Read};
    let mut child =
        program(folder, flags).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdout, mut text) = (BufReader::new(child.stdout.take().unwrap()), String::new());
    stdout.read_line(&mut text).unwrap();
    assert!(
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success()
    );
    stdout.read_to_string(&mut text).unwrap();
    let output = child.wait_with_output().unwrap();
    Output { stdout: text.into_bytes(), ..output }
}

/// The object that must be all there is on standard output.
pub fn object(output: &Output) -> Value {
    let text = stdout(output);
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The names of the files in a folder, sorted.
pub fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
