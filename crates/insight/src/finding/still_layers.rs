use chainrule_config::settings;
use chainrule_recipe::Change;
use chainrule_tensor::Real;

use super::{Evidence, Finding, Kind, Rule, Severity, median, words};
use crate::Log;

settings! {
    "still_layers":
        "norm(step) / norm(weights) < relative times the largest, in the part steps of the steps";

    /// Weights hardly move while those of other layers do.
    ///
    /// Found for a matrix of weights whose update-to-weight ratio is below `relative` times the
    /// largest of any at the same step, in the part `steps` of the observed steps. One that does
    /// not move at all although it has a gradient is frozen, most likely on purpose: that is an
    /// info.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct StillLayers {
        /// The part of the largest ratio below which a layer is still.
        pub relative: f64 = 1e-3, above(0.0);
        /// The part of the steps in which it is.
        pub steps: f64 = 0.9, above(0.0);
    }
}

impl<T: Real> Rule<T> for StillLayers {
    fn name(&self) -> &'static str {
        "still_layers"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let Some(log) = evidence.log else { return Vec::new() };
        let mut findings = Vec::new();
        let largest: Vec<f64> = log
            .records
            .iter()
            .map(|record| weight_ratios(log, record).fold(0.0, f64::max))
            .collect();
        let moving = largest.iter().filter(|largest| **largest > 0.0).count();
        for (i, parameter) in log.parameters.iter().enumerate().filter(|(_, p)| p.shape.rank() >= 2)
        {
            let seen = || log.records.iter().map(|record| record.parameters[i]);
            let slow =
                |(ratio, largest): (f64, &f64)| *largest > 0.0 && ratio < self.relative * largest;
            let ratios: Vec<f64> =
                seen().map(|p| p.update_ratio().unwrap_or(f64::INFINITY)).collect();
            let still = ratios.iter().copied().zip(&largest).filter(|pair| slow(*pair)).count();
            if moving == 0 || (still as f64) < self.steps * moving as f64 {
                continue;
            }
            let frozen =
                seen().all(|p| p.update_norm == 0.0) && seen().any(|p| p.gradient_norm > 0.0);
            let (ratio, others) = (median(ratios), median(largest.iter().copied()));
            let (ratio, others) = (words(ratio.unwrap_or(0.0)), words(others.unwrap_or(0.0)));
            findings.push(Finding {
                kind: Kind::StillLayers,
                severity: if frozen { Severity::Info } else { Severity::Warning },
                layer: Some(parameter.name.clone()),
                evidence: if frozen {
                    "it has a gradient and does not move: it is frozen".to_owned()
                } else {
                    format!(
                        "a step changes it by {ratio} of itself, where other weights change by \
                             up to {others}"
                    )
                },
                remedy: if frozen {
                    "unfreeze it, unless it is meant to stay".to_owned()
                } else {
                    "raise the learning rate of its group, or take an optimizer that adapts to \
                     each weight, such as \
                     adam"
                        .to_owned()
                },
                remedies: if frozen { Vec::new() } else { vec![Change::optimizer("adam")] },
            });
        }
        findings
    }
}

/// The update-to-weight ratios of all matrices of weights at one step.
pub(super) fn weight_ratios<'a>(
    log: &'a Log,
    record: &'a crate::monitor::Record,
) -> impl Iterator<Item = f64> + 'a {
    let matrices =
        log.parameters.iter().zip(&record.parameters).filter(|(info, _)| info.shape.rank() >= 2);
    matrices.filter_map(|(_, seen)| seen.update_ratio())
}
