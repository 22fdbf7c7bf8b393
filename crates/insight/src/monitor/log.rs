//! The instruments' log, in plain numbers.

use chainrule_graph::Properties;
use chainrule_tensor::Shape;
use chainrule_train::EpochRecord;

use super::{GradientNoise, SingularRange, Statistics, Units, noise_scale};

/// All that [`Instruments`](super::Instruments) have seen of a training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// The layers, in the order in which they run.
    pub layers: Vec<LayerInfo>,
    /// The parameters, in order of declaration.
    pub parameters: Vec<ParameterInfo>,
    /// One record for each observed step.
    pub records: Vec<Record>,
    /// One for each window of observed steps.
    pub windows: Vec<Window>,
    /// The loss curve: each epoch's record, as in the history.
    pub epochs: Vec<EpochRecord>,
    /// Where the first value that was not finite appeared in an observed step.
    pub non_finite: Option<NonFiniteSeen>,
}

impl Log {
    /// The gap between validation and training in each epoch that was validated: the loss on the
    /// one minus that on the other. The latter is gathered while the weights still move, so that
    /// the gap begins below zero.
    pub fn gaps(&self) -> impl Iterator<Item = (usize, f64)> {
        let gap = |record: &EpochRecord| {
            Some((record.epoch, record.validation.as_ref()?.loss - record.train.loss))
        };
        self.epochs.iter().filter_map(gap)
    }

    /// The [simple noise scale](super::noise_scale()) over all observed steps.
    #[must_use]
    pub fn noise_scale(&self) -> Option<f64> {
        noise_scale(&self.records.iter().filter_map(|record| record.noise).collect::<Vec<_>>())
    }
}

/// A layer: an operation with weights, with the activation right behind it if there is one, or an
/// activation alone.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerInfo {
    /// Its path of scopes, such as `encoder.0`; that of the operation with weights where there is
    /// one.
    pub path: String,
    /// The operation, such as `affine`, without a fused activation.
    pub op: String,
    /// The activation's name.
    pub activation: Option<String>,
    /// The known facts of the activation.
    pub properties: Properties,
    /// The number of units: the length of the last axis.
    pub units: usize,
    /// True if it has weights: a product, or an operation with a matrix of parameters.
    pub weighted: bool,
    /// True if it is the model's last.
    pub output: bool,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterInfo {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
}

/// One observed step.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The step over all epochs, from 1.
    pub step: u64,
    /// The number of samples of the step, in all of its batches.
    pub samples: usize,
    /// The learning rate of the step.
    pub learning_rate: f64,
    /// The mean loss of the step's samples, before it: of accumulated batches each by its divisor.
    pub loss: f64,
    /// The Euclidean norm of the whole gradient, before penalties and rules such as clipping.
    pub gradient_norm: f64,
    /// The layers, as in [`Log::layers`], in the last batch of the step.
    pub layers: Vec<LayerRecord>,
    /// The parameters, as in [`Log::parameters`].
    pub parameters: Vec<ParameterRecord>,
    /// How much the gradients of single samples differ; `None` without affine layers on
    /// `[samples, features]`, for a single sample, and where batches are accumulated.
    pub noise: Option<GradientNoise>,
}

/// One layer at one step. Gradients are those of the batch's mean loss.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerRecord {
    /// The values that go into the activation, or come out of a layer without one.
    pub pre_activations: Option<Statistics>,
    /// The values that come out of the activation.
    pub activations: Option<Statistics>,
    /// `dL/dz`: the gradients with respect to the pre-activations.
    pub pre_activation_gradients: Option<Statistics>,
    /// The gradients with respect to the activations.
    pub activation_gradients: Option<Statistics>,
    /// The part of pre-activations outside of the interval in which the activation responds.
    pub saturated: f64,
    /// The number of units that do the same as another one on every row.
    pub twins: usize,
    /// How far the layer stretches and shrinks at the batch's first sample; only where asked for.
    pub singular_range: Option<SingularRange>,
}

impl LayerRecord {
    /// The part of activations that is exactly zero; 0 without an activation.
    #[must_use]
    pub fn sparsity(&self) -> f64 {
        self.activations.as_ref().map_or(0.0, |activations| activations.zeros)
    }
}

/// One parameter at one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ParameterRecord {
    /// The Euclidean norm of its gradient, before penalties and rules.
    pub gradient_norm: f64,
    /// The Euclidean norm of its values before the step.
    pub weight_norm: f64,
    /// The Euclidean norm of its change in the step.
    pub update_norm: f64,
}

impl ParameterRecord {
    /// The update-to-weight ratio: by what part of itself the step has changed it; about 1e-3 where
    /// training goes well. `None` for weights that are all zero.
    #[must_use]
    pub fn update_ratio(&self) -> Option<f64> {
        (self.weight_norm > 0.0).then(|| self.update_norm / self.weight_norm)
    }
}

/// The units over several observed steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Its first step and its last.
    pub steps: (u64, u64),
    /// The mean loss over its steps, each batch by what its own mean divides by.
    pub loss: f64,
    /// The layers, as in [`Log::layers`]; one without an activation has no rows.
    pub layers: Vec<Units>,
}

/// The first value that was not finite.
#[derive(Clone, Debug, PartialEq)]
pub struct NonFiniteSeen {
    /// The step.
    pub step: u64,
    /// The operation.
    pub op: String,
    /// Its layer; empty for the loss.
    pub layer: String,
    /// True if it was a gradient, on the way back.
    pub gradient: bool,
}
