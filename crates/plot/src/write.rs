use std::path::Path;

use crate::PlotError;

/// Writes a file as a whole: an interruption or a full disk leaves what was there before.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), PlotError> {
    chainrule_files::replace(path, bytes)
        .map_err(|source| PlotError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = write(&folder.path().join("none/a"), b"").unwrap_err().to_string();
        assert!(message.starts_with("cannot write ") && message.contains("none"), "{message}");
    }
}
