use std::panic::Location;
use std::sync::Arc;

use chainrule_tensor::{Real, Tensor};

use crate::Graph;
use crate::op::Op;
use crate::plan::{Operand, Watched};

/// One operation with all that it was given, to be run again alone, also with other values.
#[derive(Clone, Debug)]
pub struct Replay<T: Real> {
    op: Arc<dyn Op<T>>,
    /// Its operands.
    pub inputs: Vec<Tensor<T>>,
    /// The gradient with respect to its value; `None` on the way forward.
    pub upstream: Option<Tensor<T>>,
    /// The input whose gradient is asked for, on the way back.
    pub input: usize,
}

impl<T: Real> Replay<T> {
    /// Takes what the operation reads right after it has run forward.
    pub(super) fn capture(watched: Watched<'_, T>) -> Self {
        let step = watched.op.step;
        let tensor = |i: usize| {
            Tensor::new(step.shapes[i], watched.input(i).to_vec())
                .expect("an operand has the elements of its shape")
        };
        Replay {
            op: Arc::clone(&step.op),
            inputs: (0..step.shapes.len()).map(tensor).collect(),
            upstream: None,
            input: 0,
        }
    }

    /// The operation's name.
    #[must_use]
    pub fn op(&self) -> &str {
        self.op.name()
    }

    /// Runs it again: gives its value, or on the way back the gradient with respect to the
    /// [`input`](Replay::input). An operation that draws random numbers draws others here.
    ///
    /// # Panics
    /// If the shapes of the tensors were changed.
    #[must_use]
    pub fn run(&self) -> Tensor<T> {
        let graph = Graph::new();
        let inputs: Vec<_> =
            self.inputs.iter().map(|input| graph.input("operand", input.shape())).collect();
        for &input in &inputs {
            let _ = input.keep_gradient();
        }
        let value = graph.record(Arc::clone(&self.op), &inputs, Location::caller());
        let plan = graph.plan_unfused(value).expect("the shapes are those of the recording");
        let (params, mut workspace) =
            (plan.init(0).expect("there are no parameters"), plan.workspace());
        for (&input, tensor) in inputs.iter().zip(&self.inputs) {
            workspace.input_mut(input).copy_from_slice(tensor.values());
        }
        plan.forward(&params, &mut workspace);
        let Some(upstream) = &self.upstream else { return workspace.value(value).to_tensor() };
        plan.backward_with(&params, &mut workspace, &mut plan.grads(), upstream.values());
        workspace.gradient(inputs[self.input]).to_tensor()
    }

    /// Runs it again, and returns true if all values are finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        chainrule_tensor::reduce::all_finite(self.run().values())
    }
}

/// Returns true if an operand has a row for each sample: parameters have not, however many rows
/// they hold.
pub(super) fn by_sample(operand: &Operand, shape: chainrule_tensor::Shape, batch: usize) -> bool {
    matches!(operand, Operand::Value { .. }) && shape.first() == Some(&batch)
}
