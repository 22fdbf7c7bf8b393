//! Tables of one's own: from a file to a network in use.

use std::fs;
use std::path::Path;

use crate::common::{files, object, run, stderr, stdout};

/// Flowers that their sizes and colour tell apart; some widths are missing.
fn flowers(path: &Path, rows: usize) {
    let mut text = "id,length,width,colour,species\n".to_owned();
    for row in 0..rows {
        let (species, size) = [("setosa", 1.5), ("lilac", 4.5)][row % 2];
        let wobble = (row * 7919 % 101) as f64 / 100.0;
        let width = match row % 11 {
            0 => "NA".to_owned(),
            _ => format!("{:.2}", size / 3.0 + 0.2 * wobble),
        };
        let colour = ["red", "white", "blue"][row % 3];
        text += &format!("{row},{:.2},{width},{colour},{species}\n", size + wobble);
    }
    fs::write(path, text).unwrap();
}

/// Houses whose price follows from size and town, of more towns than become inputs by themselves.
fn houses(path: &Path, rows: usize) {
    let mut text = "size;town;price\n".to_owned();
    for row in 0..rows {
        let (size, town) = (30 + row * 7919 % 170, row % 12);
        text += &format!("{size};town {town};{}.5\n", 1000 * size + 5000 * town);
    }
    fs::write(path, text).unwrap();
}

const QUICK: [&str; 6] = ["--hidden", "16", "--epochs", "20", "--learning-rate", "0.01"];

#[test]
fn a_table_becomes_a_network_that_predicts_classes_by_name() {
    let folder = tempfile::tempdir().unwrap();
    flowers(&folder.path().join("flowers.csv"), 150);
    let flags = [&["train", "flowers.csv", "--target", "species", "--json"], &QUICK[..]].concat();
    let trained = object(&run(folder.path(), &flags));
    assert_eq!(trained["folder"], "runs/flowers-1");
    assert_eq!(
        (&trained["task"], &trained["why"]),
        (&"classes".into(), &"it holds categories".into())
    );
    assert_eq!(trained["names"], serde_json::json!(["lilac", "setosa"]));
    assert_eq!(
        [&trained["training_samples"], &trained["validation_samples"], &trained["test_samples"]],
        [&96, &24, &30]
    );
    assert_eq!(trained["columns"][0]["left_out"], true);
    assert!(trained["test"]["accuracy"].as_f64().unwrap() > 0.9, "{trained}");
    let made = folder.path().join("runs/flowers-1");
    let names = ["metrics.csv", "metrics.jsonl", "model.safetensors", "recipe.toml", "report.html"];
    assert_eq!(files(&made), names);
    assert_eq!(fs::read_to_string(made.join("metrics.csv")).unwrap().lines().count(), 21);
    // The recipe is one that any command takes.
    let again = run(folder.path(), &["config", "--recipe", "runs/flowers-1/recipe.toml"]);
    assert!(stdout(&again).contains("\nhidden = [16]\n"), "{}", stderr(&again));

    // In another order, with a column too many and a colour that training has not seen.
    let new = "colour,species,width,length,note\nred,,1.6,5.1,a\ngreen,,,1.6,b\n";
    fs::write(folder.path().join("new.csv"), new).unwrap();
    let model = "runs/flowers-1/model.safetensors";
    let output = run(folder.path(), &["predict", model, "new.csv"]);
    let text = stdout(&output);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0], ["species", "probability of lilac", "probability of setosa"]);
    assert_eq!((lines[1][0], lines[2][0], lines.len()), ("lilac", "setosa", 3));
    let chances: f64 = lines[1][1..].iter().map(|chance| chance.parse::<f64>().unwrap()).sum();
    assert!((chances - 1.0).abs() < 1e-5, "{text}");
    let note = "column colour: 1 rows have a category that training has not seen";
    assert!(stderr(&output).contains(note), "{}", stderr(&output));

    let flags = ["predict", model, "new.csv", "--format", "jsonl", "--output", "a.jsonl"];
    assert!(run(folder.path(), &flags).status.success());
    let lines = fs::read_to_string(folder.path().join("a.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["species"], "lilac");
    assert!(first["probabilities"]["lilac"].as_f64().unwrap() > 0.5, "{first}");

    let whole = object(&run(folder.path(), &["evaluate", model, "flowers.csv", "--json"]));
    assert!(whole["metrics"]["accuracy"].as_f64().unwrap() > 0.9, "{whole}");
    let inspected = stdout(&run(folder.path(), &["inspect", model]));
    for part in [
        "Predicts species: one of lilac, setosa.",
        "test accuracy",
        "width: a number x, as (x - ",
        "an input says where one is missing",
        "colour: one of blue, red, white",
        "\nhidden = [16]\n",
    ] {
        assert!(inspected.contains(part), "{part} is missing from\n{inspected}");
    }
    // The next run of the table has the next number, and the same seed the same network.
    let flags = [&["train", "flowers.csv", "--target", "species", "--quiet"], &QUICK[..]].concat();
    assert!(run(folder.path(), &flags).status.success());
    let read = |run: &str| fs::read(folder.path().join(run).join("model.safetensors")).unwrap();
    assert_eq!(read("runs/flowers-1"), read("runs/flowers-2"));
}

#[test]
fn numbers_are_predicted_in_the_units_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    houses(&folder.path().join("houses.csv"), 300);
    let flags = ["train", "houses.csv", "--json", "--output", "made", "--hidden", "32"];
    let flags = [&flags[..], &["--epochs", "60", "--learning-rate", "0.01"]].concat();
    let trained = object(&run(folder.path(), &flags));
    assert_eq!(trained["task"], "values");
    assert!(trained["why"].as_str().unwrap().starts_with("it has fractions"), "{trained}");
    assert!(trained["test"]["r2"].as_f64().unwrap() > 0.95, "{trained}");
    let new = "town,size\ntown 3,100\ntown 11,50\n";
    fs::write(folder.path().join("new.csv"), new).unwrap();
    let text = stdout(&run(folder.path(), &["predict", "made/model.safetensors", "new.csv"]));
    let prices: Vec<f64> = text.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert_eq!(text.lines().next(), Some("price"));
    for (price, truth) in prices.iter().zip([115_000.0, 105_000.0]) {
        assert!((price / truth - 1.0).abs() < 0.2, "{price}, not {truth}");
    }
}

#[test]
fn groups_stay_together_and_several_questions_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "x,who,warm,wet\n".to_owned();
    for row in 0..120 {
        let (warm, wet) = (row % 2, row / 2 % 2);
        text += &format!("{}.5,p{},{warm},{wet}\n", 10 * warm + 3 * wet, row / 4);
    }
    fs::write(folder.path().join("days.csv"), text).unwrap();
    let flags = ["train", "days.csv", "--target", "warm", "--target", "wet", "--group-column"];
    let flags = [&flags[..], &["who", "--json", "--output", "made"], &QUICK[..]].concat();
    let trained = object(&run(folder.path(), &flags));
    assert_eq!(trained["task"], "labels");
    assert_eq!(trained["test_samples"], 24, "six of thirty groups of four");
    fs::write(folder.path().join("new.csv"), "x\n13.5\n").unwrap();
    let text = stdout(&run(folder.path(), &["predict", "made/model.safetensors", "new.csv"]));
    assert!(text.starts_with("warm,probability of warm,wet,probability of wet\nyes,"), "{text}");
}

/// Kind: what the program was given is mistaken. One line with the file, the place and what to do;
/// exit code 2; nothing is left behind.
#[test]
fn mistakes_are_told_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    flowers(&folder.path().join("flowers.csv"), 40);
    write("few.csv", "a,b\n1,x\n2,y\n");
    write("one.csv", "a\n1\n2\n");
    write("empty.csv", "");
    write("unlabelled.csv", "a,b\n1,x\n2,\n3,y\n4,x\n5,y\n6,x\n7,y\n8,x\n");
    write("ragged.csv", "a,b\n1,2\n1,2,3\n");
    write("sheet.xlsx", "PK\u{3}\u{4}                          [Content_Types].xml");
    write("twice.csv", "a,a,b\n1,2,x\n3,4,y\n");
    write("lacking.csv", "length,colour\n1,red\n");
    write("odd.csv", "length,width,colour\n1,wide,red\n");
    write("classes.csv", "length,width,colour,species\n1,2,red,rose\n");
    let train =
        ["train", "flowers.csv", "--target", "species", "--epochs", "1", "--output", "made"];
    assert!(run(folder.path(), &train).status.success());
    let before = files(folder.path());
    let model = "made/model.safetensors";
    let species = ["train", "flowers.csv", "--target", "species"];
    let with = |more: &[&'static str]| [&species[..], more].concat();
    for (flags, expected) in [
        (vec!["train", "nothing.csv"], "cannot read nothing.csv: "),
        (vec!["train", "."], ". is a folder; give a file of it"),
        (vec!["train", "few.csv"], "few.csv has 2 samples, which cannot be split"),
        (vec!["train", "one.csv"], "one.csv has one column only"),
        (vec!["train", "empty.csv"], "empty.csv has no samples"),
        (vec!["train", "unlabelled.csv"], "unlabelled.csv, line 3, column b: the label is missing"),
        (vec!["train", "ragged.csv"], "ragged.csv, line 3: "),
        (vec!["train", "sheet.xlsx"], "sheet.xlsx is a workbook of Excel (.xlsx); save its sheet"),
        (vec!["train", "twice.csv"], "twice.csv"),
        (vec!["train", "flowers.csv", "--target", "specie"], "(did you mean `species`?)"),
        (vec!["train", "flowers.csv", "--target", "9"], "--target 9: flowers.csv has no such"),
        (with(&["--ignore", "widht"]), "--ignore widht: flowers.csv has no such column (did you"),
        (with(&["--numeric", "colour"]), "column colour: `red` is not a number; write it as one"),
        (with(&["--task", "values"]), "line 2, column species: `setosa` is not a number"),
        (with(&["--epochs", "0"]), "--epochs 0: must be a whole number of at least 1"),
        (with(&["--scale-inputs", "standard"]), "--scale-inputs: the columns of a table are"),
        (with(&["--scale-targets", "standard"]), "--scale-targets: there are no targets that"),
        (with(&["--loss", "nll"]), "nll takes log-probabilities"),
        (with(&["--model", "linear(outputs=1)"]), "class"),
        (with(&["--hidden", "99999,99999"]), "at most 50000000 are allowed"),
        (with(&["--output", "made"]), "--output made: there is something in it already"),
        (with(&["--output", "few.csv"]), "--output few.csv: there is a file of that name"),
        (with(&["--group-column", "id", "--time-column", "id"]), "cannot be used with"),
        (with(&["--group-column", "who"]), "--group-column who: flowers.csv has no such column"),
        (with(&["--label", "species"]), "--label: that flag is now --target"),
        (vec!["predict", "nothing", "flowers.csv"], "nothing"),
        (vec!["predict", "flowers.csv", "flowers.csv"], "flowers.csv"),
        (vec!["predict", model, "nothing.csv"], "cannot read nothing.csv: "),
        (vec!["predict", model, "empty.csv"], "empty.csv has no samples"),
        (vec!["predict", model, "lacking.csv"], "lacking.csv, column width: it is not there"),
        (
            vec!["predict", model, "odd.csv", "--output", "p"],
            "odd.csv, line 2, column width: `wide`",
        ),
        (vec!["predict", model, "sheet.xlsx"], "sheet.xlsx is a workbook of Excel"),
        (vec!["evaluate", model, "lacking.csv"], "lacking.csv"),
        (
            vec!["evaluate", model, "classes.csv"],
            "classes.csv, line 2, column species: the network does not know the class `rose`; \
             there are: lilac, setosa",
        ),
        (vec!["inspect", "flowers.csv"], "flowers.csv"),
        (vec!["config", "--recipe", "few.csv"], "few.csv: line 1: "),
    ] {
        let output = run(folder.path(), &flags);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {text}");
        assert!(text.starts_with("error: ") && text.contains(expected), "{flags:?}: {text}");
        let first = text.lines().next().unwrap();
        let rest = text.lines().skip(1).filter(|line| !line.trim().is_empty());
        let usage = ["Usage:", "For more information", "tip:", "chainrule "];
        let rest: Vec<&str> =
            rest.filter(|line| !usage.iter().any(|part| line.trim().starts_with(part))).collect();
        assert!(rest.is_empty() && first.len() < 600, "{flags:?}: {text}");
        assert_eq!(stdout(&output), "", "{flags:?}");
        assert_eq!(files(folder.path()), before, "{flags:?}");
    }
}

/// Categories of many names are embedded, missing numbers are learned, few samples make a batch.
#[test]
fn every_preset_trains_and_its_network_predicts() {
    let folder = tempfile::tempdir().unwrap();
    flowers(&folder.path().join("flowers.csv"), 150);
    houses(&folder.path().join("houses.csv"), 60);
    for preset in ["plain", "td-s", "td"] {
        for (table, target) in [("flowers", "species"), ("houses", "price")] {
            let (file, made) = (format!("{table}.csv"), format!("{table}-{preset}"));
            let flags = ["train", &file, "--target", target, "--preset", preset];
            let flags = [&flags[..], &["--epochs", "2", "--output", &made, "--json"]].concat();
            let trained = object(&run(folder.path(), &flags));
            let score = trained["test"].as_object().unwrap().values().next().unwrap().as_f64();
            assert!(score.unwrap().is_finite(), "{preset}: {trained}");
            let recipe = trained["recipe"].as_str().unwrap();
            assert_eq!(recipe.contains("periodic_embedding"), preset == "td", "{recipe}");
            assert!(recipe.contains("\nepochs = 2\n"), "{recipe}");
            let model = format!("{made}/model.safetensors");
            let predicted = stdout(&run(folder.path(), &["predict", &model, &file]));
            let rows = fs::read_to_string(folder.path().join(&file)).unwrap().lines().count();
            assert_eq!(predicted.lines().count(), rows, "{preset}: {predicted}");
        }
    }
    let output = run(folder.path(), &["train", "flowers.csv", "--preset", "tdx"]);
    assert_eq!(output.status.code(), Some(2));
    let error = stderr(&output);
    assert!(error.contains("there is no preset `tdx` (did you mean `td`?)"), "{error}");
}
