#![doc = include_str!("../README.md")]

pub mod activation;
pub mod init;
pub mod layer;
pub mod loss;

mod error;
#[cfg(test)]
mod limit;
mod predictor;
mod summary;

pub use activation::Activation;
/// Settings, and entries of lists chosen by text.
pub use chainrule_config as config;
pub use chainrule_config::{ConfigError, Configure, UnknownName};
pub use error::PredictError;
pub use layer::{
    AlphaDropout, BatchNorm, Bilinear, Dropout, EmbedColumns, Embedding, Flatten, Layer, LayerNorm,
    LearnedMissing, Linear, Model, NtkLinear, Parallel, PeriodicEmbedding, Residual, RmsNorm,
    Scale, Sequential, WeightNorm,
};
pub use loss::{Loss, Reduction, TargetKind};
pub use predictor::Predictor;
pub use summary::{Summary, SummaryRow};
