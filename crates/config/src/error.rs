use crate::names::did_you_mean;
use crate::text::MAX_DEPTH;

/// A name that is in no list, with the one that was probably meant and all that are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {family} `{name}`{meant}; there are: {known}")]
pub struct UnknownName {
    family: &'static str,
    name: String,
    meant: String,
    known: String,
}

impl UnknownName {
    /// The error for `name`, which is not among `known`.
    #[must_use]
    pub fn new<'a>(family: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<_> = known.collect();
        let meant = did_you_mean(name, known.iter().copied());
        UnknownName { family, name: name.to_owned(), meant, known: known.join(", ") }
    }
}

/// Why a text does not name an entry and its settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No entry has this name.
    #[error(transparent)]
    Name(#[from] UnknownName),
    /// The text is not of the form `name` or `name(setting=value, ...)`.
    #[error("`{text}`: {why}; write `name` or `name(setting=value, ...)`")]
    Syntax {
        /// The text.
        text: String,
        /// The fault.
        why: &'static str,
    },
    /// The text of a layer made of others is not of the form `name[layer, layer, ...]`.
    #[error("`{text}`: {why}; write `name[layer, layer, ...]`")]
    Layers {
        /// The text.
        text: String,
        /// The fault.
        why: &'static str,
    },
    /// Brackets lie too deep in each other.
    #[error(
        "brackets lie {depth} deep in each other in a text that begins `{begin}`; \
         at most {MAX_DEPTH} are read"
    )]
    Depth {
        /// How the text begins.
        begin: String,
        /// How deep they lie.
        depth: usize,
    },
    /// The entry has no such setting.
    #[error(
        "{entry} has no setting `{setting}`{}; it has: {known}",
        did_you_mean(.setting, .known.split(", "))
    )]
    Setting {
        /// The entry.
        entry: String,
        /// The setting that was asked for.
        setting: String,
        /// Those that there are.
        known: String,
    },
    /// The value cannot be read.
    #[error("{entry}: {setting}={value}: must be {rule}")]
    Value {
        /// The entry.
        entry: String,
        /// The setting.
        setting: String,
        /// The text of the value.
        value: String,
        /// The rule that it must fulfil.
        rule: String,
    },
    /// The settings make no sense.
    #[error("{0}")]
    Check(String),
}
