use chainrule_config::settings;
use chainrule_recipe::Change;
use chainrule_tensor::Real;

use super::{Evidence, Finding, Kind, Rule, Severity, times};
use crate::monitor::{LayerInfo, Units, survey};

settings! {
    "dying_relu":
        "units with f'(z) = 0 on all rows >= info, warning or error of the layer; milder if loss \
         < unlearned first loss";

    /// Units are inactive for all samples. The activation's derivative is exactly zero on every
    /// row, so that no gradient can bring them back but by a change of what is in front of them.
    ///
    /// Found for a hidden layer whose activation [can die](chainrule_graph::Properties::can_die)
    /// where at least the part `info`, `warning` or `error` of its units is inactive over the last
    /// window. With model, parameters and data among the evidence it is over all of the data, which
    /// makes them dead for certain. Healthy networks have them too, a few at the beginning and in
    /// narrow layers up to half in the end. So where the loss over the last window is below
    /// `unlearned` times that of the first observed step, `error` is a mere warning and `warning`
    /// an info. Leaky ReLU, ELU and their kin never die.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct DyingRelu {
        /// The inactive part of a layer for an info.
        pub info: f64 = 0.1, above(0.0);
        /// The inactive part of a layer for a warning.
        pub warning: f64 = 0.5, above(0.0);
        /// The inactive part of a layer for an error.
        pub error: f64 = 0.9, above(0.0);
        /// The part of the first loss below which the model has learned all the same.
        pub unlearned: f64 = 0.5, above(0.0);
    }
}

impl<T: Real> Rule<T> for DyingRelu {
    fn name(&self) -> &'static str {
        "dying_relu"
    }

    fn find(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let whole = match (evidence.model, evidence.params, evidence.data) {
            (Some(model), Some(params), Some(data)) => survey(model, params, data).ok(),
            _ => None,
        };
        let mut findings = Vec::new();
        let windows = evidence.log.and_then(|log| log.windows.last().map(|last| (log, last)));
        if let Some((log, last)) = windows {
            let learned = log
                .records
                .first()
                .is_some_and(|first| last.loss < times(self.unlearned, first.loss));
            for (i, layer) in log.layers.iter().enumerate() {
                let whole = whole
                    .iter()
                    .flatten()
                    .find(|seen| seen.layer.path == layer.path)
                    .map(|seen| &seen.units);
                let earlier: Vec<&Units> =
                    log.windows.iter().map(|window| &window.layers[i]).collect();
                findings.extend(self.judge(layer, whole, &earlier, learned));
            }
        } else {
            for seen in whole.iter().flatten() {
                findings.extend(self.judge(&seen.layer, Some(&seen.units), &[], false));
            }
        }
        findings
    }
}

impl DyingRelu {
    fn judge(
        &self,
        layer: &LayerInfo,
        whole: Option<&Units>,
        windows: &[&Units],
        learned: bool,
    ) -> Option<Finding> {
        if layer.output || !layer.properties.can_die {
            return None;
        }
        let units = whole.or(windows.last().copied())?;
        let dead = units.inactive().count();
        let share = dead as f64 / layer.units.max(1) as f64;
        let severity = match share {
            _ if share >= self.error && !learned => Severity::Error,
            _ if share >= self.error || share >= self.warning && !learned => Severity::Warning,
            _ if share >= self.info => Severity::Info,
            _ => return None,
        };
        let over = if whole.is_some() { "the data" } else { "the last window" };
        let name = layer.activation.as_deref().unwrap_or("activation");
        let mut evidence = format!(
            "inactive on all {} rows of {over}: {dead} of its {} {name} units",
            units.rows, layer.units
        );
        let at_first = windows.first().map_or(0, |first| first.inactive().count());
        if windows.len() > 1 {
            let mut recovered: Vec<usize> =
                windows.iter().flat_map(|earlier| earlier.revived_in(units)).collect();
            recovered.sort_unstable();
            recovered.dedup();
            evidence.push_str(&format!("; {at_first} were so in the first window"));
            match &recovered[..] {
                [] => evidence.push_str(", none has recovered"),
                [unit] => evidence.push_str(&format!(", unit {unit} has recovered")),
                some => {
                    evidence.push_str(&format!(", {} have recovered: {}", some.len(), list(some)))
                }
            }
        }
        let remedy = "lower the learning rate, start with he initialisation and biases of zero, or \
                      exchange it for \
                      leaky_relu, elu or gelu";
        let remedies = vec![
            Change::times("learning_rate", 0.1),
            Change::set("init", "fitting"),
            Change::activation("leaky_relu"),
        ];
        let (layer, remedy) = (Some(layer.path.clone()), remedy.to_owned());
        Some(Finding { kind: Kind::DyingRelu, severity, layer, evidence, remedy, remedies })
    }
}

/// The first few of some units.
fn list(units: &[usize]) -> String {
    let shown: Vec<String> = units.iter().take(8).map(usize::to_string).collect();
    shown.join(", ") + if units.len() > 8 { ", .." } else { "" }
}
