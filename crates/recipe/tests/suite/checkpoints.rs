//! A training that is kept in files goes on from them with the same bits, whatever became of the
//! newest one.

use std::fs;

use chainrule_data::{Dataset, Digits};
use chainrule_recipe::{Checkpoints, Recipe, Run};

fn digits(samples: std::ops::Range<usize>) -> Dataset {
    Digits::load().unwrap().dataset().select(&samples.collect::<Vec<_>>()).unwrap()
}

/// One with all that remembers.
fn recipe(epochs: usize) -> Recipe {
    Recipe {
        hidden: vec![8],
        dropout: Some(0.2),
        optimizer: "nadam".to_owned(),
        plateau: Some("reduce_on_plateau(patience=0)".to_owned()),
        metrics: vec!["accuracy".to_owned(), "log_loss".to_owned()],
        monitor: "highest accuracy".to_owned(),
        best_weights: true,
        early_stopping: Some(5),
        epochs,
        ..Recipe::default()
    }
}

fn train(recipe: &Recipe, checkpoints: &Checkpoints) -> (Run, Option<usize>, Vec<String>) {
    let (train, validation) = (digits(0..150), digits(150..200));
    let prepared = recipe.prepare(&train, Some(&validation)).unwrap();
    let found = checkpoints.latest(&prepared).unwrap();
    let from = found.as_ref().map(|found| found.snapshot.epochs.len());
    let damaged = found.iter().flat_map(|found| &found.damaged);
    let damaged = damaged.map(|(_, why)| why.clone()).collect();
    let run = prepared.fit_kept(prepared.trainer().unwrap(), checkpoints, found).unwrap();
    assert!(run.unkept.is_none());
    (run, from, damaged)
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn assert_same(a: &Run, b: &Run) {
    assert_eq!(a.network.params().values(), b.network.params().values());
    let scores = |run: &Run| -> Vec<_> {
        run.epochs.iter().map(|epoch| (epoch.train.clone(), epoch.validation.clone())).collect()
    };
    assert_eq!((scores(a), a.best), (scores(b), b.best));
}

#[test]
fn it_goes_on_from_any_epoch_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let all = Checkpoints::new(folder.path().join("straight")).keep(9);
    let (straight, from, _) = train(&recipe(6), &all);
    assert_eq!((straight.epochs.len(), from), (6, None));
    for epochs in [1, 3, 5] {
        let few = Checkpoints::new(folder.path().join(epochs.to_string()));
        train(&recipe(epochs), &few);
        let (resumed, from, _) = train(&recipe(6), &few);
        assert_eq!(from, Some(epochs));
        assert_same(&straight, &resumed);
    }
}

/// The best is that of the run, also where the last of equal epochs counts.
#[test]
fn the_last_ones_and_the_best_are_kept() {
    for last_of_equals in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe { last_of_equals, ..recipe(6) };
        let (run, ..) = train(&recipe, &Checkpoints::new(folder.path()));
        let (best, _) = run.best.unwrap();
        let mut expected = vec![best, 5, 6];
        expected.sort();
        expected.dedup();
        let expected: Vec<_> =
            expected.iter().map(|epoch| format!("epoch-{epoch:06}.safetensors")).collect();
        assert_eq!(names(folder.path()), expected);
    }
}

/// Cut off at every length in turn, and with one bit changed anywhere, the newest file is not taken
/// for whole.
#[test]
fn a_damaged_newest_file_is_told_and_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path()).keep(9);
    let (straight, ..) = train(&recipe(4), &checkpoints);
    let newest = folder.path().join("epoch-000004.safetensors");
    let whole = fs::read(&newest).unwrap();
    let (train_data, validation) = (digits(0..150), digits(150..200));
    let recipe = recipe(4);
    let prepared = recipe.prepare(&train_data, Some(&validation)).unwrap();
    let step = whole.len() / 61;
    let cut = (0..whole.len()).step_by(step).map(|len| whole[..len].to_vec());
    let flipped = (whole.len() / 2..whole.len()).step_by(step).map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        bytes
    });
    for bytes in cut.chain(flipped) {
        fs::write(&newest, bytes).unwrap();
        let found = checkpoints.latest(&prepared).unwrap().unwrap();
        assert_eq!((found.snapshot.epochs.len(), found.damaged.len()), (3, 1));
        assert_eq!(found.damaged[0].0, newest);
    }
    let (resumed, from, damaged) = train(&recipe, &checkpoints);
    assert_eq!((from, damaged.len()), (Some(3), 1));
    assert_same(&straight, &resumed);
    assert_eq!(fs::read(&newest).unwrap().len(), whole.len());
}

#[test]
fn what_another_training_left_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    train(&recipe(1), &checkpoints);
    let (data, validation) = (digits(0..150), digits(150..200));
    let said = |recipe: &Recipe, data: &Dataset| {
        let prepared = recipe.prepare(data, Some(&validation)).unwrap();
        checkpoints.latest(&prepared).unwrap_err().to_string()
    };
    let path = folder.path().join("epoch-000001.safetensors").display().to_string();
    let other = Recipe { batch_size: 16, ..recipe(1) };
    assert_eq!(
        said(&other, &data),
        format!(
            "{path}: it was left by another training: `batch_size` is not the same; take its \
             recipe, or another folder"
        )
    );
    assert_eq!(
        said(&recipe(1), &digits(1..151)),
        format!("{path}: it was left by a training on other data; take those, or another folder")
    );
    fs::write(&path, b"no tensors").unwrap();
    let text = said(&recipe(1), &data);
    assert!(text.starts_with(&path) && text.ends_with("begin the training anew"), "{text}");
}

/// A folder that cannot be written costs no training.
#[test]
fn a_state_that_cannot_be_written_is_told_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let data = digits(0..50);
    let recipe = Recipe { epochs: 2, hidden: vec![4], ..Recipe::default() };
    let prepared = recipe.prepare(&data, None).unwrap();
    let checkpoints = Checkpoints::new(file.join("within"));
    let run = prepared.fit_kept(prepared.trainer().unwrap(), &checkpoints, None).unwrap();
    assert_eq!(run.epochs.len(), 2);
    let why = run.unkept.unwrap().to_string();
    assert!(why.contains("cannot write it: ") && why.ends_with("choose another place"), "{why}");
    assert_eq!(fs::read_to_string(file).unwrap(), "in the way");
}
