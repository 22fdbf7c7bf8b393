//! Flags as they are typed, and what they mean.

pub mod config;
pub mod names;
pub mod parse;
