#![doc = include_str!("../README.md")]

pub mod finding;
pub mod fix;
pub mod gain;
pub mod ledger;
pub mod monitor;
pub mod non_finite;
pub mod recording;

mod pass;

pub use finding::{Diagnosis, Evidence, Finding, Kind, Rule, Severity};
pub use monitor::{Instruments, Log, survey};
pub use recording::{Environment, Recording, RecordingError};
