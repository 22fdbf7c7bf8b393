use chainrule_graph::{Observer, Params, Watched, WatchedBack, WatchedOp};
use chainrule_tensor::{Real, reduce};
use chainrule_train::callback::{
    Callback, EpochEnd, FitPlan, Flow, StepEnd, TraceEvent, TracedBatch, TracedEnd,
};

use super::histogram::check_bins;
use super::jacobian::singular_range;
use super::noise_scale::add_sample_squares;
use super::roles::{Role, Roles};
use super::sums::{distance, norm};
use super::units::twins;
use super::{
    GradientNoise, LayerRecord, Log, NonFiniteSeen, ParameterInfo, ParameterRecord, Record,
    Statistics, Units, Window,
};

/// A callback that measures every layer at some of the steps, without an effect on the training.
///
/// By default it looks at the first of every 20 steps, makes histograms of 32 parts, and counts
/// what units do over windows of 10 observed steps. It costs memory for the [`Log`], and at an
/// observed step about as much time as the step itself. It is twice as much where the network has
/// only a few thousand weights.
///
/// Each training begins a new log: whoever trains on with the same instruments takes
/// [`log`](Instruments::log) before.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_insight::Instruments;
/// use chainrule_nn::{Model, Sequential, loss::CrossEntropy};
/// use chainrule_train::{Trainer, optimizer::Adam};
///
/// let data = Digits::load()?.dataset().select(&(0..320).collect::<Vec<_>>())?;
/// let model = Sequential::new().linear(64, 16).tanh().linear(16, 10);
/// let mut params = model.init([64], 0)?;
/// let mut instruments = Instruments::new().every(5);
/// Trainer::new(&model, CrossEntropy, Adam::new(0.01))
///     .epochs(2)
///     .callback(&mut instruments)
///     .fit(&mut params, &data, None)?;
///
/// let log = instruments.log();
/// let hidden = &log.layers[0];
/// assert_eq!(
///     (hidden.path.as_str(), hidden.activation.as_deref(), hidden.units),
///     ("0", Some("tanh"), 16)
/// );
/// let last = log.records.last().unwrap();
/// assert_eq!((log.records.len(), last.step), (4, 16));
/// assert!(last.layers[0].activations.as_ref().unwrap().deviation > 0.1);
/// assert!(last.parameters[0].update_ratio().unwrap() < 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Instruments<T: Real = f32> {
    every: u64,
    /// By what the distance of observed steps has grown since there were too many records.
    thinned: u64,
    at_most: usize,
    bins: usize,
    window: usize,
    singular_values_up_to: usize,
    log: Log,
    roles: Roles,
    batch: Option<Batch>,
    /// The record of the step that has not been made yet, and the parameters before it.
    pending: Option<Record>,
    before: Vec<T>,
    open: Option<Open>,
    z: Vec<T>,
    /// The activation's derivatives, and the layer that they are of.
    slopes: (Vec<T>, Option<usize>),
    /// True if the first batch has not been seen to its end.
    learning: bool,
}

/// A window that is not complete.
#[derive(Debug)]
struct Open {
    window: Window,
    /// How many batches it has seen, and what their mean losses divide by together.
    observed: usize,
    divisor: f64,
}

impl Open {
    fn at(step: u64) -> Self {
        let window = Window { steps: (step, step), loss: 0.0, layers: Vec::new() };
        Open { window, observed: 0, divisor: 0.0 }
    }
}

/// The batch that is being observed.
#[derive(Debug)]
struct Batch {
    about: TracedBatch,
    /// True if the loss has begun.
    in_loss: bool,
    layers: Vec<LayerRecord>,
    /// The squared norms of the samples' gradients, and the parameters that they are of.
    squares: Vec<f64>,
    covered: Vec<String>,
}

impl<T: Real> Default for Instruments<T> {
    fn default() -> Self {
        Instruments {
            every: 20,
            thinned: 1,
            at_most: usize::MAX,
            bins: 32,
            window: 10,
            singular_values_up_to: 0,
            log: Log::default(),
            roles: Roles::default(),
            batch: None,
            pending: None,
            before: Vec::new(),
            open: None,
            z: Vec::new(),
            slopes: (Vec::new(), None),
            learning: true,
        }
    }
}

impl<T: Real> Instruments<T> {
    /// Instruments with the default settings.
    #[must_use]
    pub fn new() -> Self {
        Instruments::default()
    }

    /// Looks at the first of every so many steps.
    #[must_use]
    pub fn every(mut self, steps: u64) -> Self {
        self.every = steps;
        self
    }

    /// Keeps at most so many records of steps, so that a training without a foreseeable end does
    /// not fill the memory. When there are more, every second one is dropped, and half as many
    /// steps are looked at from there on. By default all are kept.
    #[must_use]
    pub fn at_most(mut self, records: usize) -> Self {
        self.at_most = records;
        self
    }

    /// Makes histograms of so many parts; 0 for none.
    #[must_use]
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = bins;
        self
    }

    /// Counts what units do over windows of so many observed steps. With
    /// [`every`](Instruments::every) step observed and as many as an epoch has, a window is the
    /// whole data set.
    #[must_use]
    pub fn window(mut self, observed_steps: usize) -> Self {
        self.window = observed_steps;
        self
    }

    /// Finds the singular values of the Jacobians of affine layers with at most so many inputs and
    /// outputs; by default of none, since it is slow.
    #[must_use]
    pub fn singular_values_up_to(mut self, units: usize) -> Self {
        self.singular_values_up_to = units;
        self
    }

    /// The log of the last training.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The log of the last training, without a copy.
    #[must_use]
    pub fn into_log(self) -> Log {
        self.log
    }

    /// The number of steps from one that is observed to the next.
    fn distance(&self) -> u64 {
        self.every.saturating_mul(self.thinned)
    }

    fn begin(&mut self, about: &TracedBatch) {
        self.batch = Some(Batch {
            about: *about,
            in_loss: false,
            layers: vec![LayerRecord::default(); self.log.layers.len()],
            squares: vec![0.0; about.samples],
            covered: Vec::new(),
        });
    }

    fn end_batch(&mut self, end: &TracedEnd<'_, T>) {
        let Some(batch) = self.batch.take() else { return };
        self.learning = false;
        let entries = end.params.layout().entries();
        if self.log.parameters.is_empty() {
            let info = |entry: &chainrule_graph::Entry| ParameterInfo {
                name: entry.name.clone(),
                shape: entry.shape,
            };
            self.log.parameters = entries.iter().map(info).collect();
        }
        let parameters = entries.iter().map(|entry| ParameterRecord {
            gradient_norm: norm(&end.grads.values()[entry.range.clone()]),
            weight_norm: norm(&end.params.values()[entry.range.clone()]),
            update_norm: 0.0,
        });
        let parameters: Vec<ParameterRecord> = parameters.collect();
        let square = |name: &str| {
            let known = end.params.layout().position(name);
            known.map_or(0.0, |position| parameters[position].gradient_norm.powi(2))
        };
        let TracedBatch { epoch, step, samples, learning_rate, share, divisor, .. } = batch.about;
        let noise =
            (samples > 1 && share == 1.0 && !batch.covered.is_empty()).then(|| GradientNoise {
                samples,
                of_samples: batch.squares.iter().sum::<f64>() / samples as f64,
                of_batch: batch.covered.iter().map(|name| square(name)).sum(),
            });
        let gradient_norm =
            parameters.iter().map(|seen| seen.gradient_norm.powi(2)).sum::<f64>().sqrt();
        let layers = batch.layers;
        if let Some(open) = &mut self.open {
            open.window.steps.1 = step;
            open.window.loss += end.loss * divisor;
            open.divisor += divisor;
            open.observed += 1;
        }
        self.before.clear();
        self.before.extend_from_slice(end.params.values());
        // The shares of accumulated batches are 1 together.
        let before = self.pending.take().filter(|record| record.step == step);
        let (loss, samples) = before.map_or((0.0, 0), |record| (record.loss, record.samples));
        let (loss, samples) = (loss + end.loss * share, samples + batch.about.samples);
        let record = Record {
            epoch,
            step,
            samples,
            learning_rate,
            loss,
            gradient_norm,
            layers,
            parameters,
            noise,
        };
        self.pending = Some(record);
    }

    fn close_window(&mut self) {
        if let Some(mut open) = self.open.take().filter(|open| open.observed > 0) {
            open.window.loss /= open.divisor;
            self.log.windows.push(open.window);
        }
    }
}

/// The units of a layer in the open window, which begins if there is none.
fn units_of<'a>(
    open: &'a mut Option<Open>,
    layers: &[super::LayerInfo],
    step: u64,
    role: Role,
) -> &'a mut Units {
    let window = &mut open.get_or_insert_with(|| Open::at(step)).window;
    // In the first pass the layers become known one by one.
    window.layers.extend(layers[window.layers.len()..].iter().map(|layer| Units::new(layer.units)));
    &mut window.layers[role.layer]
}

fn note_non_finite<T: Real>(
    seen: &mut Option<NonFiniteSeen>,
    step: u64,
    op: WatchedOp<'_, T>,
    values: &[T],
    gradient: bool,
) {
    if seen.is_none() && !reduce::all_finite(values) {
        let (op, layer) = (op.name().to_owned(), op.layer().to_owned());
        *seen = Some(NonFiniteSeen { step, op, layer, gradient });
    }
}

impl<T: Real> Observer<T> for Instruments<T> {
    fn forward(&mut self, watched: Watched<'_, T>) {
        let Some(batch) = &mut self.batch else { return };
        note_non_finite(
            &mut self.log.non_finite,
            batch.about.step,
            watched.op,
            watched.values,
            false,
        );
        if batch.in_loss {
            return;
        }
        batch.in_loss = watched.op.node() == batch.about.prediction;
        if self.learning && self.roles.of(watched.op).is_none() {
            self.roles.add(watched.op, &mut self.log.layers);
            if let (true, Some(last)) = (batch.in_loss, self.log.layers.last_mut()) {
                last.output = true;
            }
            batch.layers.resize(self.log.layers.len(), LayerRecord::default());
        }
        let Some(role) = self.roles.of(watched.op) else { return };
        let info = &self.log.layers[role.layer];
        let record = &mut batch.layers[role.layer];
        if !role.activation {
            // Those of a layer whose activation follows are told there.
            record.twins = twins(watched.values, info.units);
            record.pre_activations = Some(Statistics::of(watched.values, self.bins));
            return;
        }
        if !watched.pre_activation(&mut self.z) {
            self.z.clear();
            self.z.extend_from_slice(watched.input(0));
        }
        let z = &self.z;
        if record.pre_activations.is_none() {
            record.twins = twins(z, info.units);
            record.pre_activations = Some(Statistics::of(z, self.bins));
        }
        record.activations = Some(Statistics::of(watched.values, self.bins));
        let units = units_of(&mut self.open, &self.log.layers, batch.about.step, role);
        let before = (units.rows, units.saturated_rows());
        units.add_rows(z, info.properties.responsive);
        if !info.properties.can_die {
            units.all_active();
        }
        let rows = (units.rows - before.0) * info.units;
        record.saturated = (units.saturated_rows() - before.1) as f64 / rows.max(1) as f64;
    }

    fn backward(&mut self, watched: WatchedBack<'_, T>) {
        let Some(batch) = &mut self.batch else { return };
        note_non_finite(
            &mut self.log.non_finite,
            batch.about.step,
            watched.op,
            watched.upstream,
            true,
        );
        let Some(role) = self.roles.of(watched.op) else { return };
        let info = &self.log.layers[role.layer];
        let record = &mut batch.layers[role.layer];
        // The gradient of the batch's own mean loss, where it is only a part of a step.
        let scale = 1.0 / batch.about.share;
        let small =
            |shape: &[usize]| shape.iter().all(|&length| length <= self.singular_values_up_to);
        if role.activation {
            record.activation_gradients =
                Some(Statistics::scaled(watched.upstream, scale, self.bins));
            let units = units_of(&mut self.open, &self.log.layers, batch.about.step, role);
            self.slopes.1 = None;
            if (info.properties.can_die || small(&[info.units]))
                && watched.derivative(&mut self.slopes.0)
            {
                self.slopes.1 = Some(role.layer);
            }
            if info.properties.can_die && self.slopes.1.is_some() {
                units.add_derivatives(&self.slopes.0);
            }
            if watched.through_function(&mut self.z) {
                units.add_gradients(&self.z);
                record.pre_activation_gradients =
                    Some(Statistics::scaled(&self.z, scale, self.bins));
            }
        }
        if !role.weights {
            return;
        }
        let signals = if role.activation { &self.z[..] } else { watched.upstream };
        if record.pre_activation_gradients.is_none() {
            record.pre_activation_gradients = Some(Statistics::scaled(signals, scale, self.bins));
        }
        let (Some(weights), Some(&shape)) =
            (watched.op.parameter(1), watched.op.input_shapes().get(1))
        else {
            return;
        };
        if !matches!(&*info.op, "affine" | "matmul") || shape.rank() != 2 {
            return;
        }
        let rank = watched.op.input_shapes()[0].rank();
        if let (Some(x), 2, true) =
            (watched.input(0), rank, watched.op.shape()[0] == batch.about.samples)
        {
            let bias = watched.op.parameter(2);
            // The mean over the batch divides each sample's signal by their number.
            let scale = batch.about.samples as f64 * scale;
            add_sample_squares(x, signals, bias.is_some(), scale, &mut batch.squares);
            batch.covered.extend([Some(weights), bias].into_iter().flatten().map(str::to_owned));
        }
        if let (true, Some(weights)) = (small(&shape), watched.input(1)) {
            let known = self.slopes.1 == Some(role.layer);
            let first = known.then(|| &self.slopes.0[..info.units]);
            // An activation without slopes of its own leaves the Jacobian unknown.
            if known || info.activation.is_none() {
                record.singular_range = singular_range(weights, shape, first);
            }
        }
    }
}

impl<T: Real> Callback<T> for Instruments<T> {
    fn start(&mut self, _: &FitPlan) {
        // The next training may be of another model.
        (self.log, self.roles, self.thinned) = (Log::default(), Roles::default(), 1);
        (self.batch, self.pending, self.open) = (None, None, None);
        (self.slopes.1, self.learning) = (None, true);
    }

    fn wants_trace(&self, step: u64) -> bool {
        (step - 1).is_multiple_of(self.distance())
    }

    fn traced(&mut self, event: &TraceEvent<'_, T>) {
        match event {
            TraceEvent::Start(about) => self.begin(about),
            TraceEvent::Forward(watched) => Observer::forward(self, *watched),
            TraceEvent::Backward(watched) => Observer::backward(self, *watched),
            TraceEvent::End(end) => self.end_batch(end),
            _ => {}
        }
    }

    fn step_end(&mut self, step: &StepEnd<'_, T>) {
        let Some(mut record) = self.pending.take() else { return };
        for (seen, entry) in record.parameters.iter_mut().zip(step.params.layout().entries()) {
            let (before, after) =
                (&self.before[entry.range.clone()], &step.params.values()[entry.range.clone()]);
            seen.update_norm = distance(before, after);
        }
        self.log.records.push(record);
        if self.log.records.len() > self.at_most {
            // The first stays, and with it each that the doubled distance meets.
            self.thinned = self.thinned.saturating_mul(2);
            let distance = self.distance();
            self.log.records.retain(|record| (record.step - 1).is_multiple_of(distance));
        }
        if self.open.as_ref().is_some_and(|open| open.observed >= self.window) {
            self.close_window();
        }
    }

    fn epoch_end(&mut self, epoch: &EpochEnd<'_, T>) -> Flow {
        self.log.epochs.push(epoch.record.clone());
        Flow::Continue
    }

    fn end(&mut self, _: &mut Params<T>) {
        // A step that was not made leaves no record.
        (self.batch, self.pending) = (None, None);
        self.close_window();
    }

    fn check(&self) -> Result<(), String> {
        let named = [
            ("every", self.every),
            ("at_most", self.at_most as u64),
            ("window", self.window as u64),
        ];
        match named.into_iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => {
                Err(format!("instruments: `{name}` must be at least 1, but it is 0"))
            }
            None => check_bins(self.bins).map_err(|why| format!("instruments: {why}")),
        }
    }
}
