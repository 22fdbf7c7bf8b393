//! One program for all tests of this folder, since each is linked by itself.

mod common;
mod python;
mod reading_back;
#[cfg(feature = "training")]
mod training;
