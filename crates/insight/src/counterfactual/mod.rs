//! What changing one thing, and nothing else, does to a training: the same seed, the same batches in the same order, the
//! same first weights as far as there are the same weights, and one knob turned. Then a difference is the knob's doing.
//!
//! ```
//! use chainrule_data::Digits;
//! use chainrule_insight::counterfactual::{Knob, Recipe, compare};
//!
//! let digits = Digits::load()?.dataset::<f32>().select(&(0..400).collect::<Vec<_>>())?;
//! let (train, test) = digits.split_stratified(0.25, 0)?;
//! let recipe = Recipe { depth: 4, activation: "sigmoid".to_owned(), batch_size: 8, ..Recipe::default() };
//! let comparison = compare(&recipe, &[Knob::Activation("relu".to_owned())], &train, &test)?;
//!
//! let [sigmoid, relu] = &comparison.runs[..] else { panic!("the recipe and one change") };
//! assert_eq!(relu.same_weights, relu.weights, "both start from the same numbers");
//! assert!(relu.accuracy().unwrap() > sigmoid.accuracy().unwrap() + 0.3, "{comparison}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A depth is changed at an equal number of parameters: the width becomes the one whose number is nearest to the
//! recipe's. First weights depend on the seed, their name and their shape; another width draws others, and
//! [`Outcome::same_weights`] says how many are the same.

mod display;
mod recipe;

use chainrule_data::{Dataset, Targets};
use chainrule_graph::BuildError;
use chainrule_nn::{ConfigError, Loss, Model, TargetKind, init, loss};
use chainrule_tensor::Real;
use chainrule_train::metric::Accuracy;
use chainrule_train::{EpochRecord, TrainError, Trainer, optimizer};

pub use recipe::{Knob, Recipe};

/// Several trainings that differ in one thing each. Its `Display` is a table, side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The recipe as it was, then with each knob turned.
    pub runs: Vec<Outcome>,
}

/// How one training went.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What was changed; `None` for the recipe as it was.
    pub knob: Option<Knob>,
    /// What was trained, with that change.
    pub recipe: Recipe,
    /// The number of parameters.
    pub weights: usize,
    /// How many of them begin with the same number, under the same name, as in the unchanged recipe.
    pub same_weights: usize,
    /// Epoch by epoch; as far as it came.
    pub epochs: Vec<EpochRecord>,
    /// Why it ended early, if it did, as with a loss that is not finite.
    pub failed: Option<String>,
}

impl Outcome {
    /// The accuracy on the validation data at the end; `None` without classes.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        self.epochs.last()?.validation.as_ref()?.metric("accuracy")
    }

    /// The loss on the validation data at the end. Losses of different kinds are different quantities.
    #[must_use]
    pub fn loss(&self) -> Option<f64> {
        Some(self.epochs.last()?.validation.as_ref()?.loss)
    }
}

/// Why a comparison cannot be made.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CounterfactualError {
    /// A text names nothing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The model cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Model, loss and data do not fit together.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A setting of the recipe makes no sense.
    #[error("{0}")]
    Setting(String),
}

/// Trains the recipe as it is, then once more for each knob, with that knob alone turned. Each run has the recipe's seed,
/// so that it sees the same samples in the same batches in the same order.
///
/// Class indices become one-hot rows for a loss that takes no indices, such as the squared error.
///
/// # Errors
/// A name that is unknown, or model, loss and data that do not fit. A training that stops with numbers that are not
/// finite is no error but an outcome.
pub fn compare<T: Real>(
    recipe: &Recipe,
    knobs: &[Knob],
    train: &Dataset<T>,
    validation: &Dataset<T>,
) -> Result<Comparison, CounterfactualError> {
    let mut runs = vec![run(recipe, None, recipe, train, validation)?];
    for knob in knobs {
        let changed = recipe.with(knob, train.input_width(), train.targets().outputs())?;
        runs.push(run(&changed, Some(knob), recipe, train, validation)?);
    }
    Ok(Comparison { runs })
}

fn run<T: Real>(
    recipe: &Recipe,
    knob: Option<&Knob>,
    unchanged: &Recipe,
    train: &Dataset<T>,
    validation: &Dataset<T>,
) -> Result<Outcome, CounterfactualError> {
    let outputs = train.targets().outputs();
    let (model, loss) = (recipe.model::<T>(outputs)?, loss::by_name::<T>(&recipe.loss)?);
    let sample = train.input_shape(1).without_axis(0);
    let mut params = model.init(sample, recipe.seed)?;
    let before = unchanged.model::<T>(outputs)?.init(sample, unchanged.seed)?;
    let same = |(name, values): (&str, chainrule_tensor::TensorView<'_, T>)| {
        let other = before.get(name).filter(|other| other.shape() == values.shape());
        other.map_or(0, |other| values.values().iter().zip(other.values()).filter(|(a, b)| a == b).count())
    };
    let same_weights = params.iter().map(same).sum();
    let (train, validation) = (fitting(train, &*loss), fitting(validation, &*loss));
    let classes = matches!(train.targets(), Targets::Classes { .. } | Targets::Probabilities(_));
    let mut optimizer = optimizer::by_name::<T>(&recipe.optimizer)?;
    optimizer::set_learning_rate(&mut *optimizer, recipe.learning_rate);
    let mut epochs = Epochs::default();
    let trainer = Trainer::new(&model, loss, optimizer).epochs(recipe.epochs).batch_size(recipe.batch_size);
    let trainer = trainer.seed(recipe.seed).callback(&mut epochs);
    let mut trainer = if classes { trainer.metric(Accuracy::new()) } else { trainer };
    let result = trainer.fit(&mut params, &train, Some(&validation));
    drop(trainer);
    let failed = match result {
        Ok(_) => None,
        Err(
            error @ (TrainError::NonFiniteLoss { .. }
            | TrainError::NonFiniteGradient { .. }
            | TrainError::NonFiniteParameter { .. }),
        ) => Some(error.to_string()),
        Err(error) => return Err(error.into()),
    };
    Ok(Outcome {
        knob: knob.cloned(),
        recipe: recipe.clone(),
        weights: params.count(),
        same_weights,
        epochs: epochs.0,
        failed,
    })
}

/// The data with one-hot rows for class indices where the loss takes no indices.
fn fitting<T: Real>(data: &Dataset<T>, loss: &dyn Loss<T>) -> Dataset<T> {
    let as_rows = !loss.accepts(TargetKind::Classes) && loss.accepts(TargetKind::Probabilities);
    let rows = if as_rows { data.clone().one_hot().ok() } else { None };
    rows.unwrap_or_else(|| data.clone())
}

/// Keeps each epoch, also those before a failure.
#[derive(Debug, Default)]
struct Epochs(Vec<EpochRecord>);

impl<T: Real> chainrule_train::callback::Callback<T> for Epochs {
    fn start(&mut self, _: &chainrule_train::callback::FitPlan) {
        self.0.clear();
    }
    fn epoch_end(&mut self, end: &chainrule_train::callback::EpochEnd<'_, T>) -> chainrule_train::callback::Flow {
        self.0.push(end.record.clone());
        chainrule_train::callback::Flow::Continue
    }
}

#[cfg(test)]
mod tests;
