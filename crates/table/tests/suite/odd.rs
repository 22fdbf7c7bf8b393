//! Layouts as they are found in public reports, each with its right reading.

use std::path::Path;

use chainrule_data::{Column, Targets, Task};
use chainrule_table::{Kind, Options, Source, Table, TableError, read};

fn source(name: &str) -> Source {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/odd");
    let bytes = std::fs::read(folder.join(name)).expect(name);
    Source::bytes(name, bytes)
}

fn with(name: &str, options: &Options) -> Result<Table, TableError> {
    read(&source(name), options)
}

fn odd(name: &str) -> Table {
    with(name, &Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn error(name: &str) -> String {
    with(name, &Options::default()).expect_err(name).to_string()
}

/// Samples, inputs and classes; 0 classes for values.
fn size(table: &Table) -> (usize, usize, usize) {
    let target = table.target::<f64>().unwrap_or_else(|error| panic!("{error}"));
    let classes = match target.targets {
        Targets::Classes { classes, .. } => classes,
        _ => 0,
    };
    (table.samples(), table.inputs.width(), classes)
}

fn numbers<'a>(table: &'a Table, column: &str) -> &'a [f64] {
    match table.inputs.column(column) {
        Ok(Column::Numbers(values)) => values,
        other => panic!("{column}: {other:?}"),
    }
}

#[test]
fn every_layout_has_its_size() {
    for (name, expected) in [
        ("age.csv", (120, 3, 0)),
        ("bigid.csv", (120, 3, 2)),
        ("blank.csv", (120, 3, 2)),
        ("blankcommas.csv", (120, 3, 2)),
        ("bom.csv", (120, 3, 2)),
        ("comment.csv", (120, 3, 2)),
        ("constfeat.csv", (120, 2, 2)),
        ("cr.csv", (120, 3, 2)),
        ("crlf.csv", (120, 3, 2)),
        ("deccomma.csv", (120, 3, 2)),
        ("firstmissing.csv", (100, 2, 2)),
        ("firstmissingNA.csv", (100, 2, 2)),
        ("firstmissingempty.csv", (100, 2, 2)),
        ("imb.csv", (200, 2, 2)),
        ("index.csv", (120, 3, 2)),
        ("m_header.csv", (6, 2, 2)),
        ("m_quoted.csv", (4, 2, 2)),
        ("m_space.csv", (4, 2, 2)),
        ("m_trail.csv", (6, 2, 2)),
        ("millis.csv", (120, 1, 0)),
        ("mixed.csv", (120, 3, 2)),
        ("numforms.csv", (120, 3, 2)),
        ("oneclass1.csv", (120, 3, 3)),
        ("onlylabelnamed.csv", (120, 3, 0)),
        ("percent.csv", (120, 3, 2)),
        ("quotedhead.csv", (120, 3, 2)),
        ("quotednum.csv", (120, 3, 2)),
        ("rating.csv", (120, 3, 0)),
        ("sep.csv", (120, 3, 2)),
        ("small3.csv", (3, 1, 0)),
        ("small5.csv", (5, 1, 0)),
        ("spaces.csv", (120, 3, 2)),
        ("spacesquoted.csv", (120, 3, 2)),
        ("thousands.csv", (120, 3, 2)),
        ("trail.csv", (120, 3, 2)),
        ("trail_nohead.csv", (120, 3, 2)),
        ("utf16.csv", (120, 3, 2)),
        ("ws.csv", (120, 3, 2)),
        ("ws1.csv", (120, 3, 2)),
        ("yearhead.csv", (120, 3, 2)),
    ] {
        assert_eq!(size(&odd(name)), expected, "{name}");
    }
}

#[test]
fn the_same_table_in_other_layouts_is_the_same() {
    let plain = odd("crlf.csv");
    let expected = plain.target::<f32>().unwrap();
    for name in [
        "blank.csv",
        "bom.csv",
        "comment.csv",
        "cr.csv",
        "deccomma.csv",
        "sep.csv",
        "utf16.csv",
        "trail.csv",
        "quotednum.csv",
        "ws1.csv",
        "mixed.csv",
        "blankcommas.csv",
    ] {
        let table = odd(name);
        assert_eq!(table.inputs, plain.inputs, "{name}");
        assert_eq!(table.target::<f32>().unwrap(), expected, "{name}");
    }
    assert_eq!(numbers(&plain, "a")[..2], [0.1257, 0.1049]);
    // Without names they are numbers.
    for name in ["ws.csv", "trail_nohead.csv"] {
        let table = odd(name);
        for (named, numbered) in [("a", "1"), ("b", "2"), ("c", "3")] {
            assert_eq!(numbers(&table, numbered), numbers(&plain, named), "{name}");
        }
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (name, expected) in [
        ("dup.csv", "dup.csv, line 1, column a: the columns 1 and 2 have this name; rename one"),
        (
            "duplabel.csv",
            "duplabel.csv, line 1, column kind: the columns 1 and 4 have this name; rename one",
        ),
        (
            "m_dup.csv",
            "m_dup.csv, line 1, column kind: the columns 1 and 3 have this name; rename \
                       one",
        ),
        (
            "m_missclass.csv",
            "m_missclass.csv, line 6, column kind: the label is missing; fill it in, or leave \
             samples without one out",
        ),
        (
            "m_missval.csv",
            "m_missval.csv, line 6, column stars: the label is missing; fill it in, or leave \
             samples without one out",
        ),
        (
            "missreg.csv",
            "missreg.csv, line 59, column price: the label is missing; fill it in, or leave \
             samples without one out",
        ),
        (
            "missregNA.csv",
            "missregNA.csv, line 59, column price: the label is missing; fill it in, or leave \
             samples without one out",
        ),
        (
            "infinity.csv",
            "infinity.csv, line 2, column kind: `Infinity` is not a finite number; write one, or \
             NA if it is missing",
        ),
        (
            "over.csv",
            "over.csv, line 7, column a: `1e400` is not a finite number; write one, or NA if it \
             is missing",
        ),
    ] {
        assert_eq!(error(name), expected);
    }
}

#[test]
fn samples_without_a_label_are_left_out_on_request() {
    let options = Options { drop_unlabelled: true, ..Options::default() };
    let classes = with("m_missclass.csv", &options).unwrap();
    assert_eq!(size(&classes), (4, 2, 2));
    assert_eq!(classes.target::<f32>().unwrap().names, ["x", "y"]);
    for name in ["missreg.csv", "missregNA.csv"] {
        let table = with(name, &options).unwrap();
        assert_eq!(size(&table), (119, 3, 0), "{name}");
        assert!(table.report.notes.iter().any(|note| note.contains("1 samples without a label")));
        assert_eq!((table.place(56), table.place(57)), ("line 58".into(), "line 60".into()));
    }
}

#[test]
fn columns_are_what_they_are_told_to_be() {
    let kind = |name: &str, at: usize| {
        let table = odd(name);
        let column = &table.report.columns[at];
        (column.kind, column.why.clone())
    };
    let (constant, why) = kind("constfeat.csv", 2);
    assert_eq!((constant, why.as_str()), (Kind::Constant, "always 1234567.891"));
    let (identifier, why) = kind("index.csv", 0);
    assert_eq!(identifier, Kind::Identifier);
    assert_eq!(why, "without a name, and it counts the samples");
    assert_eq!(kind("percent.csv", 0).1, "percent: 12% is read as 0.12");
    let (_, why) = kind("thousands.csv", 0);
    assert_eq!(why, "number (groups by comma): written with groups of three digits");
    assert_eq!(numbers(&odd("percent.csv"), "a")[0], 0.001257);
    assert_eq!(numbers(&odd("thousands.csv"), "a")[..3], [125_730.0, 104_900.0, 1_304_000.0]);
    let forms = [1.5, 0.5, 1.0, 1000.0, 0.001, 3.4e38, 1e-320, -0.0];
    let read = odd("numforms.csv");
    let read = numbers(&read, "a");
    assert!(forms.iter().all(|form| read.contains(form)), "{read:?}");
}

#[test]
fn labels_keep_their_names() {
    let names = |name: &str| odd(name).target::<f32>().unwrap().names;
    assert_eq!(names("mixed.csv"), ["0", "1"]);
    assert_eq!(names("bigid.csv"), ["16777216", "16777217"]);
    assert_eq!(names("m_space.csv"), ["x, small", "y, big"]);
    assert_eq!(names("spacesquoted.csv"), ["cat", "dog, small"]);
    assert_eq!(names("spaces.csv"), ["cat", "dog"]);
    assert_eq!(odd("quotedhead.csv").inputs.names()[0], "size, in, cm, (a, b, c)");
    assert_eq!(odd("m_header.csv").inputs.names(), ["2021", "2022"]);
    assert_eq!(odd("onlylabelnamed.csv").inputs.names(), ["0", "1", "2"]);
}

#[test]
fn the_task_is_guessed_and_can_be_corrected() {
    let options = Options { task: Some(Task::Classes), ..Options::default() };
    let rating = with("rating.csv", &options).unwrap();
    assert!(size(&rating).2 > 10);
    assert!(odd("rating.csv").target::<f32>().unwrap().why.unwrap().contains("fractions"));
    assert!(odd("age.csv").target::<f32>().unwrap().why.unwrap().contains("whole numbers"));
}

#[test]
fn what_is_left_out_is_counted() {
    let notes = |name: &str| odd(name).report.notes.join("; ");
    for (name, expected) in [
        ("blank.csv", "left out: 3 empty lines"),
        ("blankcommas.csv", "left out: 1 empty line"),
        ("comment.csv", "left out: 1 comment"),
        ("trail.csv", "left out: 1 empty column"),
        ("utf16.csv", "it is UTF-16"),
        ("deccomma.csv", "its values are separated by semicolons"),
        ("ws.csv", "its values are separated by blanks; it has no names; its columns are numbered"),
        ("crlf.csv", ""),
    ] {
        assert_eq!(notes(name), expected, "{name}");
    }
    let missing = odd("firstmissing.csv").report.columns[1].missing;
    assert_eq!(missing, 1);
}
