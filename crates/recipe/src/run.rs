use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use chainrule_data::{Dataset, Targets};
use chainrule_nn::{Loss, loss};
use chainrule_tensor::Real;
use chainrule_train::callback::{BestWeights, Callback, EarlyStopping, EpochEnd, Flow};
use chainrule_train::schedule::{self, ReduceOnPlateau};
use chainrule_train::{
    ClipNorm, ClipValue, EpochRecord, Group, Penalty, Scores, StopReason, TrainError, Trainer,
    constraint, metric,
};

use crate::check::{named, on_pattern};
use crate::checkpoints;
use crate::{Checkpoints, Found, Network, Preprocessing, Recipe, RecipeError, Scaling};

/// All that is known of a training that happened.
#[derive(Debug)]
pub struct Run<T: Real = f32> {
    /// The network as training left it, with its recipe.
    pub network: Network<T>,
    /// Epoch by epoch; as far as it came.
    pub epochs: Vec<EpochRecord>,
    /// Why it ended: as it should, or with an error such as a loss that is not finite.
    pub end: Result<StopReason, TrainError>,
    /// The epoch, from 1, with the best watched number, and that number.
    pub best: Option<(usize, f64)>,
    /// Loss and metrics on the validation data, with the weights that training left; `None` without
    /// such data, or where the network gives no finite answers.
    pub scores: Option<Scores>,
    /// The error of the first state that [`Prepared::fit_kept`] could not write, if there was one.
    pub unkept: Option<RecipeError>,
}

impl<T: Real> Run<T> {
    /// The recipe that was trained.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        self.network.recipe()
    }
}

/// A training that is ready to begin: everything is checked and built, nothing has happened.
///
/// [`Recipe::run`] is enough for most. This is for those who look on with more than callbacks, or
/// tell the trainer what no recipe says: threads, a flag that stops it.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_recipe::Recipe;
///
/// let digits = Digits::load()?.dataset::<f32>().select(&(0..200).collect::<Vec<_>>())?;
/// let prepared = Recipe { epochs: 1, ..Recipe::default() }.prepare(&digits, None)?;
/// let trainer = prepared.trainer()?.threads(1);
/// let run = prepared.fit(trainer)?;
/// assert_eq!(run.epochs.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Prepared<'d, T: Real = f32> {
    network: Network<T>,
    loss: Box<dyn loss::Listed<T>>,
    train: Cow<'d, Dataset<T>>,
    validation: Option<Cow<'d, Dataset<T>>>,
    /// The mark of the data, once it is asked for.
    mark: OnceLock<String>,
}

impl Recipe {
    /// Trains, and gives what is known of it. Numbers that are not finite end a training early;
    /// that is no error but an [end](Run::end).
    ///
    /// ```
    /// use chainrule_data::Digits;
    /// use chainrule_recipe::Recipe;
    ///
    /// let (train, test) = Digits::load()?.dataset::<f32>().split_stratified(0.2, 0)?;
    /// let recipe = Recipe { metrics: vec!["accuracy".to_owned()], ..Recipe::default() };
    /// let run = recipe.run(&train, Some(&test), &mut [])?;
    /// assert!(run.scores.unwrap().metric("accuracy").unwrap() > 0.9);
    /// assert_eq!(run.network.classes(test.inputs())?.len(), test.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A recipe that makes no sense, or model, loss and data that do not fit together, all before
    /// the first step.
    pub fn run<T: Real>(
        &self,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
        callbacks: &mut [&mut dyn Callback<T>],
    ) -> Result<Run<T>, RecipeError> {
        let prepared = self.prepare(train, validation)?;
        let mut trainer = prepared.trainer()?;
        for callback in callbacks {
            trainer = trainer.callback(&mut **callback);
        }
        prepared.fit(trainer)
    }

    /// Checks and builds everything, down to the first weights.
    ///
    /// # Errors
    /// A recipe that makes no sense, or a model and data that do not fit together.
    pub fn prepare<'d, T: Real>(
        &self,
        train: &'d Dataset<T>,
        validation: Option<&'d Dataset<T>>,
    ) -> Result<Prepared<'d, T>, RecipeError> {
        self.check()?;
        self.check_targets(train.targets())?;
        let loss = self.loss::<T>(train.class_counts().ok().as_deref())?;
        let preprocessing = Preprocessing::fit(self, train)?;
        let train = prepared(&preprocessing, train, &loss)?;
        let validation =
            validation.map(|data| prepared(&preprocessing, data, &loss)).transpose()?;
        let per_target = loss.domain().predictions.outputs_per_target();
        let outputs = train.targets().outputs().saturating_mul(per_target);
        let sample = train.input_shape(1).without_axis(0);
        let network = Network::untrained(self, preprocessing, sample, outputs)?;
        let network = match &self.init_from_data {
            Some(text) => network.fitted(text, &train)?,
            None => network,
        };
        Ok(Prepared { network, loss, train, validation, mark: OnceLock::new() })
    }

    /// Refuses what could not act on targets of this kind.
    fn check_targets<T: Real>(&self, targets: &Targets<T>) -> Result<(), RecipeError> {
        if self.class_weights && !matches!(targets, Targets::Classes { .. }) {
            let why = "the targets are no classes, which could be weighed; leave it out";
            return Err(RecipeError::of("class_weights", why));
        }
        if self.scale_targets != Scaling::None && !matches!(targets, Targets::Values(_)) {
            let why = "there are no targets that are numbers, which it could scale; leave it out";
            return Err(RecipeError::of("scale_targets", why));
        }
        Ok(())
    }
}

/// The data as the network takes them, without a copy where they are so already.
fn prepared<'d, T: Real>(
    preprocessing: &Preprocessing,
    data: &'d Dataset<T>,
    loss: &dyn Loss<T>,
) -> Result<Cow<'d, Dataset<T>>, RecipeError> {
    use chainrule_nn::TargetKind;
    let fits = match data.targets() {
        Targets::Classes { .. } => {
            loss.accepts(TargetKind::Classes) || !loss.accepts(TargetKind::Probabilities)
        }
        _ => true,
    };
    match fits && preprocessing.is_none() {
        true => Ok(Cow::Borrowed(data)),
        false => Ok(Cow::Owned(preprocessing.dataset(data, loss)?)),
    }
}

impl<T: Real> Prepared<'_, T> {
    /// The network with its first weights.
    #[must_use]
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// The loss, with the weights of the classes where the recipe asks for them.
    #[must_use]
    pub fn loss(&self) -> &dyn Loss<T> {
        &self.loss
    }

    /// The training data as the network takes them.
    #[must_use]
    pub fn train(&self) -> &Dataset<T> {
        &self.train
    }

    /// The validation data as the network takes them.
    #[must_use]
    pub fn validation(&self) -> Option<&Dataset<T>> {
        self.validation.as_deref()
    }

    /// A trainer with all that the recipe says.
    ///
    /// # Errors
    /// None after [`Recipe::prepare`], which has checked it.
    pub fn trainer(&self) -> Result<Trainer<'_, T>, RecipeError> {
        let recipe = self.network.recipe();
        let optimizer = recipe.optimizer::<T>()?;
        let mut trainer = Trainer::new(self.network.model(), &self.loss, optimizer)
            .epochs(recipe.epochs)
            .batch_size(recipe.batch_size)
            .accumulate(recipe.accumulate)
            .seed(recipe.seed)
            .precision(recipe.precision);
        if !recipe.shuffle {
            trainer = trainer.in_order();
        }
        if let Some(text) = &recipe.schedule {
            trainer = trainer.schedule(named("schedule", schedule::by_name(text))?);
        }
        if let Some(text) = &recipe.decay_schedule {
            let schedule = named("decay_schedule", schedule::by_name(text))?;
            trainer = trainer.decay_schedule(schedule);
        }
        if let Some(text) = &recipe.dropout_schedule {
            let schedule = named("dropout_schedule", schedule::by_name(text))?;
            trainer = trainer.dropout_schedule(schedule);
        }
        trainer = trainer.schedule_by(recipe.schedule_by);
        if recipe.drop_last {
            trainer = trainer.drop_last();
        }
        let monitor = recipe.monitored()?;
        if let Some(text) = &recipe.plateau {
            let plateau = named("plateau", text.parse::<ReduceOnPlateau>())?;
            trainer = trainer.reduce_on_plateau(plateau, monitor.clone());
        }
        for text in &recipe.groups {
            trainer = trainer.groups([named("groups", text.parse::<Group>())?]);
        }
        for text in &recipe.penalties {
            trainer = trainer.penalty(named("penalties", text.parse::<Penalty>())?);
        }
        for text in &recipe.constraints {
            let (pattern, rule) = on_pattern("constraints", text, "*.weight: unit_norm")?;
            trainer = trainer.constraint(pattern, named("constraints", constraint::by_name(rule))?);
        }
        if let Some(max_value) = recipe.clip_value {
            trainer = trainer.rule(ClipValue { max_value });
        }
        if let Some(max_norm) = recipe.clip_norm {
            trainer = trainer.rule(ClipNorm { max_norm });
        }
        for text in &recipe.metrics {
            trainer = trainer.metric(named("metrics", metric::by_name(text))?);
        }
        if recipe.best_weights {
            let best = BestWeights::new(monitor.clone());
            let best = if recipe.last_of_equals { best.last_of_equals() } else { best };
            trainer = trainer.callback(best);
        }
        if let Some(patience) = recipe.early_stopping {
            let stopping = EarlyStopping::new(monitor, patience).margin(recipe.margin);
            trainer = trainer.callback(stopping);
        }
        Ok(trainer)
    }

    /// Loss and metrics of a network of this training on other data, given as the training data
    /// were: they are scaled here.
    ///
    /// # Errors
    /// Data that are not as those of the training were.
    pub fn scores(&self, network: &Network<T>, data: &Dataset<T>) -> Result<Scores, RecipeError> {
        let data = prepared(network.preprocessing(), data, &self.loss)?;
        Ok(self.trainer()?.evaluate(network.params(), &data)?)
    }

    /// Trains, and gives what is known of it.
    ///
    /// # Errors
    /// Model, loss and data that do not fit together. What ends a training that has begun is no
    /// error but its [end](Run::end).
    pub fn fit<'a>(&'a self, trainer: Trainer<'a, T>) -> Result<Run<T>, RecipeError> {
        self.go(trainer, Vec::new())
    }

    /// Trains, from a state that was [found](Checkpoints::latest) or from the beginning, and keeps
    /// the state after each epoch. One that cannot be written ends nothing: it is
    /// [told](Run::unkept) at the end.
    ///
    /// # Errors
    /// As [`fit`](Prepared::fit); a state of another training.
    pub fn fit_kept<'a>(
        &'a self,
        trainer: Trainer<'a, T>,
        checkpoints: &'a Checkpoints,
        found: Option<Found<T>>,
    ) -> Result<Run<T>, RecipeError> {
        let mut unkept = None;
        let done = found.as_ref().map_or_else(Vec::new, |found| found.snapshot.epochs.clone());
        let trainer = trainer.snapshots(|snapshot| {
            unkept = unkept.take().or(checkpoints.save(self, &snapshot).err());
        });
        let trainer = match found {
            Some(found) => trainer.resume(found.snapshot),
            None => trainer,
        };
        let run = self.go(trainer, done)?;
        Ok(Run { unkept, ..run })
    }

    /// Trains behind the epochs that are done.
    fn go<'a>(
        &'a self,
        trainer: Trainer<'a, T>,
        done: Vec<EpochRecord>,
    ) -> Result<Run<T>, RecipeError> {
        let mut epochs = Epochs(done);
        let mut params = self.network.params().clone();
        let validation = self.validation.as_deref();
        let (end, scores) = {
            let mut trainer = trainer.callback(&mut epochs);
            let end = match trainer.fit(&mut params, &self.train, validation) {
                Ok(history) => Ok(history.stop),
                Err(
                    error @ (TrainError::NonFiniteLoss { .. }
                    | TrainError::NonFiniteGradient { .. }
                    | TrainError::NonFiniteParameter { .. }),
                ) => Err(error),
                Err(error) => return Err(error.into()),
            };
            (end, validation.and_then(|data| trainer.evaluate(&params, data).ok()))
        };
        let best = self.network.recipe().best_epoch(&epochs.0)?;
        let network = self.network.with_params(Arc::new(params));
        Ok(Run { network, epochs: epochs.0, end, best, scores, unkept: None })
    }

    /// The mark of the data, which is worked out once.
    pub(crate) fn mark(&self) -> &str {
        self.mark.get_or_init(|| checkpoints::mark(self))
    }
}

impl Recipe {
    /// The epoch with the best watched number, and that number.
    pub(crate) fn best_epoch(
        &self,
        epochs: &[EpochRecord],
    ) -> Result<Option<(usize, f64)>, RecipeError> {
        let monitor = self.monitored()?;
        Ok(epochs.iter().fold(None, |best: Option<(usize, f64)>, record| {
            let value = monitor.value(record).unwrap_or(f64::NAN);
            let known = best.map(|(_, value)| value);
            let equal = self.last_of_equals && known == Some(value);
            match equal || monitor.improves(value, known, 0.0) {
                true => Some((record.epoch, value)),
                false => best,
            }
        }))
    }
}

/// Keeps each epoch, also those before a failure.
#[derive(Debug)]
struct Epochs(Vec<EpochRecord>);

impl<T: Real> Callback<T> for Epochs {
    fn epoch_end(&mut self, epoch: &EpochEnd<'_, T>) -> Flow {
        self.0.push(epoch.record.clone());
        Flow::Continue
    }
}
