#![doc = include_str!("../README.md")]

mod change;
mod check;
mod checkpoints;
mod compare;
mod error;
mod field;
mod idle;
mod members;
mod model;
mod network;
mod predictor;
mod preprocessing;
mod preset;
mod recipe;
mod run;
mod table;
mod text;

pub use change::Change;
pub use checkpoints::{Checkpoints, Found};
pub use compare::{Comparison, Variant, compare};
pub use error::{Line, RecipeError};
pub use members::Members;
pub use network::Network;
pub use predictor::Predictor;
pub use preprocessing::{Preprocessing, Scaling};
pub use preset::{Preset, TableTask};
pub use recipe::Recipe;
pub use run::{Prepared, Run};
pub use table::{Answers, Parts, TableInputs, TableNetwork, TableRun, TableTraining};
