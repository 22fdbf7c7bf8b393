use chainrule_tensor::Real;

use crate::metric::Metric;

/// How a training went, epoch by epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// One record for each epoch that was completed.
    pub epochs: Vec<EpochRecord>,
    /// Why it ended.
    pub stop: StopReason,
}

impl History {
    /// The last epoch, if one was completed.
    #[must_use]
    pub fn last(&self) -> Option<&EpochRecord> {
        self.epochs.last()
    }
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// All epochs were done.
    Finished,
    /// A callback had seen enough.
    Callback,
    /// The stop flag was raised, as by Ctrl-C.
    Interrupted,
}

/// One epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochRecord {
    /// Its number, from 1.
    pub epoch: usize,
    /// Loss and metrics over the training data, gathered while the weights moved.
    pub train: Scores,
    /// Loss and metrics over the validation data after the epoch, if there are any.
    pub validation: Option<Scores>,
    /// The learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// The time that training took, validation excluded.
    pub seconds: f64,
    /// Training samples per second.
    pub samples_per_second: f64,
}

/// The loss and the metrics over a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The mean loss per sample, or per element for an element-wise loss; as the loss reduces one
    /// batch of all samples, each batch by its [divisor](chainrule_nn::Loss::divisor).
    pub loss: f64,
    /// The metrics by name, in the order in which they were asked for.
    pub metrics: Vec<(&'static str, f64)>,
}

impl Scores {
    pub(crate) fn of<T: Real>(loss: f64, metrics: &[Box<dyn Metric<T> + '_>]) -> Self {
        Scores {
            loss,
            metrics: metrics.iter().map(|metric| (metric.name(), metric.value())).collect(),
        }
    }

    /// The metric of this name.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}
