//! Saves and loads [chainrule](https://docs.rs/chainrule) parameters as
//! [safetensors](https://docs.rs/safetensors) files, which Python's `safetensors` package reads as
//! well.
//!
//! Each parameter is one tensor under its own name, such as `0.weight`, with weights as
//! `[inputs, outputs]`.

mod error;
mod load;
mod save;
mod value;

pub use error::CheckpointError;
pub use load::{description, load};
pub use save::{encode, save};

/// The key of the file's metadata that holds the description.
const DESCRIPTION: &str = "chainrule";
