use std::fmt;

use chainrule_recipe::Change;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// The loss does not suit the output or the targets.
    UnsuitedLoss,
    /// Inputs or targets are unscaled or constant.
    UnscaledData,
    /// Some classes hardly count.
    ClassImbalance,
    /// A value was NaN or infinite.
    NonFinite,
    /// Units of a layer all do the same.
    SymmetryNotBroken,
    /// The variance of the values drifts with depth from the beginning.
    BadInitialisation,
    /// The backpropagated signal is lost before it reaches the first layers.
    VanishingGradients,
    /// The backpropagated signal grows beyond measure on its way to the first layers.
    ExplodingGradients,
    /// Activations are stuck where they are flat.
    SaturatedUnits,
    /// Units are inactive for all samples.
    DyingRelu,
    /// Weights hardly move while others do.
    StillLayers,
    /// Steps are too large.
    LearningRateTooHigh,
    /// Steps are too small.
    LearningRateTooLow,
    /// The model learns its training data by heart.
    Overfitting,
    /// The model does no better than a constant.
    Underfitting,
}

impl Kind {
    /// The other kinds that are mere consequences where this one is found at a severity of warning
    /// or above: they are then not reported apart.
    #[must_use]
    pub fn explains(self) -> &'static [Kind] {
        use Kind::*;
        match self {
            UnsuitedLoss => &[SaturatedUnits, LearningRateTooLow, Underfitting, Overfitting],
            UnscaledData => &[
                BadInitialisation,
                VanishingGradients,
                ExplodingGradients,
                SaturatedUnits,
                DyingRelu,
                StillLayers,
                LearningRateTooHigh,
                LearningRateTooLow,
                Underfitting,
            ],
            ClassImbalance => &[Overfitting, Underfitting],
            NonFinite => &[],
            SymmetryNotBroken => &[
                BadInitialisation,
                VanishingGradients,
                ExplodingGradients,
                DyingRelu,
                StillLayers,
                LearningRateTooLow,
                Underfitting,
            ],
            BadInitialisation => &[
                VanishingGradients,
                ExplodingGradients,
                SaturatedUnits,
                DyingRelu,
                StillLayers,
                LearningRateTooHigh,
                LearningRateTooLow,
                Underfitting,
            ],
            VanishingGradients => &[StillLayers, LearningRateTooLow, Underfitting],
            ExplodingGradients => &[LearningRateTooHigh, StillLayers, SaturatedUnits, Underfitting],
            SaturatedUnits => &[VanishingGradients, StillLayers, LearningRateTooLow, Underfitting],
            DyingRelu => &[StillLayers, LearningRateTooLow, Underfitting],
            StillLayers => &[Underfitting],
            LearningRateTooHigh => &[DyingRelu, SaturatedUnits, Overfitting, Underfitting],
            LearningRateTooLow => &[Underfitting],
            Overfitting | Underfitting => &[],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::UnsuitedLoss => "unsuited loss",
            Kind::UnscaledData => "unscaled data",
            Kind::ClassImbalance => "class imbalance",
            Kind::NonFinite => "non-finite values",
            Kind::SymmetryNotBroken => "symmetry not broken",
            Kind::BadInitialisation => "bad initialisation",
            Kind::VanishingGradients => "vanishing gradients",
            Kind::ExplodingGradients => "exploding gradients",
            Kind::SaturatedUnits => "saturated units",
            Kind::DyingRelu => "dying units",
            Kind::StillLayers => "a layer that does not move",
            Kind::LearningRateTooHigh => "learning rate too high",
            Kind::LearningRateTooLow => "learning rate too low",
            Kind::Overfitting => "overfitting",
            Kind::Underfitting => "underfitting",
        })
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; healthy trainings have it too.
    Info,
    /// It holds the training back.
    Warning,
    /// The training cannot succeed.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// One thing that is wrong. Its `Display` is a sentence or three.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The kind of fault.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// The layer or the parameter, where it is about one.
    pub layer: Option<String>,
    /// The evidence, in numbers and words.
    pub evidence: String,
    /// The advice.
    pub remedy: String,
    /// The changes that a program can make, the first to be tried first; empty where it takes a
    /// person.
    pub remedies: Vec<Change>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, self.kind)?;
        if let Some(layer) = &self.layer {
            write!(f, " (`{layer}`)")?;
        }
        write!(f, ": {}. Remedy: {}.", self.evidence, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_sentence() {
        let mut finding = Finding {
            kind: Kind::DyingRelu,
            severity: Severity::Warning,
            layer: Some("0".to_owned()),
            evidence: "3 of 4 units are inactive".to_owned(),
            remedy: "lower the learning rate".to_owned(),
            remedies: vec![Change::times("learning_rate", 0.1)],
        };
        assert_eq!(
            finding.to_string(),
            "warning: dying units (`0`): 3 of 4 units are inactive. Remedy: lower the learning \
             rate."
        );
        finding.layer = None;
        assert!(finding.to_string().starts_with("warning: dying units: 3 of 4"));
        assert!(Severity::Info < Severity::Warning && Severity::Warning < Severity::Error);
    }
}
