use std::io;
use std::path::PathBuf;

/// Why events cannot be written. Each message names the file or the tag.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The folder cannot be made, or no file can be made in it.
    #[error("cannot write event files in {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The folder holds the events of another training, which TensorBoard would draw as one curve
    /// with these.
    #[error("{} already holds events of another training; give each training a folder of its \
             own", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The file, which was made, cannot be written any further.
    #[error(
        "cannot write {}: {source}; the events end there; make room, or choose another folder",
        path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A value that makes no sense was to be written.
    #[error("cannot write `{tag}`: {reason}")]
    Value {
        /// The name it was to have.
        tag: String,
        /// The fault.
        reason: String,
    },
}

impl EventError {
    pub(crate) fn value(tag: &str, reason: impl Into<String>) -> Self {
        EventError::Value { tag: tag.to_owned(), reason: reason.into() }
    }
}
