use std::fmt;

use chainrule_data::{Dataset, Targets};
use chainrule_tensor::Real;
use chainrule_train::EpochRecord;

use crate::{Change, Recipe, RecipeError};

/// Several trainings that differ in one thing each. Its `Display` is a table, side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The recipe as it was, then with each change.
    pub variants: Vec<Variant>,
}

/// How one training went.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The change; `None` for the recipe as it was.
    pub change: Option<Change>,
    /// The recipe with that change.
    pub recipe: Recipe,
    /// The number of parameters.
    pub weights: usize,
    /// How many of them begin with the same number, under the same name, as in the unchanged
    /// recipe.
    pub same_weights: usize,
    /// Epoch by epoch; as far as it came.
    pub epochs: Vec<EpochRecord>,
    /// Why it ended early, if it did, as with a loss that is not finite.
    pub failed: Option<String>,
}

impl Variant {
    /// The accuracy on the validation data at the end; `None` without classes.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        self.epochs.last()?.validation.as_ref()?.metric("accuracy")
    }

    /// The loss on the validation data at the end. Losses of different kinds are different
    /// quantities.
    #[must_use]
    pub fn loss(&self) -> Option<f64> {
        Some(self.epochs.last()?.validation.as_ref()?.loss)
    }
}

/// Trains the recipe as it is, then once more for each change, with that change alone. Each run has
/// the recipe's seed, so that it sees the same samples in the same batches in the same order: then
/// a difference is the change's doing. Accuracy is measured wherever there are classes.
///
/// First weights depend on the seed, their name and their shape; another width draws others, and
/// [`Variant::same_weights`] says how many are the same.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_recipe::{Change, Recipe, compare};
///
/// let digits = Digits::load()?.dataset::<f32>().select(&(0..400).collect::<Vec<_>>())?;
/// let (train, test) = digits.split_stratified(0.25, 0)?;
/// let recipe = "hidden=[32, 32, 32, 32], activation=sigmoid, init=he_normal, optimizer=sgd, \
///               learning_rate=0.1, batch_size=8";
/// let recipe = recipe.parse::<Change>()?.apply(&Recipe::default())?.unwrap();
/// let comparison = compare(&recipe, &[Change::set("activation", "relu")], &train, &test)?;
///
/// let [sigmoid, relu] = &comparison.variants[..] else { panic!("the recipe and one change") };
/// assert_eq!(relu.same_weights, relu.weights, "both start from the same numbers");
/// assert!(relu.accuracy().unwrap() > sigmoid.accuracy().unwrap() + 0.3, "{comparison}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A change that makes no sense, or model, loss and data that do not fit. A training that stops
/// with numbers that are not finite is no error but an outcome.
pub fn compare<T: Real>(
    recipe: &Recipe,
    changes: &[Change],
    train: &Dataset<T>,
    validation: &Dataset<T>,
) -> Result<Comparison, RecipeError> {
    let before = recipe.prepare(train, None)?;
    let first = before.network().params();
    let classes = matches!(train.targets(), Targets::Classes { .. } | Targets::Probabilities(_));
    let run = |change: Option<&Change>| -> Result<Variant, RecipeError> {
        let changed = match change {
            Some(change) => change.apply(recipe)?.unwrap_or_else(|| recipe.clone()),
            None => recipe.clone(),
        };
        let mut measured = changed.clone();
        if classes && !measured.metrics.iter().any(|metric| metric == "accuracy") {
            measured.metrics.push("accuracy".to_owned());
        }
        let prepared = measured.prepare(train, Some(validation))?;
        let params = prepared.network().params();
        let same = |(name, values): (&str, chainrule_tensor::TensorView<'_, T>)| {
            let other = first.get(name).filter(|other| other.shape() == values.shape());
            other.map_or(0, |other| {
                values.values().iter().zip(other.values()).filter(|(a, b)| a == b).count()
            })
        };
        let (weights, same_weights) = (params.count(), params.iter().map(same).sum());
        let run = prepared.fit(prepared.trainer()?)?;
        let failed = run.end.err().map(|error| error.to_string());
        let (change, epochs) = (change.cloned(), run.epochs);
        Ok(Variant { change, recipe: changed, weights, same_weights, epochs, failed })
    };
    let changes = [None].into_iter().chain(changes.iter().map(Some));
    Ok(Comparison { variants: changes.map(run).collect::<Result<_, _>>()? })
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |variant: &Variant| match &variant.change {
            Some(change) => change.to_string(),
            None => "unchanged".to_owned(),
        };
        let names: Vec<String> = self.variants.iter().map(name).collect();
        let widths: Vec<usize> = names.iter().map(|name| name.chars().count().max(10)).collect();
        let mut row = |title: &str, cell: &dyn Fn(usize) -> String| {
            write!(f, "{title:<22}")?;
            for (run, width) in widths.iter().enumerate() {
                write!(f, "  {:>width$}", cell(run))?;
            }
            writeln!(f)
        };
        let number = |x: Option<f64>| x.map_or_else(|| "-".to_owned(), |x| format!("{x:.4}"));
        let loss_of = |epoch: Option<&EpochRecord>| number(epoch.map(|epoch| epoch.train.loss));
        row("", &|variant| names[variant].clone())?;
        row("parameters", &|variant| self.variants[variant].weights.to_string())?;
        row("of them equal at first", &|variant| self.variants[variant].same_weights.to_string())?;
        row("epochs", &|variant| self.variants[variant].epochs.len().to_string())?;
        row("loss, first epoch", &|variant| loss_of(self.variants[variant].epochs.first()))?;
        row("loss, last epoch", &|variant| loss_of(self.variants[variant].epochs.last()))?;
        row("validation loss", &|variant| number(self.variants[variant].loss()))?;
        row("validation accuracy", &|variant| number(self.variants[variant].accuracy()))?;
        for (variant, name) in self.variants.iter().zip(&names) {
            if let Some(why) = &variant.failed {
                writeln!(f, "{name}: {why}")?;
            }
        }
        Ok(())
    }
}
