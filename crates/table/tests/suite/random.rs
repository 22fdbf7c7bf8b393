//! Random texts and damaged files: the answer is a table, or one line.

use std::path::Path;

use chainrule_table::{Options, Source, read, read_as};

/// Numbers of a linear congruential generator.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

const PIECES: [&str; 44] = [
    ",",
    ",",
    ";",
    "\t",
    " ",
    "|",
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\"",
    "\"\"",
    "#",
    "sep=;\n",
    "a",
    "b",
    "1",
    "-2.5",
    "1,5",
    "1e400",
    "NA",
    "?",
    "2020-01-02",
    "12:30",
    "5%",
    "\u{feff}",
    "é",
    "0",
    "{",
    "}",
    "@relation x\n",
    "@attribute a real\n",
    "@data\n",
    "1:2",
    "qid:3",
    "'",
    "\\",
    "%",
    ".",
    "1,234,567",
    "inf",
    "nan",
    "id",
    "yes",
];

fn is_one_line(bytes: Vec<u8>) {
    let source = Source::bytes("data", bytes);
    match read(&source, &Options::default()) {
        Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        Ok(table) => {
            let _ = (table.target::<f32>(), table.report.to_string());
            // The columns that were found are found again.
            if let Err(error) = read_as(&source, &table.schema) {
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
}

#[test]
fn random_texts_are_tables_or_one_line() {
    let mut draw = Draw(1);
    for _ in 0..4000 {
        let pieces = 1 + draw.below(40);
        let text: String = (0..pieces).map(|_| PIECES[draw.below(PIECES.len())]).collect();
        let mut bytes = text.into_bytes();
        if draw.below(8) == 0 {
            let at = draw.below(bytes.len());
            bytes[at] = draw.below(256) as u8;
        }
        is_one_line(bytes);
    }
}

#[test]
fn damaged_files_are_tables_or_one_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/written");
    let mut draw = Draw(2);
    for name in [
        "numpy.npy",
        "numpy_structured.npy",
        "numpy.npz",
        "numpy_packed.npz",
        "sklearn.svm",
        "pandas_utf16.csv",
        "pandas_plain.csv.gz",
        "train-images-idx3-ubyte.gz",
    ] {
        let whole = std::fs::read(folder.join(name)).unwrap();
        for _ in 0..200 {
            let mut bytes = whole.clone();
            for _ in 0..1 + draw.below(3) {
                let at = draw.below(bytes.len());
                bytes[at] ^= 1 << draw.below(8);
            }
            bytes.truncate(bytes.len() - draw.below(3) * draw.below(bytes.len()) / 2);
            is_one_line(bytes);
        }
    }
}
