//! The text of one cell: missing, a number in some form, or a word.

mod date;
mod form;
mod number;

pub use form::Form;
pub(crate) use form::decide;

/// Returns true if a cell stands for a missing value: it is empty, or one of the marks that
/// programs write for it: `NA`, `N/A`, `NaN`, `null`, `?`, `-`.
///
/// Capitals count, since `Na` is sodium and `Nan` a name: each mark is taken as pandas, R, SQL and
/// spreadsheets write it, all capitals or none.
pub(crate) fn is_missing(cell: &[u8]) -> bool {
    matches!(
        cell,
        b"" | b"?"
            | b"-"
            | b"NA"
            | b"na"
            | b"N/A"
            | b"n/a"
            | b"#N/A"
            | b"<NA>"
            | b"NaN"
            | b"nan"
            | b"NAN"
            | b"-NaN"
            | b"-nan"
            | b"null"
            | b"NULL"
    )
}

/// Returns true if a cell stands for a missing number, where others of its column are numbers or
/// dates: Python writes `None`, SAS and Stata a dot. Among words `None` is one of them.
pub(crate) fn is_missing_number(cell: &[u8]) -> bool {
    is_missing(cell) || matches!(cell, b"None" | b"." | b"NaT" | b"--")
}
