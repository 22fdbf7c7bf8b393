//! One program for all tests of this folder, since each is linked by itself.

mod common;
mod findings;
mod healthy;
mod instruments;
mod once_more;
