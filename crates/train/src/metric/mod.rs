//! Metrics: what a person wants to know of a model, next to its loss.

mod accuracy;
mod multi_label_accuracy;

use std::fmt::Debug;

use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

pub use accuracy::Accuracy;
pub use multi_label_accuracy::MultiLabelAccuracy;

/// A number over a whole data set, gathered batch by batch.
pub trait Metric<T: Real = f32>: Debug + Send {
    /// The name, in histories and messages.
    fn name(&self) -> &'static str;

    /// Whether targets of this kind make sense for it.
    fn accepts(&self, target: TargetKind) -> bool;

    /// Forgets all batches.
    fn reset(&mut self);

    /// Takes in a batch: the model's outputs, of shape `[samples, outputs]`, and the targets.
    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>);

    /// The value over all batches since the last reset; NaN over none.
    fn value(&self) -> f64;
}

/// Counts hits among trials.
#[derive(Clone, Copy, Debug, Default)]
struct Ratio {
    hits: u64,
    trials: u64,
}

impl Ratio {
    fn add(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.trials += 1;
    }

    fn value(self) -> f64 {
        self.hits as f64 / self.trials as f64
    }
}
