//! Ctrl-C.

use crate::common;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use chainrule::checkpoint;
use chainrule::insight::Recording;
use chainrule::train::StopReason;
use common::{files, program};
use serde_json::Value;

/// Starts a training without an end.
fn start(folder: &Path, flags: &[&str]) -> Child {
    let flags = [&["--epochs", "1000000000"], flags].concat();
    program(folder, &flags).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The signal that a terminal sends at Ctrl-C.
fn interrupt(child: &Child) {
    assert!(
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success()
    );
}

/// Waits for the end; gives the exit code, standard output and what is left of standard error.
fn end(mut child: Child, mut stderr: impl Read) -> (Option<i32>, String, String) {
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    stderr.read_to_string(&mut err).unwrap();
    (child.wait().unwrap().code(), out, err)
}

#[test]
fn the_best_weights_so_far_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start(folder.path(), &["--hidden", "8", "--json"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("epoch "), "{line}");
    interrupt(&child);

    let (code, out, err) = end(child, stderr);
    assert_eq!(code, Some(130), "{err}");
    let object: Value = serde_json::from_str(&out).unwrap();
    let epochs = object["epochs"].as_u64().unwrap();
    assert_eq!(object["interrupted"], true);
    assert!(epochs >= 1, "{object}");
    let expected = format!(
        "interrupted in epoch {} of 1000000000\nsaved the best weights so far, of epoch {}, to \
         digits.safetensors\n",
        epochs + 1,
        object["best_epoch"]
    );
    assert!(err.ends_with(&expected), "{err}");
    assert!(checkpoint::description(folder.path().join("digits.safetensors")).unwrap().is_some());
}

#[test]
fn before_the_end_of_an_epoch_the_weights_as_they_are_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    // One digit a step: the first epoch lasts far longer than the signal takes.
    let mut child = start(folder.path(), &["--hidden", "512,512", "--batch-size", "1"]);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    // The plan is printed when the signal is handled already.
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    interrupt(&child);

    let mut out = String::new();
    stdout.read_to_string(&mut out).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        err,
        "interrupted in epoch 1 of 1000000000\nsaved the weights as they are, to \
         digits.safetensors\n"
    );
    assert!(out.contains("The weights are those of the moment of the interruption"), "{out}");
    assert!(out.ends_with("\nSaved to digits.safetensors\n"), "{out}");
    assert!(checkpoint::description(folder.path().join("digits.safetensors")).unwrap().is_some());
}

/// Starts a training whose first epoch lasts far longer than a signal takes, and waits until
/// signals are handled.
fn start_slow(folder: &Path, flags: &[&str]) -> Child {
    let mut child = start(folder, &[&["--hidden", "512,512", "--batch-size", "1"], flags].concat());
    // The plan is printed when the signal is handled already.
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
    child
}

fn send(child: &Child, signal: &str) {
    assert!(
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success()
    );
}

/// Kind: what the program was given is lost. Untrained weights replaced an existing network.
#[test]
fn before_the_end_of_an_epoch_an_existing_network_stays() {
    let (given, signals) = (["--output", "net"], [("-INT", 130), ("-TERM", 143), ("-HUP", 129)]);
    for (flags, name, signals) in
        [(&[][..], "digits.safetensors", &signals[..1]), (&given, "net", &signals)]
    {
        for &(signal, code) in signals {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(name), "trained").unwrap();
            let child = start_slow(folder.path(), flags);
            send(&child, signal);
            let output = child.wait_with_output().unwrap();
            let err = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{err}");
            let why = format!(
                "nothing was saved: no epoch was completed, and {name} is of an earlier training"
            );
            assert_eq!(err, format!("interrupted in epoch 1 of 1000000000\n{why}\n"));
            assert_eq!(files(folder.path()), [name]);
            assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), "trained");
        }
    }
}

/// Kind: parts of files are left. A kill at any time leaves nothing.
#[test]
fn a_kill_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--record", "run.json", "--report", "run.html"];
    let mut child = start_slow(folder.path(), &flags);
    send(&child, "-KILL");
    child.wait().unwrap();
    assert!(files(folder.path()).is_empty(), "{:?}", files(folder.path()));
}

/// Kind: names that do nothing. `nohup` asks for a hangup to be ignored.
#[test]
fn a_signal_that_is_to_be_ignored_is_ignored() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "trap '' HUP; exec '{}' --epochs 1000000000 --hidden 8",
        env!("CARGO_BIN_EXE_chainrule")
    );
    let mut shell = Command::new("sh");
    let child = shell.args(["-c", &script]).current_dir(folder.path()).stdout(Stdio::piped());
    let mut child = child.stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut String::new()).unwrap();
    for signal in ["-HUP", "-HUP", "-INT"] {
        send(&child, signal);
    }
    let (code, _, err) = end(child, stderr);
    assert_eq!(code, Some(130), "{err}");
}

#[test]
fn a_folder_that_is_gone_by_then_is_an_error_after_the_results() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("gone")).unwrap();
    let mut child = start(folder.path(), &["--hidden", "8", "--output", "gone/net.safetensors"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    std::fs::remove_dir(folder.path().join("gone")).unwrap();
    interrupt(&child);

    let (code, out, err) = end(child, stderr);
    assert_eq!(code, Some(1), "{err}");
    assert!(
        err.contains("\nnothing was saved\nerror: cannot write gone/net.safetensors: "),
        "{err}"
    );
    assert!(out.contains("Test accuracy ") && !out.contains("Saved to"), "{out}");
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_second_one_quits_at_once() {
    let folder = tempfile::tempdir().unwrap();
    // A step, or a test instead of it, takes far longer than two signals.
    let mut child = start(folder.path(), &["--hidden", "3000,3000", "--batch-size", "1293"]);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    // Signals that come too close together count as one.
    while child.try_wait().unwrap().is_none() {
        interrupt(&child);
        sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(!folder.path().join("digits.safetensors").exists());
}

#[test]
fn what_was_seen_is_left_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut child =
        start(folder.path(), &["--hidden", "8", "--record", "run.json", "--report", "run.html"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut String::new()).unwrap();
    interrupt(&child);

    let (code, out, err) = end(child, stderr);
    assert_eq!(code, Some(130), "{err}");
    assert!(out.ends_with("\nThe recording is in run.json\nThe report is in run.html\n"), "{out}");
    let recording = Recording::load(folder.path().join("run.json")).unwrap();
    let history = recording.history.as_ref().unwrap();
    assert!(history.stop == StopReason::Interrupted && !history.epochs.is_empty(), "{history:?}");
    let page = std::fs::read_to_string(folder.path().join("run.html")).unwrap();
    assert!(page.contains("<td>interrupted</td>") && page.contains("Gradients by layer"), "{page}");
}
