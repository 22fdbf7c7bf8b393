use chainrule_config::settings;
use chainrule_recipe::Change;
use chainrule_tensor::Real;

use super::vanishing_gradients::ratios;
use super::{Evidence, Finding, Kind, Rule, Severity, median, words};

settings! {
    "exploding_gradients": "median of norm(dL/dz first) / norm(dL/dz last) > ratio";

    /// The backpropagated signal grows beyond measure on its way to the first layers.
    ///
    /// Found where the norm of the signal at the first layer with weights, by that at the last, has
    /// a median above `ratio`; an error above `severe`. Needs `layers` layers with weights.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct ExplodingGradients {
        /// The largest healthy ratio of the norms.
        pub ratio: f64 = 1e3, above(0.0);
        /// The ratio above which it is an error.
        pub severe: f64 = 1e6, above(0.0);
        /// The fewest layers with weights.
        pub layers: usize = 3;
    }
}

impl<T: Real> Rule<T> for ExplodingGradients {
    fn name(&self) -> &'static str {
        "exploding_gradients"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let Some(log) = evidence.log else { return Vec::new() };
        let (ratios, growths): (Vec<f64>, Vec<f64>) = ratios(log, self.layers).into_iter().unzip();
        let (Some(ratio), Some(first)) =
            (median(ratios), log.layers.iter().find(|layer| layer.weighted))
        else {
            return Vec::new();
        };
        if ratio <= self.ratio {
            return Vec::new();
        }
        let per_layer = median(growths)
            .map_or(String::new(), |growth| format!(", a factor of {} per layer", words(growth)));
        vec![Finding {
            kind: Kind::ExplodingGradients,
            severity: if ratio > self.severe { Severity::Error } else { Severity::Warning },
            layer: Some(first.path.clone()),
            evidence: format!(
                "the signal that reaches it has {} times the norm that it has at the \
                 output{per_layer}",
                words(ratio)
            ),
            remedy: "draw smaller initial weights (glorot or he, by the activation), add \
                     normalisation, or clip the \
                     norm of the gradient"
                .to_owned(),
            remedies: vec![
                Change::set("init", "fitting"),
                Change::set("normalise", true),
                Change::set("clip_norm", 1.0),
            ],
        }]
    }
}
