use chainrule_graph::Params;
use chainrule_tensor::{Aligned, Real};

use super::{Callback, EpochEnd, FitPlan, Flow, Monitor};

/// Remembers the weights, and the statistics beside them, of the best epoch and puts them back when
/// training ends, for whatever reason.
#[derive(Clone, Debug)]
pub struct BestWeights<T: Real = f32> {
    monitor: Monitor,
    best: Option<Best<T>>,
}

#[derive(Clone, Debug)]
struct Best<T: Real> {
    epoch: usize,
    value: f64,
    weights: Aligned<T>,
    statistics: Aligned<T>,
}

impl<T: Real> BestWeights<T> {
    /// The best epoch is the one with the best watched number; the first of equals.
    #[must_use]
    pub fn new(monitor: Monitor) -> Self {
        BestWeights { monitor, best: None }
    }

    /// The best epoch and its watched number, if any epoch had one that is not NaN.
    #[must_use]
    pub fn best(&self) -> Option<(usize, f64)> {
        self.best.as_ref().map(|best| (best.epoch, best.value))
    }
}

impl<T: Real> Callback<T> for BestWeights<T> {
    fn monitors(&self) -> Vec<&Monitor> {
        vec![&self.monitor]
    }

    fn start(&mut self, _: &FitPlan) {
        self.best = None;
    }

    fn epoch_end(&mut self, epoch: &EpochEnd<'_, T>) -> Flow {
        let value = self.monitor.value(epoch.record).unwrap_or(f64::NAN);
        if self.monitor.improves(value, self.best().map(|(_, value)| value), 0.0) {
            let epoch_number = epoch.record.epoch;
            match &mut self.best {
                Some(best) => {
                    (best.epoch, best.value) = (epoch_number, value);
                    best.weights.copy_from_slice(epoch.params.values());
                    best.statistics.copy_from_slice(epoch.params.statistic_values());
                }
                None => {
                    let weights = Aligned::from_slice(epoch.params.values());
                    let statistics = Aligned::from_slice(epoch.params.statistic_values());
                    self.best = Some(Best { epoch: epoch_number, value, weights, statistics });
                }
            }
        }
        Flow::Continue
    }

    fn end(&mut self, params: &mut Params<T>) {
        if let Some(best) = &self.best {
            params.values_mut().copy_from_slice(&best.weights);
            params.statistic_values_mut().copy_from_slice(&best.statistics);
        }
    }
}
