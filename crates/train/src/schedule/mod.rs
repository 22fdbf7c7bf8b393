//! Schedules: the learning rate as a function of the step or of the epoch.
//!
//! A schedule is a pure function. It is given the optimizer's own learning rate, the `base`, and
//! the number of steps (or epochs) made so far. It gives the rate of the next one. Definitions are
//! PyTorch's. Where PyTorch has no default for a setting, the one here is named in its
//! documentation.
//!
//! | name | schedule | rate in step `t`, from 0 |
//! |---|---|---|
//! | `constant` | [`Constant`] | `base` |
//! | `step` | [`StepDecay`] | `base gamma^floor(t / step_size)` |
//! | `multi_step` | [`MultiStep`] | `base gamma^n` after `n` milestones |
//! | `exponential` | [`Exponential`] | `base gamma^t` |
//! | `polynomial` | [`Polynomial`] | `end + (base - end) (1 - t / total)^power` |
//! | `cosine` | [`Cosine`] | from `base` to `minimum` along half a wave |
//! | `cosine_warm_restarts` | [`CosineWarmRestarts`] | the same over and over, in periods that may grow |
//! | `coslog` | [`Coslog`] | up and down in cycles that double, over the whole training |
//! | `flat_cosine` | [`FlatCosine`] | `base`, then down along half a wave, over the whole training |
//! | `linear_warmup` | [`LinearWarmup`] | up in a straight line, then as another schedule |
//! | `one_cycle` | [`OneCycle`] | up and down once |
//! | `cyclic` | [`Cyclic`] | up and down over and over |
//! | | [`Lambda`] | `base` times a function of one's own |
//!
//! [`ReduceOnPlateau`] is none of these, since it depends on how training goes; [`RangeTest`] finds
//! a rate to begin with.

mod constant;
mod cosine;
mod cosine_warm_restarts;
mod coslog;
mod cyclic;
mod definition;
mod exponential;
mod flat_cosine;
mod lambda;
mod linear_warmup;
mod multi_step;
mod one_cycle;
mod polynomial;
mod range_test;
mod reduce_on_plateau;
mod step;

use chainrule_config::{Aliases, Family};
use chainrule_nn::{ConfigError, Configure};

pub use constant::Constant;
pub use cosine::Cosine;
pub use cosine_warm_restarts::CosineWarmRestarts;
pub use coslog::Coslog;
pub use cyclic::{Cyclic, CyclicMode};
pub use definition::{Interval, Schedule};
use definition::{along_cosine, at_least_one};
pub use exponential::Exponential;
pub use flat_cosine::FlatCosine;
pub use lambda::Lambda;
pub use linear_warmup::LinearWarmup;
pub use multi_step::MultiStep;
pub use one_cycle::OneCycle;
pub use polynomial::Polynomial;
pub use range_test::{RangeReport, RangeTest};
pub use reduce_on_plateau::{Plateau, ReduceOnPlateau};
pub use step::StepDecay;

/// A schedule of the list: one with a formula and settings by name. Its settings are checked in one
/// place, [`Configure::check`], to which [`Schedule::check`] hands on.
pub trait Listed: Schedule + Configure {}

impl<S: Schedule + Configure> Listed for S {}

/// Every schedule with its default settings. Names, checks and tables come from this list.
#[must_use]
pub fn family() -> Family<dyn Listed> {
    let entries: Vec<Box<dyn Listed>> = vec![
        Box::new(Constant),
        Box::new(StepDecay::default()),
        Box::new(MultiStep::default()),
        Box::new(Exponential::default()),
        Box::new(Polynomial::default()),
        Box::new(Cosine::default()),
        Box::new(CosineWarmRestarts::default()),
        Box::new(Coslog::default()),
        Box::new(FlatCosine::default()),
        Box::new(LinearWarmup::default()),
        Box::new(OneCycle::default()),
        Box::new(Cyclic::default()),
    ];
    Family::new("schedule", |schedule| schedule.name(), entries).with_aliases(ALIASES)
}

/// The entries of the [`family`], with their default settings.
#[must_use]
pub fn all() -> Vec<Box<dyn Listed>> {
    family().all()
}

/// Other names of schedules.
pub const ALIASES: Aliases = &[
    ("step_lr", "step"),
    ("multi_step_lr", "multi_step"),
    ("exponential_lr", "exponential"),
    ("polynomial_lr", "polynomial"),
    ("cosine_annealing", "cosine"),
    ("cosine_annealing_lr", "cosine"),
    ("cosine_annealing_warm_restarts", "cosine_warm_restarts"),
    ("coslog4", "coslog"),
    ("flat_cos", "flat_cosine"),
    ("linear_lr", "linear_warmup"),
    ("one_cycle_lr", "one_cycle"),
    ("cyclic_lr", "cyclic"),
];

/// The schedule that a text names, such as `cosine(total=100)` or
/// `linear_warmup(steps=5, then=cosine(total=95))`; also by one of [`ALIASES`], and whatever the
/// capitals and underscores are: `CosineAnnealingLR`.
///
/// ```
/// use chainrule_train::schedule::{self, Schedule};
///
/// let schedule =
///     schedule::by_name("linear_warmup(steps=4, start_factor=0.5, then=exponential(gamma=0.5))")?;
/// let rates: Vec<f64> = (0..6).map(|step| schedule.learning_rate(8.0, step)).collect();
/// assert_eq!(rates, [4.0, 5.0, 6.0, 7.0, 8.0, 4.0]);
/// # Ok::<(), chainrule_nn::ConfigError>(())
/// ```
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name(text: &str) -> Result<Box<dyn Listed>, ConfigError> {
    family().by_name(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rates of the first steps, for a base of 1.
    pub(super) fn rates(schedule: &dyn Schedule, steps: u64) -> Vec<f64> {
        (0..steps).map(|step| schedule.learning_rate(1.0, step)).collect()
    }

    #[track_caller]
    pub(super) fn assert_rates(schedule: &dyn Schedule, expected: &[f64]) {
        for (got, expected) in rates(schedule, expected.len() as u64).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-14, "{schedule:?}: {got} is not {expected}");
        }
    }

    #[test]
    fn every_schedule_has_sound_defaults_and_rates_for_all_time() {
        for schedule in all() {
            let name = schedule.name();
            assert_eq!(Schedule::check(&schedule), Ok(()), "{name}");
            assert_eq!(format!("{:?}", by_name(name).unwrap()), format!("{schedule:?}"));
            for step in (0..1000).chain([1_000_000, u64::from(u32::MAX), u64::MAX]) {
                for total in [1, 30, 1000, u64::MAX] {
                    let rate = schedule.learning_rate_within(0.5, step, total);
                    assert!((0.0..=0.5).contains(&rate), "{name}: {rate} in step {step}");
                }
                let rate = schedule.learning_rate(0.5, step);
                assert!((0.0..=0.5).contains(&rate), "{name}: {rate} in step {step}");
                assert!(
                    schedule.momentum(step).is_none_or(|momentum| (0.5..1.0).contains(&momentum)),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn every_setting_is_checked() {
        for mut schedule in all() {
            let name = schedule.name();
            for (setting, _) in schedule.settings() {
                assert!(by_name(&format!("{name}({setting}=NaN)")).is_err(), "{name}: {setting}");
            }
        }
        assert_eq!(
            by_name("CosineAnnealingWarmRestarts(first=3)").unwrap().name(),
            "cosine_warm_restarts"
        );
        let message = |text: &str| by_name(text).unwrap_err().to_string();
        assert_eq!(message("cosine(total=0)"), "cosine: total must be at least 1, but it is 0");
        assert_eq!(
            message("cosin"),
            "there is no schedule `cosin` (did you mean `cosine`?); there are: constant, step, \
             multi_step, exponential, polynomial, cosine, \
             cosine_warm_restarts, coslog, flat_cosine, linear_warmup, one_cycle, cyclic"
        );
    }
}
