use std::path::PathBuf;

/// Why a recording cannot be saved or loaded. Each message names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file cannot be read or written.
    #[error(
        "cannot {action} {}: {source}{}",
        path.display(),
        if *.action == "write" { chainrule_files::advice(.source) } else { "" }
    )]
    Io {
        /// Read or write.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A log whose parts do not belong together, such as records of two models.
    #[error(
        "cannot write {}: `{at}` should be {expected}; the log was put together from several \
         trainings, which have a \
         recording each",
        path.display()
    )]
    Inconsistent {
        /// The file.
        path: PathBuf,
        /// The place in the recording, such as `recording.log.records[3]`.
        at: String,
        /// The kind of value that belongs there.
        expected: &'static str,
    },
    /// Another kind of file.
    #[error("{} is not the recording of a training; those are what `Recording::save` and \
             `chainrule --record` write", path.display())]
    NotARecording {
        /// The file.
        path: PathBuf,
    },
    /// A recording of another version of the format.
    #[error(
        "{} is a recording of format {found}, and this version reads format {}; record the \
         training anew, or read it \
         with the version that wrote it",
        path.display(),
        crate::Recording::VERSION
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// A file that ends too early.
    #[error("{} ends too early: it was not written or copied as a whole", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// A recording in which something is missing or of another kind.
    #[error("{} is a damaged recording: `{at}` should be {expected}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The place in the file, such as `recording.log.records[3].loss`.
        at: String,
        /// The kind of value that belongs there.
        expected: &'static str,
    },
}
