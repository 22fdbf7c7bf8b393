//! `chainrule diagnose`: what is found, what cures it, and what is told of wrong input.

use crate::common;

use std::path::Path;

use chainrule::prelude::*;
use common::{interrupted, object, run, run_quick, stderr, stdout};
use serde_json::Value;

/// Ten layers of sigmoids, and an optimizer that does not make up for small gradients.
const SICK: [&str; 11] = [
    "diagnose",
    "--hidden",
    "24,24,24,24,24,24,24,24,24,24",
    "--activation",
    "sigmoid",
    "--optimizer",
    "sgd(momentum=0.9)",
    "--learning-rate",
    "0.02",
    "--epochs",
    "4",
];

fn faults(object: &Value) -> Vec<&str> {
    let findings = object["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["severity"] != "info")
        .map(|finding| finding["kind"].as_str().unwrap())
        .collect()
}

/// Two clouds of points of these sizes, this many times as large as usual.
fn clouds(path: &Path, sizes: [usize; 2], factor: f64) {
    let mut text = "width,length,kind\n".to_owned();
    for (kind, size) in ["small", "large"].iter().zip(sizes) {
        for i in 0..size {
            let angle = i as f64 * 2.399_963;
            let radius = 0.5 * ((i * 37 % 101) as f64 / 101.0).sqrt();
            let centre = if *kind == "small" { 0.0 } else { 0.8 };
            let (x, y) = (
                factor * (centre + radius * angle.cos()),
                factor * (centre + radius * angle.sin()),
            );
            text += &format!("{x:.4},{y:.4},{kind}\n");
        }
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn ten_layers_of_sigmoids_are_found_and_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[&SICK[..], &["--fix", "--json", "--quiet"]].concat());
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let object = object(&output);
    assert_eq!(faults(&object), ["vanishing gradients"]);
    let evidence = object["findings"][0]["evidence"].as_str().unwrap();
    assert!(
        evidence.contains("of the norm that it has at the output, a factor of 0.2"),
        "{evidence}"
    );
    assert_eq!(object["findings"][0]["remedies"][0]["flags"], "--activation relu");
    assert!(object["gain"]["backward"].as_f64().unwrap() < 0.1);
    assert_eq!(object["healthy"], false);

    let fix = &object["fix"];
    assert_eq!((faults(fix), &fix["healthy"]), (vec![], &true.into()), "{fix}");
    assert_eq!(fix["flags"], "--activation relu");
    assert_eq!(
        (&fix["trials"][0]["gone"], &fix["trials"][0]["kept"]),
        (&true.into(), &true.into())
    );
    let accuracy = |object: &Value| object["validation_accuracy"].as_f64().unwrap();
    assert!(accuracy(&object) < 0.2 && accuracy(fix) > 0.6, "{object}");
}

#[test]
fn the_text_says_what_is_wrong_and_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[&SICK[..], &["--fix"]].concat());
    let text = stdout(&output);
    for part in [
        "1,293 samples to train on, 144 to validate on",
        "10 hidden layers of 24 units, with sigmoid",
        "Before training\n  From one layer to the next",
        "This training is not healthy: 1 error",
        "1. error: vanishing gradients, in `0`\n   What shows it: the signal that reaches it has ",
        "   What to do: exchange sigmoid, whose derivative is at most 0.25, for relu",
        "   Try: --activation relu\n",
        "  against vanishing gradients\n    activation=relu, init=fitting                 yes ",
        "  Before: 1 error, accuracy ",
        ". After: nothing, accuracy ",
        "The repaired training has these flags: --activation relu",
    ] {
        assert!(text.contains(part), "{part:?} is missing from\n{text}");
    }
    assert!(
        text.lines().chain(stderr(&output).lines()).all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn a_healthy_training_is_told_to_be_healthy() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["diagnose", "--hidden", "32", "--epochs", "8", "--fix"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(
        text.contains("This training is healthy: ")
            && text.ends_with("\nThere is nothing to repair.\n"),
        "{text}"
    );
    assert!(!text.contains("warning") && !text.contains("error"), "{text}");
}

#[test]
fn a_table_with_unscaled_inputs_is_repaired() {
    let folder = tempfile::tempdir().unwrap();
    clouds(&folder.path().join("clouds.csv"), [60, 50], 300.0);
    let flags = ["diagnose", "clouds.csv", "--hidden", "8", "--epochs", "10", "--fix", "--json"];
    let object = object(&run(folder.path(), &flags));
    assert_eq!(object["data"]["classes"], serde_json::json!(["large", "small"]));
    assert_eq!(
        (&object["data"]["inputs"], &object["data"]["validation_samples"]),
        (&2.into(), &22.into())
    );
    assert_eq!(faults(&object), ["unscaled data"]);
    assert_eq!(
        (faults(&object["fix"]), &object["fix"]["flags"]),
        (vec![], &"--scale-inputs standard".into())
    );
}

#[test]
fn a_rare_class_gets_weights_and_a_squared_error_is_exchanged() {
    let folder = tempfile::tempdir().unwrap();
    clouds(&folder.path().join("rare.csv"), [230, 12], 1.0);
    let flags = [
        "diagnose", "rare.csv", "--target", "kind", "--hidden", "8", "--epochs", "10", "--fix",
        "--json",
    ];
    let rare = object(&run(folder.path(), &flags));
    assert_eq!(faults(&rare), ["class imbalance"]);
    assert_eq!((faults(&rare["fix"]), &rare["fix"]["flags"]), (vec![], &"--class-weights".into()));

    clouds(&folder.path().join("even.csv"), [60, 50], 1.0);
    let loss = ["--loss", "mse", "--output-activation", "softmax", "--learning-rate", "0.01"];
    let flags = [
        &["diagnose", "even.csv", "--hidden", "8", "--epochs", "10", "--fix", "--json"],
        &loss[..],
    ]
    .concat();
    let squared = object(&run(folder.path(), &flags));
    assert_eq!(faults(&squared), ["unsuited loss"]);
    let expected = "--output-activation none --loss cross_entropy";
    assert_eq!((faults(&squared["fix"]), &squared["fix"]["flags"]), (vec![], &expected.into()));
}

#[test]
fn a_training_that_explodes_is_a_finding_and_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let flags = [
        "--hidden",
        "16",
        "--epochs",
        "4",
        "--optimizer",
        "sgd",
        "--learning-rate",
        "1e30",
        "--json",
    ];
    let output = run(folder.path(), &[&["diagnose"], &flags[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let object = object(&output);
    assert!(faults(&object).contains(&"non-finite values"), "{object}");
    assert!(object["failure"].as_str().unwrap().contains("the loss became"), "{object}");
    let repaired = stdout(&run(folder.path(), &[&["diagnose", "--fix"], &flags[..8]].concat()));
    assert!(repaired.contains("It failed, as the findings explain."), "{repaired}");
    assert!(repaired.contains("  learning_rate=1e29") && repaired.contains(" yes\n"), "{repaired}");
}

#[test]
fn numbers_are_predicted_and_a_finding_without_a_remedy_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String =
        (0..80).map(|i| format!("{},{},7.5\n", (i * 7 % 13) as f64 / 13.0, i % 3)).collect();
    std::fs::write(folder.path().join("constant.csv"), rows).unwrap();
    let output = run(
        folder.path(),
        &["diagnose", "constant.csv", "--hidden", "8", "--epochs", "5", "--fix"],
    );
    let text = stdout(&output);
    assert!(
        text.contains("error: unscaled data\n   What shows it: target 0 is 7.5 for every sample"),
        "{text}"
    );
    assert!(text.contains("Left: unscaled data; there is no automatic remedy"), "{text}");
}

#[test]
fn inputs_and_targets_are_scaled_together() {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: usize| {
        let (x, y) = ((i * 37 % 101) as f64 / 101.0, (i * 53 % 89) as f64 / 89.0);
        format!("{},{},{}\n", 500.0 * x, 3000.0 * y, 2e5 + 4e4 * (x - y))
    };
    std::fs::write(folder.path().join("prices.csv"), (0..150).map(row).collect::<String>())
        .unwrap();
    let flags = [
        "diagnose",
        "prices.csv",
        "--hidden",
        "16",
        "--learning-rate",
        "0.01",
        "--epochs",
        "30",
        "--fix",
        "--json",
    ];
    let object = object(&run(folder.path(), &flags));
    assert_eq!(faults(&object), ["unscaled data", "unscaled data"]);
    let fix = &object["fix"];
    assert_eq!(fix["trials"][0]["remedy"], "scale_inputs=standard and scale_targets=standard");
    assert_eq!(
        (faults(fix), &fix["flags"]),
        (vec![], &"--scale-inputs standard --scale-targets standard".into())
    );
    assert!(fix["validation_r2"].as_f64().unwrap() > 0.8, "{fix}");
}

#[test]
fn a_recorded_training_is_read_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = Digits::load().unwrap().dataset().select(&(0..320).collect::<Vec<_>>()).unwrap();
    let deep = (0..9).fold(Sequential::new().linear(64, 16).sigmoid(), |model, _| {
        model.linear(16, 16).sigmoid()
    });
    let model = deep.linear(16, 10);
    let mut params = model.init([64], 0).unwrap();
    let mut instruments = Instruments::new();
    let fitted = Trainer::new(&model, CrossEntropy, Sgd::new(0.1))
        .epochs(4)
        .callback(&mut instruments)
        .fit(&mut params, &data, None);
    let recording = Recording::of(&fitted).log(instruments.into_log());
    recording
        .configuration([("activation", "sigmoid")])
        .save(folder.path().join("run.json"))
        .unwrap();

    let output = run(folder.path(), &["diagnose", "run.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    for part in [
        "activation: sigmoid\n",
        "After 4 epochs: ",
        "error: vanishing gradients, in `0`",
        "exchange sigmoid",
    ] {
        assert!(text.contains(part), "{part:?} is missing from\n{text}");
    }
    let object = object(&run(folder.path(), &["diagnose", "run.json", "--json"]));
    assert_eq!((faults(&object), &object["epochs"]), (vec!["vanishing gradients"], &4.into()));

    // What the program itself records.
    run_quick(folder.path(), &["--record", "digits.json", "--quiet"]);
    let text = stdout(&run(folder.path(), &["diagnose", "digits.json"]));
    assert!(
        text.contains("optimizer: adam\n") && text.contains("After 2 epochs: validation accuracy "),
        "{text}"
    );
    assert!(text.contains("This training is healthy: "), "{text}");

    let refused = run(folder.path(), &["diagnose", "run.json", "--fix"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("--fix: a recording has no data to train on"),
        "{}",
        stderr(&refused)
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_what_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["diagnose", "--hidden", "8", "--epochs", "1000000000", "--fix"];
    let output = interrupted(folder.path(), &flags);
    assert_eq!(output.status.code(), Some(130));
    assert!(
        stderr(&output).contains("interrupted; what follows is what is known so far"),
        "{}",
        stderr(&output)
    );
    let text = stdout(&output);
    assert!(text.contains("validation accuracy ") && text.contains("Before training\n"), "{text}");
}

#[test]
fn wrong_files_and_flags_are_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("words.csv"), "a,b\n1,2\nx,3\n").unwrap();
    std::fs::write(folder.path().join("other.json"), "{\"a\": 1}").unwrap();
    for (flags, code, expected) in [
        (&["nothing.csv"][..], 2, "error: cannot read nothing.csv: "),
        (&["nothing.json"], 2, "error: cannot read nothing.json: "),
        (&["words.csv"], 2, "error: words.csv, line 3, column a: `x` is not a number"),
        (&["other.json"], 2, "error: other.json is not the recording of a training"),
        (
            &["words.csv", "--target", "c"],
            2,
            "error: --target c: words.csv has no such column; there are: a, b",
        ),
        (
            &["--activation", "rleu"],
            2,
            "error: --activation rleu: there is no activation `rleu` (did you mean `relu`?)",
        ),
        (&["--epochs", "0"], 2, "error: --epochs 0: must be a whole number of at least 1"),
        (&["--hidden", "99999,99999"], 2, "makes 10007399935 parameters"),
        (&["--fixx"], 2, "a similar argument exists: '--fix'"),
        (&["--loss", "gaussian_nll"], 0, ""),
    ] {
        let output = run(folder.path(), &[&["diagnose", "--quiet"], flags].concat());
        assert_eq!(output.status.code(), Some(code), "{flags:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{flags:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{flags:?}");
    }
    let help = stdout(&run(folder.path(), &["diagnose", "--help"]));
    assert!(help.contains("0  done, whether or not something was found"), "{help}");
}
