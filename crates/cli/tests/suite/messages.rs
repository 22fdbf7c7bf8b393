//! The answers to wrong input: one line that names the flag or the file, the value, and what to do.

use crate::common;

use std::fs;

use common::{files, run, stderr, stdout};

/// The first line of what a wrong call prints; it must be all there is but how to call the program.
fn complaint(folder: &std::path::Path, flags: &[&str], code: i32) -> String {
    let output = run(folder, flags);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{flags:?}: {text}");
    let first = text.lines().next().unwrap_or_default().to_owned();
    let rest = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let usage = ["Usage:", "For more information", "chainrule ", "tip:", "[possible values:"];
    let others: Vec<_> =
        rest.filter(|line| !usage.iter().any(|usage| line.trim().starts_with(usage))).collect();
    assert!(first.starts_with("error: ") && others.is_empty(), "{flags:?}: {text}");
    for word in ["recorded at", ".rs:", "split_stratified", "panicked", ".chainrule"] {
        assert!(!text.contains(word), "{flags:?}: {text}");
    }
    assert!(text.len() < 3000 && !text.contains('\u{1b}'), "{flags:?}: {text}");
    first
}

/// Kind: messages that name the flag, the value and what to do. The list over flags of numbers and
/// names.
#[test]
fn wrong_values_are_told_with_flag_value_and_rule() {
    let folder = tempfile::tempdir().unwrap();
    let trainings: [&[&str]; 3] = [&[], &["diagnose"], &["compare"]];
    for command in trainings {
        for flag in ["--epochs", "--batch-size"] {
            for (value, rule) in [
                ("1e3", "must be a whole number of at least 1; write 1000"),
                ("many", "must be a whole number of at least 1"),
                ("1.5", "must be a whole number of at least 1"),
                ("", "must be a whole number of at least 1"),
                ("99999999999999999999", "must be a whole number of at least 1"),
                ("0", "must be a whole number of at least 1"),
                ("-7", "must be a whole number of at least 1"),
            ] {
                let error = complaint(folder.path(), &[command, &[flag, value]].concat(), 2);
                assert!(
                    error.contains(flag) && error.contains(value) && error.ends_with(rule),
                    "{error}"
                );
            }
        }
        for value in ["-inf", "inf", "nan", "NaN", "0", "-0", "-1e-3"] {
            let error =
                complaint(folder.path(), &[command, &["--learning-rate", value]].concat(), 2);
            assert!(
                error.starts_with("error: --learning-rate ")
                    && error.contains("must be a number above 0"),
                "{error}"
            );
        }
        let error = complaint(folder.path(), &[command, &["--learning-rate", "fast"]].concat(), 2);
        assert!(
            error.starts_with("error: --learning-rate fast: must be a number, such as"),
            "{error}"
        );
        for (value, expected) in [
            ("adma", "there is no optimizer `adma`"),
            ("adam(beta1=2)", "beta1 must lie in [0, 1), but it is 2"),
            ("adam(beta3=0)", "adam has no setting `beta3`"),
            ("adam(beta1)", "`adam(beta1)`"),
            ("adam(", "`adam(`"),
        ] {
            let error = complaint(folder.path(), &[command, &["--optimizer", value]].concat(), 2);
            assert!(
                error.starts_with(&format!("error: --optimizer {value}: "))
                    && error.contains(expected),
                "{error}"
            );
        }
        let flag = if command == ["compare"] { "--activations" } else { "--activation" };
        for (value, expected) in [
            ("elu(alpha=-1)", "alpha"),
            ("elu(alpha=x)", "alpha=x: must be"),
            ("elu(beta=1)", "elu has no setting `beta`; it has: alpha"),
            ("maxout(pieces=0)", "pieces must be at least 1"),
            ("rleu", "(did you mean `relu`?)"),
            ("softmax", "softmax"),
        ] {
            let error = complaint(folder.path(), &[command, &[flag, value]].concat(), 2);
            let named =
                error.starts_with(&format!("error: {flag} {value}: ")) && error.contains(expected);
            assert!(
                named && (!value.starts_with("elu") || !error.contains("there is no")),
                "{error}"
            );
        }
    }
    for (flag, value) in [
        ("--dropout", "1"),
        ("--dropout", "-inf"),
        ("--clip-norm", "-1"),
        ("--clip-norm", "nan"),
        ("--early-stopping", "-1"),
    ] {
        let error = complaint(folder.path(), &["diagnose", flag, value], 2);
        assert!(
            error.to_lowercase().starts_with(&format!("error: {flag} {value}: must be ")),
            "{error}"
        );
    }
    for (flags, expected) in [
        (&["--label", "a"][..], "--label: that flag is now --target"),
        (&["diagnose", "a.csv", "--label=b"], "--label: that flag is now --target"),
        (&["diagnose", "--standardise-inputs"], "that flag is now --scale-inputs standard"),
        (&["diagnose", "--standardise-targets"], "that flag is now --scale-targets standard"),
        (&["--seed", "-1"], "must be a whole number from 0 to 18446744073709551615"),
        (&["--seed", "1e2"], "must be a whole number from 0 to 18446744073709551615; write 100"),
        (&["list", "nosuch"], "there is no list `nosuch`; there are: activations"),
        (&["gradcheck", "nosuch"], "there is no family `nosuch`; there are: "),
        (&["conformance", "nosuch"], "there is no family `nosuch`; there are: "),
        (&["digits.csv"], "there is no command `digits.csv`; there are: train, predict, evaluate"),
        (&["diagnose", "a.csv", "b.csv"], "`b.csv` is a word too many"),
        (&["compare", "a"], "`a` is a word too many"),
        (&["list", "losses", "b"], "`b` is a word too many"),
    ] {
        let error = complaint(folder.path(), flags, 2);
        assert!(error.contains(expected), "{error}");
    }
    assert!(files(folder.path()).is_empty());
}

/// Kind: messages that name the flag, the value and what to do. What does not fit the data or the
/// rest of the network.
#[test]
fn parts_that_do_not_fit_are_told_with_their_flag() {
    let folder = tempfile::tempdir().unwrap();
    for (flags, expected) in [
        (["--loss", "nll"], "error: --loss nll: nll takes log-probabilities"),
        (
            ["--loss", "cross_entropy(weights=[1,2])"],
            "error: --loss cross_entropy(weights=[1,2]): ",
        ),
        (
            ["--init", "normal(deviation=-1)"],
            "error: --init normal(deviation=-1): normal: standard_deviation must be",
        ),
        (
            ["--init", "uniform(low=2, high=1)"],
            "error: --init uniform(low=2, high=1): uniform: range must be",
        ),
        (["--output-activation", "glu"], "error: --output-activation glu: "),
    ] {
        let error = complaint(
            folder.path(),
            &[&["diagnose", "--quiet", "--epochs", "1"], &flags[..]].concat(),
            2,
        );
        assert!(error.starts_with(expected), "{error}");
    }
}

/// Kind: messages of one line about tables.
#[test]
fn wrong_tables_are_told_with_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |n: usize| (0..n).map(|i| format!("{i},{}.5\n", i % 7)).collect::<String>();
    let quick = ["--hidden", "8", "--epochs", "1", "--quiet"];
    let long = format!("a,b\n{}\u{1b}[2J\u{7},1\n", "x".repeat(1_000_000));
    for (text, expected) in [
        ("1,2\n".to_owned(), "t.csv has 1 sample, too few to set a fifth aside"),
        ("1,2\n3,4\n".to_owned(), "t.csv has 2 samples, too few"),
        ("1,2\n3,4\n5,6\n".to_owned(), "t.csv has 3 samples, too few"),
        ("1,x\n3,y\n5,z\n6,w\n".to_owned(), "t.csv: every label in column 2 is another one"),
        (format!("{}60,nan\n", rows(60)), "t.csv, line 61, column 2: `nan` is not a number"),
        (format!("{}60,\n", rows(60)), "t.csv, line 61, column 2: the label is missing"),
        (
            format!("a,b\n{}\"5,1\n{}", rows(20), rows(79)),
            "t.csv, line 22: a quote is opened in `5,1` and never closed",
        ),
        (long, "t.csv, line 2, column a: `xxx"),
        (String::new(), "t.csv has no samples"),
    ] {
        fs::write(folder.path().join("t.csv"), text).unwrap();
        let error = complaint(folder.path(), &[&["diagnose", "t.csv"], &quick[..]].concat(), 2);
        assert!(error.starts_with(&format!("error: {expected}")), "{error}");
    }
    // A saved network is no table.
    assert!(
        run(folder.path(), &["--hidden", "8", "--epochs", "1", "--output", "net", "--quiet"])
            .status
            .success()
    );
    let error = complaint(folder.path(), &["diagnose", "net"], 2);
    assert!(
        error.starts_with(
            "error: net is a saved network; give a table (CSV, one sample a line), or"
        ),
        "{error}"
    );
    for (bytes, expected) in [
        (&b"\x1f\x8b\x08\0"[..], "compressed"),
        (b"\x89PNG\0", "no text"),
        (b"1,\xe9\n", "not UTF-8"),
    ] {
        fs::write(folder.path().join("b.csv"), bytes).unwrap();
        let error = complaint(folder.path(), &["diagnose", "b.csv"], 2);
        assert!(error.starts_with("error: b.csv") && error.contains(expected), "{error}");
    }
    assert!(complaint(folder.path(), &["diagnose", "."], 2).starts_with("error: cannot read .: "));
}

/// Kind: messages of one line. Values as long as a command line may be, and such that steer a
/// terminal.
#[test]
fn long_and_unprintable_values_are_shown_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let values = ["x".repeat(100_000), "a\u{1b}[31mb".to_owned(), "line\nline".to_owned()];
    for value in &values {
        for flags in [
            &["--activation"][..],
            &["--optimizer"],
            &["--hidden"],
            &["--epochs"],
            &["--seed"],
            &["--learning-rate"],
            &["diagnose", "--loss"],
            &["diagnose", "--init"],
            &["diagnose", "--output-activation"],
            &["diagnose", "--task"],
            &["diagnose", "--dropout"],
            &["compare", "--activations"],
            &["compare", "--depths"],
            &["list"],
            &["gradcheck"],
            &[],
        ] {
            complaint(folder.path(), &[flags, &[value]].concat(), 2);
        }
        complaint(folder.path(), &["diagnose", value], 2);
        complaint(folder.path(), &["--output", &format!("{value}/net")], 1);
    }
    assert_eq!(stdout(&run(folder.path(), &["--epochs", &values[1]])), "");
}
