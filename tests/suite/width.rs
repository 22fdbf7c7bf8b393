//! What holds for every file of Rust and Markdown: no line is longer than 100 columns, tables and
//! addresses aside, and no trainer is dropped by hand.

use std::fs;
use std::path::{Path, PathBuf};

const WIDTH: usize = 100;

#[test]
fn no_line_is_longer_than_100_columns() {
    let mut long = Vec::new();
    let files = files(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(files.len() > 500, "only {} files were found", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for (line, text) in text.lines().enumerate() {
            // A row of a table stands in one line, and an address cannot be cut.
            let bare = text.trim_start_matches([' ', '/', '!']);
            if text.chars().count() > WIDTH && !bare.starts_with('|') && !text.contains("://") {
                long.push(format!("{}:{}: {text}", file.display(), line + 1));
            }
        }
    }
    assert!(long.is_empty(), "{} lines are too long:\n{}", long.len(), long.join("\n"));
}

/// What is lent to a trainer comes back by itself: a training that ends its expression has ended.
#[test]
fn no_trainer_is_dropped_by_hand() {
    let (drop, root) = (concat!("drop(", "trainer)"), Path::new(env!("CARGO_MANIFEST_DIR")));
    for file in files(root) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains(drop), "{} drops a trainer by hand", file.display());
    }
}

/// The files of Rust and Markdown below a folder, build folders and hidden ones left out.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            found.extend(files(&path));
        } else if matches!(path.extension().and_then(|end| end.to_str()), Some("rs" | "md")) {
            found.push(path);
        }
    }
    found
}
