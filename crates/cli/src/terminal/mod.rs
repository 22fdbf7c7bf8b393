//! The program's surroundings: streams, colours, signals, memory.

pub mod console;
pub mod faults;
pub mod interrupt;
mod memory;
pub mod paint;
pub mod progress;
