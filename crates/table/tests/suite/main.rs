//! The tests of this crate, linked as one program.

mod bad;
mod formats;
mod odd;
mod random;
mod schema;
mod types;
mod written;

use chainrule_table::{Options, Source, Table, TableError, read};

/// Reads a text that stands for the file `data.csv`.
fn table(text: impl AsRef<[u8]>, options: &Options) -> Result<Table, TableError> {
    read(&Source::bytes("data.csv", text.as_ref()), options)
}
