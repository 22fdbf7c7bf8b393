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

/// The message for a file, or the table.
#[cfg(not(feature = "parquet-zstd"))]
fn error(name: &str) -> String {
    let read = Source::open(&path(name)).and_then(|source| read(&source, &Options::default()));
    read.map(|table| table.report.to_string()).unwrap_err().to_string()
}

#[cfg(not(feature = "parquet"))]
#[test]
fn without_parquet_the_build_that_has_it_is_named() {
    let error = error("duckdb.parquet");
    let expected = "is Parquet; use a build with the feature `parquet`, or write the table as CSV";
    assert!(error.ends_with(expected), "{error}");
}

#[cfg(all(feature = "parquet", not(feature = "parquet-zstd")))]
#[test]
fn without_zstandard_the_build_that_has_it_is_named() {
    let error = error("polars.parquet");
    let expected = "is packed by Zstandard; use a build with the feature `parquet-zstd`, or write \
                    it with Snappy";
    assert!(error.ends_with(expected), "{error}");
}

#[cfg(feature = "parquet")]
mod parquet {
    use super::*;

    #[test]
    fn tables_of_pandas_polars_and_duckdb() {
        let mut names =
            vec!["pandas.parquet", "fastparquet.parquet", "polars_plain.parquet", "duckdb.parquet"];
        names.extend(cfg!(feature = "parquet-zstd").then_some("polars.parquet"));
        for name in names {
            let table = open(name);
            assert_eq!(table.inputs.names(), ["size", "count", "town"], "{name}");
            has(&table, "size", size);
            has(&table, "count", |row| (7 * row % 5) as f64);
            has_towns(&table);
            has_kinds(&table);
        }
        // Shuffled rows bring their numbers with them, which are no input.
        let shuffled = open("pandas_index.parquet");
        assert_eq!(shuffled.inputs.names(), ["size", "count", "town"]);
        let last = shuffled.report.columns.last().unwrap();
        assert_eq!((last.name.as_str(), last.kind), ("__index_level_0__", Kind::Identifier));
        let source = Source::open(&path("duckdb.parquet")).unwrap();
        let read = read_as(&source, &shuffled.schema).unwrap();
        assert_eq!(format!("{:?}", read.inputs), format!("{:?}", open("duckdb.parquet").inputs));
        let csv = Source::open(&path("pandas_german.csv")).unwrap();
        let read = read_as(&csv, &shuffled.schema).unwrap_err().to_string();
        assert!(read.contains("column size: `0,25` is not a number"), "{read}");
    }

    #[test]
    fn every_type_is_read_from_every_writer() {
        for name in ["types_polars.parquet", "types_duckdb.parquet", "types_pandas.parquet"] {
            let table = open(name);
            // 2020-01-01 12:30 in UTC.
            let start = 1_577_881_800.0;
            let is_pandas = name == "types_pandas.parquet";
            has(&table, "day", |row| match row {
                11 => f64::NAN,
                row if is_pandas => (18_262 + row) as f64 * 86_400.0,
                row => (18_262 + row) as f64,
            });
            let Column::Numbers(ms) = table.inputs.column("ms").unwrap() else { panic!() };
            assert!(ms.iter().enumerate().all(|(i, x)| (x - start - i as f64 / 1e3).abs() < 1e-6));
            let Column::Numbers(us) = table.inputs.column("us").unwrap() else { panic!() };
            assert!(us.iter().enumerate().all(|(i, x)| (x - start - i as f64 / 1e6).abs() < 1e-6));
            let ns = table.report.columns.iter().find(|column| column.name == "ns").unwrap();
            assert_eq!((ns.kind, ns.why.as_str()), (Kind::Constant, "always 1577881800"));
            has(&table, "clock", |row| (43_200 + 60 * row) as f64);
            has(&table, "price", |row| row as f64 / 4.0);
            has(&table, "yes", |row| [1.0, 0.0, f64::NAN][row % 3]);
            has(&table, "half", |row| row as f64 / 2.0);
            has(&table, "small", |row| row as f64 - 6.0);
            let large = table.report.columns.iter().find(|column| column.name == "large").unwrap();
            assert_eq!(large.why, "always 18446744073709552000");
            // Labels that only differ beyond what f64 holds stay different.
            let target = table.target::<f32>().unwrap();
            assert_eq!(target.names, ["9007199254740992", "9007199254740993"]);
            assert_eq!(
                target.targets,
                Targets::Classes { indices: (0..12).map(|i| i % 2).collect(), classes: 2 }
            );
        }
        let notes = open("types_polars.parquet").report.notes;
        assert_eq!(notes, ["left out: column list.list.element, which holds lists"]);
    }

    #[test]
    fn damaged_files_are_told() {
        let whole = std::fs::read(path("duckdb.parquet")).unwrap();
        let error = |bytes: Vec<u8>| {
            let read = read(&Source::bytes("a.parquet", bytes), &Options::default());
            read.map(|table| table.report.to_string())
        };
        assert!(error(whole.clone()).is_ok());
        for end in [4, 8, 100, whole.len() - 1] {
            let error = error(whole[..end].to_vec()).unwrap_err().to_string();
            assert!(error.starts_with("a.parquet is a damaged Parquet file ("), "{error}");
        }
        // Whatever a single byte becomes, the answer is a table or one line; at two of the places
        // the library panics.
        let flips = (0..whole.len()).step_by(5).map(|at| (at, 0x55));
        for (at, bits) in flips.chain([(164, 1), (683, 128)]) {
            let mut bytes = whole.clone();
            bytes[at] ^= bits;
            if let Err(error) = error(bytes) {
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
}

#[cfg(feature = "pictures")]
mod pictures {
    use super::*;

    /// PNG is read to the bit; decoders of JPEG may differ by 2.
    #[test]
    fn folders_are_classes() {
        let table = open("pictures");
        let expected = open("pictures.npy");
        assert_eq!((table.samples(), table.inputs.width()), (6, 8 * 8 * 3));
        for column in 1..8 * 8 * 3 {
            let name = column.to_string();
            let values = |table: &Table| match table.inputs.column(&name) {
                Ok(Column::Numbers(values)) => values.clone(),
                other => panic!("{other:?}"),
            };
            let (found, expected) = (values(&table), values(&expected));
            for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let off = if row == 3 || row == 4 { 2.0 } else { 0.0 };
                assert!((found - expected).abs() <= off, "{row} {column}: {found} {expected}");
            }
        }
        let target = table.target::<f32>().unwrap();
        assert_eq!(target.names, ["cat", "dog"]);
        let indices = vec![0, 0, 0, 1, 1, 1];
        assert_eq!(target.targets, Targets::Classes { indices, classes: 2 });
        assert_eq!(table.report.notes, ["pictures of 8 x 8 pixels, coloured"]);
    }

    #[test]
    fn grey_pictures_have_one_value_a_pixel_and_are_predicted_without_classes() {
        let table = open("grey");
        assert_eq!((table.samples(), table.inputs.width()), (4, 64));
        assert_eq!(table.target::<f32>().unwrap().names, ["0", "1"]);
        let new = Source::open(&path("grey/1")).unwrap();
        let read = read_as(&new, &table.schema).unwrap().inputs;
        assert_eq!(read, table.inputs.select(&[2, 3]).unwrap());
    }

    #[test]
    fn pictures_that_do_not_fit_are_told_by_name() {
        let folder = std::env::temp_dir().join(format!("pictures-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("a")).unwrap();
        let grey = std::fs::read(path("grey/0/0.png")).unwrap();
        let error = |bytes: &[u8]| {
            std::fs::write(folder.join("a/1.png"), &grey).unwrap();
            std::fs::write(folder.join("a/2.png"), bytes).unwrap();
            let source = Source::open(&folder).unwrap();
            read(&source, &Options::default()).map(|table| table.samples())
        };
        for (bytes, expected) in [
            (&b"no picture"[..], "2.png, which is no PNG or JPEG; write it as one"),
            (&grey[..grey.len() / 2], "2.png, which is damaged ("),
            (b"\xff\xd8\xff\xe0", "2.png, which is damaged ("),
        ] {
            let error = error(bytes).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
