//! The data of a training.

pub mod digits;
pub mod model;
pub mod table;
