//! Limits on the memory of the program.

use crate::common;

use std::process::Command;

use common::{files, stderr};

/// Kind: messages of one line. A limit on the memory ended with a trace of calls.
#[test]
fn memory_that_is_not_to_be_had_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let flags = "--epochs 1 --hidden 3000,3000 --batch-size 1293 --quiet";
    for trace in ["0", "1"] {
        let script =
            format!("ulimit -v 200000; exec '{}' {flags}", env!("CARGO_BIN_EXE_chainrule"));
        let mut shell = Command::new("sh");
        let shell =
            shell.args(["-c", &script]).current_dir(folder.path()).env("RUST_BACKTRACE", trace);
        let output = shell.output().unwrap();
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(
            error.starts_with("error: the memory is exhausted: ") && error.lines().count() == 1,
            "{error}"
        );
    }
    assert!(files(folder.path()).is_empty());
}
