//! Files that are read by what a model knows.

use chainrule_data::Column;
use chainrule_table::{Cells, Form, Options, Source, Stream, read, read_as};

const TRAINED: &str = "id;age;town;day;share\n\
                       1;0,5;Ulm;01.02.2020;5%\n2;1,5;Bern;15.02.2020;7%\n3;;Ulm;16.02.2020;9%\n";

fn trained() -> chainrule_table::Schema {
    let options = Options { targets: vec!["share".into()], ..Options::default() };
    read(&Source::bytes("old.csv", TRAINED.as_bytes()), &options).unwrap().schema
}

fn error(text: &str) -> String {
    read_as(&Source::bytes("new.csv", text.as_bytes()), &trained()).unwrap_err().to_string()
}

#[test]
fn columns_are_found_by_name_and_read_as_in_training() {
    let schema = trained();
    let text = "town,extra,day,age\nBern,x,03.02.2020,0.25\nRom,y,04.02.2020,NA\nUlm,z,,2\n";
    let source = Source::bytes("new.csv", text.as_bytes());
    let samples = read_as(&source, &schema).unwrap();
    assert_eq!(samples.inputs.names(), ["age", "town", "day"]);
    let codes = vec![1, 0, 2];
    let names = vec!["Bern".into(), "Ulm".into()];
    assert_eq!(samples.inputs.column("town").unwrap(), &Column::Categories { codes, names });
    assert_eq!(samples.unknown, [("town".to_owned(), 1)]);
    match (samples.inputs.column("age").unwrap(), samples.inputs.column("day").unwrap()) {
        (Column::Numbers(age), Column::Numbers(day)) => {
            assert!(age[0] == 0.25 && age[1].is_nan() && age[2] == 2.0);
            assert!(day[0] == 18_295.0 && day[1] == 18_296.0 && day[2].is_nan());
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(Stream::open(&source, &schema).unwrap().others(), ["extra"]);
}

#[test]
fn what_does_not_fit_the_model_is_told() {
    for (text, expected) in [
        (
            "town,day,aged\nUlm,01.01.2020,1\n",
            "new.csv, column age: it is not there, but the model needs it (did you mean `aged`?); \
             there are: town, day, aged",
        ),
        (
            "town,day,age\nUlm,01.01.2020,1\nUlm,soon,2\n",
            "new.csv, line 3, column day: `soon` is not a date (day first), as in training; write \
             one, or NA",
        ),
        (
            "town,day,age\n\nUlm,01.01.2020,old\n",
            "new.csv, line 3, column age: `old` is not a number (decimal comma), as in training; \
             write one, or NA",
        ),
        (
            "town,day,age\nUlm,01.01.2020,1e999\n",
            "new.csv, line 2, column age: `1e999` is not a finite number; write one, or NA",
        ),
        (
            "town,day,age\nUlm,1\n",
            "new.csv, line 2: it has 2 values, but there are 3 names; give \
                                   every line the same columns",
        ),
        ("", "new.csv has no samples"),
    ] {
        assert_eq!(error(text), expected);
    }
}

#[test]
fn names_alone_give_no_samples_and_no_error() {
    let schema = trained();
    let source = Source::bytes("new.csv", *b"age,town,day\n");
    let samples = read_as(&source, &schema).unwrap();
    assert_eq!((samples.inputs.rows(), samples.inputs.width()), (0, 3));
}

#[test]
fn categories_that_are_numbers_are_found_as_numbers() {
    let text = "a,k,y\n1.5,1,x\n2.5,2,y\n3.5,1.0,x\n";
    let options = Options { categorical: vec!["k".into()], ..Options::default() };
    let schema = read(&Source::bytes("old.csv", text.as_bytes()), &options).unwrap().schema;
    assert_eq!(schema.fields[0].cells, Cells::Numbers(Form::NUMBER));
    let new = Source::bytes("new.csv", *b"a,k\n1,1.00\n2,3\n3,02\n");
    let samples = read_as(&new, &schema).unwrap();
    let expected = Column::Categories { codes: vec![1, 0, 2], names: vec!["1".into(), "2".into()] };
    assert_eq!(samples.inputs.column("k").unwrap(), &expected);
}

#[test]
fn many_samples_come_in_parts() {
    let text: String = std::iter::once("x,k,y\n".to_owned())
        .chain((0..150_000).map(|i| format!("{i}.5,k{},{}\n", i % 3, i % 2)))
        .collect();
    let source = Source::bytes("large.csv", text.into_bytes());
    let table = read(&source, &Options::default()).unwrap();
    let mut stream = Stream::open(&source, &table.schema).unwrap();
    let (mut parts, mut rows) = (0, 0);
    while let Some(samples) = stream.next_samples().unwrap() {
        let all: Vec<usize> = (rows..rows + samples.inputs.rows()).collect();
        assert_eq!(samples.inputs, table.inputs.select(&all).unwrap());
        (parts, rows) = (parts + 1, rows + samples.inputs.rows());
    }
    assert!(parts > 1, "one part");
    assert_eq!(rows, 150_000);
    assert_eq!(read_as(&source, &table.schema).unwrap().inputs, table.inputs);
}
