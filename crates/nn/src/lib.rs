#![doc = include_str!("../README.md")]

pub mod activation;
pub mod config;
pub mod init;
pub mod layer;
pub mod loss;

mod error;
#[cfg(test)]
mod limit;
mod summary;

pub use activation::Activation;
pub use config::{ConfigError, Configure};
pub use error::{PredictError, UnknownName};
pub use layer::{
    AlphaDropout, BatchNorm, Bilinear, Dropout, Embedding, Flatten, Layer, LayerNorm, Linear, Model, Parallel,
    Residual, RmsNorm, Sequential, WeightNorm,
};
pub use loss::{Loss, Reduction, TargetKind};
pub use summary::{Summary, SummaryRow};
