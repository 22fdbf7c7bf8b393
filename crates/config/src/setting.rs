use std::fmt;

use crate::number::exact;
use crate::{Bounds, ConfigError};

/// One setting of an entry, to be read or written.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub enum Setting<'a> {
    /// A number, such as `0.01` or `inf`.
    Number(&'a mut f64),
    /// A number, or a word that stands for one.
    NumberOr(&'a mut f64, Words),
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
    /// Whole numbers that are not negative in brackets, such as `[3, 12]`; `[]` for none.
    Counts(&'a mut Vec<usize>),
    /// One of several words: the index of the chosen one, and all of them.
    Choice(&'a mut usize, &'static [&'static str]),
    /// A text, such as the pattern `*.weight`.
    Text(&'a mut String),
    /// Another entry with its own settings, such as `cosine(total=100)`.
    Entry(&'a mut dyn Entry),
}

/// Words that stand for numbers.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The number that a word stands for, if it stands for one.
    pub read: fn(&str) -> Option<f64>,
    /// The words, as a message says them: `an activation, such as tanh`.
    pub rule: &'static str,
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.rule == other.rule
    }
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

/// A type that a setting of [`settings!`](crate::settings) may have.
pub trait Value {
    /// The value as a setting.
    fn setting(&mut self) -> Setting<'_>;

    /// The bounds in words, for a value of this type.
    #[must_use]
    fn rule(bounds: &Bounds) -> String {
        bounds.to_string()
    }

    /// Checks that it lies within bounds; what has no numbers always does.
    ///
    /// # Errors
    /// What it must be, and what it is.
    fn check(&self, _bounds: &Bounds) -> Result<(), String> {
        Ok(())
    }
}

/// One of several words, as a setting: the first by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    index: usize,
    words: &'static [&'static str],
}

impl Choice {
    /// The first of these words.
    #[must_use]
    pub const fn of(words: &'static [&'static str]) -> Self {
        Choice { index: 0, words }
    }

    /// Another one of them.
    ///
    /// # Panics
    /// If there are not so many.
    #[track_caller]
    #[must_use]
    pub const fn at(self, index: usize) -> Self {
        assert!(index < self.words.len(), "there are not so many words");
        Choice { index, ..self }
    }

    /// Its place among the words.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index
    }
}

impl Value for Choice {
    fn setting(&mut self) -> Setting<'_> {
        Setting::Choice(&mut self.index, self.words)
    }
}

impl Value for f64 {
    fn setting(&mut self) -> Setting<'_> {
        Setting::Number(self)
    }

    fn check(&self, bounds: &Bounds) -> Result<(), String> {
        if bounds.contains(*self) { Ok(()) } else { Err(format!("{bounds}, but it is {self}")) }
    }
}

impl Value for usize {
    fn setting(&mut self) -> Setting<'_> {
        Setting::Count(self)
    }

    fn rule(bounds: &Bounds) -> String {
        // Every count is finite.
        bounds.or_infinite().to_string()
    }

    fn check(&self, bounds: &Bounds) -> Result<(), String> {
        if bounds.contains(*self as f64) {
            return Ok(());
        }
        Err(format!("{}, but it is {self}", Self::rule(bounds)))
    }
}

impl Value for Option<f64> {
    fn setting(&mut self) -> Setting<'_> {
        Setting::Optional(self)
    }

    fn check(&self, bounds: &Bounds) -> Result<(), String> {
        self.map_or(Ok(()), |value| Value::check(&value, bounds))
    }
}

impl Value for Option<usize> {
    fn setting(&mut self) -> Setting<'_> {
        Setting::OptionalCount(self)
    }

    fn rule(bounds: &Bounds) -> String {
        usize::rule(bounds)
    }

    fn check(&self, bounds: &Bounds) -> Result<(), String> {
        self.map_or(Ok(()), |value| Value::check(&value, bounds))
    }
}

impl Value for Vec<f64> {
    fn setting(&mut self) -> Setting<'_> {
        Setting::Numbers(self)
    }

    fn check(&self, bounds: &Bounds) -> Result<(), String> {
        match self.iter().find(|value| !bounds.contains(**value)) {
            Some(wrong) => Err(format!("{bounds}, but one is {wrong}")),
            None => Ok(()),
        }
    }
}

impl Value for Vec<usize> {
    fn setting(&mut self) -> Setting<'_> {
        Setting::Counts(self)
    }

    fn rule(bounds: &Bounds) -> String {
        usize::rule(bounds)
    }

    fn check(&self, bounds: &Bounds) -> Result<(), String> {
        match self.iter().find(|value| !bounds.contains(**value as f64)) {
            Some(wrong) => Err(format!("{}, but one is {wrong}", Self::rule(bounds))),
            None => Ok(()),
        }
    }
}

impl Value for bool {
    fn setting(&mut self) -> Setting<'_> {
        Setting::Flag(self)
    }
}

impl Value for String {
    fn setting(&mut self) -> Setting<'_> {
        Setting::Text(self)
    }
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
            Setting::NumberOr(value, words) => {
                number(text).or_else(|| (words.read)(text)).map(|x| **value = x)
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
            Setting::Numbers(values) => in_brackets(text, number).map(|all| **values = all),
            Setting::Counts(values) => {
                in_brackets(text, |text| text.trim().parse().ok()).map(|all| **values = all)
            }
            Setting::Choice(chosen, words) => {
                let position = words.iter().position(|word| *word == text);
                position.map(|position| **chosen = position)
            }
            Setting::Text(value) => (!text.is_empty()).then(|| **value = text.to_owned()),
            Setting::Entry(entry) => {
                let chosen = entry.choose(text);
                return chosen.map_err(|why| format!("an entry of its list: {why}"));
            }
        };
        set.ok_or_else(|| self.rule())
    }

    fn rule(&self) -> String {
        match self {
            Setting::Number(_) => "a number, such as 0.5".to_owned(),
            Setting::NumberOr(_, words) => format!("a number, such as 0.5, or {}", words.rule),
            Setting::Optional(_) => "a number, such as 0.5, or none".to_owned(),
            Setting::Count(_) => "a whole number of at least 0".to_owned(),
            Setting::OptionalCount(_) => "a whole number of at least 0, or none".to_owned(),
            Setting::Flag(_) => "true or false".to_owned(),
            Setting::Numbers(_) => "numbers in brackets, such as [1, 2, 0.5]".to_owned(),
            Setting::Counts(_) => {
                "whole numbers of at least 0 in brackets, such as [3, 12]".to_owned()
            }
            Setting::Choice(_, words) => words.join(" or "),
            Setting::Text(_) => "a text".to_owned(),
            Setting::Entry(_) => "an entry of its list".to_owned(),
        }
    }
}

/// The values between brackets and commas.
fn in_brackets<V>(text: &str, read: impl Fn(&str) -> Option<V>) -> Option<Vec<V>> {
    let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'))?.trim();
    if inside.is_empty() { Some(Vec::new()) } else { inside.split(',').map(read).collect() }
}

/// The value, in the form in which it is read.
impl fmt::Display for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Number(value) | Setting::NumberOr(value, _) => f.write_str(&exact(**value)),
            Setting::Optional(Some(value)) => f.write_str(&exact(*value)),
            Setting::Count(value) => write!(f, "{value}"),
            Setting::OptionalCount(Some(value)) => write!(f, "{value}"),
            Setting::Optional(None) | Setting::OptionalCount(None) => f.write_str("none"),
            Setting::Flag(value) => write!(f, "{value}"),
            Setting::Numbers(values) => {
                let numbers: Vec<_> = values.iter().map(|&x| exact(x)).collect();
                write!(f, "[{}]", numbers.join(", "))
            }
            Setting::Counts(values) => {
                let counts: Vec<_> = values.iter().map(usize::to_string).collect();
                write!(f, "[{}]", counts.join(", "))
            }
            Setting::Choice(chosen, words) => f.write_str(words[**chosen]),
            Setting::Text(value) => f.write_str(value),
            Setting::Entry(entry) => f.write_str(entry.text()),
        }
    }
}
