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

/// Kind: messages of one line. From the least memory that the program can be loaded into, each
/// command ends well or with one line: none by a signal, as where a thread finds no room.
#[test]
fn any_limit_on_memory_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let limited = |kilobytes: u64, flags: &str| {
        let script =
            format!("ulimit -v {kilobytes}; exec '{}' {flags}", env!("CARGO_BIN_EXE_chainrule"));
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &script]).current_dir(folder.path());
        shell.env_remove("RUST_BACKTRACE").output().unwrap()
    };
    // The least that it can be loaded into, to 100 KB.
    let (mut less, mut enough) = (0, 1_000_000);
    while enough - less > 100 {
        let middle = (less + enough) / 2;
        let loaded = limited(middle, "--version").status.success();
        (less, enough) = if loaded { (less, middle) } else { (middle, enough) };
    }
    let quick = "--hidden 8 --epochs 1 --quiet";
    let mut told = 0;
    for flags in [
        format!("{quick} --output net"),
        format!("diagnose {quick}"),
        "compare --activations relu,tanh --depths 1 --width 8 --epochs 1 --quiet".to_owned(),
    ] {
        for more in [400, 800, 1_200, 1_600, 2_400, 3_200, 4_800] {
            let output = limited(enough + more, &flags);
            let (error, code) = (stderr(&output), output.status.code());
            let well = code == Some(0) && error.is_empty();
            let one_line = error.starts_with("error: ") && error.lines().count() == 1;
            assert!(
                well || code == Some(1) && one_line,
                "{flags} with {more} KB more: {code:?} {error}"
            );
            told += usize::from(!well);
        }
    }
    assert!(told > 5, "only {told} of the limits were too small");
}
