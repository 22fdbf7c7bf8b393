//! What is trained on.

pub mod digits;
pub mod table;
