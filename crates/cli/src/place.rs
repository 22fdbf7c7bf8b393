//! Where the network is saved, and what is told of its training.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use chainrule::checkpoint::{self, CheckpointError};
use chainrule::prelude::*;

/// Where the network goes unless told otherwise.
pub const DEFAULT_PATH: &str = "digits.safetensors";

/// A path, and whether a file there must be kept.
#[derive(Clone, Debug)]
pub struct Place {
    path: PathBuf,
    keeps: bool,
    /// What chooses it.
    flag: &'static str,
}

/// Why something cannot be saved in a place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error("cannot save to {}: it names no file; choose another place with --{flag}", path.display())]
    NoFile { path: PathBuf, flag: &'static str },
    #[error("cannot save to {}: there is something there that is not a file; choose another place with --{flag}", path.display())]
    NotAFile { path: PathBuf, flag: &'static str },
    #[error("cannot save to {}: there is no folder {}; create it, or choose another place with --{flag}", path.display(), folder.display())]
    NoFolder { path: PathBuf, folder: PathBuf, flag: &'static str },
    #[error("cannot save to {}: nothing can be written in {}: {source}; choose another place with --{flag}", path.display(), folder.display())]
    Folder { path: PathBuf, folder: PathBuf, flag: &'static str, source: io::Error },
    #[error("cannot keep what is in {}: {source}; the new network was not saved", path.display())]
    Keep { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Save(#[from] CheckpointError),
}

impl Place {
    /// The path asked for, whose file may be replaced, or the default one, whose file may not.
    pub fn new(output: Option<PathBuf>) -> Self {
        Place { keeps: output.is_none(), path: output.unwrap_or_else(|| DEFAULT_PATH.into()), flag: "output" }
    }

    /// The path that another flag asks for, whose file may be replaced.
    pub fn asked_for(flag: &'static str, path: PathBuf) -> Self {
        Place { path, keeps: false, flag }
    }

    /// What chooses it.
    pub fn flag(&self) -> &'static str {
        self.flag
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a file can be written there, found out before there is anything to lose.
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
        let target = self.target();
        let folder = folder(&target).to_owned();
        if !folder.is_dir() {
            return Err(PlaceError::NoFolder { path, folder, flag });
        }
        let probe = folder.join(format!(".chainrule-{}.probe", std::process::id()));
        match File::create_new(&probe).and_then(|_| fs::remove_file(&probe)) {
            Ok(()) => Ok(()),
            Err(source) => Err(PlaceError::Folder { path, folder, flag, source }),
        }
    }

    /// Saves the network. Gives the path under which an earlier one was kept, if there was one, it was to be kept, and
    /// it was not the same.
    ///
    /// # Errors
    /// A file that cannot be written; what was there before is still there.
    pub fn save(&self, params: &Params, description: &str) -> Result<Option<PathBuf>, PlaceError> {
        let target = self.target();
        let kept = if self.keeps && target.exists() {
            Some(keep(&target).map_err(|source| PlaceError::Keep { path: self.path.clone(), source })?)
        } else {
            None
        };
        let saved = checkpoint::save(params, &target, description);
        let Some((copy, bytes)) = kept else {
            saved?;
            return Ok(None);
        };
        // On failure the earlier network is still in its own place, and the copy is not needed.
        if saved.is_err() || fs::read(&target).is_ok_and(|new| new == bytes) {
            let _ = fs::remove_file(&copy);
            saved?;
            return Ok(None);
        }
        Ok(Some(copy))
    }

    /// The file itself, where the path is a link to one.
    pub fn target(&self) -> PathBuf {
        let link = self.path.is_symlink().then(|| fs::canonicalize(&self.path).ok());
        link.flatten().unwrap_or_else(|| self.path.clone())
    }
}

/// Copies a file beside itself under the first free name with a number in it. Gives that path, and what is in the file.
fn keep(path: &Path) -> io::Result<(PathBuf, Vec<u8>)> {
    let bytes = fs::read(path)?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(OsStr::to_string_lossy).unwrap_or_default();
    for number in 1_u64.. {
        let copy = path.with_file_name(format!("{stem}.{number}.{extension}"));
        match File::create_new(&copy) {
            Ok(mut file) => {
                file.write_all(&bytes).and_then(|()| file.sync_all()).inspect_err(|_| drop(fs::remove_file(&copy)))?;
                return Ok((copy, bytes));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    unreachable!("no folder holds that many files")
}

/// The folder of a file.
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
