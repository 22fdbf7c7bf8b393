use std::path::PathBuf;

use chainrule::data::DataError;

use crate::flags::names::meant;
use crate::text::shown::{place, shown};

/// Why a file is no table of samples. Each message names the file, the place in it, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("cannot read {}: {source}", place(path))]
    Read { path: PathBuf, source: std::io::Error },
    #[error(
        "{} is {what}; give a table (CSV, one sample a line), or the recording of a training \
         (JSON)",
        place(path)
    )]
    OtherKind { path: PathBuf, what: &'static str },
    #[error("{} has more than {most} bytes, too many for a table; give a part of it", place(path))]
    TooLarge { path: PathBuf, most: u64 },
    #[error(
        "{}, line {line}: {source}; a table has one sample a line, with values that are separated \
         by commas",
        place(path)
    )]
    Csv { path: PathBuf, line: u64, source: csv::Error },
    #[error("{}, line {line}: it is not UTF-8; save the table as UTF-8", place(path))]
    Encoding { path: PathBuf, line: u64 },
    #[error("{}, line {line}: a quote is opened in `{}` and {}; a table has one sample a line: \
             close the quote, or double it within a \
             value", place(path), shown(.begin), end(.closed))]
    Quote { path: PathBuf, line: u64, begin: String, closed: Option<u64> },
    #[error("{}, line {line}: it has {found}, but the first line has {expected}; give every line \
             the same columns", place(path), found = values(*.found))]
    Columns { path: PathBuf, line: u64, found: usize, expected: usize },
    #[error("{} has no samples", place(path))]
    Empty { path: PathBuf },
    #[error(
        "{} has one column only; a table has numbers to learn from, and a column to be predicted",
        place(path)
    )]
    OneColumn { path: PathBuf },
    #[error("--target {}: {} has no such column{}; there are: \
             {columns}", shown(.label), place(path), meant(.near))]
    Label { path: PathBuf, label: String, near: Option<String>, columns: String },
    #[error("{}, line {line}, column {}: `{}` is not a number; \
             {advice}", place(path), shown(.column), shown(.value))]
    Number { path: PathBuf, line: u64, column: String, value: String, advice: &'static str },
    #[error("{}, line {line}, column {}: the label is missing; fill it in, or leave the sample \
             out", place(path), shown(.column))]
    NoLabel { path: PathBuf, line: u64, column: String },
    #[error("{} has {samples}, too few to set a fifth aside to validate on; give at least \
             {least}", place(path), samples = counted(*.samples))]
    TooFew { path: PathBuf, samples: usize, least: usize },
    #[error("{}: every label in column {} is another one, so that there is nothing to learn from; \
             choose the column of the classes with --target, or predict numbers with --task \
             values", place(path), shown(.column))]
    AllDifferent { path: PathBuf, column: String },
    #[error("{}: {source}", place(path))]
    Data { path: PathBuf, source: DataError },
    #[error(transparent)]
    Digits(#[from] DataError),
}

fn end(closed: &Option<u64>) -> String {
    closed.map_or("never closed".to_owned(), |line| format!("closed on line {line} only"))
}

fn values(count: usize) -> String {
    if count == 1 { "1 value".to_owned() } else { format!("{count} values") }
}

fn counted(count: usize) -> String {
    if count == 1 { "1 sample".to_owned() } else { format!("{count} samples") }
}
