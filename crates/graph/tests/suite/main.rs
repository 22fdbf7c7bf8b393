//! One program for all tests of this folder, since each is linked by itself.

mod accumulation;
mod buffers;
mod chain_rule;
#[path = "../common/mod.rs"]
mod common;
mod fusion;
mod gradcheck;
mod inference;
mod memoisation;
mod mistakes;
mod non_finite;
mod parameters;
mod reach;
mod roots;
mod second_order;
mod threads;
mod watch;
