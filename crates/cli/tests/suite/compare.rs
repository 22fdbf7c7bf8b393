//! `chainrule compare`: what learns at which depth, in numbers and as a picture.

use crate::common;

use common::{files, interrupted, object, run, stderr, stdout};
use serde_json::Value;

const SMALL: [&str; 9] = [
    "compare",
    "--activations",
    "sigmoid,relu",
    "--depths",
    "2,16",
    "--width",
    "24",
    "--epochs",
    "6",
];

fn of<'a>(object: &'a Value, activation: &str, depth: u64) -> &'a Value {
    let runs = object["runs"].as_array().unwrap();
    runs.iter().find(|run| run["activation"] == activation && run["depth"] == depth).unwrap()
}

#[test]
fn sigmoid_fails_at_depth_16_where_relu_learns() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[&SMALL[..], &["--json", "--picture", "depth.png"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 4, "{}", stderr(&output));
    let object = object(&output);
    assert_eq!(object["runs"].as_array().unwrap().len(), 4);
    assert_eq!(
        (&object["width"], &object["optimizer"], &object["seeds"]),
        (&24.into(), &"adam".into(), &1.into())
    );
    let number =
        |activation, depth, name: &str| of(&object, activation, depth)[name].as_f64().unwrap();
    assert!(
        number("sigmoid", 16, "accuracy") < 0.2 && number("relu", 16, "accuracy") > 0.6,
        "{object}"
    );
    assert!(
        number("sigmoid", 16, "gradient_ratio") < 1e-8
            && number("relu", 16, "gradient_ratio") > 0.1
    );
    assert!((0.2..0.3).contains(&number("sigmoid", 16, "gradient_growth")), "{object}");
    for (activation, depth, learns) in
        [("sigmoid", 2, true), ("sigmoid", 16, false), ("relu", 2, true), ("relu", 16, true)]
    {
        let run = of(&object, activation, depth);
        assert_eq!(run["learns"], learns, "{run}");
        assert_eq!(run["gradient_norms"].as_array().unwrap().len() as u64, depth + 1);
    }
    assert_eq!(files(folder.path()), ["depth.png"]);
    assert!(std::fs::read(folder.path().join("depth.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn the_tables_say_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let flags = [
        "compare",
        "--activations",
        "tanh,elu(alpha=0.5)",
        "--depths",
        "1,3",
        "--width",
        "8",
        "--epochs",
        "2",
    ];
    let flags = [&flags[..], &["--seeds", "2", "--picture", "depth.svg"]].concat();
    let output = run(folder.path(), &flags);
    let text = stdout(&output);
    for part in [
        "Validation accuracy after 2 epochs, mean over 2 seeds, by hidden layers\n",
        "\nelu(alpha=0.5)  ",
        "\nGradient at the first step: its norm in the first layer by that at the output\n",
        "\nIts factor per layer on the way back\n",
        "\nA network learns, here, if it gets at least 50.0 % right:\n",
        "\nDrawn in depth.svg\n",
    ] {
        assert!(text.contains(part), "{part:?} is missing from\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let picture = std::fs::read_to_string(folder.path().join("depth.svg")).unwrap();
    for part in [
        "elu(alpha=0.5)",
        "Gradients at the first step, 3 hidden layers",
        "Validation accuracy after 2 epochs",
    ] {
        assert!(picture.contains(part), "{part:?} is missing from the picture");
    }
    assert_eq!(stdout(&run(folder.path(), &flags)), text);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_what_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let flags = [
        "compare",
        "--activations",
        "relu",
        "--depths",
        "2,3",
        "--width",
        "8",
        "--epochs",
        "1000000000",
    ];
    let output = interrupted(folder.path(), &flags);
    assert_eq!(output.status.code(), Some(130));
    assert!(
        stderr(&output).contains("interrupted; what follows is what is known so far"),
        "{}",
        stderr(&output)
    );
    assert!(stdout(&output).contains("\nrelu          -          -\n"), "{}", stdout(&output));
}

#[test]
fn wrong_flags_are_told_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    for (flags, expected) in [
        (
            ["--activations", "relu,sigmod"],
            "there is no activation `sigmod` (did you mean `sigmoid`?); there are: sigmoid, tanh",
        ),
        (
            ["--depths", "2;4"],
            "error: --depths 2;4: must be whole numbers from 1 to 1000, separated by commas",
        ),
        (["--picture", "depth.gif"], "error: --picture depth.gif: end the name in .svg or .png"),
        (["--optimizer", "adamm"], "error: --optimizer adamm: there is no optimizer `adamm`"),
        (["--epoch", "2"], "a similar argument exists: '--epochs'"),
    ] {
        let output = run(folder.path(), &[&["compare"], &flags[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(stderr(&output).contains(expected), "{flags:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{flags:?}");
    }
    assert!(files(folder.path()).is_empty());
}
