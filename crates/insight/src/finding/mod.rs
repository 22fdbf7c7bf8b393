//! Findings: what is wrong with a training, with its evidence and what to do.
//!
//! Each kind of fault has a [`Rule`] with documented thresholds that can be set. A [`Diagnosis`]
//! asks all of them about the [`Evidence`] that there is: the log of the instruments, the model,
//! the loss, the data. What one rule finds may be a mere consequence of what another finds; then
//! only the cause is reported. What a program can do about it is a
//! [`Change`](chainrule_recipe::Change) of its recipe, beside the words.
//!
//! | rule | looks at | finds |
//! |---|---|---|
//! | [`UnsuitedLoss`] | model, loss, data | a loss that does not suit the output or the targets |
//! | [`UnscaledData`] | data | inputs or targets that are unscaled or constant |
//! | [`ClassImbalance`] | data, loss | classes that hardly count |
//! | [`NonFinite`] | error, log | NaN or infinity, and where it began |
//! | [`SymmetryNotBroken`] | log | units that all do the same |
//! | [`BadInitialisation`] | log, first step | a variance that drifts with depth |
//! | [`VanishingGradients`] | log | a signal that is lost on its way back |
//! | [`ExplodingGradients`] | log | a signal that grows on its way back |
//! | [`SaturatedUnits`] | log, windows | activations stuck where they are flat |
//! | [`DyingRelu`] | log, windows; model, parameters and data where given | units that are never active |
//! | [`StillLayers`] | log | weights that hardly move while others do |
//! | [`LearningRate`] | log | a learning rate too high or too low |
//! | [`Fit`] | log, data, loss | overfitting, underfitting |

mod class_imbalance;
mod data;
mod diagnosis;
mod dying_relu;
mod evidence;
mod exploding_gradients;
mod failure;
mod fit;
mod initialisation;
mod learning_rate;
mod non_finite;
mod report;
mod rule;
mod saturated_units;
mod still_layers;
mod symmetry;
mod unsuited_loss;
mod vanishing_gradients;
mod words;

pub use class_imbalance::ClassImbalance;
pub use data::UnscaledData;
pub use diagnosis::{Diagnosis, all, by_name};
pub use dying_relu::DyingRelu;
pub use evidence::Evidence;
pub use exploding_gradients::ExplodingGradients;
pub use failure::Failure;
pub use fit::Fit;
pub use initialisation::BadInitialisation;
pub use learning_rate::LearningRate;
pub use non_finite::NonFinite;
pub use report::{Finding, Kind, Severity};
pub use rule::Rule;
pub use saturated_units::SaturatedUnits;
pub use still_layers::StillLayers;
pub use symmetry::SymmetryNotBroken;
pub use unsuited_loss::UnsuitedLoss;
pub use vanishing_gradients::VanishingGradients;
use words::{median, percent, times, words};
