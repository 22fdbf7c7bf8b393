//! Tables and recordings that are no plain files.

use crate::common;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use common::{object, program, run, run_quick, stderr};

const QUICK: [&str; 6] = ["--hidden", "8", "--epochs", "1", "--json", "--quiet"];

/// The program, with this text on its standard input.
fn piped(folder: &Path, flags: &[&str], text: Vec<u8>) -> Output {
    let flags = [&["diagnose", "/dev/stdin"], flags].concat();
    let mut command = program(folder, &flags);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A reader that has seen enough closes the pipe.
    let writer = thread::spawn(move || drop(stdin.write_all(&text)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// Kind: what the program was given is mistaken. A pipe lost its first 64 bytes, and the rest was
/// trained on.
#[test]
fn a_table_or_recording_through_a_pipe_is_that_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let rows =
        (0..120).map(|i| format!("{},{},k{}\n", i % 11, i * 7 % 13, i % 2)).collect::<String>();
    let text = format!("width,length,kind\n{rows}");
    fs::write(folder.path().join("t.csv"), &text).unwrap();
    let mut of_file = object(&run(folder.path(), &[&["diagnose", "t.csv"], &QUICK[..]].concat()));
    let data = of_file["data"].clone();
    assert_eq!(
        data["training_samples"].as_u64().unwrap() + data["validation_samples"].as_u64().unwrap(),
        120
    );
    let mut through_pipe = object(&piped(folder.path(), &QUICK, text.clone().into_bytes()));
    for object in [&mut of_file, &mut through_pipe] {
        object["data"]["file"] = serde_json::Value::Null;
    }
    assert_eq!(of_file, through_pipe);

    // A pipe with a name.
    let made = Command::new("mkfifo").arg(folder.path().join("fifo")).status();
    if made.is_ok_and(|status| status.success()) {
        let fifo = folder.path().join("fifo");
        let writer = thread::spawn(move || {
            OpenOptions::new().write(true).open(fifo).unwrap().write_all(text.as_bytes())
        });
        let mut through_fifo =
            object(&run(folder.path(), &[&["diagnose", "fifo"], &QUICK[..]].concat()));
        writer.join().unwrap().unwrap();
        through_fifo["data"]["file"] = serde_json::Value::Null;
        assert_eq!(of_file, through_fifo);
    }

    run_quick(folder.path(), &["--record", "run.json", "--quiet"]);
    let run = fs::read(folder.path().join("run.json")).unwrap();
    let recorded = piped(folder.path(), &["--json", "--quiet"], run);
    assert_eq!(object(&recorded)["epochs"], 2, "{}", stderr(&recorded));
}

/// Kind: time and memory without end. A device that never ends.
#[test]
fn what_has_no_end_and_is_no_text_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for device in ["/dev/zero", "/dev/urandom"] {
        if Path::new(device).exists() {
            let output = run(folder.path(), &["diagnose", device]);
            assert_eq!(output.status.code(), Some(2));
            let expected = format!("error: {device} is no text; give a table");
            assert!(stderr(&output).starts_with(&expected), "{}", stderr(&output));
        }
    }
}
