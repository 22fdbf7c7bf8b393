//! Recipes as TOML: every entry of every family comes back, and what is wrong is told with its
//! line.

use chainrule_nn::{activation, init, layer, loss};
use chainrule_recipe::{Change, Recipe, Scaling};
use chainrule_tensor::gemm::Precision;
use chainrule_train::schedule::Interval;
use chainrule_train::{constraint, metric, optimizer, schedule};

fn comes_back(recipe: &Recipe) {
    let text = recipe.to_toml();
    assert_eq!(Recipe::from_toml(&text).as_ref().ok(), Some(recipe), "{text}");
}

/// A recipe with no value at its default.
fn full() -> Recipe {
    Recipe {
        layers: None,
        hidden: vec![7, 5],
        activation: "elu(alpha=0.5)".to_owned(),
        init: "normal(deviation=0.1)".to_owned(),
        output_activation: Some("identity".to_owned()),
        normalise: true,
        dropout: Some(0.25),
        initialisers: vec!["0.*: orthogonal(gain=tanh)".to_owned()],
        init_from_data: Some("unit_columns(samples=3)".to_owned()),
        loss: "cross_entropy(label_smoothing=0.1)".to_owned(),
        class_weights: true,
        optimizer: "lookahead(inner=adam(beta1=0.8))".to_owned(),
        learning_rate: Some(1e-7),
        schedule: Some("linear_warmup(steps=5, then=cosine(total=95))".to_owned()),
        decay_schedule: Some("flat_cosine(flat=0.25)".to_owned()),
        dropout_schedule: Some("flat_cosine".to_owned()),
        schedule_by: Interval::Step,
        plateau: Some("reduce_on_plateau(patience=3)".to_owned()),
        groups: vec!["group(on=*.bias, learning_rate=2)".to_owned()],
        penalties: vec!["penalty(l2=1e-4, on=*.weight)".to_owned()],
        constraints: vec!["*.weight: max_norm(max_norm=3)".to_owned()],
        clip_norm: Some(1.0),
        clip_value: Some(0.5),
        metrics: vec!["accuracy".to_owned(), "f1(average=micro)".to_owned()],
        epochs: 3,
        batch_size: 17,
        drop_last: true,
        accumulate: 2,
        early_stopping: Some(4),
        margin: 0.01,
        best_weights: true,
        last_of_equals: true,
        monitor: "highest accuracy".to_owned(),
        seed: u64::MAX,
        shuffle: false,
        precision: Precision::Fast,
        scale_inputs: Scaling::Standard,
        scale_targets: Scaling::MinMax,
        clamp_answers: true,
        drop_constant_inputs: true,
    }
}

/// The keys of the text, in order.
fn keys() -> Vec<String> {
    let text = full().to_toml();
    let keys = text.lines().map(|line| line.split(' ').next().unwrap().to_owned());
    keys.filter(|key| key != "format").chain(["layers".to_owned()]).collect()
}

#[test]
fn every_key_comes_back() {
    comes_back(&Recipe::default());
    comes_back(&full());
    // One more than the struct's fields beside `layers` would have to be added above.
    assert_eq!(keys().len(), 40);
    for seed in [0, 1, i64::MAX as u64, i64::MAX as u64 + 1] {
        comes_back(&Recipe { seed, ..Recipe::default() });
    }
    for rate in [5e-324, 1e-5, 0.1, 1.0, 1e16, f64::MAX] {
        comes_back(&Recipe { learning_rate: Some(rate), ..Recipe::default() });
    }
}

#[test]
fn every_entry_of_every_family_comes_back() {
    let mut count = 0;
    let mut check = |recipe: Recipe| {
        comes_back(&recipe);
        count += 1;
    };
    let of = Recipe::default;
    for entry in activation::all::<f64>() {
        let name = entry.kind().to_owned();
        check(match entry.for_outputs() {
            true => Recipe { output_activation: Some(name), ..of() },
            false => Recipe { activation: name, ..of() },
        });
    }
    for entry in init::all() {
        check(Recipe { init: entry.name().to_owned(), ..of() });
        check(Recipe { initialisers: vec![format!("*: {}", entry.name())], ..of() });
    }
    for entry in layer::all::<f64>() {
        check(Recipe { layers: Some(entry.kind().to_owned()), ..of() });
    }
    for entry in loss::all::<f64>() {
        check(Recipe { loss: entry.name().to_owned(), ..of() });
    }
    for entry in optimizer::all::<f64>() {
        check(Recipe { optimizer: entry.name().to_owned(), ..of() });
    }
    for entry in schedule::all() {
        check(Recipe { schedule: Some(entry.name().to_owned()), ..of() });
    }
    for entry in metric::all::<f64>() {
        check(Recipe { metrics: vec![entry.name().to_owned()], ..of() });
    }
    for entry in constraint::all::<f64>() {
        check(Recipe { constraints: vec![format!("*: {}", entry.name())], ..of() });
    }
    assert!(count > 120, "{count}");
}

#[test]
fn texts_of_any_kind_come_back_from_toml() {
    let nested = "sequential[linear(outputs=4), residual[parallel[relu, elu(alpha=0.5)]]]";
    comes_back(&Recipe { layers: Some(nested.to_owned()), ..Recipe::default() });
    for odd in ["a\"b", "a\\b", "tab\tbed", "two\nlines", "\u{1}", "ä ß", "#", "'"] {
        let groups = vec![format!("group(on={odd})")];
        comes_back(&Recipe { groups, ..Recipe::default() });
    }
}

fn error(text: &str) -> String {
    Recipe::from_toml(text).unwrap_err().to_string()
}

#[test]
fn every_misspelt_key_is_told_with_its_line_and_what_was_meant() {
    for key in keys() {
        let (misspelt, line) = (format!("{}_{}", &key[..1], &key[1..]), "line 2: there is no key");
        let told = error(&format!("format = 1\n{misspelt} = 1"));
        let meant = format!("{line} `{misspelt}` (did you mean `{key}`?); there are: layers, ");
        assert!(told.starts_with(&meant), "{told}");
    }
}

#[test]
fn every_key_refuses_values_of_another_kind_with_its_line() {
    for key in keys() {
        for value in ["1979-05-27", "{ a = 1 }", "-1.5", "\"\"", "[[]]"] {
            let text = format!("# a comment\n\n{key} = {value}");
            // The only number of these that makes sense by its kind is then out of its bounds.
            let told = error(&text);
            assert!(told.starts_with(&format!("line 3: `{key}`: ")), "{text}: {told}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_told_with_line_and_key() {
    for (text, expected) in [
        ("epochs = 0", "line 1: `epochs`: must be a whole number of at least 1"),
        ("\nepochs = 1.5", "line 2: `epochs`: must be a whole number of at least 1"),
        ("epochs = 0x10", "line 1: `epochs`: must be a whole number of at least 1"),
        ("seed = -1", "line 1: `seed`: must be a whole number of at least 0"),
        ("hidden = [8, 0]", "line 1: `hidden`: must be a list of whole numbers of at least 1"),
        ("loss = \"hubber\"", "line 1: `loss`: there is no loss `hubber` (did you mean `huber`?)"),
        (
            "activation = \"softmax\"",
            "line 1: `activation`: `softmax` turns the outputs of a whole layer into probabilities",
        ),
        ("dropout = 1", "line 1: `dropout`: must be a share from 0 to below 1, but it is 1"),
        ("clip_norm = 0", "line 1: `clip_norm`: must be a number above 0"),
        ("schedule_by = \"steps\"", "line 1: `schedule_by`: must be one of: epoch, step"),
        ("schedule_by = \"step\"", "line 1: `schedule_by`: has no effect without a `schedule`"),
        (
            "constraints = [\"unit_norm\"]",
            "line 1: `constraints`: `unit_norm`: name the parameters in front of the rule, as in \
             `*.weight: max_norm(max_norm=3)`",
        ),
        (
            "initialisers = [\"*: constent\"]",
            "line 1: `initialisers`: there is no initialiser `constent` (did you mean `constant`?)",
        ),
        ("monitor = \"accuracy\"", "line 1: `monitor`: must be loss, or a metric as in `highest"),
        ("class_weights = true\nloss = \"mse\"", "line 1: `class_weights`: the loss `mse` has no"),
        ("learning_rate = nan", "line 1: `learning_rate`: must be a number above 0"),
        ("optimizer = \"adam(beta=1)\"", "line 1: `optimizer`: adam has no setting `beta`"),
        (
            "layers = \"relu\"\nactivation = \"relu\"",
            "line 2: `activation`: `layers` describes the whole model; leave one of both out",
        ),
        ("format = 2", "line 1: `format`: must be 1, the format that this release reads"),
        ("epochs = 1\nepochs = 2", "line 2: "),
        ("epochs 1", "line 1: "),
        ("epochs = ", "line 1: "),
        ("[training]\nepochs = 1", "line 1: there is no key `training`"),
    ] {
        let told = error(text);
        assert!(told.starts_with(expected), "{text}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

/// Kind: input that is damaged anywhere. Each text is a recipe or one line of error, never a panic.
#[test]
fn damaged_texts_are_recipes_or_one_line_of_error() {
    let text = full().to_toml();
    let pieces = ["\"", "[", "]", "(", "=", "\n", "-", "9e99", "'''", "{", "\u{0}", "é", ".", ","];
    let mut state = 1_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut refused = 0;
    for _ in 0..1000 {
        let mut damaged = text.clone();
        for _ in 0..1 + draw(3) {
            let at = draw(damaged.len() + 1);
            let at = (0..=at).rev().find(|at| damaged.is_char_boundary(*at)).unwrap_or(0);
            match draw(3) {
                0 => damaged.insert_str(at, pieces[draw(pieces.len())]),
                1 => damaged.truncate(at.max(1)),
                _ => damaged = damaged.chars().filter(|_| draw(50) > 0).collect(),
            }
        }
        match Recipe::from_toml(&damaged) {
            Ok(recipe) => comes_back(&recipe),
            Err(error) => {
                let told = error.to_string();
                let lines = told.lines().count();
                assert!(told.starts_with("line ") && lines == 1, "{damaged}: {told}");
                refused += 1;
            }
        }
    }
    assert!(refused > 500, "{refused}");
}

#[test]
fn files_are_read_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipe.toml");
    std::fs::write(&path, full().to_toml()).unwrap();
    assert_eq!(Recipe::from_file(&path).unwrap(), full());
    std::fs::write(&path, "epoch = 3").unwrap();
    let error = Recipe::from_file(&path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: line 1: there is no key", path.display())), "{error}");
    assert!(Recipe::from_file(folder.path().join("none")).is_err());
}

#[test]
fn changes_are_applied_printed_and_read() {
    let base = Recipe::default();
    let other = full();
    // Key by key, from one recipe to the other and back.
    let change = Change::between(&base, &other);
    assert_eq!(change.apply(&base).unwrap().as_ref(), Some(&other));
    assert_eq!(change.to_string().parse::<Change>().unwrap(), change);
    assert_eq!(Change::between(&other, &base).apply(&other).unwrap().as_ref(), Some(&base));
    assert_eq!(Change::between(&base, &base).apply(&base).unwrap(), None);

    let slower: Change = "learning_rate*=0.1".parse().unwrap();
    assert!(slower.is_factor() && !change.is_factor());
    let slow = slower.apply_times(&base, 2).unwrap().unwrap();
    assert_eq!(slow.learning_rate, Some(1e-5));
    assert_eq!(slower.told(&slow), "learning_rate=1e-5");
    let wide = Change::times("hidden", 4.0).apply(&base).unwrap().unwrap();
    assert_eq!(wide.hidden, [128, 128]);

    let whole = Recipe { layers: Some("relu".to_owned()), ..Recipe::default() };
    assert_eq!(Change::activation("tanh").apply(&whole).unwrap(), None);
    assert_eq!(
        Change::set("normalise", true).apply(&Recipe { hidden: vec![], ..base }).unwrap(),
        None
    );

    let wrong = |text: &str| match text.parse::<Change>() {
        Ok(change) => change.apply(&Recipe::default()).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(wrong("epoch=3").starts_with("there is no key `epoch` (did you mean `epochs`?)"));
    assert_eq!(wrong("epochs=many"), "`epochs`: must be a whole number of at least 1");
    assert_eq!(wrong("epochs"), "`epochs`: write key=value, or key*=factor for a number");
    assert_eq!(wrong("epochs*=-1"), "`epochs`: a factor must be above 0");
    assert_eq!(wrong("loss*=2"), "`loss`: is no number that a factor could be taken of");
    assert!(wrong("loss=hubber").contains("did you mean `huber`?"));
}
