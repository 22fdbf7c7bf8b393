use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::PlotError;

/// Writes a file beside its place and then moves it there, so that an interruption or a full disk leaves what was there
/// before. What is no plain file, such as a link or a device, is written to as it is.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), PlotError> {
    let plain = fs::symlink_metadata(path).map_or(true, |there| there.is_file());
    let written = if plain { replace(path, bytes) } else { fs::write(path, bytes) };
    written.map_err(|source| PlotError::Write { path: path.to_owned(), source })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".chainrule-");
    // The permissions that any new file gets.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_a_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"first").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            write(&link, b"third").unwrap();
            assert!(link.is_symlink());
            assert_eq!(fs::read(&path).unwrap(), b"third");
            fs::remove_file(&link).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        let message = write(&folder.path().join("none/a"), b"").unwrap_err().to_string();
        assert!(message.starts_with("cannot write ") && message.contains("none"), "{message}");
    }
}
