use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chainrule_data::{Dataset, Targets};
use chainrule_recipe::{Recipe, RecipeError};
use chainrule_tensor::Real;
use chainrule_train::callback::Callback;
use chainrule_train::{Scores, StopReason, TrainError};

use crate::gain::{self, GainReport};
use crate::{Diagnosis, Evidence, Finding, Instruments, Kind, Severity};

/// At least about so many steps are looked at, or all; one in 20 of a long training.
const OBSERVED: usize = 60;
/// More records of a long training would only fill the memory.
const MOST_RECORDS: usize = 1000;
/// So many samples show how sizes change from layer to layer.
const SAMPLES: usize = 256;

/// The outcome of a training.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The faults, the worst first.
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
    /// True if Ctrl-C ended it.
    pub interrupted: bool,
    /// How far it is, on the validation data, from a constant answer, 0, to perfect ones, 1.
    pub skill: f64,
}

impl Verdict {
    /// The findings that hold the training back.
    pub fn faults(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity >= Severity::Warning)
    }

    /// Returns true if nothing holds it back, and it does better than a constant answer.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.faults().next().is_none() && self.has_learned()
    }

    /// Returns true if it does better than a constant answer by a tenth of what there is to gain.
    #[must_use]
    pub fn has_learned(&self) -> bool {
        self.skill > 0.1
    }

    /// The severity of this kind, if it is found.
    #[must_use]
    pub fn severity(&self, kind: Kind) -> Option<Severity> {
        self.faults().filter(|finding| finding.kind == kind).map(|finding| finding.severity).max()
    }

    /// The loss on the validation data.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.scores.as_ref().map_or(f64::NAN, |scores| scores.loss)
    }

    /// Accuracy, or the part of the variance that is explained, on the validation data.
    #[must_use]
    pub fn quality(&self) -> f64 {
        let of = |scores: &Scores| scores.metric("accuracy").or(scores.metric("r2"));
        self.scores.as_ref().and_then(of).unwrap_or(f64::NAN)
    }

    /// The same, with each class weighing the same.
    #[must_use]
    pub fn fair_quality(&self) -> f64 {
        let of = |scores: &Scores| scores.metric("balanced_accuracy").or(scores.metric("r2"));
        self.scores.as_ref().and_then(of).unwrap_or(f64::NAN)
    }
}

/// Trains a recipe on the data with the instruments on, and judges it. Accuracy and balanced
/// accuracy, or the explained variance of values, are measured besides the recipe's metrics. The
/// flag ends it early; callbacks may look on.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::AtomicBool;
///
/// use chainrule_data::Digits;
/// use chainrule_insight::fix::{fix, observe};
/// use chainrule_recipe::Recipe;
///
/// let digits = Digits::load()?.dataset::<f32>().select(&(0..400).collect::<Vec<_>>())?;
/// let (train, validation) = digits.split_stratified(0.25, 0)?;
/// let recipe =
///     Recipe { hidden: vec![16], init: "constant(value=0.1)".to_owned(), ..Recipe::default() };
/// let stop = Arc::new(AtomicBool::new(false));
/// let observed = |recipe: &Recipe, _: &str| observe(recipe, &train, &validation, &stop, &mut []);
/// let verdict = observed(&recipe, "")?;
/// assert!(!verdict.is_healthy(), "units that start alike stay alike");
///
/// let fixed = fix(&recipe, &verdict, observed);
/// assert_eq!(fixed.recipe.init, "fitting");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A recipe that makes no sense, or data and network that do not fit together. A training that is
/// ended by numbers that are not finite, or by a loss that is for other targets, is no error but an
/// verdict.
pub fn observe<T: Real>(
    recipe: &Recipe,
    train: &Dataset<T>,
    validation: &Dataset<T>,
    stop: &Arc<AtomicBool>,
    callbacks: &mut [&mut dyn Callback<T>],
) -> Result<Verdict, RecipeError> {
    let mut recipe = recipe.clone();
    let wanted: &[&str] = match train.targets() {
        Targets::Classes { .. } => &["accuracy", "balanced_accuracy"],
        Targets::Probabilities(_) => &["accuracy"],
        Targets::Labels(_) => &["label_accuracy"],
        Targets::Values(_) => &["r2"],
    };
    for metric in wanted {
        if !recipe.metrics.iter().any(|known| known == metric) {
            recipe.metrics.push((*metric).to_owned());
        }
    }
    let prepared = recipe.prepare(train, Some(validation))?;
    let (network, loss, data) = (prepared.network(), prepared.loss(), prepared.train());
    let some = data.select(&(0..data.len().min(SAMPLES)).collect::<Vec<_>>())?;
    let gain = gain::report(network.model(), loss, network.params(), &some).ok();

    let steps = recipe.epochs.saturating_mul(data.len().div_ceil(recipe.batch_size));
    let mut instruments =
        Instruments::new().every((steps / OBSERVED).clamp(1, 20) as u64).at_most(MOST_RECORDS);
    let mut trainer = prepared.trainer()?.callback(&mut instruments).stop_when(Arc::clone(stop));
    for callback in callbacks {
        trainer = trainer.callback(&mut **callback);
    }
    let fitted = prepared.fit(trainer);
    let log = instruments.into_log();
    let findings = |evidence: Evidence<'_, T>| {
        Diagnosis::new().findings(&evidence.log(&log).loss(loss).data(data))
    };
    let (findings, scores, end) = match fitted {
        Ok(run) => (findings(Evidence::of(&run)), run.scores, run.end),
        Err(RecipeError::Train(error @ TrainError::Target { what: "loss", .. })) => {
            let known = Evidence::new().model(network.model()).params(network.params());
            (findings(known.error(&error)), None, Err(error))
        }
        Err(error) => return Err(error),
    };
    let interrupted = matches!(end, Ok(StopReason::Interrupted));
    let failure = end.err().map(|error| error.to_string());
    let (epochs, train_loss) =
        (log.epochs.len(), log.epochs.last().map(|record| record.train.loss));
    let skill = scores.as_ref().map_or(0.0, |scores| skill(scores, validation));
    Ok(Verdict { findings, gain, scores, train_loss, epochs, failure, interrupted, skill })
}

/// How far the scores are from those of the best constant answer, 0, to perfect ones, 1.
fn skill<T: Real>(scores: &Scores, validation: &Dataset<T>) -> f64 {
    match (scores.metric("accuracy"), validation.class_counts()) {
        (Some(accuracy), Ok(counts)) => {
            let commonest =
                counts.iter().copied().max().unwrap_or(0) as f64 / validation.len() as f64;
            // Where there is one class only, there is nothing to learn.
            if commonest < 1.0 { (accuracy - commonest) / (1.0 - commonest) } else { 0.0 }
        }
        _ => scores.metric("r2").unwrap_or(0.0),
    }
}
