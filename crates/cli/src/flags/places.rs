use std::path::Path;

use chainrule_files as files;

use super::error::FlagError;
use crate::output::place::Place;
use crate::text::shown::place;

/// Refuses two things in one file, by whatever path, and a file where a folder is to be.
///
/// # Errors
/// The flag that comes second.
pub fn different(places: &[&Place], tensorboard: Option<&Path>) -> Result<(), FlagError> {
    for (i, second) in places.iter().enumerate() {
        if let Some(first) =
            places[..i].iter().find(|first| files::same(first.path(), second.path()))
        {
            let why = format!("that is where --{} goes; choose another file", first.flag());
            return Err(FlagError::Value { flag: second.flag(), value: place(second.path()), why });
        }
    }
    let Some(folder) = tensorboard else { return Ok(()) };
    match places.iter().find(|file| files::within(folder, file.path())) {
        Some(first) => {
            let why = format!(
                "that is a folder, but --{} puts a file there; choose another folder",
                first.flag()
            );
            Err(FlagError::Value { flag: "tensorboard", value: place(folder), why })
        }
        None => Ok(()),
    }
}
