//! Flags that are wrong, and what the program says of itself.

use crate::common;

use common::{files, run, stderr, stdout};

#[test]
fn a_wrong_flag_is_a_usage_error_that_says_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    for (flags, expected) in [
        (&["--epochs", "0"][..], "error: --epochs 0: must be a whole number of at least 1\n"),
        (&["--epochs", "many"], "error: --epochs many: must be a whole number of at least 1\n"),
        (&["--batch-size", "-4"], "error: --batch-size -4: must be a whole number of at least 1\n"),
        (&["--seed", "-1"], "error: --seed -1: must be a whole number from 0 to"),
        (
            &["--hidden", "64;32"],
            "error: --hidden 64;32: must be whole numbers of at least 1, separated by commas",
        ),
        (
            &["--hidden", "99999,99999"],
            "makes 10007399935 parameters; at most 50000000 are allowed",
        ),
        (
            &["--activation", "softmax"],
            "it is not for hidden layers; there are: sigmoid, tanh, relu,",
        ),
        (
            &["--activation", "swoosh"],
            "error: --activation swoosh: there is no activation `swoosh`; there are: sigmoid,",
        ),
        (
            &["--optimizer", "tiger"],
            "error: --optimizer tiger: there is no optimizer `tiger`; there are: sgd, adagrad,",
        ),
        (&["--learning-rate", "-0.1"], "error: --learning-rate -0.1: must be a number above 0"),
        (&["--learnin-rate", "1"], "a similar argument exists: '--learning-rate'"),
    ] {
        let output = run(folder.path(), flags);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(stderr(&output).contains(expected), "{flags:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("--help"), "{flags:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{flags:?}");
    }
    assert!(files(folder.path()).is_empty());
}

#[test]
fn help_names_every_flag_default_example_and_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["--help"]);
    assert_eq!(output.status.code(), Some(0));
    // A list of names may be broken over lines.
    let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "--seed <N>",
        "--epochs <N>",
        "--hidden <WIDTHS>",
        "[default: 256,128]",
        "sigmoid, tanh, relu, leaky_relu, prelu, elu, identity",
        "sgd, adagrad, adadelta, rmsprop, adam, amsgrad, adamw, adamax, nadam, radam, lion, adan, \
         adafactor, lamb, muon, schedule_free, lookahead",
        "--schedule <NAME>",
        "--metric <NAME>",
        "--group <GROUP>",
        "--penalty <PENALTY>",
        "--constraint <PATTERN: RULE>",
        "--clip-norm <NORM>",
        "--model <LAYERS>",
        "--recipe <FILE.toml>",
        "--learning-rate <RATE>",
        "--batch-size <N>",
        "--output <PATH>",
        "--quiet",
        "--json",
        "Examples:",
        "digits.1.safetensors",
        "NO_COLOR",
        "130 stopped by Ctrl-C",
    ] {
        assert!(text.contains(part), "{part:?} is missing from\n{text}");
    }
    assert!(!text.contains("softmax,"), "{text}");
}

#[test]
fn the_version_is_that_of_the_package() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        stdout(&run(folder.path(), &["--version"])),
        format!("chainrule {}\n", env!("CARGO_PKG_VERSION"))
    );
}
