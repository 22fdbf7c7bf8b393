use crate::history::EpochRecord;

/// Which number of an epoch to watch, and whether less or more of it is better.
///
/// It is taken from the validation data if there are any, else from the training data.
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

    /// A metric of which less is better, by its name.
    #[must_use]
    pub fn lowest(metric: &str) -> Self {
        Monitor { metric: Some(metric.to_owned()), more_is_better: false }
    }

    /// Whether more of it is better.
    #[must_use]
    pub fn more_is_better(&self) -> bool {
        self.more_is_better
    }

    /// The number watched; `None` if no metric has that name.
    #[must_use]
    pub fn value(&self, record: &EpochRecord) -> Option<f64> {
        let scores = record.validation.as_ref().unwrap_or(&record.train);
        self.metric.as_ref().map_or(Some(scores.loss), |name| scores.metric(name))
    }

    /// Whether `value` is better than `best` by more than `margin`; NaN never is, and anything is better than nothing.
    #[must_use]
    pub fn improves(&self, value: f64, best: Option<f64>, margin: f64) -> bool {
        match best {
            None => !value.is_nan(),
            Some(best) if self.more_is_better => value > best + margin,
            Some(best) => value < best - margin,
        }
    }
}
