//! One training with the instruments on, and what is found.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chainrule::data::DataError;
use chainrule::graph::{BuildError, BuildErrorKind};
use chainrule::insight::gain::{self, GainReport};
use chainrule::insight::{Evidence, Kind};
use chainrule::nn::ConfigError as NamedError;
use chainrule::prelude::*;
use chainrule::train::metric::{BalancedAccuracy, R2};
use chainrule::train::{Scores, TrainError};

use super::data::Data;
use super::recipe::Recipe;
use crate::config::{ConfigError, check_size};
use crate::unfit;

/// At least about so many steps are looked at, or all; one in 20 of a long training.
const OBSERVED: usize = 60;
/// More records of a long training would only fill the memory.
const MOST_RECORDS: usize = 1000;
/// So many samples show how sizes change from layer to layer.
const SAMPLES: usize = 256;

/// What came of a training.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// How sizes change from layer to layer before training, where that can be said.
    pub gain: Option<GainReport>,
    /// Loss and metrics on the validation data at the end.
    pub scores: Option<Scores>,
    /// The loss on the training data in the last epoch.
    pub train_loss: Option<f64>,
    /// The epochs that were completed.
    pub epochs: usize,
    /// The error that ended it.
    pub failure: Option<String>,
    /// Whether Ctrl-C ended it.
    pub interrupted: bool,
    /// How far it is, on the validation data, from a constant answer, 0, to perfect ones, 1.
    pub skill: f64,
}

impl Outcome {
    /// What holds the training back.
    pub fn faults(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity >= Severity::Warning)
    }

    /// Whether nothing holds it back, and it does better than a constant answer.
    pub fn is_healthy(&self) -> bool {
        self.faults().next().is_none() && self.has_learned()
    }

    /// Whether it does better than a constant answer by a tenth of what there is to gain.
    pub fn has_learned(&self) -> bool {
        self.skill > 0.1
    }

    /// Whether this kind is found, and how bad.
    pub fn severity(&self, kind: Kind) -> Option<Severity> {
        self.faults().filter(|finding| finding.kind == kind).map(|finding| finding.severity).max()
    }

    /// The loss on the validation data.
    pub fn loss(&self) -> f64 {
        self.scores.as_ref().map_or(f64::NAN, |scores| scores.loss)
    }

    /// Accuracy, or the part of the variance that is explained, on the validation data.
    pub fn quality(&self) -> f64 {
        let of = |scores: &Scores| scores.metric("accuracy").or(scores.metric("r2"));
        self.scores.as_ref().and_then(of).unwrap_or(f64::NAN)
    }

    /// The same, with each class weighing the same.
    pub fn fair_quality(&self) -> f64 {
        let of = |scores: &Scores| scores.metric("balanced_accuracy").or(scores.metric("r2"));
        self.scores.as_ref().and_then(of).unwrap_or(f64::NAN)
    }
}

/// Why there is nothing to diagnose.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("{}", unfit::build(.0))]
    Build(#[from] BuildError),
    #[error("{}", unfit::train(.0))]
    Train(#[from] TrainError),
    #[error(transparent)]
    Name(#[from] NamedError),
    #[error(transparent)]
    Flag(#[from] ConfigError),
}

/// Trains a recipe on the data, observed, and judges it. The flag ends it early; `tell` hears how it goes.
///
/// # Errors
/// Data and network that do not fit together. A training that is ended by numbers that are not finite, or by a loss
/// that is for other targets, is no error but an outcome.
pub fn train(
    recipe: &Recipe,
    data: &Data,
    stop: &Arc<AtomicBool>,
    tell: Box<dyn FnMut(ProgressEvent<'_>)>,
) -> Result<Outcome, TrainingError> {
    observed(recipe, data, stop, tell).map_err(|error| match of_flag(recipe, &error) {
        Some(flag) => flag.into(),
        None => error,
    })
}

/// The flag that an error goes back to, if it does to one.
fn of_flag(recipe: &Recipe, error: &TrainingError) -> Option<ConfigError> {
    let error = match error {
        TrainingError::Build(error) | TrainingError::Train(TrainError::Build(error)) => error,
        TrainingError::Train(error @ TrainError::Classes { .. }) => {
            let (flag, value) = ("output-activation", recipe.output_activation.clone()?);
            return Some(ConfigError::Unfit { flag, value, why: error.to_string() });
        }
        _ => return None,
    };
    if let (BuildErrorKind::Initialiser { why, .. }, Some(init)) = (&error.kind, &recipe.init) {
        return Some(ConfigError::Unfit { flag: "init", value: init.clone(), why: why.clone() });
    }
    let (value, why) = (recipe.loss.clone(), error.kind.to_string());
    let is_of_loss = why.starts_with(recipe.loss(None).ok()?.name());
    // What ends the model is chosen by a flag, too.
    let why = why.replace("end it in ", "add --output-activation ");
    is_of_loss.then_some(ConfigError::Unfit { flag: "loss", value, why })
}

fn observed(
    recipe: &Recipe,
    data: &Data,
    stop: &Arc<AtomicBool>,
    tell: Box<dyn FnMut(ProgressEvent<'_>)>,
) -> Result<Outcome, TrainingError> {
    let loss = recipe.loss(data.train.class_counts().ok().as_deref())?;
    let (train, validation) = data.prepared(recipe, &loss)?;
    let (inputs, outputs) = (train.input_width(), train.targets().outputs());
    let divisor = chainrule::nn::activation::by_name::<f32>(&recipe.activation)?.divisor();
    check_size(inputs, &recipe.hidden, divisor, outputs)?;
    let model = recipe.model(inputs, outputs)?;
    let mut params = model.init([inputs], recipe.seed)?;
    let some = train.select(&(0..train.len().min(SAMPLES)).collect::<Vec<_>>())?;
    let gain = gain::report(&model, &loss, &params, &some).ok();

    let steps = recipe.epochs.saturating_mul(train.len().div_ceil(recipe.batch_size));
    let mut instruments = Instruments::new().every((steps / OBSERVED).clamp(1, 20) as u64).at_most(MOST_RECORDS);
    let mut best = BestWeights::new(Monitor::loss());
    let mut trainer = Trainer::new(&model, &loss, recipe.optimizer()?)
        .epochs(recipe.epochs)
        .batch_size(recipe.batch_size)
        .seed(recipe.seed)
        .callback(&mut instruments)
        .callback(Progress::new(tell))
        .stop_when(Arc::clone(stop));
    trainer = match data.has_classes() {
        true => trainer.metric(Accuracy::new()).metric(BalancedAccuracy::new()),
        false => trainer.metric(R2::new()),
    };
    if let Some(norm) = recipe.clip_norm {
        trainer = trainer.rule(ClipNorm { max_norm: norm });
    }
    if let Some(patience) = recipe.early_stopping {
        trainer = trainer.callback(&mut best).callback(EarlyStopping::new(Monitor::loss(), patience));
    }
    let fitted = trainer.fit(&mut params, &train, Some(&validation));
    let scores = trainer.evaluate(&params, &validation).ok();
    drop(trainer);

    let log = instruments.into_log();
    let mut evidence = Evidence::new().log(&log).model(&model).params(&params).loss(&loss).data(&train);
    evidence.error = fitted.as_ref().err();
    let findings = Diagnosis::new().findings(&evidence);
    let (failure, interrupted) = match fitted {
        Ok(history) => (None, history.stop == StopReason::Interrupted),
        Err(
            error @ (TrainError::NonFiniteLoss { .. }
            | TrainError::NonFiniteGradient { .. }
            | TrainError::NonFiniteParameter { .. }
            | TrainError::Target { what: "loss", .. }),
        ) => (Some(error.to_string()), false),
        Err(error) => return Err(error.into()),
    };
    let (epochs, train_loss) = (log.epochs.len(), log.epochs.last().map(|record| record.train.loss));
    let skill = scores.as_ref().map_or(0.0, |scores| skill(scores, &data.validation));
    Ok(Outcome { findings, gain, scores, train_loss, epochs, failure, interrupted, skill })
}

/// How far the scores are from those of the best constant answer, 0, to perfect ones, 1.
fn skill(scores: &Scores, validation: &Dataset) -> f64 {
    match (scores.metric("accuracy"), validation.class_counts()) {
        (Some(accuracy), Ok(counts)) => {
            let commonest = counts.iter().copied().max().unwrap_or(0) as f64 / validation.len() as f64;
            // Where there is one class only, there is nothing to learn.
            if commonest < 1.0 { (accuracy - commonest) / (1.0 - commonest) } else { 0.0 }
        }
        _ => scores.metric("r2").unwrap_or(0.0),
    }
}
