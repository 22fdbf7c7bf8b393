use chainrule_config::settings;
use chainrule_recipe::Change;
use chainrule_tensor::Real;

use super::{Evidence, Finding, Kind, Rule, Severity, words};
use crate::monitor::growth;

settings! {
    "bad_initialisation":
        "at step 1, rms(z last hidden) / rms(z first) outside of 1 / drift ..= drift";

    /// The variance of the values drifts with depth from the beginning, so that the last layers see
    /// next to nothing, or far too much.
    ///
    /// Found by the root mean square of the pre-activations at the first step. That of the last
    /// hidden layer with weights is far from that of the first: by more than the factor `drift`
    /// above or below. At least `layers` such layers must be there. A linear layer with weights of
    /// variance `v` multiplies the mean square by `fan_in v E[x^2]`; initialisers choose `v` such
    /// that it stays.
    ///
    /// Source: Glorot and Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural
    /// Networks", 2010; He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", 2015.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct BadInitialisation {
        /// The largest factor, up or down, between last and first layer.
        pub drift: f64 = 100.0, above(0.0);
        /// The fewest hidden layers with weights.
        pub layers: usize = 3;
    }
}

impl<T: Real> Rule<T> for BadInitialisation {
    fn name(&self) -> &'static str {
        "bad_initialisation"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let Some(log) = evidence.log else { return Vec::new() };
        let Some(record) = log.records.first().filter(|record| record.step == 1) else {
            return Vec::new();
        };
        let hidden = log
            .layers
            .iter()
            .zip(&record.layers)
            .filter(|(layer, _)| layer.weighted && !layer.output);
        let sizes: Vec<(&str, f64)> = hidden
            .filter_map(|(layer, seen)| {
                Some((&*layer.path, seen.pre_activations.as_ref()?.root_mean_square()))
            })
            .collect();
        let [(first, from), .., (last, to)] = sizes[..] else { return Vec::new() };
        // Values of exactly zero come from weights of zero: that is for another rule.
        let numbers: Vec<f64> = sizes.iter().map(|(_, size)| *size).collect();
        let (true, Some(factor)) = (sizes.len() >= self.layers, growth(&numbers)) else {
            return Vec::new();
        };
        let drift = to / from;
        if (1.0 / self.drift..=self.drift).contains(&drift) {
            return Vec::new();
        }
        let wrong = if drift < 1.0 { "too small" } else { "too large" };
        vec![Finding {
            kind: Kind::BadInitialisation,
            severity: Severity::Warning,
            layer: Some(last.to_owned()),
            evidence: format!(
                "before the first step the pre-activations have a root mean square of {} in \
                 `{first}` and of {} in \
                 `{last}`, a factor of {} per layer: the initial weights are {wrong}",
                words(from),
                words(to),
                words(factor)
            ),
            remedy:
                "initialise by the activation: he for relu and its kin, glorot for sigmoid and \
                     tanh, lecun for \
                     selu"
                    .to_owned(),
            remedies: vec![Change::set("init", "fitting")],
        }]
    }
}
