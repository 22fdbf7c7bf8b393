//! Outputs on a disk that is full: one line that names the file, what was wrong and what to do, and
//! nothing lost.

use crate::common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{files, stderr, stdout};

/// Each output of the program, with the file it names; `full` is the folder on the full disk.
const OUTPUTS: [(&str, &str); 5] = [
    ("--hidden 128 --epochs 1 --output full/kept", "full/kept"),
    ("--hidden none --epochs 4 --output net --record full/kept", "full/kept"),
    ("--hidden none --epochs 1 --output net --report full/kept", "full/kept"),
    ("--hidden none --epochs 1 --output net --tensorboard full/events", "full/events/"),
    (
        "compare --activations relu,tanh,elu --depths 1,2 --width 8 --epochs 1 --picture \
         full/kept.svg",
        "full/kept.svg",
    ),
];

/// Kind: files lost or mistaken, and messages. A full disk named a hidden temporary file, and a
/// recording on it did not say what to do.
#[test]
fn a_full_disk_is_told_with_the_file_and_what_to_do() {
    for (flags, path) in OUTPUTS {
        let folder = folder();
        let mount = "mount -t tmpfs -o size=12k none full || exit 99";
        let script = format!("{mount}; {} ", with_kept_files(flags));
        let shell = ["--user", "--map-root-user", "--mount", "sh", "-c", &script];
        let output = Command::new("unshare").args(shell).current_dir(&folder).output();
        match output {
            Ok(output) if output.status.code() != Some(99) && !cannot_unshare(&output) => {
                check(folder.path(), flags, path, &output, "No space left on device (os error 28)");
            }
            _ => eprintln!("no disk of its own can be mounted here, so that none is filled"),
        }
    }
}

/// The same where no disk can be mounted: by a limit on the size of files, which is 6 KB.
#[test]
fn a_limit_on_files_is_told_with_the_file_and_what_to_do() {
    for (flags, path) in OUTPUTS {
        let folder = folder();
        let script = format!("ulimit -f 12; {}", with_kept_files(flags));
        let mut shell = Command::new("sh");
        let output = shell.args(["-c", &script]).current_dir(&folder).output().unwrap();
        check(folder.path(), flags, path, &output, "File too large (os error 27)");
    }
}

/// A folder with a file that is to stay and the folder `full`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("full")).unwrap();
    folder
}

/// A script that runs the program where files are that it is to replace, and tells what they are
/// afterwards.
fn with_kept_files(flags: &str) -> String {
    format!(
        "printf kept > full/kept; printf kept > full/kept.svg; \
         '{}' {flags} --quiet; code=$?; \
         cat full/kept full/kept.svg; ls -A full; exit $code",
        env!("CARGO_BIN_EXE_chainrule")
    )
}

fn cannot_unshare(output: &Output) -> bool {
    stderr(output).starts_with("unshare: ")
}

#[track_caller]
fn check(folder: &Path, flags: &str, path: &str, output: &Output, reason: &str) {
    let error = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{flags}: {error}");
    assert_eq!(error.lines().count(), 1, "{flags}: {error}");
    assert!(error.starts_with(&format!("error: cannot write {path}")), "{flags}: {error}");
    assert!(error.contains(reason) && error.contains("make room, or choose another"), "{error}");
    assert!(!error.contains("/.chainrule"), "{error}");
    // What was there is there, and nothing beside it but the events.
    let events = if flags.contains("events") { "events\n" } else { "" };
    assert_eq!(stdout(output), format!("keptkept{events}kept\nkept.svg\n"), "{flags}");
    // An output that failed does not keep the network from being saved.
    let net = if flags.contains("net") { &["full", "net"][..] } else { &["full"] };
    assert_eq!(files(folder), net, "{flags}");
}
