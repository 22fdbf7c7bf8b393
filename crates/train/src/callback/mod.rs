//! Callbacks: what looks on while a model trains, and may stop it.

mod best_weights;
mod definition;
mod early_stopping;
mod monitor;
mod progress;
mod trace;
mod weight_average;

pub use best_weights::BestWeights;
pub use definition::{BatchEnd, Callback, EpochEnd, FitPlan, Flow, StepEnd};
pub use early_stopping::EarlyStopping;
pub(crate) use monitor::LOSS;
pub use monitor::Monitor;
pub use progress::{Progress, ProgressEvent};
pub use trace::{TraceEvent, TracedBatch, TracedEnd};
pub use weight_average::WeightAverage;
