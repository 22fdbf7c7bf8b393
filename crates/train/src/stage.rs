//! The model, recorded and planned for batches of one size.

use std::sync::Arc;

use chainrule_data::{Dataset, Targets};
use chainrule_graph::non_finite::locate;
use chainrule_graph::{Grads, Graph, NodeId, NonFinite, Params, Plan, Watched, WatchedBack, Workspace};
use chainrule_nn::{Layer, Loss, Reduction, TargetKind};
use chainrule_tensor::Real;
use chainrule_tensor::gemm::Put;
use chainrule_tensor::parallel::Pool;

use crate::TrainError;
use crate::metric::Metric;

/// What every plan of one run has in common.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a, T: Real> {
    pub(crate) model: &'a dyn Layer<T>,
    pub(crate) loss: &'a dyn Loss<T>,
    pub(crate) seed: u64,
    pub(crate) pool: &'a Arc<Pool>,
    /// Whether metrics look at the outputs.
    pub(crate) measured: bool,
}

/// The plans for the sizes of batch met so far: one for full batches, and one for the last of an epoch.
pub(crate) struct Stages<'a, T: Real> {
    setup: Setup<'a, T>,
    training: bool,
    stages: Vec<Stage<T>>,
}

impl<'a, T: Real> Stages<'a, T> {
    pub(crate) fn training(setup: Setup<'a, T>) -> Self {
        Stages { setup, training: true, stages: Vec::new() }
    }

    pub(crate) fn evaluation(setup: Setup<'a, T>) -> Self {
        Stages { setup, training: false, stages: Vec::new() }
    }

    /// Plans for full batches and for what is left over.
    pub(crate) fn prepare(
        &mut self,
        params: &Params<T>,
        data: &Dataset<T>,
        batch_size: usize,
    ) -> Result<(), TrainError> {
        let full = batch_size.min(data.len());
        for samples in [full, data.len() % full] {
            if samples > 0 {
                self.get(params, data, samples)?;
            }
        }
        Ok(())
    }

    /// An error if a parameter would never change, which planning has found out.
    pub(crate) fn refuse_unreached(&self) -> Result<(), TrainError> {
        let unreached = self.stages.first().into_iter().flat_map(|stage| stage.plan.unreached());
        let parameters: Vec<_> = unreached.map(|(name, reach)| (name.to_owned(), reach.clone())).collect();
        if parameters.is_empty() { Ok(()) } else { Err(TrainError::Unreached { parameters }) }
    }

    /// The stage for batches of this size.
    pub(crate) fn get(
        &mut self,
        params: &Params<T>,
        data: &Dataset<T>,
        samples: usize,
    ) -> Result<&mut Stage<T>, TrainError> {
        let known = self.stages.iter().position(|stage| stage.samples == samples);
        let position = match known {
            Some(position) => position,
            None => {
                let stage = Stage::plan(&self.setup, params, data, samples, self.training)?;
                self.stages.push(stage);
                self.stages.len() - 1
            }
        };
        Ok(&mut self.stages[position])
    }
}

/// Where a batch stands among those whose gradients make one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    /// Its part of the samples.
    pub(crate) share: f64,
    pub(crate) first: bool,
    pub(crate) last: bool,
}

impl Part {
    /// A batch that makes a step alone.
    pub(crate) const WHOLE: Part = Part { share: 1.0, first: true, last: true };

    /// The place of the batch of `samples` that begins with sample `begin` of an epoch of `total`, where a step takes
    /// `group` samples.
    pub(crate) fn new(begin: usize, samples: usize, group: usize, total: usize) -> Self {
        let start = begin / group * group;
        let len = group.min(total - start);
        Part { share: samples as f64 / len as f64, first: begin == start, last: begin + samples == start + len }
    }
}

/// A plan with its workspace, for batches of one size.
pub(crate) struct Stage<T: Real> {
    samples: usize,
    plan: Plan<T>,
    workspace: Workspace<T>,
    inputs: NodeId,
    targets: NodeId,
    prediction: NodeId,
    loss: NodeId,
}

impl<T: Real> Stage<T> {
    fn plan(
        setup: &Setup<'_, T>,
        params: &Params<T>,
        data: &Dataset<T>,
        samples: usize,
        training: bool,
    ) -> Result<Self, TrainError> {
        let graph = if training { Graph::with_params(params) } else { Graph::with_params(params).evaluating() };
        let inputs = graph.input("inputs", data.input_shape(samples));
        let prediction = setup.model.forward(inputs).keep();
        graph.check_error()?;
        let targets = match data.targets() {
            Targets::Classes { classes, .. } if prediction.features() != *classes => {
                return Err(TrainError::Classes { classes: *classes, outputs: prediction.features() });
            }
            Targets::Classes { classes, .. } => graph.class_input("targets", samples, *classes),
            other => graph.input("targets", other.shape(samples)),
        };
        let mean = setup.loss.forward(prediction, targets, Reduction::Mean);
        graph.check_error()?;
        // A loss of one's own may take other outputs; metrics do not.
        let expected = [samples, data.targets().outputs()].into();
        if setup.measured && prediction.shape() != expected {
            return Err(TrainError::Outputs { outputs: prediction.shape(), expected });
        }
        let plan = if training { graph.plan(mean)? } else { graph.plan_forward(&[mean])? };
        let mut workspace = plan.workspace();
        workspace.seed(setup.seed);
        workspace.on(Arc::clone(setup.pool));
        let [inputs, targets, prediction, loss] = [inputs, targets, prediction, mean].map(|var| var.id());
        Ok(Stage { samples, plan, workspace, inputs, targets, prediction, loss })
    }

    /// Reads a batch and carries it forward; gives the mean loss.
    pub(crate) fn forward(&mut self, params: &Params<T>, data: &Dataset<T>, samples: &[usize]) -> f64 {
        self.read(data, samples);
        self.plan.forward(params, &mut self.workspace);
        self.loss()
    }

    /// [`forward`](Stage::forward) that shows each operation.
    pub(crate) fn forward_watched(
        &mut self,
        params: &Params<T>,
        data: &Dataset<T>,
        samples: &[usize],
        see: impl FnMut(Watched<'_, T>),
    ) -> f64 {
        self.read(data, samples);
        self.plan.forward_watched(params, &mut self.workspace, see);
        self.loss()
    }

    fn read(&mut self, data: &Dataset<T>, samples: &[usize]) {
        let [inputs, targets] = self.workspace.inputs_mut([self.inputs, self.targets]);
        data.gather(samples, inputs, targets);
    }

    fn loss(&self) -> f64 {
        self.workspace.value(self.loss).values()[0].to_f64()
    }

    /// The model's output.
    pub(crate) fn prediction(&self) -> NodeId {
        self.prediction
    }

    pub(crate) fn backward(&mut self, params: &Params<T>, grads: &mut Grads<T>) {
        self.plan.backward(params, &mut self.workspace, grads);
    }

    /// Takes over what the pass has computed for the buffers, such as running statistics.
    pub(crate) fn update_buffers(&self, params: &mut Params<T>) {
        self.plan.update_buffers(params, &self.workspace);
    }

    /// [`backward`](Stage::backward) for a batch that is a part of a larger one.
    pub(crate) fn backward_part(&mut self, params: &Params<T>, grads: &mut Grads<T>, part: Part) {
        let seed = [T::from_f64(part.share)];
        if part.first {
            self.plan.backward_with(params, &mut self.workspace, grads, &seed);
        } else {
            self.plan.backward_add_with(params, &mut self.workspace, grads, &seed);
        }
    }

    /// The way back of a batch, whole or part of a step, that shows each operation.
    pub(crate) fn backward_watched(
        &mut self,
        params: &Params<T>,
        grads: &mut Grads<T>,
        part: Part,
        see: impl FnMut(WatchedBack<'_, T>),
    ) {
        let put = if part.first { Put::Set } else { Put::Add };
        let seed = [T::from_f64(part.share)];
        self.plan.backward_watched(params, &mut self.workspace, grads, (put, &seed), see);
    }

    /// Lets the metrics see the batch.
    pub(crate) fn update(&self, metrics: &mut [Box<dyn Metric<T> + '_>]) {
        if metrics.is_empty() {
            return;
        }
        let (prediction, targets) = (self.workspace.value(self.prediction), self.workspace.value(self.targets));
        metrics.iter_mut().for_each(|metric| metric.update(prediction, targets));
    }

    /// Makes the last pass again, operation by operation, to find where NaN or infinity began; `rows` is its batch.
    pub(crate) fn origin_of_non_finite(&mut self, params: &Params<T>, rows: &[usize]) -> Option<Box<NonFinite>> {
        let located = locate(&self.plan, params, &mut self.workspace)?;
        Some(Box::new(located.report.in_data(rows)))
    }
}

/// What the targets of a data set are.
pub(crate) fn kind<T: Real>(targets: &Targets<T>) -> TargetKind {
    match targets {
        Targets::Classes { .. } => TargetKind::Classes,
        Targets::Probabilities(_) => TargetKind::Probabilities,
        Targets::Labels(_) => TargetKind::Labels,
        Targets::Values(_) => TargetKind::Values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_step_are_weighed_by_their_samples() {
        // 11 samples in batches of 2, two batches for a step: 4, 4 and 3 samples.
        let parts: Vec<Part> = [(0, 2), (2, 2), (4, 2), (6, 2), (8, 2), (10, 1)]
            .map(|(begin, samples)| Part::new(begin, samples, 4, 11))
            .to_vec();
        let (share, first, last) = (0.5, true, true);
        let half = |first, last| Part { share, first, last };
        let rest = [Part { share: 2.0 / 3.0, first, last: false }, Part { share: 1.0 / 3.0, first: false, last }];
        let pair = [half(true, false), half(false, true)];
        assert_eq!(parts, [pair, pair, rest].concat());
        assert_eq!(Part::new(8, 3, 4, 11), Part::WHOLE);
    }
}
