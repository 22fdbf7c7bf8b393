//! The program's files: never two things in one file, never a part of one, never over what is to be
//! kept.

use crate::common;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use chainrule::recipe::Network;
use common::{QUICK, files, object, program, run, run_quick, stderr, stdout};

/// Kind: what the program writes is lost. Two outputs that are one file by another path.
#[test]
fn two_outputs_in_one_file_are_refused_whatever_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("a")).unwrap();
    let absolute = at("x").display().to_string();
    for there in [false, true] {
        let mut paths = vec!["x", "./x", "a/../x", &absolute];
        if there {
            fs::write(at("x"), "kept").unwrap();
            symlink("x", at("soft")).unwrap();
            symlink(at("soft"), at("softer")).unwrap();
            fs::hard_link(at("x"), at("hard")).unwrap();
            symlink("a", at("b")).unwrap();
            paths.extend(["soft", "softer", "hard", "b/../x"]);
        }
        for path in paths {
            for (first, second) in
                [("output", "record"), ("output", "report"), ("report", "record")]
            {
                let flags = [&format!("--{first}"), "x", &format!("--{second}"), path];
                let output = run(folder.path(), &[&QUICK[..], &flags].concat());
                let expected = format!(
                    "error: --{} {}: that is where --{} goes; choose another file",
                    { if first == "report" { "record" } else { second } },
                    path,
                    first
                );
                assert_eq!(output.status.code(), Some(2), "{flags:?}: {}", stderr(&output));
                assert!(stderr(&output).starts_with(&expected), "{expected}: {}", stderr(&output));
                assert_eq!(stdout(&output), "");
            }
        }
    }
    assert_eq!(fs::read_to_string(at("x")).unwrap(), "kept");
    assert_eq!(files(folder.path()), ["a", "b", "hard", "soft", "softer", "x"]);
}

/// Kind: an output that cannot be written is found out after the training.
#[test]
fn a_file_where_the_folder_of_events_is_to_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for events in ["net", "./net", "net/events"] {
        let output = run(
            folder.path(),
            &[&QUICK[..], &["--output", "net", "--tensorboard", events]].concat(),
        );
        let expected = format!(
            "error: --tensorboard {events}: that is a folder, but --output puts a file there"
        );
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).starts_with(&expected), "{}", stderr(&output));
    }
    assert!(files(folder.path()).is_empty());
}

/// Kind: an output that cannot be written is found out after the training.
#[test]
fn names_and_folders_that_take_no_file_are_found_out_before() {
    let folder = tempfile::tempdir().unwrap();
    let long = "n".repeat(256);
    for flag in ["--output", "--record", "--report"] {
        let output = run(folder.path(), &[&QUICK[..], &[flag, &long]].concat());
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""));
        let error = stderr(&output);
        assert!(
            error.contains(&format!(
                "name too long (os error 36); choose another place with {flag}\n"
            )),
            "{error}"
        );
    }
    let picture = run(folder.path(), &["compare", "--picture", &format!("{long}.svg")]);
    assert_eq!(picture.status.code(), Some(2));
    assert!(stderr(&picture).contains("name too long"), "{}", stderr(&picture));
    assert!(files(folder.path()).is_empty());
}

/// Kind: an output that cannot be written is found out after the training. Only root can make files
/// of others, and root alone can write everywhere.
#[test]
fn folders_of_others_are_found_out_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("net");
    fs::write(&file, "kept").unwrap();
    if fs::metadata(&file).unwrap().uid() != 0 {
        return;
    }
    let mode =
        |path: &Path, mode| fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    let tried = |flags: &[&str]| {
        let mut command = program(folder.path(), &[&QUICK[..], flags].concat());
        command.uid(65534).gid(65534).output()
    };
    for (folder_mode, file_mode, expected) in [
        (
            0o1777,
            0o666,
            "net belongs to somebody else, and the folder lets only its owner replace it",
        ),
        (0o1777, 0o644, "Permission denied"),
        (0o555, 0o666, "Permission denied"),
    ] {
        mode(folder.path(), folder_mode);
        mode(&file, file_mode);
        // Where others may not run the program, there is nothing to be seen.
        let Ok(output) = tried(&["--output", "net"]) else { return };
        let error = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""), "{error}");
        assert!(
            error.starts_with("error: cannot save to net: ") && error.contains(expected),
            "{error}"
        );
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    assert_eq!(files(folder.path()), ["net"]);
}

/// Kind: what the program writes is lost. Eight at a time under the default name; 55 of 80 networks
/// were lost.
#[test]
fn programs_at_the_same_time_keep_each_network_under_a_name_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut told = BTreeSet::new();
    for round in 0..2_u64 {
        let start = |seed: u64| {
            let seed = seed.to_string();
            let flags = ["--hidden", "8", "--epochs", "1", "--json", "--seed", &seed];
            let mut command = program(folder.path(), &flags);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let children: Vec<_> = (8 * round..8 * round + 8).map(start).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            told.insert(object(&output)["model"].as_str().unwrap().to_owned());
            // One that began after another had ended moves that one's network, and says so.
            let moved = stderr(&output);
            let moved = moved.lines().filter_map(|line| line.split_once(" is now "));
            told.extend(moved.map(|(_, name)| name.to_owned()));
        }
    }
    let seeds: BTreeSet<u64> =
        files(folder.path()).iter().map(|name| seed_of(&folder.path().join(name))).collect();
    assert_eq!(seeds, (0..16).collect());
    assert_eq!(files(folder.path()), told.into_iter().collect::<Vec<_>>());
}

/// The seed that a saved network was trained from.
fn seed_of(path: &Path) -> u64 {
    Network::<f32>::load(path).unwrap().recipe().seed
}

/// Kind: what was there is lost: permissions, and links by each of the outputs.
#[test]
fn permissions_and_links_are_kept_by_every_output() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("real")).unwrap();
    let outputs = ["net.safetensors", "run.json", "run.html"];
    for name in outputs {
        fs::write(at("real").join(name), "").unwrap();
        fs::set_permissions(at("real").join(name), PermissionsExt::from_mode(0o600)).unwrap();
        symlink(Path::new("real").join(name), at(name)).unwrap();
    }
    run_quick(
        folder.path(),
        &["--output", outputs[0], "--record", outputs[1], "--report", outputs[2]],
    );
    for name in outputs {
        let there = fs::metadata(at("real").join(name)).unwrap();
        assert!(at(name).is_symlink() && there.len() > 100, "{name}");
        assert_eq!(there.permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(files(&at("real")).len(), 3);
}

/// Kind: parts of files are left. A file that outgrows a limit ended the program by a signal.
#[test]
fn a_file_larger_than_the_limit_is_an_error_and_leaves_no_part() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("net"), "kept").unwrap();
    for (flags, path) in [("--output net", "net"), ("", "digits.safetensors")] {
        let script = format!(
            "ulimit -f 4; exec '{}' --hidden 64 --epochs 1 --quiet {flags}",
            env!("CARGO_BIN_EXE_chainrule")
        );
        let output =
            Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        let expected = format!(
            "error: cannot write {path}: File too large (os error 27); make room, or choose another"
        );
        assert!(error.starts_with(&expected) && error.lines().count() == 1, "{error}");
    }
    assert_eq!(
        (files(folder.path()), fs::read_to_string(folder.path().join("net")).unwrap()),
        (vec!["net".to_owned()], "kept".to_owned())
    );
}
