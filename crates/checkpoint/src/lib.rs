#![doc = include_str!("../README.md")]

mod error;
mod load;
mod save;
mod value;
mod vectors;

pub use error::CheckpointError;
pub use load::{description, load};
pub use save::{encode, save};
pub use vectors::{encode_vectors, load_vectors};
