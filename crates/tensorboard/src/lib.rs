// Its second example is one of the callback.
#![cfg_attr(feature = "training", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "training"), doc = "Event files that TensorBoard reads.")]

mod error;
mod event;
mod histogram;
mod image;
mod protobuf;
mod record;
#[cfg(feature = "training")]
mod training;
mod writer;

pub use error::EventError;
pub use histogram::Histogram;
#[cfg(feature = "training")]
pub use training::TensorBoard;
pub use writer::EventWriter;
