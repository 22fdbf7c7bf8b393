//! Formats that are no lines of cells, as their documentation lays them out, and what is wrong with
//! them.

use chainrule_data::{Column, Targets};
use chainrule_table::{Kind, Options, Table};

use crate::table;

fn auto(text: &str) -> Table {
    table(text, &Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn error(bytes: impl AsRef<[u8]>) -> String {
    table(bytes, &Options::default()).unwrap_err().to_string()
}

const WEATHER: &str = "\
% 1. Title: weather
@RELATION 'weather report'

@ATTRIBUTE outlook  {sunny, overcast , rainy}
@attribute temperature\treal
@attribute 'wind speed' NUMERIC
@attribute day date \"yyyy-MM-dd\"
@attribute note string
@attribute play? {yes,no,NA}

@DATA
sunny, 85, 1.5, 2020-01-01, 'it\\'s hot', no
overcast,80,?,\"2020-01-02\",'it\\'s hot',yes
rainy\t70\t3.5\t2020-01-03\t?\tNA, {2}
% a comment
? , 65 , 4.5, 2020-01-04, none, yes
";

#[test]
fn arff_as_weka_documents_it() {
    let table = auto(WEATHER);
    assert_eq!(table.inputs.names(), ["outlook", "temperature", "wind speed", "day", "note"]);
    let names = ["overcast", "rainy", "sunny"].map(str::to_owned).to_vec();
    let outlook = Column::Categories { codes: vec![3, 1, 2, 0], names };
    assert_eq!(table.inputs.column("outlook").unwrap(), &outlook);
    let notes = ["it's hot", "none"].map(str::to_owned).to_vec();
    let note = Column::Categories { codes: vec![1, 1, 0, 2], names: notes };
    assert_eq!(table.inputs.column("note").unwrap(), &note);
    let Column::Numbers(days) = table.inputs.column("day").unwrap() else { panic!() };
    assert_eq!(days, &[18_262.0, 18_263.0, 18_264.0, 18_265.0]);
    assert_eq!(table.report.columns[2].missing, 1);
    let target = table.target::<f32>().unwrap();
    assert_eq!(target.names, ["NA", "no", "yes"]);
    assert_eq!(target.targets, Targets::Classes { indices: vec![1, 2, 0, 2], classes: 3 });
    assert_eq!(table.place(3), "line 16");
}

#[test]
fn sparse_arff_has_zeros_and_first_names() {
    let table = auto(
        "@relation x\n@attribute a numeric\n@attribute b numeric\n@attribute c {p,q}\n@data\n\
         {0 1.5, 2 q}\n{1 7}\n{0 ?,1 2}\n",
    );
    let Column::Numbers(a) = table.inputs.column("a").unwrap() else { panic!() };
    assert!(a[0] == 1.5 && a[1] == 0.0 && a[2].is_nan());
    let target = table.target::<f32>().unwrap();
    assert_eq!(target.targets, Targets::Classes { indices: vec![1, 0, 0], classes: 2 });
}

#[test]
fn nominal_numbers_stay_categories() {
    let rows: String = (0..40).map(|i| format!("{},{}.5,{}\n", 100 + i, i, i % 2)).collect();
    let names: Vec<String> = (100..140).map(|i| i.to_string()).collect();
    let head = format!("@relation x\n@attribute a {{{}}}\n", names.join(","));
    let table = auto(&format!("{head}@attribute b real\n@attribute y {{0,1}}\n@data\n{rows}"));
    assert_eq!(table.report.columns[0].kind, Kind::Category);
    assert_eq!(table.report.columns[0].why, "the file says so");
}

#[test]
fn sparse_rows_with_queries_and_comments() {
    let table = auto("# ranks\n2 qid:7 1:0.5 3:2 # best\n1 qid:7 2:1\n\n2 qid:9\n1 qid:9 1:1\n");
    assert_eq!(table.inputs.names(), ["1", "2", "3", "qid"]);
    let Column::Numbers(third) = table.inputs.column("3").unwrap() else { panic!() };
    assert_eq!(third, &[2.0, 0.0, 0.0, 0.0]);
    assert_eq!(table.place(2), "line 5");
}

#[test]
fn what_is_wrong_in_them_is_told_with_its_place() {
    let arff = |data: &str| {
        format!("@relation x\n@attribute a real\n@attribute y {{p,q}}\n@data\n{data}\n")
    };
    for (bytes, expected) in [
        (
            arff("1,p\n1,p,q"),
            "line 6: it has 3 values, but there are 2 attributes; give every \
                              line the same",
        ),
        (arff("1,p\nx,q"), "line 6, column a: `x` is not a number; write it as one, or ?"),
        (
            arff("1,r"),
            "line 5, column y: `r` is none of the declared values; declare it, or \
                       write ?",
        ),
        (arff("1,'p"), "line 5: a quote is opened in `'p` and never closed; close it"),
        (arff("{0 1"), "line 5: a sparse row is opened and never closed; close it"),
        (arff("{2 1}"), "line 5: `2` is no index of an attribute, from 0, with a value"),
        (
            arff("1,?"),
            "line 5, column y: the label is missing; fill it in, or leave samples \
                       without one out",
        ),
        (
            arff("1e999,p"),
            "line 5, column a: `1e999` is not a finite number; write one, or NA if \
                           it is missing",
        ),
        (
            "@relation x\n@attribute a blob\n".into(),
            "line 2: `a blob` is no attribute; write its \
                                                     name and its type",
        ),
        (
            "@relation x\n@attribute a real\n".into(),
            "line 2: there is no @data; put it above the \
                                                     samples",
        ),
        ("@relation x\n1,2\n".into(), "line 2: `1,2` is no part of a header; see ARFF"),
        (
            "@relation x\n@attribute a real\n@attribute a real\n@data\n1,2\n".into(),
            "line 3, column a: two attributes have this name; rename one",
        ),
        ("1 1:2\n0 x:3\n".into(), "line 2: `x:3` is no index with a value; write it as in 3:0.5"),
        (
            "1 1:2\n0 2:3 1:1\n".into(),
            "line 2: the index 1 stands behind one that is not smaller; \
                                       sort them",
        ),
        ("1 1:2\n0 1:inf\n".into(), "line 2: `1:inf` has no finite value; write one"),
    ] {
        assert_eq!(error(bytes), format!("data.csv, {expected}"));
    }
    let npy = |descr: &str, shape: &str, data: &[u8]| {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\0".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend(data);
        bytes
    };
    for (bytes, expected) in [
        (npy("'<f8'", "(2, 2)", &[0; 31]), "ends early: of 32 bytes 31 are there; write it anew"),
        (
            npy("'<f8'", "(18446744073709551615, 18446744073709551615)", &[0; 31]),
            "ends early: of 18446744073709551615 bytes 31 are there; write it anew",
        ),
        (
            npy("'|O'", "(2, 2)", &[0; 32]),
            "holds values of the type `|O`; save numbers or fixed texts",
        ),
        (
            npy("'<c16'", "(1, 2)", &[0; 32]),
            "holds values of the type `<c16`; save numbers or fixed texts",
        ),
        (npy("'<f8'", "(0, 2)", &[]), "has no samples"),
        (npy("'<f8'", "()", &[0; 8]), "has no samples"),
        (
            npy("'<f8'", "(1,)", &[0; 8]),
            "has one column only; a table has columns to learn from, and one to be predicted",
        ),
        (b"\x93NUMPY\x01\0\xff\xff".to_vec(), "is a damaged .npy file; write it anew"),
        (
            b"\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x02\x01".to_vec(),
            "ends early: of 8 bytes 1 are there; get it anew",
        ),
        (b"\0\0\x08\x04\0\0".to_vec(), "is a damaged IDX file; get it anew"),
        (
            b"1 99999999999999:1\n".to_vec(),
            "has 99999999999999 columns, more than 1048576; leave some out",
        ),
    ] {
        let error = error(bytes);
        assert!(error.starts_with(&format!("data.csv {expected}")), "{error}");
    }
}
