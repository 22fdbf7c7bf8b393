use chainrule_config::Family;
use chainrule_nn::{ConfigError, UnknownName};
use chainrule_tensor::Real;

use super::{
    BadInitialisation, ClassImbalance, DyingRelu, Evidence, ExplodingGradients, Finding, Fit,
    LearningRate, NonFinite, Rule, SaturatedUnits, Severity, StillLayers, SymmetryNotBroken,
    UnscaledData, UnsuitedLoss, VanishingGradients,
};

/// Every rule with its default thresholds, causes before what they bring about.
#[must_use]
pub fn family<T: Real>() -> Family<dyn Rule<T>> {
    let entries: Vec<Box<dyn Rule<T>>> = vec![
        Box::new(UnsuitedLoss::default()),
        Box::new(UnscaledData::default()),
        Box::new(ClassImbalance::default()),
        Box::new(NonFinite),
        Box::new(SymmetryNotBroken::default()),
        Box::new(BadInitialisation::default()),
        Box::new(VanishingGradients::default()),
        Box::new(ExplodingGradients::default()),
        Box::new(SaturatedUnits::default()),
        Box::new(DyingRelu::default()),
        Box::new(StillLayers::default()),
        Box::new(LearningRate::default()),
        Box::new(Fit::default()),
    ];
    Family::new("rule", |rule| rule.name(), entries)
}

/// Every rule, with its default settings.
#[must_use]
pub fn all<T: Real>() -> Vec<Box<dyn Rule<T>>> {
    family().all()
}

/// The rule that a text names, with other thresholds if it says so: `dying_relu(warning=0.6)`.
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name<T: Real>(text: &str) -> Result<Box<dyn Rule<T>>, ConfigError> {
    family().by_name(text)
}

/// The rules that a training is judged by.
///
/// ```
/// use chainrule_insight::finding::{DyingRelu, Evidence};
/// use chainrule_insight::{Diagnosis, Kind};
/// use chainrule_data::{Dataset, Targets};
/// use chainrule_nn::{Sequential, loss::MeanSquaredError};
/// use chainrule_tensor::Tensor;
///
/// let diagnosis = Diagnosis::default().with(DyingRelu { warning: 0.6, ..DyingRelu::default() });
/// let inputs: Tensor =
///     Tensor::from_rows([[0.1, 3000.0], [0.4, 1000.0], [0.3, 2000.0], [0.2, 4000.0]]);
/// let data =
///     Dataset::new(inputs, Targets::Values(Tensor::from_rows([[1.0], [2.0], [3.0], [4.0]])))?;
/// let findings = diagnosis.findings(&Evidence::new().data(&data).loss(&MeanSquaredError));
/// assert_eq!(findings[0].kind, Kind::UnscaledData);
/// # let _: Sequential = Sequential::new();
/// # Ok::<(), chainrule_data::DataError>(())
/// ```
#[derive(Debug)]
pub struct Diagnosis<T: Real = f32> {
    rules: Vec<Box<dyn Rule<T>>>,
}

impl<T: Real> Default for Diagnosis<T> {
    fn default() -> Self {
        Diagnosis { rules: all() }
    }
}

impl<T: Real> Diagnosis<T> {
    /// All rules with their default thresholds.
    #[must_use]
    pub fn new() -> Self {
        Diagnosis::default()
    }

    /// With this rule, in place of one of the same name.
    #[must_use]
    pub fn with(mut self, rule: impl Rule<T> + 'static) -> Self {
        self.rules.retain(|known| known.name() != rule.name());
        self.rules.push(Box::new(rule));
        self
    }

    /// Without the rule of this name.
    ///
    /// # Errors
    /// There is no such rule: the one that was probably meant, and all that there are.
    pub fn without(mut self, name: &str) -> Result<Self, UnknownName> {
        if !self.rules.iter().any(|known| known.name() == name) {
            return Err(UnknownName::new(
                "rule",
                name,
                self.rules.iter().map(|known| known.name()),
            ));
        }
        self.rules.retain(|known| known.name() != name);
        Ok(self)
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Box<dyn Rule<T>>] {
        &self.rules
    }

    /// The faults, the worst first; of what follows from something else that is found, nothing.
    #[must_use]
    pub fn findings(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let mut findings = self.all_findings(evidence);
        let bad: Vec<_> =
            findings.iter().filter(|f| f.severity >= Severity::Warning).map(|f| f.kind).collect();
        findings
            .retain(|finding| !bad.iter().any(|cause| cause.explains().contains(&finding.kind)));
        findings
    }

    /// The faults, the worst first, consequences included.
    #[must_use]
    pub fn all_findings(&self, evidence: &Evidence<'_, T>) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            self.rules.iter().flat_map(|rule| rule.find(evidence)).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_chosen_by_text_and_checked() {
        for rule in all::<f32>() {
            rule.check().unwrap();
            assert_eq!(by_name::<f32>(rule.name()).unwrap().name(), rule.name());
            assert!(!rule.formula().is_empty());
        }
        let rule = by_name::<f64>("dying_relu(warning=0.6)").unwrap();
        assert_eq!(
            format!("{rule:?}"),
            "DyingRelu { info: 0.1, warning: 0.6, error: 0.9, unlearned: 0.5 }"
        );
        assert_eq!(
            by_name::<f32>("vanishing_gradients(ratio=-1)").unwrap_err().to_string(),
            "vanishing_gradients: ratio must be finite and above 0, but it is -1"
        );
        assert!(by_name::<f32>("dying").unwrap_err().to_string().contains("dying_relu"));
    }

    #[test]
    fn rules_can_be_left_out_and_exchanged() {
        let count = all::<f32>().len();
        assert_eq!(Diagnosis::<f32>::new().without("fit").unwrap().rules().len(), count - 1);
        let error = Diagnosis::<f32>::new().without("dead_relu").unwrap_err().to_string();
        assert!(
            error.starts_with(
                "there is no rule `dead_relu` (did you mean `dying_relu`?); there are: "
            ),
            "{error}"
        );
        assert_eq!(Diagnosis::<f32>::new().with(Fit::default()).rules().len(), count);
        assert!(Diagnosis::<f32>::new().findings(&Evidence::new()).is_empty());
    }

    #[test]
    fn no_kind_explains_itself_through_others() {
        use super::super::Kind::{self, *};
        let kinds = [
            UnsuitedLoss,
            UnscaledData,
            ClassImbalance,
            NonFinite,
            SymmetryNotBroken,
            BadInitialisation,
            VanishingGradients,
            ExplodingGradients,
            SaturatedUnits,
            DyingRelu,
            StillLayers,
            LearningRateTooHigh,
            LearningRateTooLow,
            Overfitting,
            Underfitting,
        ];
        fn reaches(from: Kind, to: Kind, depth: usize) -> bool {
            depth > 0
                && from.explains().iter().any(|&next| next == to || reaches(next, to, depth - 1))
        }
        for kind in kinds {
            assert!(!reaches(kind, kind, kinds.len()), "{kind}");
        }
    }
}
