#![doc = include_str!("../README.md")]

pub mod callback;
pub mod metric;
pub mod optimizer;
pub mod schedule;

mod error;
mod history;
mod rule;
mod run;
mod stage;
mod trainer;

pub use error::TrainError;
pub use history::{EpochRecord, History, Scores, StopReason};
pub use rule::{ClipNorm, ClipValue, GradientRule};
pub use trainer::Trainer;
