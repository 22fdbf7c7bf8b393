//! Files that the programs wrote which users write theirs with; `write.py` beside this folder wrote
//! them. Each holds the same table.

use std::path::{Path, PathBuf};

use chainrule_data::{Column, Targets};
use chainrule_table::{Kind, Options, Source, Table, read, read_as};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/written").join(name)
}

fn open(name: &str) -> Table {
    let read = Source::open(&path(name)).and_then(|source| read(&source, &Options::default()));
    read.unwrap_or_else(|error| panic!("{error}"))
}

fn size(row: usize) -> f64 {
    if row == 3 { f64::NAN } else { 0.5 * row as f64 + 0.25 }
}

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

fn has(table: &Table, column: &str, values: impl Fn(usize) -> f64) {
    match table.inputs.column(column).unwrap() {
        Column::Numbers(found) => {
            let fits = found.iter().enumerate().all(|(row, value)| same(*value, values(row)));
            assert!(found.len() == 12 && fits, "{}: {column}: {found:?}", table.report);
        }
        other => panic!("{}: {column}: {other:?}", table.report),
    }
}

fn has_towns(table: &Table) {
    let names = ["Bern, CH", "St. \"Gallen\"", "Ulm"].map(str::to_owned).to_vec();
    let codes = (0..12).map(|i| if i == 5 { 0 } else { [3, 1, 2][i % 3] }).collect();
    let expected = Column::Categories { codes, names };
    assert_eq!(table.inputs.column("town").unwrap(), &expected, "{}", table.report);
}

fn has_kinds(table: &Table) {
    let indices = (0..12).map(|i| i % 2).collect();
    let expected = Targets::Classes { indices, classes: 2 };
    assert_eq!(table.target::<f32>().unwrap().targets, expected, "{}", table.report);
}

#[test]
fn tables_of_text() {
    for name in [
        "pandas.csv",
        "pandas_plain.csv.gz",
        "pandas_german.csv",
        "pandas_utf16.csv",
        "polars.csv",
        "duckdb.csv",
    ] {
        let table = open(name);
        assert_eq!(table.inputs.names(), ["size", "count", "town"], "{name}");
        has(&table, "size", size);
        has(&table, "count", |row| (7 * row % 5) as f64);
        has_towns(&table);
        has_kinds(&table);
    }
    let pandas = open("pandas.csv");
    assert_eq!(pandas.report.columns[0].kind, Kind::Identifier);
    // A model that was trained on one of them reads the others.
    let source = Source::open(&path("polars.csv")).unwrap();
    let read = read_as(&source, &pandas.schema).unwrap();
    assert_eq!(format!("{:?}", read.inputs), format!("{:?}", pandas.inputs));
}

/// The size where a missing one was written as 0.
fn filled(row: usize) -> f64 {
    if row == 3 { 0.0 } else { size(row) }
}

#[test]
fn arrays_of_numpy() {
    for (name, first, second) in [
        ("numpy.txt", "1", "2"),
        ("numpy_named.csv", "size", "count"),
        ("numpy.npy", "1", "2"),
        ("numpy_fortran.npy", "1", "2"),
        ("numpy_structured.npy", "size", "count"),
        ("numpy.npz", "X 1", "X 2"),
        ("numpy_packed.npz", "X 1", "X 2"),
    ] {
        let table = open(name);
        has(&table, first, filled);
        has(&table, second, |row| (7 * row % 5) as f64);
        has_kinds(&table);
    }
    has_towns(&open("numpy_structured.npy"));
    for name in ["numpy_cube.npy", "numpy_cube_fortran.npy"] {
        let table = open(name);
        for column in 0..5 {
            has(&table, &(column + 1).to_string(), |row| (6 * row + column) as f64);
        }
    }
}

#[test]
fn sparse_rows_of_scikit_learn() {
    let table = open("sklearn.svm");
    has(&table, "1", filled);
    has(&table, "2", |row| (7 * row % 5) as f64);
    has_kinds(&table);
    let labels = open("sklearn_labels.svm");
    has(&labels, "0", filled);
    assert_eq!(labels.inputs.names(), ["0", "1"]);
    let target = labels.target::<f64>().unwrap();
    match target.targets {
        Targets::Labels(values) => {
            let expected: Vec<f64> = (0..12)
                .flat_map(|i| [i % 2 == 1, i % 3 == 0])
                .map(|answer| f64::from(u8::from(answer)))
                .collect();
            assert_eq!(values.values(), expected);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(target.names, ["label 0", "label 1"]);
}

#[test]
fn pictures_as_mnist_has_them() {
    let table = open("train-images-idx3-ubyte.gz");
    for pixel in 0..4 {
        has(&table, &(pixel + 1).to_string(), |row| (4 * row + pixel) as f64);
    }
    has_kinds(&table);
    assert!(table.report.notes[0].ends_with("train-labels-idx1-ubyte.gz"));
}
