//! `CATALOGUE.md` shows the lists as they are.

use std::fs;
use std::path::Path;

use chainrule_conformance::catalogue::{catalogue, markdown};

const HEAD: &str = "\
# Catalogue

Every activation, loss, initialiser, layer, optimizer, schedule and metric, with its settings and
their defaults. Each is chosen by its name in text: `activation::by_name(\"elu(alpha=0.5)\")` in a
program, `--activation \"elu(alpha=0.5)\"` on the command line, or in a recipe
`activation = \"elu(alpha=0.5)\"`. Settings that are not named keep their defaults.

`chainrule list` prints the same lists. `chainrule gradcheck` compares every derivative with
differences. `chainrule conformance` compares values, gradients and whole trainings with reference
cases: PyTorch, Optax, ONNX and scikit-learn wrote them, or NIST certified them.

This file is written by `UPDATE_CATALOGUE=1 cargo test -p chainrule-conformance catalogue`.

";

/// With `UPDATE_CATALOGUE=1` the test writes the file instead of comparing it.
#[test]
fn the_catalogue_shows_the_lists_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../CATALOGUE.md");
    let expected = format!("{HEAD}{}", markdown(&catalogue()));
    if std::env::var_os("UPDATE_CATALOGUE").is_some() {
        fs::write(&path, expected).unwrap();
        return;
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == expected,
        "CATALOGUE.md is stale: run `UPDATE_CATALOGUE=1 cargo test -p chainrule-conformance \
         catalogue`"
    );
}
