//! The output of a run, on which stream it goes, and that a seed fixes it.

use crate::common;

use std::process::Stdio;

use common::{QUICK, object, program, run, run_quick, stderr, stdout};

#[test]
fn the_report_has_all_its_parts_and_fits_80_columns_without_colour() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_quick(folder.path(), &[]);
    let text = stdout(&output);
    for part in [
        "1,293 to train on",
        "0 (linear)  [batch, 16]",
        "adam, learning rate 0.001, batches of 32, 2 epochs",
        "Test accuracy ",
        " of 360 digits never seen before",
        "the best by validation loss",
        "digit  precision   recall       F1  support",
        "     predicted\ntrue    0    1    2",
        "Read right: 4 of ",
        "Read wrong, the surest first: 12 of ",
        "\u{2588}\u{2588}",
        "\nSaved to digits.safetensors\n",
    ] {
        assert!(text.contains(part), "{part:?} is missing from\n{text}");
    }
    assert!(!text.contains('\u{1b}') && !stderr(&output).contains('\u{1b}'), "{text}");
    assert!(
        text.lines().chain(stderr(&output).lines()).all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn progress_is_a_few_lines_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let text = stderr(&run(folder.path(), &["--hidden", "8", "--epochs", "30"]));
    assert_eq!(text.lines().count(), 11, "{text}");
    for line in text.lines() {
        for word in ["epoch ", "/30  loss ", "  accuracy ", " samples/s"] {
            assert!(line.contains(word), "{line}");
        }
    }
}

#[test]
fn quiet_prints_nothing_and_saves() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_quick(folder.path(), &["--quiet"]);
    assert_eq!((stdout(&output), stderr(&output)), (String::new(), String::new()));
    assert!(folder.path().join("digits.safetensors").is_file());
}

#[test]
fn json_is_one_object_that_agrees_with_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let object = object(&run_quick(folder.path(), &["--json", "--seed", "3"]));
    let text = stdout(&run_quick(folder.path(), &["--seed", "3"]));
    let accuracy = object["test_accuracy"].as_f64().unwrap();
    assert!(
        text.contains(&format!(
            "Test accuracy {:.1} %: {:.0} of 360",
            100.0 * accuracy,
            360.0 * accuracy
        )),
        "{text}"
    );
    assert_eq!(object["epochs"], 2);
    assert!(text.contains(&format!("epoch {} of 2", object["best_epoch"])), "{text}");
    assert_eq!(object["seed"], 3);
    assert_eq!(object["parameters"], 64 * 16 + 16 + 16 * 10 + 10);
    assert_eq!(object["hidden"], serde_json::json!([16]));
    assert_eq!(object["interrupted"], false);
    assert_eq!(object["model"], "digits.safetensors");
    for number in ["seconds", "test_loss", "train_loss", "validation_loss", "validation_accuracy"] {
        assert!(object[number].as_f64().unwrap() > 0.0, "{number} in {object}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let results = |seed: &str| {
        let folder = tempfile::tempdir().unwrap();
        let output = run_quick(folder.path(), &["--seed", seed]);
        (output.stdout, std::fs::read(folder.path().join("digits.safetensors")).unwrap())
    };
    let first = results("5");
    assert!(results("5") == first);
    let other = results("6");
    assert!(other.0 != first.0 && other.1 != first.1);
}

#[test]
fn every_activation_and_optimizer_learns_without_hidden_layers_or_with() {
    let folder = tempfile::tempdir().unwrap();
    let accuracy = |flags: &[&str]| {
        let flags = [&["--json", "--quiet", "--output", "net.safetensors", "--epochs", "6"], flags]
            .concat();
        object(&run(folder.path(), &flags))["test_accuracy"].as_f64().unwrap()
    };
    for activation in [
        "sigmoid",
        "tanh",
        "relu",
        "leaky_relu",
        "prelu",
        "elu",
        "identity",
        "gelu",
        "glu",
        "maxout(pieces=3)",
    ] {
        let accuracy = accuracy(&[
            "--hidden",
            "24,16",
            "--learning-rate",
            "0.005",
            "--activation",
            activation,
        ]);
        assert!(accuracy > 0.75, "{activation}: {accuracy}");
    }
    for optimizer in ["adam", "sgd"] {
        let accuracy = accuracy(&["--hidden", "none", "--optimizer", optimizer]);
        assert!(accuracy > 0.75, "{optimizer}: {accuracy}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = program(folder.path(), &QUICK)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!stderr(&output).contains("panicked"));
    assert!(folder.path().join("digits.safetensors").is_file());
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = program(folder.path(), &QUICK).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("error: cannot write to standard output: No space left"),
        "{}",
        stderr(&output)
    );
}
