use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chainrule_data::{Batches, Dataset};
use chainrule_graph::{Grads, Params};
use chainrule_nn::{Configure, Layer, Loss};
use chainrule_tensor::Real;
use chainrule_tensor::gemm::Precision;
use chainrule_tensor::parallel::Pool;

use crate::TrainError;
use crate::callback::{Callback, FitPlan, LOSS, Monitor};
use crate::constraint::Constraint;
use crate::groups::{Group, Groups};
use crate::history::{History, Scores};
use crate::metric::{Metric, Named};
use crate::optimizer::{MOST_SLOTS, Optimizer, State};
use crate::pattern::choose;
use crate::penalty::Penalty;
use crate::rates::Rates;
use crate::rule::GradientRule;
use crate::schedule::{Interval, Plateau, RangeReport, RangeTest, ReduceOnPlateau, Schedule};
use crate::snapshot::Snapshot;
use crate::stage::{Setup, Stages, kind};
use crate::training::{Training, evaluate};

/// Trains a model: batches, forward, loss, backward, a step against the gradient, over and over.
///
/// ```
/// use chainrule_data::{Dataset, Targets};
/// use chainrule_nn::{Model, Sequential, loss::CrossEntropy};
/// use chainrule_tensor::Tensor;
/// use chainrule_train::{Trainer, metric::Accuracy, optimizer::Adam};
///
/// // The exclusive or: no line separates its classes.
/// let inputs = Tensor::from_rows([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
/// let data = Dataset::new(inputs, Targets::Classes { indices: vec![0, 1, 1, 0], classes: 2 })?;
///
/// let model = Sequential::new().linear(2, 8).tanh().linear(8, 2);
/// let mut params = model.init([2], 1)?;
/// let mut trainer = Trainer::new(&model, CrossEntropy, Adam::new(0.05))
///     .epochs(200)
///     .batch_size(4)
///     .metric(Accuracy::new());
/// let history = trainer.fit(&mut params, &data, None)?;
/// assert_eq!(history.last().unwrap().train.metric("accuracy"), Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trainer<'a, T: Real = f32> {
    model: &'a dyn Layer<T>,
    loss: Box<dyn Loss<T> + 'a>,
    optimizer: Box<dyn Optimizer<T> + 'a>,
    rules: Vec<Box<dyn GradientRule<T> + 'a>>,
    groups: Vec<Group>,
    penalties: Vec<Penalty>,
    constraints: Vec<(String, Box<dyn Constraint<T> + 'a>)>,
    metrics: Vec<Box<dyn Metric<T> + 'a>>,
    callbacks: Vec<Box<dyn Callback<T> + 'a>>,
    epochs: usize,
    batch_size: usize,
    seed: u64,
    shuffle: bool,
    allow_unreached: bool,
    accumulate: usize,
    drop_last: bool,
    schedule: Option<Box<dyn Schedule + 'a>>,
    decay_schedule: Option<Box<dyn Schedule + 'a>>,
    dropout_schedule: Option<Box<dyn Schedule + 'a>>,
    interval: Option<Interval>,
    plateau: Option<(ReduceOnPlateau, Monitor)>,
    stop: Option<Arc<AtomicBool>>,
    pool: Arc<Pool>,
    precision: Precision,
    snapshots: Option<Box<dyn FnMut(Snapshot<T>) + 'a>>,
    resume: Option<Snapshot<T>>,
}

impl<'a, T: Real> Trainer<'a, T> {
    /// Trains `model` to make the mean of `loss` small with `optimizer`: 10 epochs in shuffled
    /// batches of 32, seed 0, unless told otherwise.
    #[must_use]
    pub fn new(
        model: &'a dyn Layer<T>,
        loss: impl Loss<T> + 'a,
        optimizer: impl Optimizer<T> + 'a,
    ) -> Self {
        Trainer {
            model,
            loss: Box::new(loss),
            optimizer: Box::new(optimizer),
            rules: Vec::new(),
            groups: Vec::new(),
            penalties: Vec::new(),
            constraints: Vec::new(),
            metrics: Vec::new(),
            callbacks: Vec::new(),
            epochs: 10,
            batch_size: 32,
            seed: 0,
            shuffle: true,
            allow_unreached: false,
            accumulate: 1,
            drop_last: false,
            schedule: None,
            decay_schedule: None,
            dropout_schedule: None,
            interval: None,
            plateau: None,
            stop: None,
            pool: Pool::shared(),
            precision: Precision::F32,
            snapshots: None,
            resume: None,
        }
    }

    /// How often to go through the training data.
    #[must_use]
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    /// The number of samples of a step. The last batch of an epoch may be smaller, unless it is
    /// [dropped](Trainer::drop_last).
    #[must_use]
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Leaves out the last batch of each epoch if it is smaller than the others, so that no step
    /// has a gradient of few samples. With a random order other samples are left out in each epoch;
    /// in evaluation none are.
    #[must_use]
    pub fn drop_last(mut self) -> Self {
        self.drop_last = true;
        self
    }

    /// The seed of the order of samples, and of all that is random within the model.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Takes the samples in the order of the data set in each epoch.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.shuffle = false;
        self
    }

    /// Trains although the loss does not depend on some parameter, or only through an operation
    /// that lets no gradient through. By default that is an error, since such a parameter stays at
    /// its first values; it is wanted where part of a model is frozen with
    /// [`detach`](chainrule_graph::Var::detach).
    #[must_use]
    pub fn allow_unreached(mut self, allow: bool) -> Self {
        self.allow_unreached = allow;
        self
    }

    /// Shares large operations among this many threads; by default as many as there are processors.
    /// The results are the same bits with any number.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.pool = Arc::new(Pool::new(threads));
        self
    }

    /// How exactly large matrix products are computed, in training and evaluation;
    /// [`Precision::F32`] by default. [`Precision::Fast`] has an error of about a millionth, and
    /// takes less time on processors with matrix units. Trainings in `f64` stay as they are.
    ///
    /// ```
    /// # use chainrule_nn::{Sequential, loss::CrossEntropy};
    /// # use chainrule_train::{Trainer, optimizer::Adam};
    /// use chainrule_tensor::gemm::Precision;
    ///
    /// # let model = Sequential::new().linear(2, 2);
    /// let trainer =
    ///     Trainer::new(&model, CrossEntropy, Adam::new(0.01)).precision(Precision::Fast);
    /// # let _: Trainer = trainer;
    /// ```
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Makes one step for every `batches` batches, with the gradient of all their samples: as one
    /// batch of that size would, to rounding, in the memory of a small one. The last step of an
    /// epoch may have fewer.
    ///
    /// Each batch counts by what its mean loss [divides by](Loss::divisor): the number of samples,
    /// or the sum of their weights where the loss is a weighted mean. One of which that is 0 adds
    /// nothing, and no step is made where it is 0 for all of them.
    #[must_use]
    pub fn accumulate(mut self, batches: usize) -> Self {
        self.accumulate = batches;
        self
    }

    /// Lets the learning rate follow a [`schedule`](crate::schedule), by default epoch by epoch;
    /// see [`schedule_by`](Trainer::schedule_by). The optimizer's own learning rate is its base.
    ///
    /// ```
    /// # use chainrule_nn::{Sequential, loss::CrossEntropy};
    /// use chainrule_train::schedule::{Cosine, Interval, LinearWarmup};
    /// use chainrule_train::{Trainer, optimizer::Adam};
    ///
    /// # let model = Sequential::new().linear(2, 2);
    /// let trainer = Trainer::new(&model, CrossEntropy, Adam::new(0.01))
    ///     .epochs(20)
    ///     .schedule(LinearWarmup::new(100).then(Cosine::new(900)))
    ///     .schedule_by(Interval::Step);
    /// # let _: Trainer = trainer;
    /// ```
    #[must_use]
    pub fn schedule(mut self, schedule: impl Schedule + 'a) -> Self {
        self.schedule = Some(Box::new(schedule));
        self
    }

    /// Lets the weight decay of the [groups](Trainer::groups) follow a schedule, of which each
    /// decay is the base; it counts what [`schedule_by`](Trainer::schedule_by) says. What the
    /// optimizer decays itself stays as it is.
    ///
    /// ```
    /// # use chainrule_nn::{Sequential, loss::CrossEntropy};
    /// use chainrule_train::schedule::FlatCosine;
    /// use chainrule_train::{Group, Trainer, optimizer::Adam};
    ///
    /// # let model = Sequential::new().linear(2, 2);
    /// let trainer = Trainer::new(&model, CrossEntropy, Adam::new(0.01))
    ///     .groups([Group::new("*.weight").weight_decay(0.02)])
    ///     .decay_schedule(FlatCosine::default());
    /// # let _: Trainer = trainer;
    /// ```
    #[must_use]
    pub fn decay_schedule(mut self, schedule: impl Schedule + 'a) -> Self {
        self.decay_schedule = Some(Box::new(schedule));
        self
    }

    /// Lets the share that dropout drops follow a schedule, of which the layers' own share is the
    /// base: a factor from 0 to 1. It counts what [`schedule_by`](Trainer::schedule_by) says.
    #[must_use]
    pub fn dropout_schedule(mut self, schedule: impl Schedule + 'a) -> Self {
        self.dropout_schedule = Some(Box::new(schedule));
        self
    }

    /// States the unit of the schedules: epochs, the default, or steps of the optimizer.
    #[must_use]
    pub fn schedule_by(mut self, interval: Interval) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Lowers the learning rate when a watched number no longer improves. Together with a schedule,
    /// it lowers the schedule's base. Whether more of the number is better is taken from the
    /// monitor; settings that `maximise` what the monitor has low are refused.
    #[must_use]
    pub fn reduce_on_plateau(mut self, settings: ReduceOnPlateau, monitor: Monitor) -> Self {
        self.plateau = Some((settings, monitor));
        self
    }

    /// Adds a rule that rewrites the gradient before the optimizer sees it, such as
    /// [`ClipNorm`](crate::ClipNorm).
    #[must_use]
    pub fn rule(mut self, rule: impl GradientRule<T> + 'a) -> Self {
        self.rules.push(Box::new(rule));
        self
    }

    /// Adds groups of parameters with settings of their own.
    #[must_use]
    pub fn groups(mut self, groups: impl IntoIterator<Item = Group>) -> Self {
        self.groups.extend(groups);
        self
    }

    /// Never moves the parameters of these names, such as `0.*`: a [`Group`] that is frozen.
    #[must_use]
    pub fn freeze(self, pattern: impl Into<String>) -> Self {
        self.groups([Group::new(pattern).frozen()])
    }

    /// Adds a penalty on large weights.
    #[must_use]
    pub fn penalty(mut self, penalty: Penalty) -> Self {
        self.penalties.push(penalty);
        self
    }

    /// Brings the parameters of these names, such as `*.weight`, to a condition after each step,
    /// those that are frozen excepted. Constraints follow each other in the order in which they are
    /// given.
    #[must_use]
    pub fn constraint(
        mut self,
        pattern: impl Into<String>,
        constraint: impl Constraint<T> + 'a,
    ) -> Self {
        self.constraints.push((pattern.into(), Box::new(constraint)));
        self
    }

    /// Adds a metric, gathered over training and validation data. It leaves out the samples of a
    /// class that the loss [ignores](Loss::ignore_index). Two of the same name are refused: see
    /// [`metric_as`](Trainer::metric_as).
    #[must_use]
    pub fn metric(mut self, metric: impl Metric<T> + 'a) -> Self {
        self.metrics.push(Box::new(metric));
        self
    }

    /// Adds a metric under a name of its own, so that it can be there twice with other settings.
    ///
    /// ```
    /// # use chainrule_nn::{Sequential, loss::CrossEntropy};
    /// use chainrule_train::metric::TopKAccuracy;
    /// use chainrule_train::{Trainer, optimizer::Adam};
    ///
    /// # let model = Sequential::new().linear(2, 10);
    /// let trainer = Trainer::new(&model, CrossEntropy, Adam::new(0.01))
    ///     .metric_as("top_3", TopKAccuracy::new(3))
    ///     .metric_as("top_5", TopKAccuracy::new(5));
    /// # let _: Trainer = trainer;
    /// ```
    #[must_use]
    pub fn metric_as(self, name: &'static str, metric: impl Metric<T> + 'a) -> Self {
        self.metric(Named { name, metric })
    }

    /// Adds a callback; `&mut callback` will do, to ask it something afterwards. Each call of
    /// [`fit`](Trainer::fit) is a training of its own to it: see [`Callback`].
    ///
    /// A trainer borrows it for as long as there is a trainer. One that is made and fitted in one
    /// expression has ended with it:
    ///
    /// ```
    /// # use chainrule_data::{Dataset, Targets};
    /// # use chainrule_nn::{Model, Sequential, loss::MeanSquaredError};
    /// # use chainrule_tensor::Tensor;
    /// use chainrule_train::callback::{BestWeights, Monitor};
    /// # use chainrule_train::{Trainer, optimizer::Sgd};
    ///
    /// # let data = Dataset::new(Tensor::ones([8, 2]), Targets::Values(Tensor::ones([8, 1])))?;
    /// # let model = Sequential::new().linear(2, 1);
    /// # let mut params = model.init([2], 0)?;
    /// let mut best = BestWeights::new(Monitor::loss());
    /// let trainer = Trainer::new(&model, MeanSquaredError, Sgd::new(0.1)).epochs(3);
    /// trainer.callback(&mut best).fit(&mut params, &data, None)?;
    /// assert!(best.best().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn callback(mut self, callback: impl Callback<T> + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Stops after the current batch as soon as the flag is raised, as by a handler of Ctrl-C. The
    /// epoch that was cut short leaves no record; callbacks end as usual. The flag stays raised:
    /// who trains on lowers it first.
    #[must_use]
    pub fn stop_when(mut self, flag: Arc<AtomicBool>) -> Self {
        self.stop = Some(flag);
        self
    }

    /// Gives a [`Snapshot`] after each epoch, from which [`resume`](Trainer::resume) goes on. It
    /// copies weights, the optimizer's memory and that of callbacks.
    #[must_use]
    pub fn snapshots(mut self, keep: impl FnMut(Snapshot<T>) + 'a) -> Self {
        self.snapshots = Some(Box::new(keep));
        self
    }

    /// Lets the next [`fit`](Trainer::fit) go on from a snapshot, with the bits of a training that
    /// was never stopped; the parameters that `fit` is given are overwritten.
    ///
    /// Model, data, seed, batch size and all else must be those of the training that left the
    /// snapshot. The number of epochs counts those that are done. The history begins with their
    /// records; callbacks that do not [remember](Callback::remembers) see the later epochs alone.
    #[must_use]
    pub fn resume(mut self, snapshot: Snapshot<T>) -> Self {
        self.resume = Some(snapshot);
        self
    }

    /// Trains on `train`, and looks at `validation` after each epoch.
    ///
    /// Training on from parameters that were trained before is possible; the optimizer's memory
    /// begins anew, unless a [snapshot](Trainer::resume) is given.
    ///
    /// # Errors
    /// Data, model, loss and metrics that do not fit together, data of which no sample counts in
    /// the loss, settings that make no sense, parameters that no gradient reaches. All of these
    /// come before the first step. Later a loss or a gradient that is not finite: then the
    /// parameters are as the last good step left them, and callbacks have ended as usual. Only a
    /// step that makes a parameter itself overflow cannot be taken back; it is reported by the next
    /// step or at the end of the epoch.
    pub fn fit(
        &mut self,
        params: &mut Params<T>,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
    ) -> Result<History, TrainError> {
        let mut batches = self.batches(train)?;
        [Some(train), validation].into_iter().flatten().try_for_each(|data| self.check(data))?;
        self.check_watched()?;
        let (batch_size, epochs) = (self.batch_size, self.epochs);
        let allow_unreached = self.allow_unreached;
        let plan = FitPlan {
            epochs,
            batches: batches.count(),
            samples: train.len(),
            weights: params.values().len(),
            statistics: params.statistic_values().len(),
        };
        self.callbacks
            .iter()
            .try_for_each(|callback| callback.accepts(&plan))
            .map_err(TrainError::Setting)?;
        let resume = self.resume.take();
        let mut run = self.run(params, batches.count())?;
        run.prepare(params, train, validation, batch_size)?;
        if !allow_unreached {
            run.training.refuse_unreached()?;
        }
        run.fit(params, train, validation, &mut batches, (&plan, resume.as_ref()))
    }

    /// Tries learning rates, from low to high, on a copy of the parameters, to find one to begin
    /// with. Batches, rules and optimizer are the trainer's; each batch is a step, those left out
    /// that do not count in the loss; schedules and callbacks are left out.
    ///
    /// ```
    /// # use chainrule_data::{Dataset, Targets};
    /// # use chainrule_nn::{Model, Sequential, loss::MeanSquaredError};
    /// # use chainrule_tensor::{Tensor, random::generator};
    /// # use chainrule_train::{Trainer, optimizer::Sgd};
    /// use chainrule_train::schedule::RangeTest;
    ///
    /// # let inputs: Tensor = Tensor::normal([64, 3], 0.0, 1.0, &mut generator(0))?;
    /// # let data = Dataset::new(inputs, Targets::Values(Tensor::ones([64, 1])))?;
    /// # let model = Sequential::new().linear(3, 1);
    /// # let params = model.init([3], 0)?;
    /// let mut trainer = Trainer::new(&model, MeanSquaredError, Sgd::new(0.1));
    /// let report = trainer.range_test(
    ///     &params,
    ///     &data,
    ///     &RangeTest { start: 1e-5, ..RangeTest::default() },
    /// )?;
    /// let rate = report.suggestion().expect("the loss falls");
    /// assert!(rate > 1e-4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`fit`](Trainer::fit); but a loss, gradient or parameter that is not finite ends the test
    /// and is no error, unless it is so from the start.
    pub fn range_test(
        &mut self,
        params: &Params<T>,
        train: &Dataset<T>,
        test: &RangeTest,
    ) -> Result<RangeReport, TrainError> {
        test.check().map_err(TrainError::Setting)?;
        let mut batches = self.batches(train)?;
        self.check(train)?;
        let (batch_size, mut copy, allow_unreached) =
            (self.batch_size, params.clone(), self.allow_unreached);
        let mut run = self.run(params, batches.count())?;
        run.prepare(params, train, None, batch_size)?;
        if !allow_unreached {
            run.training.refuse_unreached()?;
        }
        run.range_test(&mut copy, train, &mut batches, test)
    }

    fn batches(&self, train: &Dataset<T>) -> Result<Batches, TrainError> {
        let batches = if self.shuffle {
            Batches::shuffled(train.len(), self.batch_size, self.seed)?
        } else {
            Batches::in_order(train.len(), self.batch_size)?
        };
        Ok(if self.drop_last { batches.drop_last()? } else { batches })
    }

    /// A training with all its memory, before the first step; with so many batches in an epoch.
    fn run(
        &mut self,
        params: &Params<T>,
        batches: usize,
    ) -> Result<Training<'_, 'a, T>, TrainError> {
        let mut state = State::new(self.optimizer.as_ref(), params);
        state.on(Arc::clone(&self.pool));
        let layout = Arc::clone(params.layout());
        let groups = Groups::new(&layout, &self.groups)?;
        if self.decay_schedule.is_some() && !groups.decays() {
            let why = "`decay_schedule` has no effect, since no group has a weight decay: give one \
                       to a group, or leave it out";
            return Err(TrainError::Setting(why.to_owned()));
        }
        let penalties = self.penalties.iter().map(|penalty| {
            let chosen = penalty.chosen(&layout)?;
            groups.refuse_all_frozen("penalty", &penalty.pattern, &chosen)?;
            Ok((penalty, chosen))
        });
        let penalties = penalties.collect::<Result<Vec<_>, TrainError>>()?;
        let constraints = self.constraints.iter().map(|(pattern, constraint)| {
            constraint.check().map_err(TrainError::Setting)?;
            let mut chosen = choose(&layout, pattern)?;
            groups.refuse_all_frozen("constraint", pattern, &chosen)?;
            chosen.retain(|chosen| !groups.is_frozen(&chosen.range));
            Ok((constraint.as_ref(), chosen))
        });
        let constraints = constraints.collect::<Result<Vec<_>, TrainError>>()?;
        let measured = !self.metrics.is_empty();
        let setup = Setup {
            model: self.model,
            loss: self.loss.as_ref(),
            seed: self.seed,
            pool: &self.pool,
            precision: self.precision,
            measured,
            drop_last: self.drop_last,
        };
        let base = self.optimizer.learning_rate();
        let plateau = self.plateau.as_ref();
        let interval = self.interval.unwrap_or_default();
        let steps = batches.div_ceil(self.accumulate.max(1)) as u64;
        let rates = Rates {
            base,
            schedule: self.schedule.as_deref().map(|schedule| schedule as _),
            decay: self.decay_schedule.as_deref().map(|schedule| schedule as _),
            dropout: self.dropout_schedule.as_deref().map(|schedule| schedule as _),
            interval,
            total: match interval {
                Interval::Step => steps.saturating_mul(self.epochs as u64),
                Interval::Epoch => self.epochs as u64,
            },
            plateau: plateau.map(|(settings, monitor)| {
                let settings = ReduceOnPlateau { maximise: monitor.more_is_better(), ..*settings };
                (Plateau::new(settings, base), monitor)
            }),
        };
        Ok(Training {
            optimizer: self.optimizer.as_ref(),
            rules: &self.rules,
            groups,
            penalties,
            constraints,
            metrics: &mut self.metrics,
            callbacks: &mut self.callbacks,
            stop: self.stop.as_deref(),
            snapshots: self.snapshots.as_deref_mut(),
            seed: self.seed,
            rates,
            accumulate: self.accumulate,
            training: Stages::training(setup),
            evaluation: Stages::evaluation(setup),
            state,
            trained: Vec::new(),
            grads: Grads::zeros(layout),
        })
    }

    /// Loss and metrics over a data set, without training. The loss is that of one batch of all
    /// samples, whatever the [`batch_size`](Trainer::batch_size).
    ///
    /// # Errors
    /// Data, model, loss and metrics that do not fit together, and data of which no sample counts
    /// in the loss.
    pub fn evaluate(
        &mut self,
        params: &Params<T>,
        data: &Dataset<T>,
    ) -> Result<Scores, TrainError> {
        self.check(data)?;
        let measured = !self.metrics.is_empty();
        let setup = Setup {
            model: self.model,
            loss: self.loss.as_ref(),
            seed: self.seed,
            pool: &self.pool,
            precision: self.precision,
            measured,
            drop_last: self.drop_last,
        };
        let mut stages = Stages::evaluation(setup);
        evaluate(&mut self.metrics, &mut stages, params, data, self.batch_size)
    }

    fn check(&mut self, data: &Dataset<T>) -> Result<(), TrainError> {
        if self.batch_size == 0 {
            return Err(TrainError::Setting(
                "the batch size must be at least 1, but it is 0".to_owned(),
            ));
        }
        if self.accumulate == 0 {
            return Err(TrainError::Setting(
                "a step needs at least 1 batch, but it is to have 0".to_owned(),
            ));
        }
        self.optimizer.check().map_err(TrainError::Setting)?;
        let (name, slots) = (self.optimizer.name(), self.optimizer.slots().len());
        if slots > MOST_SLOTS {
            return Err(TrainError::Setting(format!(
                "optimizer `{name}` remembers {slots} vectors, but at most {MOST_SLOTS} are \
                 possible"
            )));
        }
        let schedules = [&self.schedule, &self.decay_schedule, &self.dropout_schedule];
        if schedules.iter().all(|one| one.is_none()) && self.interval == Some(Interval::Step) {
            let why = "`schedule_by` has no effect without a schedule: give one with `schedule`, \
                       or leave it out";
            return Err(TrainError::Setting(why.to_owned()));
        }
        schedules
            .into_iter()
            .flatten()
            .try_for_each(|schedule| schedule.check())
            .map_err(TrainError::Setting)?;
        self.plateau
            .iter()
            .try_for_each(|(settings, _)| settings.check())
            .map_err(TrainError::Setting)?;
        self.callbacks
            .iter()
            .try_for_each(|callback| callback.check())
            .map_err(TrainError::Setting)?;
        self.rules.iter().try_for_each(|rule| rule.check()).map_err(TrainError::Setting)?;
        self.check_names()?;
        let target = kind(data.targets());
        if !self.loss.accepts(target) {
            return Err(TrainError::of_loss(self.loss.as_ref(), target));
        }
        for metric in &mut self.metrics {
            metric.prepare(target).map_err(TrainError::Setting)?;
            if !metric.accepts(target) {
                let name = metric.name().to_owned();
                return Err(TrainError::Target { what: "metric", name, target, form: None });
            }
        }
        Ok(())
    }
}

impl<T: Real> Trainer<'_, T> {
    /// That each number of an epoch has a name of its own.
    fn check_names(&self) -> Result<(), TrainError> {
        let names: Vec<&str> = self.metrics.iter().map(|metric| metric.name()).collect();
        let again = (0..names.len()).find(|&i| names[i] == LOSS || names[..i].contains(&names[i]));
        again.map_or(Ok(()), |i| {
            let taken = if names[i] == LOSS { "the loss" } else { "another metric" };
            Err(TrainError::Setting(format!(
                "a metric is called `{}`, which is the name of {taken}: add it with `metric_as` \
                 and a name of its own, or \
                 leave it out",
                names[i]
            )))
        })
    }

    /// That there is what callbacks and the plateau watch.
    fn check_watched(&self) -> Result<(), TrainError> {
        let names: Vec<&str> = self.metrics.iter().map(|metric| metric.name()).collect();
        let watched = self.callbacks.iter().flat_map(|callback| callback.monitors());
        let plateau = self.plateau.iter().map(|(_, monitor)| monitor);
        watched
            .chain(plateau)
            .try_for_each(|monitor| monitor.check(&names))
            .map_err(TrainError::Setting)?;
        match &self.plateau {
            Some((settings, monitor)) if settings.maximise && !monitor.more_is_better() => {
                Err(TrainError::Setting(
                    "reduce_on_plateau: maximise=true, but the monitor says that less of the \
                     watched number is better: watch it with `Monitor::highest`, or leave \
                     `maximise` out"
                        .to_owned(),
                ))
            }
            _ => Ok(()),
        }
    }
}

impl<T: Real> fmt::Debug for Trainer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("model", &self.model)
            .field("loss", &self.loss)
            .field("optimizer", &self.optimizer)
            .field("rules", &self.rules)
            .field("groups", &self.groups)
            .field("penalties", &self.penalties)
            .field("constraints", &self.constraints)
            .field("metrics", &self.metrics)
            .field("callbacks", &self.callbacks)
            .field("epochs", &self.epochs)
            .field("batch_size", &self.batch_size)
            .field("seed", &self.seed)
            .field("shuffle", &self.shuffle)
            .field("allow_unreached", &self.allow_unreached)
            .field("accumulate", &self.accumulate)
            .field("drop_last", &self.drop_last)
            .field("schedule", &self.schedule)
            .field("decay_schedule", &self.decay_schedule)
            .field("dropout_schedule", &self.dropout_schedule)
            .field("interval", &self.interval)
            .field("plateau", &self.plateau)
            .finish_non_exhaustive()
    }
}
