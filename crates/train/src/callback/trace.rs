use chainrule_graph::{Grads, NodeId, Params, Watched, WatchedBack};
use chainrule_tensor::Real;

/// What a callback is shown of a batch that it [wants to see](super::Callback::wants_trace), in this order.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum TraceEvent<'a, T: Real> {
    /// A batch begins.
    Start(TracedBatch),
    /// An operation has its value: first those of the model, then those of the loss.
    Forward(Watched<'a, T>),
    /// An operation has the gradient with respect to its value: the same, in reverse.
    Backward(WatchedBack<'a, T>),
    /// The gradient is complete, before penalties, rules and the step itself. It stays away where loss or gradient are
    /// not finite, since training ends there.
    End(TracedEnd<'a, T>),
}

/// A batch that is about to be carried forward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TracedBatch {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The step over all epochs that the batch belongs to, from 1.
    pub step: u64,
    /// The number of samples in the batch.
    pub samples: usize,
    /// The part of the step's samples that these are; gradients are smaller by it. 1 unless batches are accumulated.
    pub share: f64,
    /// The model's output: what comes after it is the loss.
    pub prediction: NodeId,
    /// The learning rate of the step.
    pub learning_rate: f64,
}

/// A batch with its gradient.
#[derive(Clone, Copy, Debug)]
pub struct TracedEnd<'a, T: Real> {
    /// The mean loss of the batch.
    pub loss: f64,
    /// The parameters before the step.
    pub params: &'a Params<T>,
    /// The gradient, of this batch and of those accumulated before it.
    pub grads: &'a Grads<T>,
}
