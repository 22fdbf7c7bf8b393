//! Entries of a list with their settings, chosen by text: `relu`, `elu(alpha=0.5)`, `cross_entropy(weights=[1, 2, 0.5])`.

use std::borrow::Cow;
use std::fmt;

use chainrule_graph::names::did_you_mean;

use crate::{UnknownName, activation};

/// What an entry of a list says of itself: its formula and its settings by name. Tables, command lines and checks
/// follow from it.
pub trait Configure {
    /// What it computes, in one line.
    fn formula(&self) -> &'static str;

    /// Its settings by name, to be read or written. By default none.
    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        Vec::new()
    }

    /// Whether the settings make sense.
    ///
    /// # Errors
    /// Which one does not, and what it must be.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// One setting of an entry, to be read or written.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub enum Setting<'a> {
    /// A number, such as `0.01` or `inf`.
    Number(&'a mut f64),
    /// A factor on weights, as a number or as the activation behind them whose gain it is, such as `tanh`.
    Gain(&'a mut f64),
    /// A number, or `none`.
    Optional(&'a mut Option<f64>),
    /// A whole number that is not negative.
    Count(&'a mut usize),
    /// A whole number that is not negative, or `none`.
    OptionalCount(&'a mut Option<usize>),
    /// `true` or `false`.
    Flag(&'a mut bool),
    /// Numbers in brackets, such as `[1, 2, 0.5]`; `[]` for none.
    Numbers(&'a mut Vec<f64>),
    /// One of several words: the index of the chosen one, and all of them.
    Choice(&'a mut usize, &'static [&'static str]),
    /// A text, such as the pattern `*.weight`.
    Text(&'a mut String),
    /// Another entry with its own settings, such as `cosine(total=100)`.
    Entry(&'a mut dyn Entry),
}

/// An entry within an entry, chosen by text.
pub trait Entry: fmt::Debug {
    /// The text that chooses it.
    fn text(&self) -> &str;

    /// Chooses another one.
    ///
    /// # Errors
    /// What is wrong with the text, and what there is.
    fn choose(&mut self, text: &str) -> Result<(), ConfigError>;
}

impl PartialEq for dyn Entry + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
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
        /// What is wrong with it.
        why: &'static str,
    },
    /// The text of a layer made of others is not of the form `name[layer, layer, ...]`.
    #[error("`{text}`: {why}; write `name[layer, layer, ...]`")]
    Layers {
        /// The text.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Brackets lie too deep in each other.
    #[error("brackets lie {depth} deep in each other in a text that begins `{begin}`; at most {MAX_DEPTH} are read")]
    Depth {
        /// How the text begins.
        begin: String,
        /// How deep they lie.
        depth: usize,
    },
    /// The entry has no such setting.
    #[error("{entry} has no setting `{setting}`{}; it has: {known}", did_you_mean(.setting, .known.split(", ")))]
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
        /// What it must be.
        rule: String,
    },
    /// The settings make no sense.
    #[error("{0}")]
    Check(String),
}

impl Setting<'_> {
    /// Reads the value from text.
    ///
    /// # Errors
    /// What the value must be, in words.
    pub fn parse(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim();
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let set = match self {
            Setting::Number(value) => number(text).map(|x| **value = x),
            Setting::Gain(value) => {
                let of_activation = || Some(activation::by_name::<f64>(text).ok()?.properties().gain);
                number(text).or_else(of_activation).map(|x| **value = x)
            }
            Setting::Optional(value) if text == "none" => {
                **value = None;
                Some(())
            }
            Setting::Optional(value) => number(text).map(|x| **value = Some(x)),
            Setting::Count(value) => text.parse().ok().map(|x| **value = x),
            Setting::OptionalCount(value) if text == "none" => {
                **value = None;
                Some(())
            }
            Setting::OptionalCount(value) => text.parse().ok().map(|x| **value = Some(x)),
            Setting::Flag(value) => text.parse().ok().map(|x| **value = x),
            Setting::Numbers(values) => {
                let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).map(str::trim);
                let numbers = inside.and_then(|inside| match inside {
                    "" => Some(Vec::new()),
                    _ => inside.split(',').map(number).collect(),
                });
                numbers.map(|numbers| **values = numbers)
            }
            Setting::Choice(chosen, words) => {
                words.iter().position(|word| *word == text).map(|position| **chosen = position)
            }
            Setting::Text(value) => (!text.is_empty()).then(|| **value = text.to_owned()),
            Setting::Entry(entry) => {
                return entry.choose(text).map_err(|why| format!("an entry of its list: {why}"));
            }
        };
        set.ok_or_else(|| self.rule())
    }

    fn rule(&self) -> String {
        match self {
            Setting::Number(_) => "a number, such as 0.5".to_owned(),
            Setting::Gain(_) => "a number, such as 0.5, or an activation, such as tanh".to_owned(),
            Setting::Optional(_) => "a number, such as 0.5, or none".to_owned(),
            Setting::Count(_) => "a whole number of at least 0".to_owned(),
            Setting::OptionalCount(_) => "a whole number of at least 0, or none".to_owned(),
            Setting::Flag(_) => "true or false".to_owned(),
            Setting::Numbers(_) => "numbers in brackets, such as [1, 2, 0.5]".to_owned(),
            Setting::Choice(_, words) => words.join(" or "),
            Setting::Text(_) => "a text".to_owned(),
            Setting::Entry(_) => "an entry of its list".to_owned(),
        }
    }
}

/// The value, in the form in which it is read.
impl fmt::Display for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Number(value) | Setting::Gain(value) => write!(f, "{}", Short(**value)),
            Setting::Optional(value) => match value {
                Some(value) => write!(f, "{}", Short(*value)),
                None => f.write_str("none"),
            },
            Setting::Count(value) => write!(f, "{value}"),
            Setting::OptionalCount(value) => match value {
                Some(value) => write!(f, "{value}"),
                None => f.write_str("none"),
            },
            Setting::Flag(value) => write!(f, "{value}"),
            Setting::Numbers(values) => {
                let numbers: Vec<String> = values.iter().map(|&value| Short(value).to_string()).collect();
                write!(f, "[{}]", numbers.join(", "))
            }
            Setting::Choice(chosen, words) => f.write_str(words[**chosen]),
            Setting::Text(value) => f.write_str(value),
            Setting::Entry(entry) => f.write_str(entry.text()),
        }
    }
}

/// A number without a row of zeros: `1e-8` instead of `0.00000001`.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.abs() {
            x if x != 0.0 && x.is_finite() && !(1e-4..1e7).contains(&x) => write!(f, "{:e}", self.0),
            _ => write!(f, "{}", self.0),
        }
    }
}

/// The entry of a list that a text names, with the settings that it gives: `elu`, or `elu(alpha=0.5)`. Settings that are
/// not given keep their values. Capitals and underscores of a name do not count: `LeakyReLU` is `leaky_relu`.
///
/// # Errors
/// [`ConfigError`] says which name, setting or value is wrong, and what there is.
pub fn choose<E: Configure + ?Sized>(
    family: &'static str,
    entries: Vec<Box<E>>,
    name_of: impl Fn(&E) -> String,
    text: &str,
) -> Result<Box<E>, ConfigError> {
    let (name, settings) = split(text)?;
    let known: Vec<String> = entries.iter().map(|entry| name_of(entry)).collect();
    let found = entries.into_iter().find(|entry| is_same_name(&name_of(entry), name));
    let mut entry = found.ok_or_else(|| UnknownName::new(family, name, known.iter().map(String::as_str)))?;
    let name = name_of(&entry);
    configure(&mut *entry, &name, &settings)?;
    Ok(entry)
}

/// The only entry of its kind with the settings that a text gives, named so or by one of its aliases; settings that are
/// not given keep their values.
///
/// # Errors
/// As [`choose`].
pub fn choose_only<E: Configure>(
    family: &'static str,
    name: &str,
    aliases: Aliases,
    only: E,
    text: &str,
) -> Result<E, ConfigError> {
    choose(family, vec![Box::new(only)], |_| name.to_owned(), &without_alias(aliases, text)).map(|found| *found)
}

/// Other names of the entries of a list, as packages have them, each with its name in the list: `("swish", "silu")`.
pub type Aliases = &'static [(&'static str, &'static str)];

/// The text with the name of the list in place of another one: `swish` becomes `silu`.
#[must_use]
pub fn without_alias<'a>(aliases: Aliases, text: &'a str) -> Cow<'a, str> {
    let (name, settings) = text.split_at(text.find('(').unwrap_or(text.len()));
    match aliases.iter().find(|(alias, _)| is_same_name(alias, name.trim())) {
        Some((_, name)) => Cow::Owned(format!("{name}{settings}")),
        None => Cow::Borrowed(text),
    }
}

/// How deep brackets may lie in each other in a text, since entries within entries are read on the stack.
pub const MAX_DEPTH: usize = 64;

/// Refuses a text whose brackets lie too deep in each other, before any of it is read.
///
/// # Errors
/// [`ConfigError::Depth`] if they lie deeper than [`MAX_DEPTH`].
pub(crate) fn check_depth(text: &str) -> Result<(), ConfigError> {
    let (mut depth, mut deepest) = (0_usize, 0);
    for c in text.chars() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest <= MAX_DEPTH {
        return Ok(());
    }
    Err(ConfigError::Depth { begin: text.chars().take(24).collect(), depth: deepest })
}

/// Whether two names are the same but for capitals and underscores.
#[must_use]
pub fn is_same_name(a: &str, b: &str) -> bool {
    let letters = |name: &'_ str| name.chars().filter(|&c| c != '_').flat_map(char::to_lowercase).collect::<String>();
    letters(a) == letters(b)
}

/// Gives an entry the settings of these names and texts.
///
/// # Errors
/// [`ConfigError`] says which setting or value is wrong.
pub fn configure<E: Configure + ?Sized>(
    entry: &mut E,
    name: &str,
    settings: &[(&str, &str)],
) -> Result<(), ConfigError> {
    for &(setting, value) in settings {
        let mut all = entry.settings();
        let found = all.iter_mut().find(|(known, _)| *known == setting);
        match found {
            Some((_, found)) => found.parse(value).map_err(|rule| ConfigError::Value {
                entry: name.to_owned(),
                setting: setting.to_owned(),
                value: value.to_owned(),
                rule,
            })?,
            None => {
                let known: Vec<_> = all.iter().map(|(known, _)| *known).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(ConfigError::Setting { entry: name.to_owned(), setting: setting.to_owned(), known });
            }
        }
    }
    entry.check().map_err(ConfigError::Check)
}

/// The name and the settings, as texts.
#[allow(clippy::type_complexity, reason = "a name and pairs of texts need no name of their own")]
fn split(text: &str) -> Result<(&str, Vec<(&str, &str)>), ConfigError> {
    check_depth(text)?;
    let syntax = |why| ConfigError::Syntax { text: text.to_owned(), why };
    let trimmed = text.trim();
    let Some((name, rest)) = trimmed.split_once('(') else {
        return Ok((trimmed, Vec::new()));
    };
    let inside = rest.strip_suffix(')').ok_or_else(|| syntax("the closing parenthesis is missing"))?;
    let mut settings = Vec::new();
    let (mut depth, mut begin) = (0_usize, 0);
    for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let part = inside[begin..at].trim();
                begin = (at + 1).min(inside.len());
                if part.is_empty() && inside.trim().is_empty() {
                    continue;
                }
                let pair = part.split_once('=').ok_or_else(|| syntax("a setting needs a value"))?;
                settings.push((pair.0.trim(), pair.1.trim()));
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err(syntax("a closing bracket is missing"));
    }
    Ok((name.trim(), settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Everything {
        number: f64,
        gain: f64,
        optional: Option<f64>,
        count: usize,
        optional_count: Option<usize>,
        flag: bool,
        numbers: Vec<f64>,
        choice: usize,
        inner: Inner,
    }

    /// `everything` within itself, one level deep.
    #[derive(Debug, Default, PartialEq)]
    struct Inner(String);

    impl Entry for Inner {
        fn text(&self) -> &str {
            &self.0
        }
        fn choose(&mut self, text: &str) -> Result<(), ConfigError> {
            choose("thing", vec![Box::new(Everything::default())], |_| "everything".to_owned(), text)?;
            self.0 = text.to_owned();
            Ok(())
        }
    }

    impl Configure for Everything {
        fn formula(&self) -> &'static str {
            "x"
        }
        fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
            vec![
                ("number", Setting::Number(&mut self.number)),
                ("gain", Setting::Gain(&mut self.gain)),
                ("optional", Setting::Optional(&mut self.optional)),
                ("count", Setting::Count(&mut self.count)),
                ("optional_count", Setting::OptionalCount(&mut self.optional_count)),
                ("flag", Setting::Flag(&mut self.flag)),
                ("numbers", Setting::Numbers(&mut self.numbers)),
                ("choice", Setting::Choice(&mut self.choice, &["left", "right"])),
                ("inner", Setting::Entry(&mut self.inner)),
            ]
        }
        fn check(&self) -> Result<(), String> {
            if self.number >= 0.0 { Ok(()) } else { Err(format!("number must not be negative, it is {}", self.number)) }
        }
    }

    fn chosen(text: &str) -> Result<Everything, String> {
        let found = choose("thing", vec![Box::new(Everything::default())], |_| "everything".to_owned(), text);
        found.map(|entry| *entry).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_read_from_text_and_written_as_they_are_read() {
        assert_eq!(chosen("everything").unwrap(), Everything::default());
        assert_eq!(chosen(" everything( ) ").unwrap(), Everything::default());
        let text = "everything(number=1e-8, gain=1.5, optional=0.5, count=7, optional_count=3, flag=true, numbers=[1, 2.5, -3], choice=right, inner=everything(number=2, numbers=[1, 2]))";
        let mut all = chosen(text).unwrap();
        let expected = Everything {
            number: 1e-8,
            gain: 1.5,
            optional: Some(0.5),
            count: 7,
            optional_count: Some(3),
            flag: true,
            numbers: vec![1.0, 2.5, -3.0],
            choice: 1,
            inner: Inner("everything(number=2, numbers=[1, 2])".to_owned()),
        };
        assert_eq!(all, expected);
        let written: Vec<String> = all.settings().iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(format!("everything({})", written.join(", ")), text);
        assert_eq!(chosen("everything(gain=tanh)").unwrap().gain, 5.0 / 3.0);
        assert_eq!(chosen("everything(gain=leaky_relu(slope=1), count=2)").unwrap().gain, 1.0);
        let none = chosen("everything(optional=none, optional_count=none, numbers=[])").unwrap();
        assert_eq!(none, Everything::default());
    }

    #[test]
    fn capitals_and_underscores_do_not_count_and_other_names_are_known() {
        for name in ["Everything", "EVERYTHING", "every_thing_"] {
            assert_eq!(chosen(&format!("{name}(count=3)")).unwrap().count, 3);
        }
        assert!(chosen("Everything(nmber=1)").unwrap_err().starts_with("everything has no setting `nmber`"));
        assert!(chosen("every-thing").unwrap_err().starts_with("there is no thing `every-thing`"));
        let aliases: Aliases = &[("all_of_it", "everything")];
        for (text, expected) in [
            ("AllOfIt", "everything"),
            (" all_of_it (count=3)", "everything(count=3)"),
            ("everything(count=3)", "everything(count=3)"),
            ("all(inner=all_of_it)", "all(inner=all_of_it)"),
        ] {
            assert_eq!(without_alias(aliases, text), expected);
        }
    }

    #[test]
    fn a_text_is_taken_as_it_is() {
        let mut pattern = String::new();
        let mut setting = Setting::Text(&mut pattern);
        assert_eq!(setting.parse(" *.weight "), Ok(()));
        assert_eq!(setting.to_string(), "*.weight");
        assert_eq!(setting.parse(" "), Err("a text".to_owned()));
        assert_eq!(pattern, "*.weight");
    }

    #[test]
    fn mistakes_are_named_with_what_there_is() {
        for (text, message) in [
            ("every", "there is no thing `every` (did you mean `everything`?); there are: everything"),
            (
                "everything(number=1",
                "`everything(number=1`: the closing parenthesis is missing; write `name` or `name(setting=value, ...)`",
            ),
            (
                "everything(number)",
                "`everything(number)`: a setting needs a value; write `name` or `name(setting=value, ...)`",
            ),
            (
                "everything(numbers=[1, 2)",
                "`everything(numbers=[1, 2)`: a closing bracket is missing; write `name` or `name(setting=value, ...)`",
            ),
            (
                "everything(nmber=1)",
                "everything has no setting `nmber` (did you mean `number`?); it has: number, gain, optional, count, optional_count, flag, numbers, choice, inner",
            ),
            ("everything(number=one)", "everything: number=one: must be a number, such as 0.5"),
            (
                "everything(gain=tank)",
                "everything: gain=tank: must be a number, such as 0.5, or an activation, such as tanh",
            ),
            ("everything(count=-1)", "everything: count=-1: must be a whole number of at least 0"),
            ("everything(flag=yes)", "everything: flag=yes: must be true or false"),
            ("everything(numbers=1)", "everything: numbers=1: must be numbers in brackets, such as [1, 2, 0.5]"),
            ("everything(choice=up)", "everything: choice=up: must be left or right"),
            (
                "everything(inner=everything(count=1)",
                "`everything(inner=everything(count=1)`: a closing bracket is missing; write `name` or `name(setting=value, ...)`",
            ),
            (
                "everything(inner=nothing)",
                "everything: inner=nothing: must be an entry of its list: there is no thing `nothing`; there are: everything",
            ),
            ("everything(number=-1)", "number must not be negative, it is -1"),
        ] {
            assert_eq!(chosen(text).unwrap_err(), message);
        }
    }
}
