//! The table of RELIABILITY.md: each kind of fault has tests, which name it.

use std::fs;
use std::path::{Path, PathBuf};

/// The words by which tests name each kind, in the order of the table.
const KINDS: [&[&str]; 10] = [
    &["memory safety"],
    &["losses over batches"],
    &["that may be negative or zero", "negative losses"],
    &["zero times infinity"],
    &["squares that overflow", "squares overflow", "square overflow"],
    &["denormal"],
    &["names that do nothing"],
    &["once more"],
    &["kind: ", "what the program was given"],
    &["least squares"],
];

#[test]
fn each_kind_of_fault_has_tests_that_are_there_and_name_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("RELIABILITY.md")).unwrap();
    for (i, words) in KINDS.iter().enumerate() {
        let start = format!("| {}. ", i + 1);
        let row = table.lines().find(|line| line.starts_with(&start)).unwrap();
        let tests = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap();
        let paths: Vec<String> = tests
            .split('`')
            .skip(1)
            .step_by(2)
            .flat_map(each)
            .filter(|p| p.contains('/'))
            .collect();
        assert!(!paths.is_empty(), "kind {} has no tests", i + 1);
        for path in paths {
            let found = [root.join(&path), root.join("crates").join(&path)];
            let found = found.iter().find(|path| path.exists());
            let found = found.unwrap_or_else(|| panic!("kind {}: there is no {path}", i + 1));
            let said = words_of(found);
            assert!(
                words.iter().any(|words| said.contains(words)),
                "{path} does not say {words:?}"
            );
        }
    }
}

/// The files that a path stands for: one for each name in braces.
fn each(path: &str) -> Vec<String> {
    match path.split_once('{').and_then(|(from, rest)| Some((from, rest.split_once('}')?))) {
        Some((from, (names, to))) => names.split(',').map(|n| format!("{from}{n}{to}")).collect(),
        None => vec![path.to_owned()],
    }
}

/// The text of a file, or of all files below a folder, in small letters and without line breaks.
fn words_of(path: &Path) -> String {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        let sources = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|e| e == "rs");
        return entries.filter(sources).map(|path| words_of(&path)).collect();
    }
    let text = fs::read_to_string(path).unwrap().to_lowercase();
    let lines = text.lines().map(|line| line.trim().trim_start_matches(['/', '!', ' ']));
    lines.collect::<Vec<_>>().join(" ")
}
