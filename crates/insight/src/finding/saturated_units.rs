use chainrule_config::settings;
use chainrule_recipe::Change;
use chainrule_tensor::Real;

use super::{Evidence, Finding, Kind, Rule, Severity, percent, times};

settings! {
    "saturated_units":
        "saturated rows and units of a window > share, with loss >= unlearned loss(first window)";

    /// Activations are stuck where they are flat, so that next to no gradient gets through.
    ///
    /// A unit saturates on a row where its pre-activation is outside of the interval in which the
    /// activation [responds](chainrule_graph::Properties::responsive): for sigmoid beyond 4.36, for
    /// tanh beyond 2.18. Found for a hidden layer where in some window more than `share` of all
    /// rows and units do. Meanwhile the loss is still above `unlearned` times that of the first
    /// window. Units that saturate because the model is sure, and right, are none of it.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct SaturatedUnits {
        /// The part of all rows and units that saturates.
        pub share: f64 = 0.5, above(0.0);
        /// The part of the first loss below which the model has learned all the same.
        pub unlearned: f64 = 0.5, above(0.0);
    }
}

impl<T: Real> Rule<T> for SaturatedUnits {
    fn name(&self) -> &'static str {
        "saturated_units"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let Some(log) = evidence.log else { return Vec::new() };
        let Some(first) = log.windows.first() else { return Vec::new() };
        let unlearned =
            || log.windows.iter().filter(|window| window.loss >= times(self.unlearned, first.loss));
        let hidden = log.layers.iter().enumerate().filter(|(_, layer)| !layer.output);
        let saturated = hidden.filter_map(|(i, layer)| {
            let shares = unlearned().map(|window| (window.layers[i].saturated_share(), window));
            let (share, window) = shares.max_by(|a, b| a.0.total_cmp(&b.0))?;
            (share > self.share).then_some((share, i, layer, window))
        });
        let saturated: Vec<_> = saturated.collect();
        let Some(&(share, i, layer, window)) = saturated.iter().max_by(|a, b| a.0.total_cmp(&b.0))
        else {
            return Vec::new();
        };
        let units = &window.layers[i];
        let always = units
            .saturated
            .iter()
            .filter(|&&rows| f64::from(rows) >= 0.9 * units.rows as f64)
            .count();
        let name = layer.activation.as_deref().unwrap_or("activation");
        let (low, high) = layer.properties.responsive;
        let others = match saturated.len() - 1 {
            0 => String::new(),
            1 => "; so does another layer".to_owned(),
            more => format!("; so do {more} other layers"),
        };
        vec![Finding {
            kind: Kind::SaturatedUnits,
            severity: Severity::Warning,
            layer: Some(layer.path.clone()),
            evidence: format!(
                "{} of its {name} values over steps {} to {} lie outside of {low:.2} to {high:.2}, \
                 where its derivative \
                 is next to zero; {always} of {} units do on nearly all rows{others}",
                percent(share),
                window.steps.0,
                window.steps.1,
                layer.units
            ),
            remedy: "draw smaller initial weights (glorot), scale the inputs, lower the learning \
                     rate, or put \
                     normalisation in front of the activation"
                .to_owned(),
            remedies: vec![
                Change::set("init", "fitting"),
                Change::times("learning_rate", 0.1),
                Change::set("normalise", true),
            ],
        }]
    }
}
