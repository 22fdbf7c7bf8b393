#![doc = include_str!("../README.md")]

mod error;
mod load;
mod save;
mod value;

pub use error::CheckpointError;
pub use load::{description, load};
pub use save::{encode, save};

/// The key of the file's metadata that holds the description.
const DESCRIPTION: &str = "chainrule";
