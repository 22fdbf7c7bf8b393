//! Instruments: what is measured while a model trains.
//!
//! [`Instruments`] is a callback for any training. At one step in 20, or as often as asked for, it
//! looks at every layer of the batch at hand. What it computes goes nowhere near the training,
//! whose weights are the same bits with and without it. What it has seen is a [`Log`] of plain
//! numbers: to be read, drawn, or handed to the [findings](crate::finding).
//!
//! A layer, here, is an operation with weights together with the activation right behind it, or an
//! activation alone where something else stands between: see [`LayerInfo`].
//!
//! | instrument | what it says |
//! |---|---|
//! | [`Statistics`] | mean, deviation, histogram of pre-activations, activations, and the gradients of both |
//! | [`Units`] | which units saturate, are inactive, get no gradient, over a window of steps; [`survey`](survey()): over a whole data set |
//! | [`SignalFlow`] | the backpropagated signal from layer to layer, and its factor per layer |
//! | [`ParameterRecord`] | gradient norm, weight norm, and how far a step moves the weights |
//! | [`GradientNoise`] | how much the gradients of single samples differ |
//! | [`SingularRange`] | how far a layer stretches and shrinks |
//! | [`Log::epochs`] | the loss curve, with its gap between training and validation |

mod flow;
mod histogram;
mod instruments;
mod jacobian;
mod layer_statistics;
mod log;
mod noise_scale;
mod roles;
mod sums;
mod survey;
mod units;

pub use flow::SignalFlow;
pub(crate) use flow::growth;
pub use histogram::Histogram;
pub use instruments::Instruments;
pub use jacobian::SingularRange;
pub use layer_statistics::Statistics;
pub use log::{
    LayerInfo, LayerRecord, Log, NonFiniteSeen, ParameterInfo, ParameterRecord, Record, Window,
};
pub use noise_scale::{GradientNoise, noise_scale};
pub use survey::{SurveyedLayer, survey};
pub use units::Units;
