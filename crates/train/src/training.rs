//! The training loop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use chainrule_data::{Batches, Dataset};
use chainrule_graph::{Grads, Observer, Params, Watched, WatchedBack};
use chainrule_tensor::{Real, TensorView, reduce};

use crate::TrainError;
use crate::callback::{
    BatchEnd, Callback, EpochEnd, FitPlan, Flow, StepEnd, TraceEvent, TracedBatch, TracedEnd,
};
use crate::constraint::Constraint;
use crate::groups::Groups;
use crate::history::{EpochRecord, History, Scores, StopReason};
use crate::metric::Metric;
use crate::optimizer::{Optimizer, State};
use crate::pattern::Chosen;
use crate::penalty::Penalty;
use crate::rates::{Beat, Rates};
use crate::rule::GradientRule;
use crate::schedule::{RangeReport, RangeTest};
use crate::snapshot::{Memory, Snapshot, refused};
use crate::stage::{Part, Stages, kind};

/// One training: the settings that it follows, the plans, and what it remembers from step to step.
pub(crate) struct Training<'r, 'a, T: Real> {
    pub(crate) optimizer: &'r dyn Optimizer<T>,
    pub(crate) rules: &'r [Box<dyn GradientRule<T> + 'a>],
    pub(crate) groups: Groups<T>,
    pub(crate) penalties: Vec<(&'r Penalty, Vec<Chosen>)>,
    pub(crate) constraints: Vec<(&'r dyn Constraint<T>, Vec<Chosen>)>,
    pub(crate) metrics: &'r mut [Box<dyn Metric<T> + 'a>],
    pub(crate) callbacks: &'r mut [Box<dyn Callback<T> + 'a>],
    pub(crate) stop: Option<&'r AtomicBool>,
    pub(crate) snapshots: Option<&'r mut (dyn FnMut(Snapshot<T>) + 'a)>,
    pub(crate) seed: u64,
    pub(crate) rates: Rates<'r>,
    /// How many batches make a step.
    pub(crate) accumulate: usize,
    pub(crate) training: Stages<'r, T>,
    pub(crate) evaluation: Stages<'r, T>,
    pub(crate) state: State<T>,
    /// The weights that are trained, while others are validated.
    pub(crate) trained: Vec<T>,
    pub(crate) grads: Grads<T>,
}

impl<T: Real> Training<'_, '_, T> {
    /// Plans for every size of batch before the first step, so that a mistake in the model comes
    /// out at once.
    pub(crate) fn prepare(
        &mut self,
        params: &Params<T>,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
        batch_size: usize,
    ) -> Result<(), TrainError> {
        self.training.prepare(params, train, batch_size)?;
        self.training.refuse_nothing(params, "training", train, batch_size)?;
        let Some(data) = validation else { return Ok(()) };
        self.evaluation.prepare(params, data, batch_size)?;
        self.evaluation.refuse_nothing(params, "validation", data, batch_size)
    }

    /// Trains for some epochs, and lets the callbacks end however that goes.
    pub(crate) fn fit(
        &mut self,
        params: &mut Params<T>,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
        batches: &mut Batches,
        (plan, resume): (&FitPlan, Option<&Snapshot<T>>),
    ) -> Result<History, TrainError> {
        self.callbacks.iter_mut().for_each(|callback| callback.start(plan));
        let mut history = History { epochs: Vec::new(), stop: StopReason::Finished };
        if let Some(snapshot) = resume {
            self.recall(params, batches, snapshot, plan)?;
            history.epochs.clone_from(&snapshot.epochs);
            if snapshot.stopped {
                history.stop = StopReason::Callback;
            }
        }
        let (mut result, done) = (Ok(()), history.epochs.len());
        let left = if history.stop == StopReason::Callback { done } else { plan.epochs };
        for epoch in done + 1..=left {
            match self.epoch(params, train, validation, batches, epoch) {
                Ok(Ended::Epoch(record, flow)) => {
                    history.epochs.push(record);
                    self.snapshot(params, &history.epochs, flow);
                    if flow == Flow::Stop {
                        history.stop = StopReason::Callback;
                        break;
                    }
                }
                Ok(Ended::Interrupted) => {
                    history.stop = StopReason::Interrupted;
                    break;
                }
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        if self.optimizer.averages() {
            self.average(params);
        }
        self.callbacks.iter_mut().for_each(|callback| callback.end(params));
        result.map(|()| history)
    }

    /// Goes on from a snapshot: before the first step.
    fn recall(
        &mut self,
        params: &mut Params<T>,
        batches: &mut Batches,
        snapshot: &Snapshot<T>,
        plan: &FitPlan,
    ) -> Result<(), TrainError> {
        let done = snapshot.epochs.len();
        if done > plan.epochs {
            let asked = plan.epochs;
            return Err(refused(format!(
                "it has {done} epochs behind it, and {asked} are asked for"
            )));
        }
        self.state.recall(self.optimizer, &snapshot.optimizer).map_err(refused)?;
        let remembering =
            |callback: &&mut Box<dyn Callback<T> + '_>| callback.remembers().is_some();
        let callbacks: Vec<_> = self.callbacks.iter_mut().filter(remembering).collect();
        let here: Vec<_> = callbacks.iter().filter_map(|callback| callback.remembers()).collect();
        let there: Vec<_> = snapshot.callbacks.iter().map(|(name, _)| name.as_str()).collect();
        if here != there {
            let text = |names: &[&str]| match names {
                [] => "none".to_owned(),
                names => names.join(", "),
            };
            return Err(refused(format!(
                "callbacks that remember must be the same; it has {}, and the trainer has {}",
                text(&there),
                text(&here)
            )));
        }
        for (callback, (name, memory)) in callbacks.into_iter().zip(&snapshot.callbacks) {
            callback.recall(memory).map_err(|why| refused(format!("`{name}`: {why}")))?;
        }
        snapshot.restore(params)?;
        for record in &snapshot.epochs {
            self.rates.epoch_end(record);
            // Each epoch has an order of its own, which follows from the one before.
            let _ = batches.epoch();
        }
        Ok(())
    }

    fn snapshot(&mut self, params: &Params<T>, epochs: &[EpochRecord], flow: Flow) {
        let Some(keep) = &mut self.snapshots else { return };
        let mut callbacks = Vec::new();
        for callback in self.callbacks.iter() {
            if let Some(name) = callback.remembers() {
                let mut memory = Memory::default();
                callback.remember(&mut memory);
                callbacks.push((name.to_owned(), memory));
            }
        }
        keep(Snapshot {
            epochs: epochs.to_vec(),
            stopped: flow == Flow::Stop,
            weights: params.values().to_vec(),
            statistics: params.statistic_values().to_vec(),
            optimizer: self.state.memory(self.optimizer),
            callbacks,
        });
    }

    fn epoch(
        &mut self,
        params: &mut Params<T>,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
        batches: &mut Batches,
        epoch: usize,
    ) -> Result<Ended, TrainError> {
        let begun = Instant::now();
        let batch_size = batches.batch_size();
        begin(self.metrics, train)?;
        self.training.seed(self.seed, epoch);
        let mut loss = WeightedMean::default();
        let mut learning_rate = f64::NAN;
        let mut group = Group::default();
        let order = batches.epoch();
        for (samples, batch) in order.clone().zip(1..) {
            if self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Ok(Ended::Interrupted);
            }
            let divisor = self.training.divisor(params, train, samples)?;
            if group.left == 0 {
                let others = order.clone().skip(batch).take(self.accumulate - 1);
                group = Group { left: 1 + others.len(), divisor, counted: false };
                for samples in others {
                    group.divisor += self.training.divisor(params, train, samples)?;
                }
            }
            group.left -= 1;
            let beat = self.rates.next(epoch, self.state.steps())?;
            learning_rate = beat.pace.learning_rate;
            if divisor > 0.0 {
                let part = Part { share: divisor / group.divisor, first: !group.counted };
                group.counted = true;
                let watched = self.wants_trace();
                let turn = Turn { epoch, part, divisor, beat, watched };
                loss.add(self.batch(params, train, samples, turn)?, divisor);
            } else {
                let stage = self.training.get(params, train, samples.len())?;
                stage.forward(params, train, samples);
                stage.update(self.metrics);
            }
            if group.left == 0 && group.counted {
                self.step(params, beat);
                let end = StepEnd { epoch, step: self.state.steps(), learning_rate, params };
                self.callbacks.iter_mut().for_each(|callback| callback.step_end(&end));
            }
            let end = BatchEnd { epoch, batch, samples: samples.len(), divisor, loss: loss.mean() };
            self.callbacks.iter_mut().for_each(|callback| callback.batch_end(&end));
        }
        // Within an epoch the next loss would tell.
        check_finite(params, epoch, self.state.steps())?;
        let seconds = begun.elapsed().as_secs_f64();
        let samples = train.len();
        let train = Scores::of(loss.mean(), self.metrics);
        // Before callbacks exchange what they find, and put back after them.
        let averages = self.optimizer.averages();
        if averages {
            self.average(params);
        }
        self.callbacks.iter_mut().for_each(|callback| callback.before_validation(params));
        let flow = validation
            .map(|data| evaluate(self.metrics, &mut self.evaluation, params, data, batch_size))
            .transpose()
            .map(|validation| {
                let samples_per_second = samples as f64 / seconds;
                let record = EpochRecord {
                    epoch,
                    train,
                    validation,
                    learning_rate,
                    seconds,
                    samples_per_second,
                };
                let end = EpochEnd { record: &record, params };
                // Every callback sees the epoch, also after one has asked to stop.
                let flows = self.callbacks.iter_mut().map(|callback| callback.epoch_end(&end));
                let stop = flows.fold(false, |stop, flow| stop | (flow == Flow::Stop));
                self.rates.epoch_end(&record);
                Ended::Epoch(record, if stop { Flow::Stop } else { Flow::Continue })
            });
        self.callbacks.iter_mut().rev().for_each(|callback| callback.after_validation(params));
        if averages {
            params.values_mut().copy_from_slice(&self.trained);
        }
        flow
    }

    /// One batch after the other at rising learning rates, until the loss has left its best far
    /// behind.
    pub(crate) fn range_test(
        &mut self,
        params: &mut Params<T>,
        train: &Dataset<T>,
        batches: &mut Batches,
        test: &RangeTest,
    ) -> Result<RangeReport, TrainError> {
        let mut report = RangeReport::default();
        for epoch in 1.. {
            for samples in batches.epoch() {
                let Some(rate) = test.rate(report.rates.len()).filter(|_| !report.diverged) else {
                    return Ok(report);
                };
                let divisor = self.training.divisor(params, train, samples)?;
                if divisor == 0.0 {
                    continue;
                }
                let beat = Beat::at(rate);
                let turn = Turn { epoch, part: Part::WHOLE, divisor, beat, watched: false };
                match self.batch(params, train, samples, turn) {
                    Ok(loss) => {
                        self.step(params, beat);
                        report.add(test, rate, loss);
                    }
                    Err(
                        TrainError::NonFiniteLoss { .. }
                        | TrainError::NonFiniteGradient { .. }
                        | TrainError::NonFiniteParameter { .. },
                    ) if !report.rates.is_empty() => report.diverged = true,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(report)
    }

    /// Returns true if a callback wants to see the passes of the next step.
    fn wants_trace(&self) -> bool {
        let step = self.state.steps() + 1;
        self.callbacks.iter().any(|callback| callback.wants_trace(step))
    }

    /// One batch that counts: forward and backward. Gives the loss.
    fn batch(
        &mut self,
        params: &mut Params<T>,
        data: &Dataset<T>,
        samples: &[usize],
        Turn { epoch, part, divisor, beat, watched }: Turn,
    ) -> Result<f64, TrainError> {
        let stage = self.training.get(params, data, samples.len())?;
        stage.set_noise(beat.noise);
        let step = self.state.steps() + 1;
        let mut watchers = Watchers { callbacks: &mut *self.callbacks, step };
        let loss = if watched {
            watchers.show(TraceEvent::Start(TracedBatch {
                epoch,
                step,
                samples: samples.len(),
                divisor,
                share: part.share,
                prediction: stage.prediction(),
                learning_rate: beat.pace.learning_rate,
            }));
            stage.forward_watched(params, data, samples, &mut watchers)
        } else {
            stage.forward(params, data, samples)
        };
        if !loss.is_finite() {
            check_finite(params, epoch, self.state.steps())?;
            let origin = stage.origin_of_non_finite(params, samples);
            return Err(TrainError::NonFiniteLoss {
                epoch,
                step,
                loss,
                samples: samples.to_vec(),
                origin,
            });
        }
        if watched {
            stage.backward_watched(params, &mut self.grads, part, &mut watchers);
        } else if part == Part::WHOLE {
            stage.backward(params, &mut self.grads);
        } else {
            stage.backward_part(params, &mut self.grads, part);
        }
        if let Some((parameter, value)) = first_non_finite(&self.grads) {
            let origin = stage.origin_of_non_finite(params, samples);
            let samples = samples.to_vec();
            return Err(TrainError::NonFiniteGradient {
                epoch,
                step,
                loss,
                parameter,
                value,
                samples,
                origin,
            });
        }
        if watched {
            watchers.show(TraceEvent::End(TracedEnd { loss, params, grads: &self.grads }));
        }
        stage.update(self.metrics);
        stage.update_statistics(params);
        Ok(loss)
    }

    /// Puts the optimizer's averaged weights in place of those that are trained, and keeps these.
    fn average(&mut self, params: &mut Params<T>) {
        self.trained.clear();
        self.trained.extend_from_slice(params.values());
        if self.state.average(self.optimizer, params.values_mut()) {
            self.groups.keep_frozen(params.values_mut(), &self.trained);
            self.constrain(params);
        }
    }

    /// One step against the gradient of a batch or of several: penalties, rules, optimizer, groups,
    /// constraints.
    fn step(&mut self, params: &mut Params<T>, Beat { pace, decay, .. }: Beat) {
        for (penalty, chosen) in &self.penalties {
            penalty.add(chosen, params.values(), self.grads.values_mut());
        }
        self.groups.silence(self.grads.values_mut());
        self.rules.iter().for_each(|rule| rule.apply(self.grads.values_mut()));
        self.groups.prepare(params.values_mut(), pace.learning_rate, decay);
        self.state.step_with(self.optimizer, pace, params.values_mut(), self.grads.values());
        self.groups.settle(params.values_mut());
        self.constrain(params);
    }

    fn constrain(&self, params: &mut Params<T>) {
        for (constraint, chosen) in &self.constraints {
            for Chosen { shape, range } in chosen {
                constraint.apply(*shape, &mut params.values_mut()[range.clone()]);
            }
        }
    }
}

/// The callbacks that want to see the passes of a step.
struct Watchers<'r, 'a, T: Real> {
    callbacks: &'r mut [Box<dyn Callback<T> + 'a>],
    step: u64,
}

impl<T: Real> Watchers<'_, '_, T> {
    fn show(&mut self, event: TraceEvent<'_, T>) {
        let wanting = self.callbacks.iter_mut().filter(|callback| callback.wants_trace(self.step));
        wanting.for_each(|callback| callback.traced(&event));
    }
}

impl<T: Real> Observer<T> for Watchers<'_, '_, T> {
    fn forward(&mut self, watched: Watched<'_, T>) {
        self.show(TraceEvent::Forward(watched));
    }

    fn backward(&mut self, watched: WatchedBack<'_, T>) {
        self.show(TraceEvent::Backward(watched));
    }
}

/// A batch's place in a training.
#[derive(Clone, Copy)]
struct Turn {
    epoch: usize,
    part: Part,
    /// The divisor of its mean loss.
    divisor: f64,
    beat: Beat,
    /// True if a callback wants to see it.
    watched: bool,
}

/// The batches that make one step.
#[derive(Default)]
struct Group {
    /// How many of them are still to come.
    left: usize,
    /// The divisor of the mean loss over all of them.
    divisor: f64,
    /// True if one of those before counts.
    counted: bool,
}

/// How an epoch ended.
enum Ended {
    Epoch(EpochRecord, Flow),
    Interrupted,
}

/// Loss and metrics over a data set, in order.
pub(crate) fn evaluate<T: Real>(
    metrics: &mut [Box<dyn Metric<T> + '_>],
    stages: &mut Stages<'_, T>,
    params: &Params<T>,
    data: &Dataset<T>,
    batch_size: usize,
) -> Result<Scores, TrainError> {
    begin(metrics, data)?;
    let mut loss = WeightedMean::default();
    for samples in Batches::in_order(data.len(), batch_size)?.epoch() {
        let divisor = stages.divisor(params, data, samples)?;
        let stage = stages.get(params, data, samples.len())?;
        let mean = stage.forward(params, data, samples);
        if divisor > 0.0 {
            loss.add(mean, divisor);
        }
        stage.update(metrics);
    }
    if loss.divisor == 0.0 {
        return Err(stages.nothing_counts("given", data));
    }
    Ok(Scores::of(loss.mean(), metrics))
}

/// Makes the metrics ready for a data set.
fn begin<T: Real>(
    metrics: &mut [Box<dyn Metric<T> + '_>],
    data: &Dataset<T>,
) -> Result<(), TrainError> {
    for metric in metrics {
        metric.prepare(kind(data.targets())).map_err(TrainError::Setting)?;
        metric.reset();
    }
    Ok(())
}

/// That no step has made a parameter overflow, which takes a learning rate near the largest number
/// that `T` holds.
fn check_finite<T: Real>(params: &Params<T>, epoch: usize, step: u64) -> Result<(), TrainError> {
    // All at once, since nearly all epochs end here.
    if reduce::all_finite(params.values()) {
        return Ok(());
    }
    for (name, tensor) in params.iter() {
        if let Some(value) = tensor.values().iter().find(|x| !x.is_finite()) {
            let (parameter, value) = (name.to_owned(), value.to_f64());
            return Err(TrainError::NonFiniteParameter { epoch, step, parameter, value });
        }
    }
    Ok(())
}

/// The parameter nearest to the loss, that is the last declared, whose gradient is not finite, and
/// the first such value.
fn first_non_finite<T: Real>(grads: &Grads<T>) -> Option<(String, f64)> {
    // All at once, since nearly all steps end here.
    if reduce::all_finite(grads.values()) {
        return None;
    }
    let bad = |(name, gradient): (&str, TensorView<'_, T>)| {
        let value = gradient.values().iter().find(|x| !x.is_finite())?;
        Some((name.to_owned(), value.to_f64()))
    };
    grads.iter().filter_map(bad).last()
}

/// A mean over batches, each with what its own mean divides by, in `f64`; NaN over none.
#[derive(Default)]
struct WeightedMean {
    sum: f64,
    divisor: f64,
}

impl WeightedMean {
    fn add(&mut self, mean: f64, divisor: f64) {
        self.sum += mean * divisor;
        self.divisor += divisor;
    }

    fn mean(&self) -> f64 {
        self.sum / self.divisor
    }
}
