use chainrule_data::{Dataset, Targets};
use chainrule_graph::{Graph, Var, Workspace};
use chainrule_nn::{Layer, Loss, Reduction};
use chainrule_tensor::Real;

/// A model with its mean loss, recorded for some samples of a data set.
pub(crate) struct Pass<'g, T: Real> {
    pub(crate) inputs: Var<'g, T>,
    pub(crate) targets: Var<'g, T>,
    pub(crate) loss: Var<'g, T>,
}

impl<'g, T: Real> Pass<'g, T> {
    pub(crate) fn record(
        graph: &'g Graph<T>,
        model: &dyn Layer<T>,
        loss: &dyn Loss<T>,
        data: &Dataset<T>,
        samples: usize,
    ) -> Self {
        let inputs = graph.input("inputs", data.input_shape(samples));
        let prediction = model.forward(inputs);
        let targets = match data.targets() {
            Targets::Classes { classes, .. } => graph.class_input("targets", samples, *classes),
            other => graph.input("targets", other.shape(samples)),
        };
        let loss = loss.forward(prediction, targets, Reduction::Mean);
        Pass { inputs, targets, loss }
    }

    /// Copies these samples into a workspace.
    pub(crate) fn fill(&self, workspace: &mut Workspace<T>, data: &Dataset<T>, rows: &[usize]) {
        let [inputs, targets] = workspace.inputs_mut([self.inputs.id(), self.targets.id()]);
        data.gather(rows, inputs, targets);
    }
}

/// In `f64` from the start: the square of a small gradient is no number of `f32`.
pub(crate) fn sum_of_squares<T: Real>(values: &[T]) -> f64 {
    values.iter().map(|x| x.to_f64() * x.to_f64()).sum()
}
