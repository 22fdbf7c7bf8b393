use chainrule_config::settings;
use chainrule_recipe::Change;
use chainrule_tensor::Real;

use super::learning_rate::last_loss;
use super::{Evidence, Finding, Kind, Rule, Severity, median, times, words};
use crate::Log;
use crate::monitor::Record;

settings! {
    "vanishing_gradients":
        "median of norm(dL/dz first) / norm(dL/dz last) < ratio, over all steps, or at first \
         where the last loss > unlearned first loss";

    /// The backpropagated signal is lost before it reaches the first layers.
    ///
    /// Found where the norm of the signal at the first layer with weights, as a part of that at the
    /// last, has a median below `ratio`; an error below `severe`. Where only that over the first
    /// quarter of them is, it is a warning if the loss ends above `unlearned` times the first: the
    /// training got going, too late. Needs `layers` layers with weights. A signal of exactly zero
    /// counts unless an activation that is flat somewhere could have stopped it, which is for
    /// [`DyingRelu`](super::DyingRelu) to say.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct VanishingGradients {
        /// The smallest healthy ratio of the norms.
        pub ratio: f64 = 1e-3, above(0.0);
        /// The ratio below which it is an error.
        pub severe: f64 = 1e-6, above(0.0);
        /// The part of the first loss above which a model has not learned.
        pub unlearned: f64 = 0.5, above(0.0);
        /// The fewest layers with weights.
        pub layers: usize = 3;
    }
}

impl<T: Real> Rule<T> for VanishingGradients {
    fn name(&self) -> &'static str {
        "vanishing_gradients"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let Some(log) = evidence.log else { return Vec::new() };
        let can_stop = log.layers.iter().any(|layer| layer.properties.can_die);
        let counts = |(ratio, _): &(f64, f64)| *ratio > 0.0 || !can_stop;
        let all: Vec<(f64, f64)> = ratios(log, self.layers).into_iter().filter(counts).collect();
        let vanishes = |part: &[(f64, f64)]| {
            median(part.iter().map(|(ratio, _)| *ratio)).filter(|r| *r < self.ratio)
        };
        let begin = log.records.first().map_or(f64::NAN, |record| record.loss);
        let late = last_loss(log) >= times(self.unlearned, begin) && begin != 0.0;
        let early = &all[..all.len().div_ceil(4)];
        let (ratio, part, at_first) = match (vanishes(&all), vanishes(early)) {
            (Some(ratio), _) => (ratio, &all[..], false),
            (None, Some(ratio)) if late => (ratio, early, true),
            _ => return Vec::new(),
        };
        let Some(first) = log.layers.iter().find(|layer| layer.weighted) else { return Vec::new() };
        let per_layer = median(part.iter().map(|(_, growth)| *growth))
            .map_or(String::new(), |growth| format!(", a factor of {} per layer", words(growth)));
        let (remedy, remedies) = remedy(log);
        vec![Finding {
            kind: Kind::VanishingGradients,
            severity: if ratio < self.severe && !at_first {
                Severity::Error
            } else {
                Severity::Warning
            },
            layer: Some(first.path.clone()),
            evidence: format!(
                "{}the signal that reaches it has {} of the norm that it has at the \
                 output{per_layer}",
                if at_first {
                    "over the first quarter of the training, which still has not learned much, "
                } else {
                    ""
                },
                words(ratio)
            ),
            remedy,
            remedies,
        }]
    }
}

/// The advice, which depends on the obstacle.
fn remedy(log: &Log) -> (String, Vec<Change>) {
    let flat = log.layers.iter().find(|layer| !layer.output && layer.properties.lipschitz < 0.9);
    match flat.and_then(|layer| Some((layer.activation.as_ref()?, layer.properties.lipschitz))) {
        Some((name, lipschitz)) => (
            format!(
                "exchange {name}, whose derivative is at most {}, for relu with he initialisation, \
                 or put residual \
                 connections around the layers",
                words(lipschitz)
            ),
            vec![Change::activation("relu"), Change::set("normalise", true)],
        ),
        None => (
            "scale the initial weights to the activation (he for relu, glorot for tanh), or add \
             normalisation or \
             residual connections"
                .to_owned(),
            vec![Change::set("init", "fitting"), Change::set("normalise", true)],
        ),
    }
}

/// For each observed step, the signal at the first layer as a part of that at the last, and its
/// factor per layer.
pub(super) fn ratios(log: &Log, layers: usize) -> Vec<(f64, f64)> {
    let of = |record: &Record| {
        let flow = log.flow(record);
        (flow.norms.len() >= layers)
            .then(|| Some((flow.ratio()?, flow.growth().unwrap_or(f64::NAN))))
            .flatten()
    };
    log.records.iter().filter_map(of).collect()
}
