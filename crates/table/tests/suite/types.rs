//! The kinds that columns are taken for, by all of their rows.

use std::io::Write;

use chainrule_data::{Column, Targets, Task};
use chainrule_table::{Kind, Options, Source, Table, read};

use crate::table;

fn auto(text: &str) -> Table {
    table(text, &Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn kinds(table: &Table) -> Vec<(&str, Kind)> {
    table.report.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect()
}

#[test]
fn each_kind_of_column_and_the_report_of_it() {
    let mut text = "ID,price,town,day,clock,paid,flag,name,same,none,y\n".to_owned();
    for i in 0..30 {
        text += &format!(
            "{},{}.5,{},2024-02-{:02},{:02}:30,{},{},no {i},x,,{}\n",
            i + 892,
            if i == 7 { "1".to_owned() } else { i.to_string() },
            ["Ulm", "Bern", "NA"][i % 3],
            i % 29 + 1,
            i % 24,
            ["yes", "No"][i % 2],
            i % 2,
            i % 2,
        );
    }
    let table = auto(&text);
    assert_eq!(
        kinds(&table),
        [
            ("ID", Kind::Identifier),
            ("price", Kind::Number),
            ("town", Kind::Category),
            ("day", Kind::Date),
            ("clock", Kind::Date),
            ("paid", Kind::Flag),
            ("flag", Kind::Flag),
            ("name", Kind::Text),
            ("same", Kind::Constant),
            ("none", Kind::Constant),
            ("y", Kind::Flag),
        ]
    );
    assert_eq!(table.inputs.names(), ["price", "town", "day", "clock", "paid", "flag"]);
    let expected = "\
data.csv: 30 samples, 6 inputs
  column  taken for             missing  distinct  why
  ID      identifier, left out        0        30  named as an identifier, and it counts the samples
  price   number                      0        29  all its values are numbers
  town    category                   10         2  words, such as `Ulm`
  day     date                        0        29  date, days since 1970
  clock   date                        0        24  time, seconds since midnight
  paid    flag                        0         2  words, such as `yes`
  flag    flag                        0         2  0 and 1
  name    text, left out              0        30  each of its 30 values is another, as `no 0`
  same    constant, left out          0         1  always `x`
  none    constant, left out         30         0  it holds no value
  y       target, flag                0         2  0 and 1
";
    assert_eq!(table.report.to_string(), expected);
}

#[test]
fn corrections_are_followed() {
    let text = "id,zip,size,y\n1,10,big,0\n2,20,NA,1\n3,10,small,0\n4,30,big,1\n";
    let corrected = |edit: &dyn Fn(&mut Options)| {
        let mut options = Options::default();
        edit(&mut options);
        table(text, &options).unwrap()
    };
    let zip = corrected(&|o| o.categorical = vec!["zip".into()]);
    let names = vec!["10".into(), "20".into(), "30".into()];
    let codes = vec![1, 2, 1, 3];
    assert_eq!(zip.inputs.column("zip").unwrap(), &Column::Categories { codes, names });
    assert_eq!(zip.inputs.names(), ["zip", "size"]);
    assert_eq!(corrected(&|o| o.numeric = vec!["id".into()]).inputs.names(), ["id", "zip", "size"]);
    assert_eq!(
        corrected(&|o| o.only = vec!["size".into(), "1".into()]).inputs.names(),
        ["id", "size"]
    );
    assert_eq!(corrected(&|o| o.ignore = vec!["zip".into()]).inputs.names(), ["size"]);
    let both = corrected(&|o| {
        o.only = vec!["zip".into()];
        o.categorical = vec!["zip".into()];
    });
    assert!(matches!(both.inputs.column("zip").unwrap(), Column::Categories { .. }));
}

#[test]
fn columns_beside_the_inputs() {
    let text = "x,w,g,t,y\n1.5,1,b,2024-01-02,0\n2.5,0,a,2024-01-01,1\n3.5,2,b,2024-01-03,\n";
    let options = Options {
        weights: Some("w".into()),
        groups: Some("g".into()),
        time: Some("t".into()),
        drop_unlabelled: true,
        ..Options::default()
    };
    let table = table(text, &options).unwrap();
    assert_eq!(table.inputs.names(), ["x"]);
    assert_eq!(table.weights.as_deref(), Some(&[1.0, 0.0][..]));
    assert_eq!(table.groups.as_deref(), Some(&[0, 1][..]));
    assert_eq!(table.time.as_deref(), Some(&[19_724.0, 19_723.0][..]));
    assert_eq!((table.samples(), table.place(1).as_str()), (2, "line 3"));
}

#[test]
fn several_targets() {
    let text = "x,a,b,c\n1.5,1,yes,0.5\n2.5,0,no,0.25\n3.5,1,no,7\n";
    let target = |columns: &[&str]| {
        let targets = columns.iter().map(|&column| column.to_owned()).collect();
        let table = table(text, &Options { targets, ..Options::default() }).unwrap();
        table.target::<f64>().unwrap()
    };
    let labels = target(&["b", "a"]);
    assert_eq!((labels.task, labels.names), (Task::Labels, vec!["b".into(), "a".into()]));
    match labels.targets {
        Targets::Labels(labels) => assert_eq!(labels.values(), [1.0, 1.0, 0.0, 0.0, 0.0, 1.0]),
        other => panic!("{other:?}"),
    }
    assert_eq!(target(&["a", "c"]).task, Task::Values);
}

/// A type is decided by all rows: a fraction after many whole numbers, and a word after many
/// numbers.
#[test]
fn what_comes_late_counts() {
    let rows = |late: &str, repeated: bool| {
        let number = |i: usize| if repeated { i % 7 } else { i };
        let rows = (0..150_000).map(|i| format!("{},{}\n", number(i), i % 2));
        let text: String = std::iter::once("x,y\n".to_owned()).chain(rows).collect();
        format!("{text}{late},1\n")
    };
    let fraction = auto(&rows("0.5", false));
    let Column::Numbers(values) = fraction.inputs.column("x").unwrap() else { panic!() };
    assert_eq!(values.last(), Some(&0.5));
    let word = auto(&rows("many", true));
    let Column::Categories { names, .. } = word.inputs.column("x").unwrap() else { panic!() };
    assert_eq!(names.len(), 8);
    let error = table(rows("many", false), &Options::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        "data.csv, line 150002, column x: `many` is not a number, but 150000 of 150001 different \
         values are; correct it, write NA if it is missing, or take the column for categories"
    );
    let comma = rows("1,5", false).replace(',', ";").replace("1;5;", "1,5;");
    let comma = auto(&comma);
    assert_eq!(
        comma.report.columns[0].why,
        "number (decimal comma): 1,5 is read as one and a half"
    );
}

/// The cuts between blocks fall at every place of a line.
#[test]
fn cells_do_not_depend_on_where_blocks_end() {
    for pad in [0, 1, 5] {
        let head = format!("{},k,y\n", "x".repeat(pad + 1));
        let rows = (0..80_000).map(|i| format!("{i}.25,\"a \"\"{}\"\"\nb\",{}\n", i % 5, i % 2));
        let text: String = std::iter::once(head).chain(rows).collect();
        let table = auto(&text);
        assert_eq!(table.samples(), 80_000);
        let Column::Categories { codes, names } = table.inputs.column("k").unwrap() else {
            panic!()
        };
        assert_eq!(names[4], "a \"4\"\nb");
        assert!((0..80_000).all(|i| codes[i] as usize == i % 5 + 1));
        assert_eq!(table.place(79_999), "line 160000");
    }
}

#[test]
fn numbers_that_count_are_identifiers_only_without_a_name() {
    let rows: String = (0..30).map(|i| format!("{i},{i},{}\n", i % 2)).collect();
    let table = auto(&format!(",t,y\n{rows}"));
    assert_eq!(kinds(&table)[..2], [("column 1", Kind::Identifier), ("t", Kind::Number)]);
    assert!(table.report.columns[1].why.starts_with("it counts up by 1"));
    let pandas = "__index_level_0__,x,y\n5,0.5,1\n5,1.5,0\n3,2.5,1\n";
    assert_eq!(auto(pandas).inputs.names(), ["x"]);
    let repeated = "id,x,y\n5,0.5,1\n5,1.5,0\n3,2.5,1\n";
    assert_eq!(auto(repeated).inputs.names(), ["id", "x"]);
}

#[test]
fn latin_1_and_utf_16_are_told_and_read() {
    let mut latin = b"gr\xf6\xdfe,ort,y\n1.5,K\xf6ln,0\n2.5,Ulm,1\n3.5,K\xf6ln,0\n".to_vec();
    let table = table(&latin, &Options::default()).unwrap();
    assert_eq!(table.inputs.names(), ["größe", "ort"]);
    assert!(table.report.notes[0].contains("Latin-1"), "{:?}", table.report.notes);
    let Column::Categories { names, .. } = table.inputs.column("ort").unwrap() else { panic!() };
    assert_eq!(names, &["Köln", "Ulm"]);
    latin.truncate(0);
    for big in [false, true] {
        let units = "größe,ort\n1.5,Köln\n2.5,Ulm\n".encode_utf16();
        let order = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        let bytes: Vec<u8> = units.flat_map(order).collect();
        let table = crate::table(&bytes, &Options::default()).unwrap();
        assert_eq!(table.inputs.names(), ["größe"]);
        assert!(table.report.notes[0].contains("UTF-16, without a mark"));
    }
}

#[test]
fn gzip_is_unpacked_whatever_the_name() {
    let mut packed = Vec::new();
    for part in ["a,y\n1,x\n", "2,y\n3,x\n"] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(part.as_bytes()).unwrap();
        packed.extend(encoder.finish().unwrap());
    }
    assert_eq!(table(&packed, &Options::default()).unwrap().samples(), 3);
    packed.truncate(packed.len() - 6);
    let error = table(&packed, &Options::default()).unwrap_err().to_string();
    assert!(error.starts_with("data.csv is compressed and damaged ("), "{error}");
}

#[test]
fn a_reader_is_gone_through_once() {
    let text = format!("x,y\n{}", "1,0\n2,1\n".repeat(150_000));
    let source = Source::read("a pipe".to_owned(), format!("{text}x,1\n").as_bytes()).unwrap();
    // The late word asks for a second look.
    let table = read(&source, &Options::default()).unwrap();
    assert_eq!((source.name(), table.samples()), ("a pipe", 300_001));
}

#[cfg(unix)]
#[test]
fn a_fifo_is_read_whole() {
    let folder = std::env::temp_dir().join(format!("chainrule-table-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    if made.is_ok_and(|status| status.success()) {
        let to = path.clone();
        let writer = std::thread::spawn(move || {
            let mut file = std::fs::File::create(to).unwrap();
            for i in 0..50_000 {
                writeln!(file, "{i}.5,{}", i % 2).unwrap();
            }
        });
        let table = read(&Source::open(&path).unwrap(), &Options::default()).unwrap();
        writer.join().unwrap();
        assert_eq!(table.samples(), 50_000);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn missing_marks_are_those_of_programs() {
    let text = "x,k,y\n1,Na,0\nNA,Nan,1\nNaN,None,0\nnull,NA,1\n?,-,0\n-,Na,1\n,,0\nNone,n/a,1\n";
    let table = auto(text);
    let missing: Vec<usize> = table.report.columns.iter().map(|column| column.missing).collect();
    assert_eq!(missing, [7, 4, 0]);
    let Column::Categories { names, .. } = table.inputs.column("k").unwrap() else { panic!() };
    assert_eq!(names, &["Na", "Nan", "None"]);
}
