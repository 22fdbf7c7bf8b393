//! The table at the head of each family's module has a row for every entry of its list.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use chainrule::nn::{activation, init, layer, loss};
use chainrule::train::{metric, optimizer, schedule};

#[test]
fn every_entry_has_a_row_in_the_table_of_its_module() {
    let families = [
        ("nn/src/activation", types(&activation::all::<f64>())),
        ("nn/src/loss", types(&loss::all::<f64>())),
        ("nn/src/init", types(&init::all())),
        ("nn/src/layer", types(&layer::all::<f64>())),
        ("train/src/optimizer", types(&optimizer::all::<f64>())),
        ("train/src/schedule", types(&schedule::all())),
        ("train/src/metric", types(&metric::all::<f64>())),
    ];
    for (folder, types) in families {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join("mod.rs");
        let text = fs::read_to_string(&path).unwrap();
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("//! |")).collect();
        assert!(types.len() > 5 && rows.len() > 5, "{folder}: {types:?}");
        for name in types {
            let has_row = rows.iter().any(|row| row.contains(&format!("[`{name}`]")));
            assert!(has_row, "the table at the head of {folder}/mod.rs has no row for {name}");
        }
    }
}

/// The names of the entries' types.
fn types<E: Debug + ?Sized>(entries: &[Box<E>]) -> Vec<String> {
    let name = |entry: &E| {
        let text = format!("{entry:?}");
        text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
    };
    entries.iter().map(|entry| name(entry)).collect()
}
