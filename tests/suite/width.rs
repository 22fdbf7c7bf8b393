//! Rules for every file of Rust and Markdown: no line is longer than 100 columns, tables and
//! addresses aside, and no trainer is dropped by hand.

use std::fs;

use crate::sources::{files, root};

const WIDTH: usize = 100;

#[test]
fn no_line_is_longer_than_100_columns() {
    let mut long = Vec::new();
    let files = files(root());
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

/// All that is lent to a trainer comes back by itself: a training that ends its expression has
/// ended.
#[test]
fn no_trainer_is_dropped_by_hand() {
    let drop = concat!("drop(", "trainer)");
    for file in files(root()) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains(drop), "{} drops a trainer by hand", file.display());
    }
}
