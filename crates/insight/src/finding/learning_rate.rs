use chainrule_config::settings;
use chainrule_recipe::Change;
use chainrule_tensor::Real;

use super::fit::constant_loss;
use super::still_layers::weight_ratios;
use super::{Evidence, Finding, Kind, Rule, Severity, median, times, words};
use crate::Log;

settings! {
    "learning_rate":
        "high: last loss > diverged first, or norm(step) / norm(weights) > restless; low: < idle; \
         both with last loss >= stuck first";

    /// The learning rate is too high, or too low.
    ///
    /// The rule looks at the loss of the first observed step, and at the median loss over the last
    /// quarter of at least `records` observed steps. It also looks at the update-to-weight ratio,
    /// the median over steps and matrices of weights.
    ///
    /// - Too high: the loss ends above `diverged` times the first, which is that of a single batch.
    ///   It is also above that of the best constant answer, or where that is not known above twice
    ///   as much. Or a step changes the weights by more than `restless` of themselves and the loss
    ///   ends above `stuck` times the first.
    /// - Too low: a step changes the weights by less than `idle` of themselves, and the loss ends
    ///   above `stuck` times the first.
    ///
    /// Of a loss below zero, "times" is a change by a part of its size.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct LearningRate {
        /// How many times the first loss the last one is when training diverges.
        pub diverged: f64 = 1.5, above(0.0);
        /// The part of the weights that a step of too high a rate changes.
        pub restless: f64 = 0.3, above(0.0);
        /// The part of the weights that a step of too low a rate changes.
        pub idle: f64 = 2e-5, above(0.0);
        /// The part of the first loss above which nothing has been learned.
        pub stuck: f64 = 0.9, above(0.0);
        /// The fewest observed steps.
        pub records: usize = 4;
    }
}

impl<T: Real> Rule<T> for LearningRate {
    fn name(&self) -> &'static str {
        "learning_rate"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let Some(log) = evidence.log.filter(|log| log.records.len() >= self.records.max(1)) else {
            return Vec::new();
        };
        let (first, last) = (log.records[0].loss, last_loss(log));
        let Some(ratio) = median(log.records.iter().flat_map(|record| weight_ratios(log, record)))
        else {
            return Vec::new();
        };
        // Of a loss that begins at 0 only steps can tell.
        let comparable = first != 0.0;
        let stuck = comparable && last >= times(self.stuck, first);
        let rate = words(log.records[log.records.len() - 1].learning_rate);
        let found = |kind, evidence: String, remedy: &str, factor| {
            let (severity, remedies) =
                (Severity::Warning, vec![Change::times("learning_rate", factor)]);
            vec![Finding {
                kind,
                severity,
                layer: None,
                evidence,
                remedy: remedy.to_owned(),
                remedies,
            }]
        };
        let change =
            format!("a step at {rate} changes the weights by {} of themselves", words(ratio));
        let course = format!("the loss began at {} and ends at {}", words(first), words(last));
        let constant =
            evidence.data.zip(evidence.loss).and_then(|(data, loss)| constant_loss(data, loss));
        let limit = match constant {
            Some(constant) => constant.max(times(self.diverged, first)),
            None => times(2.0 * self.diverged, first),
        };
        if comparable && last > limit || stuck && ratio > self.restless {
            found(
                Kind::LearningRateTooHigh,
                format!("{course}, and {change}"),
                "lower the learning rate, to a tenth to begin with, or find one with a range test",
                0.1,
            )
        } else if stuck && ratio < self.idle {
            found(
                Kind::LearningRateTooLow,
                format!("{change}, and {course}"),
                "raise the learning rate, tenfold to begin with, or find one with a range test",
                10.0,
            )
        } else {
            Vec::new()
        }
    }
}

/// The median loss over the last quarter of the observed steps.
pub(super) fn last_loss(log: &Log) -> f64 {
    let quarter = log.records.len().div_ceil(4);
    median(log.records[log.records.len() - quarter..].iter().map(|record| record.loss))
        .unwrap_or(f64::NAN)
}
