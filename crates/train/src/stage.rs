//! The model, recorded and planned for batches of one size.

use std::sync::Arc;

use chainrule_data::{Batches, Dataset, Targets};
use chainrule_graph::non_finite::locate;
use chainrule_graph::{Grads, Graph, NodeId, NonFinite, Observer, Params, Plan, Workspace};
use chainrule_nn::{Layer, Loss, Reduction, TargetKind};
use chainrule_tensor::gemm::{Precision, Put};
use chainrule_tensor::parallel::Pool;
use chainrule_tensor::{Real, Shape, TensorView};

use crate::TrainError;
use crate::metric::Metric;

/// The settings that all plans of one run share.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a, T: Real> {
    pub(crate) model: &'a dyn Layer<T>,
    pub(crate) loss: &'a dyn Loss<T>,
    pub(crate) seed: u64,
    pub(crate) pool: &'a Arc<Pool>,
    pub(crate) precision: Precision,
    /// True if metrics look at the outputs.
    pub(crate) measured: bool,
    /// True if the last batch of an epoch is left out in training where it is smaller.
    pub(crate) drop_last: bool,
}

/// The plans for the sizes of batch met so far: one for full batches, and one for the last of an
/// epoch.
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
        let rest = if self.setup.drop_last && self.training { 0 } else { data.len() % full };
        for samples in [full, rest] {
            if samples > 0 {
                self.get(params, data, samples)?;
            }
        }
        Ok(())
    }

    /// Seeds what is random within the model, from the seed and the number of the epoch alone, so
    /// that a training can go on from any of them. Batches of another size draw other numbers.
    pub(crate) fn seed(&mut self, seed: u64, epoch: usize) {
        for stage in &mut self.stages {
            let place = (epoch as u64) << 32 | stage.samples as u64;
            stage.workspace.seed(seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        }
    }

    /// An error if a parameter would never change, which planning has found out.
    pub(crate) fn refuse_unreached(&self) -> Result<(), TrainError> {
        let unreached = self.stages.first().into_iter().flat_map(|stage| stage.plan.unreached());
        let parameters: Vec<_> =
            unreached.map(|(name, reach)| (name.to_owned(), reach.clone())).collect();
        if parameters.is_empty() { Ok(()) } else { Err(TrainError::Unreached { parameters }) }
    }

    /// The divisor of the mean loss of these samples.
    pub(crate) fn divisor(
        &mut self,
        params: &Params<T>,
        data: &Dataset<T>,
        samples: &[usize],
    ) -> Result<f64, TrainError> {
        let divisor = self.get(params, data, samples.len())?.divisor(data, samples);
        if divisor >= 0.0 && divisor.is_finite() {
            return Ok(divisor);
        }
        let loss = self.setup.loss.name().to_owned();
        Err(TrainError::Divisor { loss, divisor, samples: samples.to_vec() })
    }

    /// That no sample of some data counts.
    pub(crate) fn nothing_counts(&self, what: &'static str, data: &Dataset<T>) -> TrainError {
        let loss = self.setup.loss.name().to_owned();
        TrainError::NothingCounts { what, loss, samples: data.len() }
    }

    /// An error if no sample counts.
    pub(crate) fn refuse_nothing(
        &mut self,
        params: &Params<T>,
        what: &'static str,
        data: &Dataset<T>,
        batch_size: usize,
    ) -> Result<(), TrainError> {
        for samples in Batches::in_order(data.len(), batch_size)?.epoch() {
            if self.divisor(params, data, samples)? > 0.0 {
                return Ok(());
            }
        }
        Err(self.nothing_counts(what, data))
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
    /// The divisor of its mean loss, as a part of that of all of them together.
    pub(crate) share: f64,
    /// True if no batch before it counts.
    pub(crate) first: bool,
}

impl Part {
    /// A batch that makes a step alone.
    pub(crate) const WHOLE: Part = Part { share: 1.0, first: true };
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
    divisor: Option<Divisor<T>>,
    counted: Option<Counted<T>>,
}

impl<T: Real> Stage<T> {
    fn plan(
        setup: &Setup<'_, T>,
        params: &Params<T>,
        data: &Dataset<T>,
        samples: usize,
        training: bool,
    ) -> Result<Self, TrainError> {
        let graph = if training {
            Graph::with_params(params)
        } else {
            Graph::with_params(params).evaluating()
        };
        let inputs = graph.input("inputs", data.input_shape(samples));
        let prediction = setup.model.forward(inputs).keep();
        graph.check_error()?;
        let targets = match data.targets() {
            Targets::Classes { classes, .. } if prediction.features() != *classes => {
                return Err(TrainError::Classes {
                    classes: *classes,
                    outputs: prediction.features(),
                });
            }
            Targets::Classes { classes, .. } => graph.class_input("targets", samples, *classes),
            other => graph.input("targets", other.shape(samples)),
        };
        let mean = setup.loss.forward(prediction, targets, Reduction::Mean);
        graph.check_error()?;
        let divisor = Divisor::plan(setup.loss, prediction.shape(), targets.shape())?;
        // A loss of one's own may take other outputs; metrics do not.
        let expected = [samples, data.targets().outputs()].into();
        if setup.measured && prediction.shape() != expected {
            return Err(TrainError::Outputs { outputs: prediction.shape(), expected });
        }
        let plan = if training { graph.plan(mean)? } else { graph.plan_forward(&[mean])? };
        let mut workspace = plan.workspace();
        workspace.seed(setup.seed);
        workspace.on(Arc::clone(setup.pool));
        workspace.set_precision(setup.precision);
        let by_index = matches!(data.targets(), Targets::Classes { .. });
        let ignored = setup.loss.ignore_index().filter(|_| by_index && setup.measured);
        let counted = ignored.map(|index| Counted::new(T::from_f64(index), prediction.shape()));
        let [inputs, targets, prediction, loss] =
            [inputs, targets, prediction, mean].map(|var| var.id());
        Ok(Stage { samples, plan, workspace, inputs, targets, prediction, loss, divisor, counted })
    }

    /// The divisor of the mean loss of these samples: their number, unless the loss states it.
    pub(crate) fn divisor(&mut self, data: &Dataset<T>, samples: &[usize]) -> f64 {
        match &mut self.divisor {
            Some(divisor) => divisor.of(data, samples),
            None => samples.len() as f64,
        }
    }

    /// Reads a batch and carries it forward; gives the mean loss.
    pub(crate) fn forward(
        &mut self,
        params: &Params<T>,
        data: &Dataset<T>,
        samples: &[usize],
    ) -> f64 {
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
        observer: &mut impl Observer<T>,
    ) -> f64 {
        self.read(data, samples);
        self.plan.forward_watched(params, &mut self.workspace, observer);
        self.loss()
    }

    /// Sets the part of their randomness that dropout and the like have from now on.
    pub(crate) fn set_noise(&mut self, noise: f64) {
        self.workspace.set_noise(noise);
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

    /// Takes over what the pass has computed for the statistics, such as running statistics.
    pub(crate) fn update_statistics(&self, params: &mut Params<T>) {
        self.plan.update_statistics(params, &self.workspace);
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
        observer: &mut impl Observer<T>,
    ) {
        let put = if part.first { Put::Set } else { Put::Add };
        let seed = [T::from_f64(part.share)];
        self.plan.backward_watched(params, &mut self.workspace, grads, (put, &seed), observer);
    }

    /// Lets the metrics see the batch, without the samples that the loss ignores.
    pub(crate) fn update(&mut self, metrics: &mut [Box<dyn Metric<T> + '_>]) {
        if metrics.is_empty() {
            return;
        }
        let (prediction, targets) =
            (self.workspace.value(self.prediction), self.workspace.value(self.targets));
        let seen = match &mut self.counted {
            Some(counted) => counted.of(prediction, targets),
            None => Some((prediction, targets)),
        };
        if let Some((prediction, targets)) = seen {
            metrics.iter_mut().for_each(|metric| metric.update(prediction, targets));
        }
    }

    /// Makes the last pass again, operation by operation, to find where NaN or infinity began;
    /// `rows` is its batch.
    pub(crate) fn origin_of_non_finite(
        &mut self,
        params: &Params<T>,
        rows: &[usize],
    ) -> Option<Box<NonFinite>> {
        let located = locate(&self.plan, params, &mut self.workspace)?;
        Some(Box::new(located.report.in_data(rows)))
    }
}

/// The divisor of a loss's mean, computed from the targets of a batch before its pass.
struct Divisor<T: Real> {
    plan: Plan<T>,
    params: Params<T>,
    workspace: Workspace<T>,
    targets: NodeId,
    value: NodeId,
}

impl<T: Real> Divisor<T> {
    /// None if the loss states none, so that each sample counts the same.
    fn plan(
        loss: &dyn Loss<T>,
        prediction: Shape,
        targets: Shape,
    ) -> Result<Option<Self>, TrainError> {
        let graph = Graph::new();
        let targets = graph.input("targets", targets);
        let Some(value) = loss.divisor(prediction, targets) else { return Ok(None) };
        let plan = graph.plan_forward(&[value])?;
        if value.shape().elements() != 1 {
            return Err(TrainError::Setting(format!(
                "the divisor of loss `{}` must be a single number for a batch, but it is {}",
                loss.name(),
                value.shape()
            )));
        }
        let (params, workspace) = (plan.init(0)?, plan.workspace());
        let (targets, value) = (targets.id(), value.id());
        Ok(Some(Divisor { plan, params, workspace, targets, value }))
    }

    fn of(&mut self, data: &Dataset<T>, samples: &[usize]) -> f64 {
        data.gather_targets(samples, self.workspace.input_mut(self.targets));
        self.plan.forward(&self.params, &mut self.workspace);
        self.workspace.value(self.value).values()[0].to_f64()
    }
}

/// The samples of a batch that a loss does not ignore, one after the other.
struct Counted<T: Real> {
    ignored: T,
    predictions: Vec<T>,
    targets: Vec<T>,
}

impl<T: Real> Counted<T> {
    fn new(ignored: T, prediction: Shape) -> Self {
        let (predictions, targets) =
            (vec![T::ZERO; prediction.elements()], vec![T::ZERO; prediction.as_rows().0]);
        Counted { ignored, predictions, targets }
    }

    /// None if all are ignored.
    fn of<'a>(
        &'a mut self,
        prediction: TensorView<'a, T>,
        target: TensorView<'a, T>,
    ) -> Option<(TensorView<'a, T>, TensorView<'a, T>)> {
        let width = prediction.shape().as_rows().1;
        let mut kept = 0;
        for (row, &label) in prediction.values().chunks_exact(width).zip(target.values()) {
            if label != self.ignored {
                self.predictions[kept * width..][..width].copy_from_slice(row);
                self.targets[kept] = label;
                kept += 1;
            }
        }
        let prediction = TensorView::new([kept, width], &self.predictions[..kept * width]).ok()?;
        let target = TensorView::new([kept], &self.targets[..kept]).ok()?;
        (kept > 0).then_some((prediction, target))
    }
}

/// The kind of targets of a data set.
pub(crate) fn kind<T: Real>(targets: &Targets<T>) -> TargetKind {
    match targets {
        Targets::Classes { .. } => TargetKind::Classes,
        Targets::Probabilities(_) => TargetKind::Probabilities,
        Targets::Labels(_) => TargetKind::Labels,
        Targets::Values(_) => TargetKind::Values,
    }
}
