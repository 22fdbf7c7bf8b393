//! The data of a training.

pub mod digits;
pub mod table;
