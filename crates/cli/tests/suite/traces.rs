//! The files that a training leaves beside the network: `--record` and `--report`.

use crate::common;

use std::fs;
use std::path::Path;

use chainrule::insight::{Diagnosis, Evidence, Kind, Recording, Severity};
use chainrule::train::StopReason;
use common::{files, object, run, run_quick, stderr, stdout};

const BOTH: [&str; 4] = ["--record", "run.json", "--report", "run.html"];

fn recording(folder: &Path) -> Recording {
    Recording::load(folder.join("run.json")).unwrap()
}

fn page(folder: &Path) -> String {
    fs::read_to_string(folder.join("run.html")).unwrap()
}

#[test]
fn the_network_is_the_same_bits_with_and_without_them() {
    let (with, without) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let output = run_quick(with.path(), &BOTH);
    assert!(
        stdout(&output).ends_with("\nThe recording is in run.json\nThe report is in run.html\n")
    );
    run_quick(without.path(), &[]);
    let network = |folder: &Path| fs::read(folder.join("digits.safetensors")).unwrap();
    assert_eq!(network(with.path()), network(without.path()));
    assert_eq!(files(with.path()), ["digits.safetensors", "run.html", "run.json"]);
    assert_eq!(files(without.path()), ["digits.safetensors"]);
}

#[test]
fn they_tell_of_the_training() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--optimizer", "adam(beta1=0.8)", "--json"];
    let object = object(&run_quick(folder.path(), &[&BOTH[..], &flags].concat()));
    assert_eq!(
        (object["recording"].as_str(), object["report"].as_str()),
        (Some("run.json"), Some("run.html"))
    );
    let recording = recording(folder.path());
    let history = recording.history.as_ref().unwrap();
    assert_eq!((history.epochs.len(), history.stop), (2, StopReason::Finished));
    assert_eq!(object["train_loss"], history.epochs[1].train.loss);
    assert_eq!(recording.log.epochs, history.epochs);
    // One at the first of every 20 steps, of 41 in each epoch.
    assert_eq!(
        recording.log.records.iter().map(|record| record.step).collect::<Vec<_>>(),
        [1, 21, 41, 61, 81]
    );
    let value = |name: &str| {
        recording.configuration.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    };
    let known = [
        value("hidden layers"),
        value("optimizer"),
        value("epochs asked for"),
        value("digits to test on"),
    ];
    assert_eq!(known, [Some("16"), Some("adam(beta1=0.8)"), Some("2"), Some("360")]);

    let page = page(folder.path());
    assert_eq!(page.matches("<figure ").count(), 12);
    for text in [
        "Handwritten digits, seed 0",
        "Loss by epoch",
        "Confusion over 360 samples",
        "First-layer weights",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn one_alone_is_written_alone_and_replaces_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("run.json"), "before").unwrap();
    let output = run(folder.path(), &["--record", "run.json", "--hidden", "none", "--epochs", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(files(folder.path()), ["digits.safetensors", "run.json"]);
    assert_eq!(recording(folder.path()).log.layers.len(), 1);
}

#[test]
fn a_training_that_diverges_leaves_them_with_what_was_seen() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--optimizer", "sgd", "--learning-rate", "1e30", "--hidden", "16"];
    let output = run(folder.path(), &[&flags[..], &BOTH].concat());
    let message = stderr(&output);
    assert_eq!(
        (output.status.code(), stdout(&output).contains("Test accuracy")),
        (Some(1), false),
        "{message}"
    );
    let end = "\nno epoch was completed: nothing was saved\nThe recording is in run.json\nThe \
               report is in run.html\n";
    assert!(message.ends_with(end), "{message}");
    assert_eq!(files(folder.path()), ["run.html", "run.json"]);
    let recording = recording(folder.path());
    assert!(recording.history.is_none() && recording.failure.is_some());
    assert_eq!(recording.log.records.len(), 1);
    let found = Diagnosis::<f32>::new().findings(&Evidence::new().recording(&recording));
    assert_eq!((found[0].kind, found[0].severity), (Kind::NonFinite, Severity::Error));
    assert!(recording.findings.iter().any(|finding| finding.kind == Kind::NonFinite));
    let page = page(folder.path());
    assert!(
        page.contains("failed: the loss became") && page.contains("Problem: non-finite values"),
        "{page}"
    );
}

#[test]
fn places_that_cannot_hold_them_are_found_out_before_training() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let cases = [
        (
            ["--report", "missing/run.html"],
            "there is no folder missing; create it, or choose another place with --report",
        ),
        (
            ["--record", "missing/run.json"],
            "there is no folder missing; create it, or choose another place with --record",
        ),
        (
            ["--record", "folder"],
            "there is something there that is not a file; choose another place with --record",
        ),
        (["--report", "new/"], "it names no file; choose another place with --report"),
    ];
    for (flags, expected) in cases {
        let output = run(folder.path(), &flags);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""), "{flags:?}");
        let message = stderr(&output);
        assert!(
            message.starts_with(&format!("error: cannot save to {}: {expected}", flags[1])),
            "{message}"
        );
    }
    assert_eq!(files(folder.path()), ["folder"]);
}

#[test]
fn two_things_in_one_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (flags, expected) in [
        (
            &["--report", "a", "--record", "a"][..],
            "--record a: that is where --report goes; choose another file",
        ),
        (
            &["--output", "a", "--report", "a"],
            "--report a: that is where --output goes; choose another file",
        ),
        (
            &["--record", "digits.safetensors"],
            "--record digits.safetensors: that is where --output goes",
        ),
    ] {
        let output = run(folder.path(), flags);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    assert!(files(folder.path()).is_empty());
}
