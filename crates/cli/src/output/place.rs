//! Where the network is saved, and what is told of its training.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chainrule::checkpoint::CheckpointError;
use chainrule_files as files;

use crate::text::shown::place;

/// Where the network goes unless told otherwise.
pub const DEFAULT_PATH: &str = "digits.safetensors";

/// A path, and whether a file there must be kept.
#[derive(Clone, Debug)]
pub struct Place {
    path: PathBuf,
    keeps: bool,
    /// The flag that chooses it.
    flag: &'static str,
    /// The file that was there when the program began.
    earlier: Option<Stamp>,
}

/// The mark that tells a file from another one that has taken its name.
type Stamp = (u64, SystemTime);

/// Where something was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub path: PathBuf,
    /// The path of what was there before, if that was to be kept and is not the same.
    pub kept: Option<PathBuf>,
}

/// Why something cannot be saved in a place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error("cannot save to {}: it names no file; choose another place with --{flag}", place(path))]
    NoFile { path: PathBuf, flag: &'static str },
    #[error(
        "cannot save to {}: there is something there that is not a file; choose another place with \
         --{flag}",
        place(path)
    )]
    NotAFile { path: PathBuf, flag: &'static str },
    #[error(
        "cannot save to {}: there is no folder {}; create it, or choose another place with \
         --{flag}",
        place(path),
        place(folder)
    )]
    NoFolder { path: PathBuf, folder: PathBuf, flag: &'static str },
    #[error(
        "cannot save to {}: nothing can be written in {}: {source}; choose another place with \
         --{flag}",
        place(path),
        place(folder)
    )]
    Folder { path: PathBuf, folder: PathBuf, flag: &'static str, source: io::Error },
    #[error("cannot save to {}: {source}; choose another place with --{flag}", place(path))]
    File { path: PathBuf, flag: &'static str, source: io::Error },
    #[error("cannot keep what is in {}: {source}; the new network was not saved", place(path))]
    Keep { path: PathBuf, source: io::Error },
    #[error(
        "cannot write {}: {source}; make room, or choose another place with --{flag}",
        place(path)
    )]
    Write { path: PathBuf, flag: &'static str, source: io::Error },
    #[error(transparent)]
    Encode(#[from] CheckpointError),
}

impl Place {
    /// The path asked for, whose file may be replaced, or the default one, whose file may not.
    pub fn new(output: Option<PathBuf>) -> Self {
        let keeps = output.is_none();
        Place { keeps, ..Place::asked_for("output", output.unwrap_or_else(|| DEFAULT_PATH.into())) }
    }

    /// The path that another flag asks for, whose file may be replaced.
    pub fn asked_for(flag: &'static str, path: PathBuf) -> Self {
        let earlier = stamp(&path);
        Place { path, keeps: false, flag, earlier }
    }

    /// The flag that chooses it.
    pub fn flag(&self) -> &'static str {
        self.flag
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that a file can be written there, before there is anything to lose.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn check(&self) -> Result<(), PlaceError> {
        let (path, flag) = (self.path.clone(), self.flag);
        let ends_in_separator = path.to_string_lossy().ends_with(std::path::is_separator);
        if path.file_name().is_none() || (ends_in_separator && !path.exists()) {
            return Err(PlaceError::NoFile { path, flag });
        }
        if path.exists() && !path.is_file() {
            return Err(PlaceError::NotAFile { path, flag });
        }
        let target = files::target(&path);
        let folder = files::folder(&target).to_owned();
        if !folder.is_dir() {
            return Err(PlaceError::NoFolder { path, folder, flag });
        }
        let free = matches!(
            fs::symlink_metadata(&target),
            Err(error) if error.kind() == ErrorKind::NotFound
        );
        files::check(&path).map_err(|source| match free {
            true => PlaceError::Folder { path, folder, flag, source },
            false => PlaceError::File { path, flag, source },
        })
    }

    /// Saves the bytes of a network. One that was there under the default name when the program
    /// began is kept under another. One that another program saved there since then stays, and the
    /// new one takes another name. Nothing is kept twice.
    ///
    /// # Errors
    /// A file that cannot be written; what was there before is still there.
    pub fn save(&self, bytes: &[u8]) -> Result<Saved, PlaceError> {
        let saved = |path, kept| Ok(Saved { path, kept });
        if !self.keeps {
            files::replace(&self.path, bytes).map_err(|source| self.unwritten(source))?;
            return saved(self.path.clone(), None);
        }
        let target = files::target(&self.path);
        // One program after another; without locks, as on some network drives, it is as good as can
        // be.
        let alone = File::open(files::folder(&target)).ok();
        let _ = alone.as_ref().map(File::lock);
        if self.earlier.is_none() || stamp(&target) != self.earlier {
            return self.save_under_free_name(&target, bytes).and_then(|path| saved(path, None));
        }
        if fs::read(&target).is_ok_and(|there| there == bytes) {
            return saved(self.path.clone(), None);
        }
        let copy =
            keep(&target).map_err(|source| PlaceError::Keep { path: self.path.clone(), source })?;
        if let Err(source) = files::replace(&target, bytes) {
            // The earlier network is still in its own place, and the copy is not needed.
            let _ = fs::remove_file(&copy);
            return Err(self.unwritten(source));
        }
        saved(self.path.clone(), Some(copy))
    }

    /// Saves the bytes of a network only if nothing is there.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save_if_free(&self, bytes: &[u8]) -> Result<Option<Saved>, PlaceError> {
        match files::create(files::target(&self.path), bytes) {
            Ok(()) => Ok(Some(Saved { path: self.path.clone(), kept: None })),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(source) => Err(self.unwritten(source)),
        }
    }

    fn save_under_free_name(&self, target: &Path, bytes: &[u8]) -> Result<PathBuf, PlaceError> {
        for path in names(target) {
            match files::create(&path, bytes) {
                Ok(()) if path == target => return Ok(self.path.clone()),
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    if fs::read(&path).is_ok_and(|there| there == bytes) {
                        return Ok(path);
                    }
                }
                Err(source) => return Err(self.unwritten(source)),
            }
        }
        unreachable!("no folder holds that many files")
    }

    fn unwritten(&self, source: io::Error) -> PlaceError {
        PlaceError::Write { path: self.path.clone(), flag: self.flag, source }
    }
}

/// Gives a file a second name, the first free one with a number in it. Gives that path.
fn keep(path: &Path) -> io::Result<PathBuf> {
    for copy in names(path).skip(1) {
        let kept = match fs::hard_link(path, &copy) {
            // Where a file can have one name only.
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                files::create(&copy, &fs::read(path)?)
            }
            result => result,
        };
        match kept {
            Ok(()) => return Ok(copy),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    unreachable!("no folder holds that many files")
}

/// The path itself, then the same with a number in its name: `net.safetensors`,
/// `net.1.safetensors`.
fn names(path: &Path) -> impl Iterator<Item = PathBuf> + '_ {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy()));
    let extension = extension.unwrap_or_default();
    let numbered = move |number: u64| path.with_file_name(format!("{stem}.{number}{extension}"));
    std::iter::once(path.to_owned()).chain((1..).map(numbered))
}

fn stamp(path: &Path) -> Option<Stamp> {
    let there = fs::metadata(path).ok()?;
    Some((there.len(), there.modified().ok()?))
}
