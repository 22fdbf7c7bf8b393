//! Flags as they are typed, and what they mean.

pub mod checks;
pub mod error;
mod idle;
pub mod list;
pub mod names;
pub mod parse;
pub mod places;
mod rate;
pub mod size;
pub mod table;
pub mod talk;
pub mod told;
pub mod training;
