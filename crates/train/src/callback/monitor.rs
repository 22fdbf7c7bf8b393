use chainrule_config::{did_you_mean, without_alias};

use crate::history::EpochRecord;
use crate::metric::ALIASES;

/// Which number of an epoch to watch, and whether less or more of it is better.
///
/// It is taken from the validation data if there are any, else from the training data. A trainer
/// refuses a name that none of its metrics has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    metric: Option<String>,
    more_is_better: bool,
}

impl Monitor {
    /// The loss: less is better.
    #[must_use]
    pub fn loss() -> Self {
        Monitor { metric: None, more_is_better: false }
    }

    /// A metric of which more is better, by its name, such as `accuracy`.
    #[must_use]
    pub fn highest(metric: &str) -> Self {
        Monitor { metric: Some(metric.to_owned()), more_is_better: true }
    }

    /// A metric of which less is better, by its name; `loss` is the loss.
    #[must_use]
    pub fn lowest(metric: &str) -> Self {
        Monitor { metric: Some(metric.to_owned()), more_is_better: false }
    }

    /// Returns true if more of it is better.
    #[must_use]
    pub fn more_is_better(&self) -> bool {
        self.more_is_better
    }

    /// The number watched; `None` if no metric has that name.
    #[must_use]
    pub fn value(&self, record: &EpochRecord) -> Option<f64> {
        let scores = record.validation.as_ref().unwrap_or(&record.train);
        match self.metric.as_deref() {
            None | Some(LOSS) => Some(scores.loss),
            Some(name) => scores.metric(name),
        }
    }

    /// That one of these metrics, or the loss, is what it watches.
    pub(crate) fn check(&self, metrics: &[&str]) -> Result<(), String> {
        let Some(name) =
            self.metric.as_deref().filter(|name| *name != LOSS && !metrics.contains(name))
        else {
            return Ok(());
        };
        let known = || [LOSS].into_iter().chain(metrics.iter().copied());
        // As other packages name the numbers of a data set: `val_accuracy`, `validation/accuracy`.
        let parts = ["val_", "valid_", "validation_", "test_", "train_"];
        let bare = parts.iter().find_map(|part| name.strip_prefix(part)).unwrap_or(name);
        let bare = bare.rsplit('/').next().unwrap_or(bare);
        let meant = did_you_mean(&without_alias(ALIASES, bare), known());
        let known: Vec<&str> = known().collect();
        Err(format!(
            "there is no `{name}` to watch{meant}; the trainer has: {}, each taken from the \
             validation data if there are \
             any",
            known.join(", ")
        ))
    }

    /// Returns true if `value` is better than `best` by more than `margin`; NaN never is, and
    /// anything is better than nothing.
    #[must_use]
    pub fn improves(&self, value: f64, best: Option<f64>, margin: f64) -> bool {
        match best {
            None => !value.is_nan(),
            Some(best) if self.more_is_better => value > best + margin,
            Some(best) => value < best - margin,
        }
    }
}

/// The name of the loss among the numbers of an epoch, which no metric may have.
pub(crate) const LOSS: &str = "loss";
