//! The saved network: that it can be built again, that nothing is lost, and what stands in the way.

use crate::common;

use std::fs;
use std::path::Path;

use chainrule::checkpoint;
use chainrule::prelude::*;
use chainrule::recipe::Network;
use common::{files, object, run, run_quick, stderr, stdout};

/// Loads a network without knowing what it is, and tests it on the digits that its seed sets aside.
fn test_accuracy(path: &Path) -> f64 {
    let network = Network::<f32>::load(path).unwrap();
    let digits = Digits::load().unwrap().dataset();
    let (_, test) = digits.split_stratified(0.2, network.recipe().seed).unwrap();
    let Targets::Classes { indices, .. } = test.targets() else { panic!("digits have classes") };
    let answers = network.classes(test.inputs()).unwrap();
    let right = answers.iter().zip(indices).filter(|(answer, class)| **answer == **class as usize);
    right.count() as f64 / test.len() as f64
}

#[test]
fn the_file_is_enough_to_build_the_network_again() {
    let folder = tempfile::tempdir().unwrap();
    for flags in
        [["--hidden", "12,9", "--activation", "prelu"], ["--hidden", "none", "--seed", "4"]]
    {
        let flags =
            [&["--json", "--epochs", "3", "--output", "net.safetensors"], &flags[..]].concat();
        let object = object(&run(folder.path(), &flags));
        assert_eq!(
            test_accuracy(&folder.path().join("net.safetensors")),
            object["test_accuracy"],
            "{flags:?}"
        );
    }
}

#[test]
fn networks_under_the_default_name_are_kept_and_the_same_one_is_not_kept_twice() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    run_quick(folder.path(), &["--seed", "1"]);
    let first = read("digits.safetensors");
    assert!(!stderr(&run_quick(folder.path(), &["--seed", "1"])).contains("digits.1"));
    assert_eq!(files(folder.path()), ["digits.safetensors"]);

    let output = run_quick(folder.path(), &["--seed", "2"]);
    let note = "the network that was in digits.safetensors is now digits.1.safetensors\n";
    assert!(stderr(&output).contains(note), "{}", stderr(&output));
    let second = read("digits.safetensors");
    run_quick(folder.path(), &["--seed", "3"]);
    assert_eq!(
        files(folder.path()),
        ["digits.1.safetensors", "digits.2.safetensors", "digits.safetensors"]
    );
    assert_eq!((read("digits.1.safetensors"), read("digits.2.safetensors")), (first, second));
}

#[test]
fn a_file_named_by_output_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    fs::write(&path, "something else").unwrap();
    let output = run_quick(folder.path(), &["--output", "net.safetensors"]);
    assert!(stdout(&output).ends_with("\nSaved to net.safetensors\n"));
    assert_eq!(files(folder.path()), ["net.safetensors"]);
    assert!(checkpoint::description(&path).unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn a_link_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("real"), "").unwrap();
    std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
    run_quick(folder.path(), &["--output", "link"]);
    assert!(fs::symlink_metadata(folder.path().join("link")).unwrap().is_symlink());
    assert!(checkpoint::description(folder.path().join("real")).unwrap().is_some());
}

#[test]
fn a_place_that_cannot_hold_a_file_is_found_out_before_training() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "text").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let mut places = vec![
        (
            "missing/net.safetensors",
            "there is no folder missing; create it, or choose another place with --output",
        ),
        ("file/net.safetensors", "there is no folder file; create it"),
        ("folder", "there is something there that is not a file"),
        ("folder/", "there is something there that is not a file"),
        ("new/", "it names no file"),
        ("..", "it names no file"),
    ];
    if cfg!(target_os = "linux") {
        // Where nobody can create files, not even root.
        places.push(("/proc/net.safetensors", "nothing can be written in /proc: "));
        places.push(("/dev/null", "there is something there that is not a file"));
    }
    for (place, expected) in places {
        let output = run(folder.path(), &["--output", place]);
        assert_eq!(output.status.code(), Some(1), "{place}");
        let message = stderr(&output);
        assert!(
            message.starts_with(&format!("error: cannot save to {place}: {expected}")),
            "{message}"
        );
        assert_eq!(stdout(&output), "", "{place}");
    }
    assert_eq!(files(folder.path()), ["file", "folder"]);
    assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "text");
}

#[test]
fn a_training_that_diverges_says_where_and_what_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        run(folder.path(), &["--optimizer", "sgd", "--learning-rate", "1e30", "--hidden", "16"]);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.contains("in epoch 1, step 2") && message.contains("a lower learning rate"),
        "{message}"
    );
    assert!(message.ends_with("\nno epoch was completed: nothing was saved\n"), "{message}");
    assert!(files(folder.path()).is_empty());
}

#[test]
fn the_best_weights_before_a_training_diverges_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    // All digits in one step: the weights after the first are huge, after some more too large for
    // any number.
    let flags = ["--optimizer", "sgd", "--learning-rate", "1e10", "--batch-size", "2000", "--json"];
    let flags = [&flags[..], &["--hidden", "16", "--activation", "identity"]].concat();
    let output = run(folder.path(), &flags);
    let message = stderr(&output);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""), "{message}");
    assert!(message.contains("\nerror: ") && message.contains("lower learning rate"), "{message}");
    let saved =
        "\nthe weights of epoch 1, the best before the failure, were saved to digits.safetensors\n";
    assert!(message.ends_with(saved), "{message}");
    assert!(test_accuracy(&folder.path().join("digits.safetensors")) <= 1.0);
}
