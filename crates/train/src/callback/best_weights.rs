use chainrule_graph::Params;
use chainrule_tensor::{Aligned, Real};

use super::{Callback, EpochEnd, FitPlan, Flow, Monitor};
use crate::snapshot::Memory;

/// Remembers the weights, and the statistics beside them, of the best epoch and puts them back when
/// training ends, for whatever reason.
#[derive(Clone, Debug)]
pub struct BestWeights<T: Real = f32> {
    monitor: Monitor,
    last_of_equals: bool,
    best: Option<Best<T>>,
    /// The number of weights and of statistics.
    lens: [usize; 2],
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
        BestWeights { monitor, last_of_equals: false, best: None, lens: [0; 2] }
    }

    /// Of equally good epochs the last: where the number is coarse, such as the accuracy on few
    /// samples, it has been trained for longer.
    #[must_use]
    pub fn last_of_equals(mut self) -> Self {
        self.last_of_equals = true;
        self
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

    fn start(&mut self, plan: &FitPlan) {
        (self.best, self.lens) = (None, [plan.weights, plan.statistics]);
    }

    fn remembers(&self) -> Option<&'static str> {
        Some("best_weights")
    }

    fn remember(&self, memory: &mut Memory<T>) {
        if let Some(best) = &self.best {
            memory.put("epoch", Some(best.epoch as f64));
            memory.put("value", Some(best.value));
            memory.put_vector("weights", &best.weights);
            memory.put_vector("statistics", &best.statistics);
        }
    }

    fn recall(&mut self, memory: &Memory<T>) -> Result<(), String> {
        let Some(value) = memory.number("value") else { return Ok(()) };
        let weights = Aligned::from_slice(memory.vector("weights", self.lens[0])?);
        let statistics = Aligned::from_slice(memory.vector("statistics", self.lens[1])?);
        self.best = Some(Best { epoch: memory.count("epoch"), value, weights, statistics });
        Ok(())
    }

    fn epoch_end(&mut self, epoch: &EpochEnd<'_, T>) -> Flow {
        let value = self.monitor.value(epoch.record).unwrap_or(f64::NAN);
        let best = self.best().map(|(_, value)| value);
        let equal = self.last_of_equals && best == Some(value);
        if equal || self.monitor.improves(value, best, 0.0) {
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
