//! A file that has no name before it is whole.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// A new file in a folder, gone if it is dropped before it gets its name.
pub struct Draft {
    file: File,
    folder: PathBuf,
    /// Its name for the time being, where a file cannot be without one.
    name: Option<TempPath>,
}

impl Draft {
    /// An empty file with the permissions that any new file gets.
    pub fn new(folder: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = unnamed::open(folder) {
            return Ok(Draft { file, folder: folder.to_owned(), name: None });
        }
        Draft::named(folder)
    }

    /// The same with a hidden name for the time being.
    fn named(folder: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".chainrule-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let (file, name) = builder.tempfile_in(folder).map_err(without_path)?.into_parts();
        Ok(Draft { file, folder: folder.to_owned(), name: Some(name) })
    }

    /// Takes the permissions of another file, and its owner where that is allowed.
    pub fn be_like(&self, other: &Metadata) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
            let own = self.file.metadata()?;
            if (own.uid(), own.gid()) != (other.uid(), other.gid()) {
                // Only root may give a file away; what anyone else writes is their own.
                let _ = fchown(&self.file, Some(other.uid()), Some(other.gid()));
            }
            let mode = other.permissions().mode() & 0o777;
            self.file.set_permissions(PermissionsExt::from_mode(mode))?;
        }
        #[cfg(not(unix))]
        let _ = other;
        Ok(())
    }

    /// Writes everything, down to the disk.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_all()
    }

    /// Finds out if its name could be that of a file that is there. In a sticky folder, such as
    /// `/tmp`, only the owner of the file or of the folder may exchange it.
    pub fn may_replace(&self, target: &Path, there: &Metadata) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let (folder, me) = (fs::metadata(&self.folder)?, self.file.metadata()?.uid());
            let sticky = folder.mode() & 0o1000 != 0;
            if sticky && me != 0 && me != there.uid() && me != folder.uid() {
                let name = target.file_name().unwrap_or_default().to_string_lossy();
                let why = format!(
                    "{name} belongs to somebody else, and the folder lets only its owner replace it"
                );
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
            }
        }
        #[cfg(not(unix))]
        let _ = (target, there);
        Ok(())
    }

    /// Gives it a name that is not taken.
    pub fn create(self, path: &Path) -> io::Result<()> {
        match self.name {
            Some(name) => name.persist_noclobber(path).map_err(|error| error.error),
            #[cfg(target_os = "linux")]
            None => unnamed::link(&self.file, path),
            #[cfg(not(target_os = "linux"))]
            None => unreachable!("the file has a name"),
        }
    }

    /// Gives it a name, whatever has that name now.
    pub fn replace(mut self, path: &Path) -> io::Result<()> {
        if self.name.is_none() {
            // No call exchanges a file for one without a name, so that it has another one for a
            // moment.
            self.name = Some(self.hidden_name()?);
        }
        match self.name.take() {
            Some(name) => name.persist(path).map_err(|error| error.error),
            None => Ok(()),
        }
    }

    #[cfg(target_os = "linux")]
    fn hidden_name(&self) -> io::Result<TempPath> {
        for number in 0_u64.. {
            let name = self.folder.join(format!(".chainrule-{}-{number}", std::process::id()));
            match unnamed::link(&self.file, &name) {
                Ok(()) => return TempPath::try_from_path(name),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("no folder holds that many files")
    }

    #[cfg(not(target_os = "linux"))]
    fn hidden_name(&self) -> io::Result<TempPath> {
        unreachable!("the file has a name")
    }
}

/// The error without the path of a file that nobody asked for.
fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    io::Error::new(error.kind(), text.split(" at path ").next().unwrap_or(&text).to_owned())
}

/// Files without a name, which no process that is killed leaves behind.
#[cfg(target_os = "linux")]
mod unnamed {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::{Path, PathBuf};

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open as open_at};

    /// A file without a name; `None` where the file system has none, or they could not be named.
    pub fn open(folder: &Path) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = File::from(open_at(folder, flags, Mode::from_raw_mode(0o666)).ok()?);
        path(&file).exists().then_some(file)
    }

    /// Gives it a name that is not taken.
    pub fn link(file: &File, name: &Path) -> io::Result<()> {
        Ok(linkat(CWD, path(file), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
    }

    fn path(file: &File) -> PathBuf {
        format!("/proc/self/fd/{}", file.as_raw_fd()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Kind: files lost or left in parts; with and without a name for the time being.
    #[test]
    fn a_draft_takes_a_name_or_is_gone() {
        for new in [Draft::new, Draft::named] {
            let folder = tempfile::tempdir().unwrap();
            let (at, a) = (folder.path(), folder.path().join("a"));
            drop(new(at).unwrap());
            assert!(names(at).is_empty());
            for text in ["first", "second"] {
                let mut draft = new(at).unwrap();
                draft.write(text.as_bytes()).unwrap();
                draft.replace(&a).unwrap();
                assert_eq!(
                    (names(at), fs::read_to_string(&a).unwrap()),
                    (vec!["a".to_owned()], text.to_owned())
                );
            }
            let taken = new(at).unwrap().create(&a).unwrap_err();
            assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
            fs::create_dir(at.join("b")).unwrap();
            new(at).unwrap().replace(&at.join("b")).unwrap_err();
            new(at).unwrap().create(&at.join("c")).unwrap();
            assert_eq!(names(at), ["a", "b", "c"]);
        }
        let error = Draft::new(Path::new("no/such/folder")).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(!error.to_string().contains("chainrule"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_draft_has_no_name_on_linux() {
        let folder = tempfile::tempdir().unwrap();
        if let Some(_file) = unnamed::open(folder.path()) {
            assert!(names(folder.path()).is_empty());
        }
    }
}
