//! Flags that are wrong, and what the program says of itself.

use crate::common;

use common::{files, run, run_quick, stderr, stdout};

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

/// A value for each flag of `diagnose`, with which it makes sense by itself; none for a switch.
const VALUES: [(&str, &str); 44] = [
    ("--accumulate", "2"),
    ("--activation", "tanh"),
    ("--batch-size", "8"),
    ("--best-weights", ""),
    ("--clamp-answers", ""),
    ("--class-weights", ""),
    ("--clip-norm", "1"),
    ("--clip-value", "1"),
    ("--constraint", "*.weight: max_norm(max_norm=3)"),
    ("--decay-schedule", "flat_cosine"),
    ("--drop-constant-inputs", ""),
    ("--drop-last", ""),
    ("--dropout", "0.5"),
    ("--dropout-schedule", "flat_cosine"),
    ("--early-stopping", "3"),
    ("--epochs", "2"),
    ("--fix", ""),
    ("--group", "group(on=*.bias, learning_rate=2)"),
    ("--hidden", "8"),
    ("--init", "orthogonal"),
    ("--init-from-data", "unit_columns"),
    ("--initialiser", "0.*: orthogonal"),
    ("--last-of-equals", ""),
    ("--learning-rate", "0.1"),
    ("--loss", "focal"),
    ("--margin", "0.1"),
    ("--metric", "log_loss"),
    ("--model", "linear(outputs=10)"),
    ("--monitor", "lowest log_loss"),
    ("--normalise", ""),
    ("--optimizer", "sgd"),
    ("--output-activation", "identity"),
    ("--penalty", "penalty(l2=1e-4, on=*.weight)"),
    ("--plateau", "reduce_on_plateau(patience=3)"),
    ("--precision", "fast"),
    ("--recipe", "recipe.toml"),
    ("--scale-inputs", "standard"),
    ("--scale-targets", "standard"),
    ("--schedule", "exponential"),
    ("--schedule-by", "step"),
    ("--seed", "7"),
    ("--shuffle", "=false"),
    ("--target", "1"),
    ("--task", "classes"),
];

/// A flag with its value as it is typed.
fn typed(flag: &str) -> Vec<String> {
    let (_, value) = VALUES.iter().find(|(known, _)| *known == flag).unwrap();
    match *value {
        "" => vec![flag.to_owned()],
        value if value.starts_with('=') => vec![format!("{flag}{value}")],
        value => vec![flag.to_owned(), value.to_owned()],
    }
}

/// Kind: names that do nothing. Each condition under which flags cannot act, with all flags that
/// cannot: each is refused in one line. With a recording these are all flags but `--quiet` and
/// `--json`, as the help lists them.
#[test]
fn flags_that_cannot_act_are_refused_under_every_condition() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    run_quick(folder.path(), &["--record", "run.json", "--output", "net"]);
    write("recipe.toml", "epochs = 2\n");
    let rows = |label: fn(usize) -> String| {
        (0..30).map(|i| format!("{},{}\n", i % 7, label(i))).collect::<String>()
    };
    write("classes.csv", &rows(|i| ["a", "b", "c"][i % 3].to_owned()));
    write("values.csv", &rows(|i| format!("{}.5", i % 5)));

    let help = stdout(&run(folder.path(), &["diagnose", "--help"]));
    let words = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let listed = words.filter_map(|line| line.split([' ', '=', '[']).find(|w| w.starts_with("--")));
    let talk = ["--help", "--json", "--quiet"];
    let mut listed: Vec<&str> = listed.filter(|flag| !talk.contains(flag)).collect();
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed, VALUES.map(|(flag, _)| flag), "flags without a value above, or gone");

    let dependent = ["--margin", "--monitor", "--schedule-by"];
    let all: Vec<&str> = listed.iter().copied().filter(|flag| !dependent.contains(flag)).collect();
    let columns = ["--target", "--task"];
    let hidden = ["--activation", "--dropout", "--normalise"];
    let short = [&hidden[..], &["--hidden", "--init", "--output-activation"]].concat();
    let conditions: [(&[&str], &[&str]); 14] = [
        (&["diagnose", "run.json"], &all),
        (&["diagnose"], &columns),
        (&["diagnose"], &["--scale-targets", "--margin", "--monitor", "--schedule-by"]),
        (&[], &["--scale-targets", "--margin", "--schedule-by"]),
        (&["compare"], &["--scale-targets", "--margin", "--monitor", "--schedule-by"]),
        (&["compare"], &["--hidden", "--activation", "--model"]),
        (&["diagnose", "classes.csv"], &["--scale-targets"]),
        (&["diagnose", "values.csv"], &["--class-weights"]),
        (&["--hidden", "none"], &hidden),
        (&["diagnose", "--hidden", "none"], &hidden),
        (&["--model", "linear(outputs=10)"], &short),
        (&["--loss", "mse"], &["--class-weights"]),
        (&["--loss", "cross_entropy(weights=[1,1,1,1,1,1,1,1,1,2])"], &["--class-weights"]),
        (&["--optimizer", "adam(learning_rate=0.1)"], &["--learning-rate"]),
    ];
    for (condition, flags) in conditions {
        for flag in flags {
            let typed = typed(flag);
            let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
            let output = run(folder.path(), &[condition, &typed].concat());
            let error = stderr(&output);
            let what = format!("{condition:?} {typed:?}: {error}");
            assert_eq!(output.status.code(), Some(2), "{what}");
            assert!(error.starts_with(&format!("error: {flag}")), "{what}");
            let said = error.lines().take_while(|line| !line.starts_with("Usage:"));
            assert_eq!(said.filter(|line| !line.is_empty()).count(), 1, "{what}");
        }
    }
    assert_eq!(files(folder.path()).len(), 5, "something was written: {:?}", files(folder.path()));
}
