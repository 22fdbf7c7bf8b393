//! Where a picture goes.

use std::io;
use std::path::{Path, PathBuf};

use chainrule_files as files;

/// Why a picture cannot go there.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error("end the name in .svg or .png")]
    Kind,
    #[error("there is no folder {}; create it, or choose another place", .0.display())]
    NoFolder(PathBuf),
    #[error("there is something there that is not a file; choose another place")]
    NotAFile,
    #[error("{0}; choose another place")]
    Unwritable(#[from] io::Error),
}

/// That a picture can be in this file, found out before there is anything to draw.
///
/// # Errors
/// What stands in the way.
pub fn check_place(path: &Path) -> Result<(), PlaceError> {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    if !matches!(extension.as_deref().and_then(|extension| extension.to_str()), Some("svg" | "png"))
    {
        return Err(PlaceError::Kind);
    }
    let target = files::target(path);
    let folder = files::folder(&target);
    if !folder.is_dir() {
        return Err(PlaceError::NoFolder(folder.to_owned()));
    }
    if path.exists() && !path.is_file() {
        return Err(PlaceError::NotAFile);
    }
    Ok(files::check(path)?)
}
