use std::fmt::Debug;

use chainrule_nn::TargetKind;
use chainrule_tensor::{Real, TensorView};

/// A number over a whole data set, gathered batch by batch.
///
/// One of one's own needs only these methods. The metrics of the [list](super::all) also say their
/// formula and settings ([`Configure`](chainrule_nn::Configure)).
pub trait Metric<T: Real = f32>: Debug + Send {
    /// The name, in histories and messages.
    fn name(&self) -> &'static str;

    /// Returns true if targets of this kind make sense for it.
    fn accepts(&self, target: TargetKind) -> bool;

    /// Told before the batches of a data set, of what kind the targets are. That cannot always be
    /// seen from them: probabilities of classes and multi-label targets have the same shape. By
    /// default nothing is made of it.
    ///
    /// # Errors
    /// Settings that make no sense: which, and what they must be.
    fn prepare(&mut self, target: TargetKind) -> Result<(), String> {
        _ = target;
        Ok(())
    }

    /// Forgets all batches.
    fn reset(&mut self);

    /// Takes in a batch: the model's outputs, of shape `[samples, outputs]`, and the targets: class
    /// indices, one for each sample, or as many numbers as the outputs.
    ///
    /// # Panics
    /// If the shapes do not fit each other, or for settings that [`prepare`](Metric::prepare)
    /// refuses. A trainer sees to both.
    fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>);

    /// The value over all batches since the last reset; NaN over none.
    fn value(&self) -> f64;
}

macro_rules! metric_of_pointer {
    ($pointer:ty) => {
        impl<T: Real, M: Metric<T> + ?Sized> Metric<T> for $pointer {
            fn name(&self) -> &'static str {
                (**self).name()
            }
            fn accepts(&self, target: TargetKind) -> bool {
                (**self).accepts(target)
            }
            fn prepare(&mut self, target: TargetKind) -> Result<(), String> {
                (**self).prepare(target)
            }
            fn reset(&mut self) {
                (**self).reset();
            }
            fn update(&mut self, prediction: TensorView<'_, T>, target: TensorView<'_, T>) {
                (**self).update(prediction, target);
            }
            fn value(&self) -> f64 {
                (**self).value()
            }
        }
    };
}

metric_of_pointer!(Box<M>);
metric_of_pointer!(&mut M);

/// Counts hits among trials.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ratio {
    pub(super) hits: u64,
    pub(super) trials: u64,
}

impl Ratio {
    pub(super) fn add(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.trials += 1;
    }

    pub(super) fn value(self) -> f64 {
        self.hits as f64 / self.trials as f64
    }
}

/// A mean of numbers that come one by one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    sum: f64,
    pub(super) count: u64,
}

impl Mean {
    pub(super) fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    pub(super) fn value(self) -> f64 {
        self.sum / self.count as f64
    }
}
