//! Initialisers: the random weights that training starts from.
//!
//! | initialiser | distribution | for |
//! |---|---|---|
//! | [`Constant`], [`zeros`] | one value | biases; all weights alike would keep units alike |
//! | [`Uniform`], [`Normal`] | as given | |
//! | [`Glorot`] (Xavier) | variance `gain^2 2 / (fan in + fan out)` | sigmoid, tanh |
//! | [`He`] (Kaiming) | variance `gain^2 / fan in`, gain `sqrt 2` | ReLU and its variants |
//! | [`LeCun`] | variance `1 / fan in` | SELU, linear |
//! | [`Orthogonal`] | orthonormal rows or columns, times a gain | deep networks |
//! | [`TruncatedNormal`] | normal within bounds | without tails |
//! | [`Sparse`] | normal, a share of each unit's inputs zero | few inputs for each unit |
//! | [`Identity`] | the identity matrix | layers that pass on what they get |
//!
//! [`UnitVariance`] and [`UnitColumns`] are a list of their own ([`FromData`]): they look at data,
//! a layer at a time.
//!
//! Weights are `[inputs, outputs]`: the fan in is the first length, the fan out the last; any axes
//! in between count for both.

mod constant;
mod fan;
mod from_data;
mod glorot;
mod he;
mod identity;
mod lecun;
mod normal;
mod orthogonal;
mod sparse;
mod truncated_normal;
mod uniform;
mod unit_columns;
mod unit_variance;

use std::sync::Arc;

use chainrule_graph::Initialiser;
use chainrule_tensor::Shape;
use chainrule_tensor::random::generator;

use crate::config::{Aliases, Family, Setting, Value, Words};
use crate::{ConfigError, Configure, activation};

pub use constant::{Constant, zeros};
pub use from_data::{FROM_DATA_ALIASES, FromData, from_data_by_name, from_data_family};
pub use glorot::Glorot;
pub use he::He;
pub use identity::Identity;
pub use lecun::LeCun;
pub use normal::Normal;
pub use orthogonal::Orthogonal;
pub use sparse::Sparse;
pub use truncated_normal::TruncatedNormal;
pub use uniform::Uniform;
pub use unit_columns::UnitColumns;
pub use unit_variance::{UnitVariance, UnitVarianceLayer};

/// An initialiser of the list: one with a name, a formula and settings.
pub trait Listed: Initialiser + Configure {
    /// The name, in configuration.
    fn name(&self) -> &'static str;
}

/// Every initialiser with its default settings. Checks and command lines come from this list.
#[must_use]
pub fn family() -> Family<dyn Listed> {
    let entries: Vec<Box<dyn Listed>> = vec![
        Box::new(zeros()),
        Box::new(Uniform::default()),
        Box::new(Normal::default()),
        Box::new(Glorot::uniform()),
        Box::new(Glorot::normal()),
        Box::new(He::uniform()),
        Box::new(He::normal()),
        Box::new(LeCun::uniform()),
        Box::new(LeCun::normal()),
        Box::new(Orthogonal::default()),
        Box::new(TruncatedNormal::default()),
        Box::new(Sparse::default()),
        Box::new(Identity::default()),
    ];
    Family::new("initialiser", |one| one.name(), entries).with_aliases(ALIASES)
}

/// The entries of the [`family`], with their default settings.
#[must_use]
pub fn all() -> Vec<Box<dyn Listed>> {
    family().all()
}

/// A gain as a setting: a number, or the activation behind the weights whose gain it is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Gain(f64);

impl Value for Gain {
    fn setting(&mut self) -> Setting<'_> {
        let read = |text: &str| Some(activation::by_name::<f64>(text).ok()?.properties().gain);
        Setting::NumberOr(&mut self.0, Words { read, rule: "an activation, such as tanh" })
    }
}

/// Other names of initialisers.
pub const ALIASES: Aliases = &[
    ("zeros", "constant"),
    ("xavier_uniform", "glorot_uniform"),
    ("xavier_normal", "glorot_normal"),
    ("kaiming_uniform", "he_uniform"),
    ("kaiming_normal", "he_normal"),
    ("trunc_normal", "truncated_normal"),
    ("eye", "identity"),
];

/// The initialiser that a text names, such as `he_normal` or `normal(deviation=0.1)`; also by one
/// of [`ALIASES`], and whatever the capitals and underscores are: `XavierUniform`,
/// `xavier_uniform_`. A gain may be that of an activation: `glorot_normal(gain=tanh)`.
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn by_name(text: &str) -> Result<Arc<dyn Initialiser>, ConfigError> {
    let found: Box<dyn Initialiser> = listed(text)?;
    Ok(Arc::from(found))
}

/// The entry of the list that a text names, as [`by_name`] has it.
///
/// # Errors
/// [`ConfigError`] says what is wrong with the text, and what there is.
pub fn listed(text: &str) -> Result<Box<dyn Listed>, ConfigError> {
    let found = family().by_name(text)?;
    // Each refuses settings that make no sense when it is to fill something.
    let mut values = [0.0; 4];
    found.fill(Shape::new(&[2, 2]), &mut values, &mut generator(0)).map_err(ConfigError::Check)?;
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(ConfigError::Check(format!(
            "{}: makes weights of {value}; give finite settings",
            found.name()
        ))),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind: messages that name the setting. Settings that make no sense are found out by name,
    /// before any weight.
    #[test]
    fn settings_that_make_no_sense_are_refused_by_name() {
        let mut wrong = ["normal(deviation=-1)", "normal(deviation=inf)", "uniform(low=2, high=1)"]
            .map(str::to_owned)
            .to_vec();
        for mut entry in all() {
            let name = entry.name();
            let settings = entry.settings().into_iter();
            let numbers = settings
                .filter(|(_, value)| matches!(value, Setting::Number(_) | Setting::NumberOr(..)));
            wrong.extend(numbers.map(|(setting, _)| format!("{name}({setting}=nan)")));
        }
        assert!(wrong.len() > 8, "{wrong:?}");
        let accepted: Vec<_> = wrong
            .iter()
            .filter(|text| !matches!(by_name(text), Err(ConfigError::Check(_))))
            .collect();
        assert!(accepted.is_empty(), "{accepted:?}");
    }

    #[test]
    fn every_initialiser_fills_weights_the_same_from_the_same_seed() {
        for rule in all() {
            let shape = Shape::new(&[30, 20]);
            let drawn = |seed: u64| {
                let mut values = vec![f64::NAN; shape.elements()];
                rule.fill(shape, &mut values, &mut generator(seed)).unwrap();
                assert!(values.iter().all(|x| x.is_finite()), "{}", rule.name());
                values
            };
            assert_eq!(drawn(1), drawn(1), "{}", rule.name());
            assert_eq!(rule.check(), Ok(()), "{}", rule.name());
        }
    }

    #[test]
    fn a_gain_is_a_number_or_that_of_an_activation() {
        for rule in ["glorot_normal", "he_uniform", "orthogonal"] {
            let text =
                |gain: &str| format!("{:?}", by_name(&format!("{rule}(gain={gain})")).unwrap());
            assert_eq!(text("selu"), text("0.75"), "{rule}");
            assert_ne!(text("selu"), text("relu"), "{rule}");
        }
    }

    #[test]
    fn rules_that_scale_by_the_fans_keep_the_variance_they_promise() {
        // mean square of the weights, by the rule's own formula at [200, 300] with default settings
        for (name, expected) in [
            ("glorot_uniform", 2.0 / 500.0),
            ("glorot_normal", 2.0 / 500.0),
            ("he_uniform", 2.0 / 200.0),
            ("he_normal", 2.0 / 200.0),
            ("lecun_uniform", 1.0 / 200.0),
            ("lecun_normal", 1.0 / 200.0),
            // 200 orthonormal rows of 300
            ("orthogonal", 1.0 / 300.0),
            ("truncated_normal", 0.879_625_661_034_239_8_f64.powi(2)),
            ("sparse", 0.9e-4),
            ("normal", 1.0),
            ("uniform", 1.0 / 3.0),
            ("constant", 0.0),
            ("identity", 1.0 / 300.0),
        ] {
            let mut values = vec![0.0; 200 * 300];
            by_name(name).unwrap().fill([200, 300].into(), &mut values, &mut generator(4)).unwrap();
            let mean_square = values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
            // Five standard errors for a kurtosis of at most 3.
            let bound = 5.0 * expected * (2.0 / values.len() as f64).sqrt();
            assert!(
                (mean_square - expected).abs() <= bound + 1e-15,
                "{name}: {mean_square}, not {expected}"
            );
        }
        assert_eq!(all().len(), 13, "each of the list stands above");
    }
}
