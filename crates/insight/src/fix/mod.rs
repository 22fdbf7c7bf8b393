//! Remedies, applied one after another: [`observe`] trains a recipe with the instruments on and
//! says what is found, [`fix`] applies what may help and keeps what does.

mod verdict;

use chainrule_recipe::{Change, Recipe};

use crate::{Finding, Kind};

pub use verdict::{Verdict, observe};

/// No more trainings than these.
const MOST_TRIALS: usize = 24;
/// How often a factor is applied, one after the other until the finding is gone.
const POWERS: [u32; 9] = [1, 2, 3, 4, 6, 8, 12, 16, 32];

/// The attempts at a cure, and their outcome.
#[derive(Debug)]
pub struct Fixed {
    /// One after the other.
    pub trials: Vec<Trial>,
    /// The recipe with all remedies that were kept.
    pub recipe: Recipe,
    /// The verdict on that recipe.
    pub verdict: Verdict,
    /// True if it was ended early, so that not everything was tried.
    pub interrupted: bool,
}

/// One remedy for one kind of finding, or several together where there are several such findings.
#[derive(Debug)]
pub struct Trial {
    /// The kind of finding.
    pub kind: Kind,
    /// The changes.
    pub remedies: Vec<Change>,
    /// The recipe with it.
    pub recipe: Recipe,
    /// The verdict on the training with them.
    pub verdict: Verdict,
    /// True if the finding is gone.
    pub cured: bool,
    /// True if the recipe goes on with the remedy.
    pub kept: bool,
}

/// Applies the remedies of what is found, the worst first, and trains anew after each: everything
/// else stays, seed and batches as well. A remedy is kept if the finding is gone, or the training
/// measurably better, and the training not worse. `train` is told what is tried; a remedy that
/// cannot be applied to these data is passed over.
pub fn fix<E>(
    recipe: &Recipe,
    verdict: &Verdict,
    mut train: impl FnMut(&Recipe, &str) -> Result<Verdict, E>,
) -> Fixed {
    let mut fixed = Fixed {
        trials: Vec::new(),
        recipe: recipe.clone(),
        verdict: verdict.clone(),
        interrupted: verdict.interrupted,
    };
    let mut tried: Vec<(Kind, Vec<Change>)> = Vec::new();
    while let Some((kind, remedies)) =
        options(&fixed.verdict).into_iter().find(|option| !tried.contains(option))
    {
        tried.push((kind, remedies.clone()));
        let is_factor = matches!(&remedies[..], [one] if one.is_factor_of("learning_rate"));
        let mut powers = if is_factor { POWERS.iter() } else { POWERS[..1].iter() };
        while let Some(power) = powers.next() {
            let Some(changed) = with_all(&fixed.recipe, &remedies, *power) else { break };
            if fixed.trials.len() >= MOST_TRIALS {
                return fixed;
            }
            let Ok(after) =
                train(&changed, &format!("against {kind}: {}", label(&remedies, &changed)))
            else {
                break;
            };
            if after.interrupted {
                fixed.interrupted = true;
                return fixed;
            }
            let cured = after.severity(kind).is_none();
            let worse = is_worse(&fixed, &changed, &after);
            let kept = (cured || helps(&fixed, &changed, &after, kind)) && !worse;
            let (remedies, recipe, verdict) = (remedies.clone(), changed.clone(), after.clone());
            fixed.trials.push(Trial { kind, remedies, recipe, verdict, cured, kept });
            if kept {
                (fixed.recipe, fixed.verdict) = (changed, after);
                powers = if is_factor { POWERS.iter() } else { [].iter() };
            } else if worse
                && fixed.trials.last().is_some_and(|trial| trial.verdict.failure.is_none())
            {
                // More of what does harm will not help; more of what does not yet prevent a failure
                // may.
                break;
            }
            if cured {
                break;
            }
        }
    }
    fixed
}

/// The changes that can be tried, the worst finding first. Where several of a kind ask for
/// different remedies, such as scaled inputs and scaled targets, first all of them together.
fn options(verdict: &Verdict) -> Vec<(Kind, Vec<Change>)> {
    let mut options = Vec::new();
    for finding in verdict.faults() {
        let mut together: Vec<Change> = Vec::new();
        for remedy in verdict
            .faults()
            .filter(|other| other.kind == finding.kind)
            .filter_map(|f| f.remedies.first())
        {
            if !together.contains(remedy) {
                together.push(remedy.clone());
            }
        }
        options.extend((together.len() > 1).then_some((finding.kind, together)));
        options.extend(finding.remedies.iter().map(|remedy| (finding.kind, vec![remedy.clone()])));
    }
    options
}

fn with_all(recipe: &Recipe, remedies: &[Change], power: u32) -> Option<Recipe> {
    let changed = remedies.iter().fold(recipe.clone(), |new, remedy| {
        remedy.apply_times(&new, power).ok().flatten().unwrap_or(new)
    });
    (changed != *recipe).then_some(changed)
}

/// The changes, with the values as they are then.
fn label(remedies: &[Change], changed: &Recipe) -> String {
    remedies.iter().map(|remedy| remedy.told(changed)).collect::<Vec<_>>().join(" and ")
}

impl Trial {
    /// The changes, with the values as they were then.
    #[must_use]
    pub fn label(&self) -> String {
        label(&self.remedies, &self.recipe)
    }
}

/// Returns true if it helps although the finding is still there: the finding is milder, there are
/// fewer of its kind, or the loss lower by a tenth.
fn helps(before: &Fixed, changed: &Recipe, after: &Verdict, kind: Kind) -> bool {
    let count = |verdict: &Verdict| verdict.faults().filter(|finding| finding.kind == kind).count();
    let milder = (after.severity(kind), count(after))
        < (before.verdict.severity(kind), count(&before.verdict));
    let better = match before.recipe.same_loss(changed) {
        true => after.loss() < before.verdict.loss() - 0.1 * before.verdict.loss().abs(),
        false => after.fair_quality() > before.verdict.fair_quality() + 0.02,
    };
    milder || better
}

/// Returns true if the training is worse: it fails, or its loss is higher by more than a fiftieth.
/// Losses that are different quantities are not compared. Then accuracy, each class weighing the
/// same, or the part of the variance that is explained, must not be lower by more than a hundredth.
fn is_worse(before: &Fixed, changed: &Recipe, after: &Verdict) -> bool {
    if after.failure.is_some() || before.verdict.failure.is_some() {
        return after.failure.is_some();
    }
    let worse = match before.recipe.same_loss(changed) {
        true => after.loss() > before.verdict.loss() + 0.02 * before.verdict.loss().abs(),
        false => after.fair_quality() < before.verdict.fair_quality() - 0.01,
    };
    worse || after.loss().is_nan()
}

impl Fixed {
    /// Why a finding that is left is left.
    #[must_use]
    pub fn left(&self, finding: &Finding) -> &'static str {
        match finding.remedies.is_empty() {
            true => "there is no automatic remedy",
            false if self.interrupted => "its remedies were not all tried",
            false if self.trials.len() >= MOST_TRIALS => "its remedies were not all tried",
            false => "none of its automatic remedies helped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Severity;
    use chainrule_train::Scores;

    fn recipe() -> Recipe {
        Recipe { learning_rate: Some(0.001), ..Recipe::default() }
    }

    fn finding(kind: Kind, remedies: Vec<Change>) -> Finding {
        let (evidence, remedy) = (String::new(), String::new());
        Finding { kind, severity: Severity::Warning, layer: None, evidence, remedy, remedies }
    }

    fn verdict(findings: Vec<Finding>, loss: f64) -> Verdict {
        let scores =
            Some(Scores { loss, metrics: vec![("accuracy", 0.5), ("balanced_accuracy", 0.5)] });
        let (gain, train_loss, epochs, failure) = (None, Some(loss), 10, None);
        Verdict {
            findings,
            gain,
            scores,
            train_loss,
            epochs,
            failure,
            interrupted: false,
            skill: 1.0,
        }
    }

    #[test]
    fn a_remedy_is_kept_if_it_cures_and_nothing_gets_worse() {
        let low = || finding(Kind::LearningRateTooLow, vec![Change::times("learning_rate", 10.0)]);
        let dying = || finding(Kind::DyingRelu, vec![Change::activation("leaky_relu")]);
        let before = Recipe { learning_rate: Some(1e-6), ..recipe() };
        let fixed = fix(&before, &verdict(vec![low(), dying()], 2.0), |recipe, _| {
            let slow = recipe.learning_rate.unwrap() < 1e-4;
            let findings = [slow.then(low), Some(dying())].into_iter().flatten().collect();
            // The other activation gives a higher loss.
            let loss = if slow { 2.0 } else { 1.0 };
            let relu = recipe.activation == "relu";
            Ok::<_, String>(if relu { verdict(findings, loss) } else { verdict(Vec::new(), 1.1) })
        });
        let told: Vec<_> =
            fixed.trials.iter().map(|trial| (trial.kind, trial.cured, trial.kept)).collect();
        let (low, dying) = (Kind::LearningRateTooLow, Kind::DyingRelu);
        assert_eq!(told, [(low, false, false), (low, true, true), (dying, true, false)]);
        assert_eq!(
            (fixed.recipe.learning_rate, fixed.recipe.activation.as_str()),
            (Some(1e-4), "relu")
        );
        assert_eq!(
            fixed.left(fixed.verdict.faults().next().unwrap()),
            "none of its automatic remedies helped"
        );
    }

    /// Comparisons with numbers that may be negative or zero: a tenth, and a fiftieth, of the size
    /// of the loss.
    #[test]
    fn a_loss_below_zero_helps_when_it_falls() {
        let recipe = recipe();
        let kind = Kind::DyingRelu;
        let of = |loss| verdict(vec![finding(kind, Vec::new())], loss);
        for (before, better, slightly_better, worse) in [
            (2.0, 1.7, 1.9, 2.1),
            (-2.0, -2.3, -2.1, -1.9),
            (0.0, -0.1, 0.0, 0.1),
            (0.1, -0.2, 0.095, 0.2),
        ] {
            let (recipe, verdict, trials) = (recipe.clone(), of(before), Vec::new());
            let fixed = Fixed { trials, recipe, verdict, interrupted: false };
            let judged = |after| {
                let after = of(after);
                (
                    helps(&fixed, &fixed.recipe, &after, kind),
                    is_worse(&fixed, &fixed.recipe, &after),
                )
            };
            assert_eq!(judged(better), (true, false), "{before} to {better}");
            assert_eq!(judged(slightly_better), (false, false), "{before} to {slightly_better}");
            assert_eq!(judged(worse), (false, true), "{before} to {worse}");
            assert_eq!(judged(before), (false, false), "{before} as it was");
        }
    }

    #[test]
    fn an_interruption_ends_it_with_what_is_known() {
        let dying = finding(Kind::DyingRelu, vec![Change::activation("elu")]);
        let fixed = fix(&recipe(), &verdict(vec![dying], 2.0), |_, _| {
            Ok::<_, String>(Verdict { interrupted: true, ..verdict(Vec::new(), 0.1) })
        });
        assert!(fixed.interrupted && fixed.trials.is_empty() && fixed.recipe == recipe());
    }
}
