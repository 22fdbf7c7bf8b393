#![doc = include_str!("../README.md")]

pub mod finding;
pub mod monitor;

pub use finding::{Diagnosis, Evidence, Finding, Kind, Rule, Severity};
pub use monitor::{Instruments, Log, survey};
