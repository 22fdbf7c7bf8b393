#![doc = include_str!("../README.md")]

mod draft;
mod place;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use draft::Draft;
pub use place::{folder, same, target, within};

/// Writes these bytes to a file, in place of what is there.
///
/// The new file takes the name once it is whole and on the disk, so that an interruption or a full
/// disk leaves what was there before. It keeps the permissions of the file it replaces, and its
/// owner where the system allows that. What is no plain file, such as a device or a pipe, is
/// written to as it is.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("numbers");
/// chainrule_files::replace(&path, b"1 2 3")?;
/// chainrule_files::replace(&path, b"4 5 6")?;
/// assert_eq!(std::fs::read(path)?, b"4 5 6");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// A file that cannot be written; what was there before is still there. A process that may not
/// write files so large is sent `SIGXFSZ` by Unix, which ends it unless it handles that signal.
pub fn replace(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let target = target(path.as_ref());
    let before = place::there(&target)?;
    if before.as_ref().is_some_and(|there| !there.is_file()) {
        return fs::OpenOptions::new().write(true).open(&target)?.write_all(bytes);
    }
    let mut draft = Draft::new(folder(&target))?;
    if let Some(before) = before {
        draft.be_like(&before)?;
    }
    draft.write(bytes)?;
    draft.replace(&target)
}

/// Writes these bytes to a file under a name that is not taken.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("numbers");
/// chainrule_files::create(&path, b"1 2 3")?;
/// let taken = chainrule_files::create(&path, b"4 5 6").unwrap_err();
/// assert_eq!(taken.kind(), std::io::ErrorKind::AlreadyExists);
/// assert_eq!(std::fs::read(path)?, b"1 2 3");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// A name that is taken, also by a link that leads nowhere; a file that cannot be written, of which
/// nothing is left.
pub fn create(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = path.as_ref();
    let mut draft = Draft::new(folder(path))?;
    draft.write(bytes)?;
    draft.create(path)
}

/// The advice about a file that could not be written, to stand behind the system's reason. Room is
/// made on a disk that is full, within a share of it that is used up, or below a limit on the size
/// of files. For all else another place helps.
///
/// ```
/// use std::io::{Error, ErrorKind};
///
/// let error = Error::from(ErrorKind::StorageFull);
/// assert_eq!(
///     format!("cannot write net: {error}{}", chainrule_files::advice(&error)),
///     "cannot write net: no storage space; make room, or choose another place"
/// );
/// ```
#[must_use]
pub fn advice(error: &io::Error) -> &'static str {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => "; make room, or choose another place",
        _ => "; choose another place",
    }
}

/// Finds out whether [`replace`] could write a file there, as far as that can be known beforehand.
/// It looks at the name, the permissions of the folder and of a file that is there. Nothing is left
/// behind.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// chainrule_files::check(folder.path().join("net"))?;
/// assert!(chainrule_files::check(folder.path().join("n".repeat(1000))).is_err());
/// assert_eq!(std::fs::read_dir(folder.path())?.count(), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// What stands in the way.
pub fn check(path: impl AsRef<Path>) -> io::Result<()> {
    let target = target(path.as_ref());
    let draft = Draft::new(folder(&target))?;
    let Some(there) = place::there(&target)? else { return Ok(()) };
    if there.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    fs::OpenOptions::new().append(true).open(&target)?;
    draft.may_replace(&target, &there)
}
