//! Data for [chainrule](https://docs.rs/chainrule): data sets, splits, seeded batches, scalers and
//! 1797 embedded handwritten digits.
//!
//! A [`Dataset`] is inputs and [`Targets`], checked once when it is built, so that nothing after it
//! has to ask again. It is split with a seed. [`Batches`] gives the order in which the samples are
//! visited, and [`Dataset::gather`] copies one batch at a time into buffers that belong to the
//! caller.
//!
//! ```
//! use chainrule_data::{Batches, Dataset, Digits, StandardScaler};
//!
//! let (train, test) = Digits::load()?.dataset::<f32>().split_stratified(0.2, 7)?;
//!
//! // What is learned for scaling is learned from the training set alone.
//! let (scaler, inputs) = StandardScaler::fit_transform(train.inputs())?;
//! let train = Dataset::new(inputs, train.targets().clone())?;
//! let test = Dataset::new(scaler.transform(test.inputs())?, test.targets().clone())?;
//! assert_eq!((train.len(), test.len()), (1437, 360));
//!
//! let mut batches = Batches::shuffled(train.len(), 32, 7)?.drop_last()?;
//! let mut inputs = vec![0.0; train.input_shape(32).elements()];
//! let mut targets = vec![0.0; train.targets().shape(32).elements()];
//! for batch in batches.epoch() {
//!     train.gather(batch, &mut inputs, &mut targets);
//!     // ... one step of training ...
//! }
//! # Ok::<(), chainrule_data::DataError>(())
//! ```
//!
//! A [`Frame`] is a table as it was read, with numbers and categories in named columns, before it
//! becomes inputs. [`Target`] makes targets of the columns that are to be predicted.
//!
//! Everything is held in memory: this crate is not for data that do not fit there.

mod batches;
mod check;
mod dataset;
mod digits;
mod encoder;
mod error;
mod frame;
mod scaler;
mod split;
mod targets;

pub use batches::Batches;
pub use dataset::Dataset;
pub use digits::Digits;
pub use encoder::{ColumnScaling, EncodedColumn, EncodedKind, FeatureLayout, Line, TableEncoder};
pub use error::DataError;
pub use frame::{Column, Frame, Target, Task};
pub use scaler::{MinMaxScaler, StandardScaler};
pub use targets::Targets;

// The program in the README is a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
