//! Helpers of the tests of allocations.

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod counting;
pub mod training;
