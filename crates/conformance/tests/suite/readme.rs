//! The catalogue in the README is the one of the lists.

use std::path::Path;

use chainrule_conformance::catalogue::{catalogue, markdown};

const BEGIN: &str = "<!-- catalogue -->\n";
const END: &str = "<!-- end of catalogue -->";

/// With `UPDATE_README=1` the test writes the tables instead of comparing them.
#[test]
fn the_readme_shows_the_lists_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let begin = text.find(BEGIN).expect("the README has a place for the catalogue") + BEGIN.len();
    let end = begin + text[begin..].find(END).expect("the place has an end");
    let expected = format!("\n{}", markdown(&catalogue()));
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, format!("{}{expected}{}", &text[..begin], &text[end..])).unwrap();
        return;
    }
    assert!(
        text[begin..end] == expected,
        "the catalogue in the README is stale: run `UPDATE_README=1 cargo test -p \
         chainrule-conformance --test suite readme`"
    );
}
