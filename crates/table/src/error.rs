use std::io;

use chainrule_config::shown;
use chainrule_data::DataError;

/// A reason why a file is no table of samples. Each message is one line that names the file, the
/// place in it, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The system does not give the file.
    #[error("cannot read {file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// The message of the system.
        source: io::Error,
    },
    /// The file as a whole is not what it must be.
    #[error("{file} {what}")]
    File {
        /// The file.
        file: String,
        /// The mistake, and what to do.
        what: String,
    },
    /// A place in the file is wrong.
    #[error("{file}, {place}{}: {what}", in_column(.column))]
    Place {
        /// The file.
        file: String,
        /// The line, such as `line 3`; in a file without lines the row, such as `row 2`.
        place: String,
        /// The name of the column, where one is meant.
        column: Option<String>,
        /// The mistake, and what to do.
        what: String,
    },
    /// A column as a whole is wrong.
    #[error("{file}, column {}: {what}", shown(.column))]
    Column {
        /// The file.
        file: String,
        /// The name of the column.
        column: String,
        /// The mistake, and what to do.
        what: String,
    },
    /// An option names a column that the file does not have.
    #[error("{option} {}: {file} has no such column{near}; there are: {columns}", shown(.column))]
    NoColumn {
        /// The option, as in [`Options`](crate::Options).
        option: &'static str,
        /// The name that was asked for.
        column: String,
        /// The file.
        file: String,
        /// The question whether another name was meant; empty if none is like it.
        near: String,
        /// The names that there are.
        columns: String,
    },
    /// Two options that contradict each other.
    #[error("{option} {}: {what}", shown(.column))]
    Option {
        /// The option, as in [`Options`](crate::Options).
        option: &'static str,
        /// The column.
        column: String,
        /// The mistake, and what to do.
        what: String,
    },
    /// The columns that were read make no data.
    #[error("{file}: {source}")]
    Data {
        /// The file.
        file: String,
        /// The mistake in them.
        source: DataError,
    },
}

impl TableError {
    /// Returns true if an option is wrong, not the file.
    #[must_use]
    pub fn is_of_options(&self) -> bool {
        matches!(self, TableError::NoColumn { .. } | TableError::Option { .. })
    }
}

fn in_column(column: &Option<String>) -> String {
    column.as_ref().map_or_else(String::new, |column| format!(", column {}", shown(column)))
}
