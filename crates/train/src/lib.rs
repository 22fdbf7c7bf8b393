#![doc = include_str!("../README.md")]

pub mod callback;
pub mod constraint;
pub mod least_squares;
pub mod metric;
pub mod optimizer;
pub mod schedule;

mod check;
mod error;
mod groups;
mod history;
mod pattern;
mod penalty;
mod rates;
mod rule;
mod snapshot;
mod stage;
mod trainer;
mod training;

pub use constraint::{Constraint, MaxNorm, NonNegative, UnitNorm};
pub use error::TrainError;
pub use groups::Group;
pub use history::{EpochRecord, History, Scores, StopReason};
pub use least_squares::{LeastSquares, LeastSquaresError, LeastSquaresFit, LeastSquaresStop};
pub use pattern::matches;
pub use penalty::Penalty;
pub use rule::{ClipNorm, ClipValue, GradientRule};
pub use snapshot::{Memory, OptimizerMemory, Snapshot};
pub use trainer::Trainer;
