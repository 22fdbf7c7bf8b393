//! What the tests of allocations share.

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod counting;
pub mod training;
