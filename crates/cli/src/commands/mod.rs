//! The commands, one folder each. None imports another's; what is shared stands beside this folder.

pub mod compare;
pub mod conformance;
pub mod diagnose;
pub mod digits;
pub mod gradcheck;
pub mod list;
