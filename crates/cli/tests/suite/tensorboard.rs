//! The flag `--tensorboard`.

use crate::common;

use common::{files, run, run_quick, stderr, stdout};

#[test]
fn a_training_leaves_event_files_and_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    run_quick(folder.path(), &["--output", "plain.safetensors"]);
    let output =
        run_quick(folder.path(), &["--output", "seen.safetensors", "--tensorboard", "runs/a"]);
    assert!(
        stdout(&output).ends_with("\nThe events are in runs/a, for tensorboard --logdir runs/a\n")
    );
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert!(
        bytes("plain.safetensors") == bytes("seen.safetensors"),
        "the weights are the same bits"
    );
    let runs = folder.path().join("runs/a");
    assert_eq!(files(&runs), ["training", "validation"]);
    for (part, tags) in [
        ("training", &["epoch/loss", "first_layer", "activations/0"][..]),
        ("validation", &["epoch/accuracy"]),
    ] {
        let part = runs.join(part);
        let [file] = &files(&part)[..] else { panic!("one file") };
        assert!(file.starts_with("events.out.tfevents."), "{file}");
        let events = std::fs::read(part.join(file)).unwrap();
        for tag in tags {
            assert!(
                events.windows(tag.len()).any(|window| window == tag.as_bytes()),
                "{tag} in {file}"
            );
        }
    }
}

#[test]
fn a_folder_of_another_training_is_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    run_quick(folder.path(), &["--tensorboard", "runs"]);
    let output = run(folder.path(), &["--output", "second.safetensors", "--tensorboard", "runs"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""));
    let expected = "error: runs already holds events of another training; give each training a \
                    folder of its own\n";
    assert_eq!(stderr(&output), expected);
    assert!(!folder.path().join("second.safetensors").exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "kept").unwrap();
    let output = run(folder.path(), &["--tensorboard", "file"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).starts_with("error: cannot write event files in file/training: "),
        "{}",
        stderr(&output)
    );
    assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"kept");
}
