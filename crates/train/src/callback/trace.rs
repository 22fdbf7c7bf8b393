use chainrule_graph::{Grads, NodeId, Params, Watched, WatchedBack};
use chainrule_tensor::Real;

/// The view that a callback gets of a batch that it [wants to see](super::Callback::wants_trace),
/// in this order.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum TraceEvent<'a, T: Real> {
    /// A batch begins.
    Start(TracedBatch),
    /// An operation has its value: first those of the model, then those of the loss.
    Forward(Watched<'a, T>),
    /// An operation has the gradient with respect to its value: the same, in reverse.
    Backward(WatchedBack<'a, T>),
    /// The gradient is complete, before penalties, rules and the step itself. It stays away where
    /// loss or gradient are not finite, since training ends there.
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
    /// The divisor of the batch's mean loss; see [`BatchEnd::divisor`](super::BatchEnd::divisor).
    /// It is above 0: others are not shown.
    pub divisor: f64,
    /// Its part of that of the whole step; gradients are smaller by it. 1 unless batches are
    /// accumulated.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trainer;
    use crate::callback::Callback;
    use crate::optimizer::Sgd;
    use chainrule_data::{Dataset, Targets};
    use chainrule_nn::loss::MeanSquaredError;
    use chainrule_nn::{Model, Sequential};
    use chainrule_tensor::Tensor;

    /// The events that it was shown, in short.
    #[derive(Debug, Default)]
    struct Seen(Vec<String>);

    impl Callback<f64> for Seen {
        fn wants_trace(&self, step: u64) -> bool {
            step == 2
        }
        fn traced(&mut self, event: &TraceEvent<'_, f64>) {
            self.0.push(match event {
                TraceEvent::Start(batch) => {
                    format!("{} samples of step {}", batch.samples, batch.step)
                }
                TraceEvent::Forward(watched) => watched.op.name().to_owned(),
                TraceEvent::Backward(watched) => format!("back {}", watched.op.name()),
                TraceEvent::End(end) => format!("{} gradients", end.grads.iter().count()),
            });
        }
    }

    #[test]
    fn the_passes_of_the_steps_asked_for_are_shown_in_order() {
        let model = Sequential::double().linear(2, 3).tanh().linear(3, 1);
        let inputs = Tensor::from_rows([[0.5, -1.0], [1.0, 2.0], [-0.25, 0.75], [0.0, 1.5]]);
        let data =
            Dataset::new(inputs, Targets::Values(Tensor::from_rows([[1.0], [2.0], [3.0], [4.0]])))
                .unwrap();
        let train = |accumulate, seen: Option<&mut Seen>| {
            let mut params = model.init([2], 0).unwrap();
            let mut trainer =
                Trainer::new(&model, MeanSquaredError, Sgd::new(0.1)).epochs(3).batch_size(2);
            if let Some(seen) = seen {
                trainer = trainer.callback(seen);
            }
            trainer.accumulate(accumulate).fit(&mut params, &data, None).unwrap();
            params.values().to_vec()
        };
        let passes = [
            "2 samples of step 2",
            "affine + tanh",
            "affine",
            "mse",
            "mean",
            "back mean",
            "back mse",
            "back affine",
            "back affine + tanh",
            "4 gradients",
        ];
        for accumulate in [1, 2] {
            let mut seen = Seen::default();
            assert_eq!(train(accumulate, Some(&mut seen)), train(accumulate, None));
            assert_eq!(seen.0, passes.repeat(accumulate));
        }
    }
}
