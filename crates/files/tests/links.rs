//! Permissions and links of files that are replaced.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use chainrule_files::{check, create, replace};

/// Kind: what was there is lost. A file that only its owner may read stays so.
#[test]
fn permissions_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    fs::write(&path, "").unwrap();
    let usual = mode();
    for kept in [0o600, 0o640, 0o666] {
        fs::set_permissions(&path, PermissionsExt::from_mode(kept)).unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!((mode(), fs::read(&path).unwrap()), (kept, b"new".to_vec()));
    }
    fs::remove_file(&path).unwrap();
    for write in [replace, create] {
        write(&path, b"new").unwrap();
        assert_eq!(mode(), usual);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn symbolic_links_are_followed_and_hard_links_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("other")).unwrap();
    for (link, to) in [("a", "other/file"), ("b", "a"), ("other/c", "../d")] {
        symlink(to, at(link)).unwrap();
    }
    // At first they lead nowhere.
    for (text, (path, file)) in
        [("1", ("b", "other/file")), ("2", ("a", "other/file")), ("3", ("other/c", "d"))]
    {
        check(at(path)).unwrap();
        replace(at(path), text.as_bytes()).unwrap();
        assert!(at(path).is_symlink() && !at(file).is_symlink());
        assert_eq!(fs::read_to_string(at(file)).unwrap(), text);
    }
    assert_eq!(create(at("a"), b"").unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    fs::hard_link(at("d"), at("hard")).unwrap();
    replace(at("hard"), b"4").unwrap();
    assert_eq!(
        (fs::read(at("d")).unwrap(), fs::read(at("hard")).unwrap()),
        (b"3".to_vec(), b"4".to_vec())
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
}

#[test]
fn what_stands_in_the_way_is_found_out_before() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "").unwrap();
    symlink("circle", at("circle")).unwrap();
    let long = "n".repeat(256);
    for (name, expected) in [
        ("", "directory"),
        ("file/a", "ot a directory"),
        ("none/a", "No such file"),
        (&long, "name too long"),
    ] {
        let error = check(at(name)).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
    check(at("circle")).unwrap_err();
    check(at("file")).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}
