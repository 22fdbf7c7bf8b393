//! The folder of a training.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use chainrule_files as files;

use crate::failure::Failure;
use crate::text::shown::place;

/// A folder that is this training's alone. It goes again if nothing is written into it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    is_new: bool,
}

impl Folder {
    /// The folder that was asked for, which must be new or empty, or the next free `runs/NAME-N`
    /// for the table of this name.
    ///
    /// # Errors
    /// A folder that holds something, or cannot be made or written.
    pub fn reserve(asked: Option<&Path>, table: &Path) -> Result<Self, Failure> {
        let folder = match asked {
            Some(path) => Folder::asked_for(path)?,
            None => Folder::next(table)?,
        };
        files::check(folder.path.join("model.safetensors"))
            .map_err(|error| refused(&folder.path, &error.to_string()))?;
        Ok(folder)
    }

    fn asked_for(path: &Path) -> Result<Self, Failure> {
        match fs::read_dir(path).map(|mut entries| entries.next().is_none()) {
            Ok(true) => Ok(Folder { path: path.to_owned(), is_new: false }),
            Ok(false) => Err(refused(path, "there is something in it already")),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let made = fs::create_dir_all(path);
                made.map_err(|error| refused(path, &error.to_string()))?;
                Ok(Folder { path: path.to_owned(), is_new: true })
            }
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                Err(refused(path, "there is a file of that name"))
            }
            Err(error) => Err(refused(path, &error.to_string())),
        }
    }

    fn next(table: &Path) -> Result<Self, Failure> {
        let runs = Path::new("runs");
        fs::create_dir_all(runs).map_err(|error| refused(runs, &error.to_string()))?;
        let name = table.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split('.').find(|part| !part.is_empty()).unwrap_or("table");
        let name = if name == "-" { "table" } else { name };
        for number in 1.. {
            let path = runs.join(format!("{name}-{number}"));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Folder { path, is_new: true }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(refused(&path, &error.to_string())),
            }
        }
        unreachable!("no folder holds that many")
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file in it, as a whole or not at all.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.path.join(name);
        let told = |error: io::Error| {
            let advice = files::advice(&error);
            Failure::other(format!("cannot write {}: {error}{advice}", place(&path)))
        };
        files::replace(&path, bytes).map_err(told)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_new {
            // A folder that holds something stays.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::flag(format!(
        "--output {}: {why}; choose a new folder, or one that is empty",
        place(path)
    ))
}
