//! Inputs that are mistaken: each is answered with one line that names the file, the place in it
//! and what to do.

use chainrule_data::Task;
use chainrule_table::{Options, Source, read};

use crate::table;

fn message(text: &[u8], options: &Options) -> String {
    match table(text, options) {
        Ok(table) => panic!("{text:?} was read:\n{}", table.report),
        Err(error) => error.to_string(),
    }
}

fn options(edit: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    edit(&mut options);
    options
}

/// Rows of a number and one of two words.
fn rows(count: usize) -> String {
    (0..count).map(|i| format!("{i}.5,k{}\n", i % 2)).collect()
}

#[test]
fn files_that_are_no_tables() {
    let sheet = |name: &str, content: &str| {
        let mut bytes = b"PK\x03\x04\x14\0".to_vec();
        bytes.extend([0; 20]);
        bytes.extend([name.len() as u8, 0, 0, 0]);
        bytes.extend(format!("{name}{content}").bytes());
        message(&bytes, &Options::default())
    };
    let xlsx = "data.csv is a workbook of Excel (.xlsx); save its sheet as CSV";
    assert_eq!(sheet("[Content_Types].xml", ""), xlsx);
    let ods = "data.csv is an OpenDocument sheet (.ods); save it as CSV";
    assert_eq!(sheet("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ods);
    for (bytes, expected) in [
        (&b""[..], "has no samples"),
        (b"\n\n", "has no samples"),
        (b"\xef\xbb\xbf", "has no samples"),
        (b"# only a comment\n", "has no samples"),
        (b"a,b\n", "has no samples"),
        (b"a,b\n,\n", "has no samples"),
        (
            b"1\n2\n",
            "has one column only; a table has columns to learn from, and one to be predicted",
        ),
        (
            b"a name\nanother one\n",
            "has one column only; a table has columns to learn from, and one to be predicted",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is a workbook of Excel (.xls); save its sheet as CSV"),
        (b"\x40\0\0\0\0\0\0\0{\"a\":1}", "is a saved network; give the table that it is to read"),
        (b"\x28\xb5\x2f\xfd\0\0", "is compressed by zstd; unpack it first"),
        (b"BZh91AY", "is compressed by bzip2; unpack it first"),
        (b"%PDF-1.7\n", "is a PDF; write the table as CSV"),
        (b"SQLite format 3\0", "is a database of SQLite; write the table as CSV"),
        (b"\x80\x04\x95\0\0", "is a pickle of Python; write the table as CSV"),
        (b"{\"a\": [1, 2]}", "is JSON; write the table as CSV"),
        (b"<!DOCTYPE html>\n", "is a page of HTML; download the table that it shows"),
        (b"\x01\x02\x03\0\0\x7f", "is no text; give a table (CSV, one sample a line)"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "is compressed and damaged"),
    ] {
        let message = message(bytes, &Options::default());
        assert!(message.starts_with(&format!("data.csv {expected}")), "{message}");
    }
}

#[test]
fn places_that_are_wrong() {
    let auto = Options::default;
    let values = || options(|o| o.task = Some(Task::Values));
    let long = format!("a,b\n{},1\n", "x".repeat(100_000));
    let numbers: String = (0..40).map(|i| format!("{}.25,{}\n", i, i % 2)).collect();
    for (text, options, expected) in [
        (
            "a,b\n1,2\n1,2,3\n",
            auto(),
            "line 3: it has 3 values, but there are 2 names; give every \
             line the same columns",
        ),
        (
            "1,2\n3\n",
            auto(),
            "line 2: it has 1 value, but the first line has 2; give every line \
             the same columns",
        ),
        (
            "1,2\n\n3,4\n5,6,7\n",
            auto(),
            "line 4: it has 3 values, but the first line has 2; give \
             every line the same columns",
        ),
        (
            "1 2 3\n4 5 6\n7 8\n",
            auto(),
            "line 3: it has 2 values, but the first line has 3; give \
             every line the same columns",
        ),
        (
            "a,b,a\n1,2,3\n",
            auto(),
            "line 1, column a: the columns 1 and 3 have this name; rename \
             one",
        ),
        (
            "# x\n\na, b ,\"a\"\n1,2,3\n",
            auto(),
            "line 3, column a: the columns 1 and 3 have this \
             name; rename one",
        ),
        (
            "a,b\n1,x\n2,\n3,x\n",
            auto(),
            "line 3, column b: the label is missing; fill it in, or \
             leave samples without one out",
        ),
        (
            "a,b\n1,1.5\n2,nan\n",
            auto(),
            "line 3, column b: the label is missing; fill it in, or \
             leave samples without one out",
        ),
        (
            "a,b\n1,1.5\n2,inf\n",
            auto(),
            "line 3, column b: `inf` is not a finite number; write \
             one, or NA if it is missing",
        ),
        (
            "a,b\n-1e999,1\n2,1\n",
            auto(),
            "line 2, column a: `-1e999` is not a finite number; \
             write one, or NA if it is missing",
        ),
        (
            "a,b\n1,2\n1,x\n",
            values(),
            "line 3, column b: `x` is not a number; write it as one, or \
             NA if it is missing",
        ),
        (
            "a,b\n1,\"x\n2,y\n3,z\n",
            auto(),
            "line 2: a quote is opened in `x` and never closed; \
             close the quote, or double it within a value",
        ),
        (
            "a,b\n1,x\n\"2,y\n",
            auto(),
            "line 3: a quote is opened in `2,y` and never closed; close \
             the quote, or double it within a value",
        ),
        (
            "a,\"b\n1,2\n",
            auto(),
            "line 1: a quote is opened in `b` and never closed; close the \
             quote, or double it within a value",
        ),
        (
            "a,b\n5,\"k1\n1,k0\n2,k1\n6,k\"\n",
            auto(),
            "line 2: a quote is opened in `k1` and closed \
             on line 5 only; close the quote, or double it within a value",
        ),
        (
            "a,b\n1,\"he said \"hi\" to me\"\n",
            auto(),
            "line 2: behind a closing quote stands `hi\" \
             to me\"`; double a quote within a value",
        ),
        (
            "a,b\nx\u{1b}[31m,1\ny,2\n",
            auto(),
            "line 2, column a: `x\\u{1b}[31m` holds the control \
             character 27; remove it",
        ),
        (
            &long,
            options(|o| o.numeric = vec!["a".into()]),
            "line 2, column a: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... (99921 \
          characters left out) ...xxxxxxxxxxxxxxxxxxxxxxxxxx` is not a number; write it as one, or \
          NA if it is missing",
        ),
        (
            &format!("a,b\n{numbers}about 7,1\n"),
            auto(),
            "line 42, column a: `about 7` is not a number, but 40 of 41 different values are; \
             correct it, write NA if it is missing, or take the column for categories",
        ),
        (
            "a,w,b\n1,-1,x\n2,1,y\n",
            options(|o| o.weights = Some("w".into())),
            "line 2, column w: the weight -1 is below 0; give one of at least 0",
        ),
        (
            "a,w,b\n1,1,x\n2,,y\n",
            options(|o| o.weights = Some("w".into())),
            "line 3, column w: the value is missing; fill it in, or leave the sample out",
        ),
        (
            "a,w,b\n1,1,x\n2,heavy,y\n",
            options(|o| o.weights = Some("w".into())),
            "line 3, column w: `heavy` is not a number; write it as one, or NA if it is missing",
        ),
        (
            "a,g,b\n1,1,x\n2,,y\n",
            options(|o| o.groups = Some("g".into())),
            "line 3, column g: the value is missing; fill it in, or leave the sample out",
        ),
        (
            "a,t,b\n1,2020-01-01,x\n2,soon,y\n",
            options(|o| o.time = Some("t".into())),
            "line 3, column t: `soon` is not a number; write it as one, or NA if it is missing",
        ),
        (
            "a,b,c\n1,2,3\nx,3,4\n",
            options(|o| o.numeric = vec!["a".into()]),
            "line 3, column a: `x` is not a number; write it as one, or NA if it is missing",
        ),
    ] {
        let message = message(text.as_bytes(), &options);
        assert_eq!(message, format!("data.csv, {expected}"), "{text:?}");
        assert!(!message.contains('\n'));
    }
}

#[test]
fn columns_and_options_that_are_wrong() {
    let text = "age,kind,w\n1.5,x,1\n2.5,y,2\n3.5,x,1\n";
    for (options, expected) in [
        (
            options(|o| o.targets = vec!["knd".into()]),
            "target knd: data.csv has no such column (did you mean `kind`?); there are: age, \
             kind, w",
        ),
        (
            options(|o| o.targets = vec!["0".into()]),
            "target 0: data.csv has no such column; there are: age, kind, w",
        ),
        (
            options(|o| o.targets = vec!["4".into()]),
            "target 4: data.csv has no such column; there are: age, kind, w",
        ),
        (
            options(|o| o.weights = Some("v".into())),
            "weights v: data.csv has no such column; there are: age, kind, w",
        ),
        (
            options(|o| o.ignore = vec!["q".into()]),
            "ignore q: data.csv has no such column; there are: age, kind, w",
        ),
        (
            options(|o| {
                o.targets = vec!["w".into()];
                o.weights = Some("w".into());
            }),
            "weights w: the option target names the same column; leave one of them out",
        ),
        (
            options(|o| {
                o.numeric = vec!["age".into()];
                o.categorical = vec!["age".into()];
            }),
            "categorical age: the option numeric names the same column; leave one of them out",
        ),
        (
            options(|o| {
                o.ignore = vec!["age".into()];
                o.only = vec!["age".into()];
            }),
            "only age: the option ignore names the same column; leave one of them out",
        ),
        (
            options(|o| o.categorical = vec!["w".into()]),
            "categorical w: it is the target; say by the task what it holds",
        ),
        (
            options(|o| o.ignore = vec!["age".into(), "kind".into()]),
            "data.csv has no column to learn from; those that are left out can be asked for",
        ),
        (
            options(|o| o.ignore = vec!["age".into(), "kind".into(), "w".into()]),
            "data.csv has no column left to be predicted; name one as target",
        ),
    ] {
        assert_eq!(message(text.as_bytes(), &options), expected);
    }
    let empty = options(|o| o.drop_unlabelled = true);
    assert_eq!(
        message(b"a,b,c\n1,2,\n3,4,NA\n", &options(|o| o.names = Some(true))),
        "data.csv, line 2, column c: the label is missing; fill it in, or leave samples without \
         one out"
    );
    assert_eq!(
        message(b"a,b,c\n1,2,\n3,4,NA\n", &empty),
        "data.csv, column c: it holds no label; choose another column"
    );
    let two = options(|o| o.targets = vec!["age".into(), "kind".into()]);
    let error = table(text, &two).unwrap().target::<f32>().unwrap_err().to_string();
    assert!(error.starts_with("data.csv: Target: column kind: it holds categories"), "{error}");
}

#[test]
fn a_quote_swallows_no_samples_in_a_large_file() {
    let text = format!("a,b\n{}5,\"k1\n{}", rows(100_000), rows(100_000));
    let error = message(text.as_bytes(), &Options::default());
    assert!(error.starts_with("data.csv, line 100002: a quote is opened in `k1`"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let path = std::env::temp_dir().join("no such table.csv");
    let error = Source::open(&path).unwrap_err().to_string();
    assert!(error.starts_with("cannot read ") && error.contains("no such table.csv: "), "{error}");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folder = Source::open(&folder).unwrap();
    let error = read(&folder, &Options::default()).unwrap_err().to_string();
    let expected = match cfg!(feature = "pictures") {
        true => "has no pictures; put those of each class into a folder in it",
        false => {
            "is a folder; give a file of it, or use a build with the feature `pictures` for \
                  pictures"
        }
    };
    assert!(error.ends_with(expected), "{error}");
    let source = Source::bytes("\u{1b}[2J.csv", *b"");
    assert!(read(&source, &Options::default()).is_err());
}
