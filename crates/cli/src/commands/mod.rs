//! The commands, one folder each. None imports another's; what is shared stands beside this folder.

pub mod compare;
pub mod config;
pub mod conformance;
pub mod diagnose;
pub mod digits;
pub mod evaluate;
pub mod gradcheck;
pub mod inspect;
pub mod list;
pub mod predict;
pub mod train;
