use chainrule_config::settings;
use chainrule_recipe::Change;
use chainrule_tensor::Real;

use super::{Evidence, Finding, Kind, Rule, Severity};

settings! {
    "symmetry": "units with a twin, first and last >= share of the layer";

    /// Units of a layer all do the same, and always will: with the same weights in front and behind
    /// they get the same gradients.
    ///
    /// Found for a hidden layer with weights where at the first and at the last observed step at
    /// least the part `share` of the units has a twin. The twin's pre-activation agrees with its
    /// own on every row.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct SymmetryNotBroken {
        /// The part of the units of a layer that have a twin.
        pub share: f64 = 0.5, above(0.0);
    }
}

impl<T: Real> Rule<T> for SymmetryNotBroken {
    fn name(&self) -> &'static str {
        "symmetry"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let Some(log) = evidence.log else { return Vec::new() };
        let (Some(first), Some(last)) = (log.records.first(), log.records.last()) else {
            return Vec::new();
        };
        let hidden =
            log.layers.iter().enumerate().filter(|(_, layer)| layer.weighted && !layer.output);
        let twins =
            hidden.map(|(i, layer)| (layer, first.layers[i].twins.min(last.layers[i].twins)));
        let symmetric = twins.filter(|(layer, twins)| {
            *twins > 0 && *twins as f64 >= self.share * layer.units as f64
        });
        symmetric
            .map(|(layer, twins)| Finding {
                kind: Kind::SymmetryNotBroken,
                severity: Severity::Error,
                layer: Some(layer.path.clone()),
                evidence: format!(
                    "from step {} to step {}, {twins} of its {} units do the same as another one",
                    first.step, last.step, layer.units
                ),
                remedy: "draw the initial weights at random, as every initialiser but a constant \
                         one does"
                    .to_owned(),
                remedies: vec![Change::set("init", "fitting")],
            })
            .collect()
    }
}
