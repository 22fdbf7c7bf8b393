use std::path::PathBuf;

/// A fault while a picture or a report is made or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The figure's numbers do not fit together, such as a matrix with rows of different lengths.
    #[error("the figure \"{title}\" cannot be drawn: {reason}")]
    Data {
        /// The figure's title.
        title: String,
        /// The misfit.
        reason: String,
    },
    /// The name of the file does not say which kind of picture is wanted.
    #[error("cannot tell the kind of picture from {path}: end the name in .svg or .png")]
    Extension {
        /// The path that was given.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("cannot write {path}: {source}{}", chainrule_files::advice(source))]
    Write {
        /// The path that was given.
        path: PathBuf,
        /// The system's message.
        source: std::io::Error,
    },
}
