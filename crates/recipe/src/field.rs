//! One value of a recipe: read from TOML or from plain text, and written as either.

use chainrule_nn::config::number::exact;
use chainrule_tensor::gemm::Precision;
use chainrule_train::schedule::Interval;

use crate::Scaling;

/// Where a value of some kind is kept.
pub(crate) enum Field<'a> {
    Text(&'a mut String),
    OptionalText(&'a mut Option<String>),
    Texts(&'a mut Vec<String>),
    /// Texts that may be empty, and keep their blanks.
    Names(&'a mut Vec<String>),
    /// A whole number of at least 1.
    Count(&'a mut usize),
    OptionalCount(&'a mut Option<usize>),
    Counts(&'a mut Vec<usize>),
    /// A whole number of at least 0.
    Positions(&'a mut Option<Vec<usize>>),
    Seed(&'a mut u64),
    Number(&'a mut f64),
    OptionalNumber(&'a mut Option<f64>),
    Numbers(&'a mut Option<Vec<f64>>),
    Flag(&'a mut bool),
    Word(&'a mut dyn Word),
}

/// A value as it stands in a file or a flag.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// In a flag, anything.
    Text(String),
    /// A number, in its digits.
    Number(String),
    Flag(bool),
    List(Vec<Value>),
    /// Any kind that no key takes.
    Other,
}

impl Value {
    fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Value::Number(digits) => digits.replace('_', "").parse().ok(),
            _ => None,
        }
    }

    fn whole<N: std::str::FromStr>(&self) -> Option<N> {
        match self {
            Value::Number(digits) => digits.replace('_', "").parse().ok(),
            _ => None,
        }
    }

    fn count(&self) -> Option<usize> {
        self.whole().filter(|&count| count > 0)
    }

    fn list<N>(&self, read: impl Fn(&Value) -> Option<N>) -> Option<Vec<N>> {
        match self {
            Value::List(values) => values.iter().map(read).collect(),
            _ => None,
        }
    }
}

/// `[a, b]` in plain text, split where a comma is in no other bracket.
fn plain_list(text: &str) -> Vec<&str> {
    let text = text.trim();
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if inside.trim().is_empty() { Vec::new() } else { split_outside_brackets(inside) }
}

/// The parts between commas that stand in no bracket or parenthesis.
pub(crate) fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|c: char| {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(str::trim).collect()
}

impl Field<'_> {
    /// Takes over a value.
    ///
    /// # Errors
    /// What it must be.
    pub(crate) fn read(&mut self, value: &Value) -> Result<(), String> {
        let set = match self {
            Field::Text(field) => value.text().map(|text| **field = text.to_owned()),
            Field::OptionalText(field) => value.text().map(|text| **field = Some(text.to_owned())),
            Field::Texts(field) => {
                let texts = value.list(|value| value.text().map(str::to_owned));
                texts.map(|texts| **field = texts)
            }
            Field::Names(field) => {
                let names = value.list(|value| match value {
                    Value::Text(text) => Some(text.clone()),
                    _ => None,
                });
                names.map(|names| **field = names)
            }
            Field::Count(field) => value.count().map(|count| **field = count),
            Field::OptionalCount(field) => value.count().map(|count| **field = Some(count)),
            Field::Counts(field) => value.list(Value::count).map(|counts| **field = counts),
            Field::Positions(field) => value.list(Value::whole).map(|all| **field = Some(all)),
            Field::Seed(field) => {
                // Where a seed is beyond what TOML counts, it stands in quotes.
                let quoted = value.text().and_then(|text| text.parse().ok());
                value.whole().or(quoted).map(|seed| **field = seed)
            }
            Field::Number(field) => value.number().map(|number| **field = number),
            Field::OptionalNumber(field) => value.number().map(|number| **field = Some(number)),
            Field::Numbers(field) => value.list(Value::number).map(|all| **field = Some(all)),
            Field::Flag(field) => match value {
                Value::Flag(flag) => {
                    **field = *flag;
                    Some(())
                }
                _ => None,
            },
            Field::Word(field) => value.text().and_then(|text| field.choose(text)),
        };
        set.ok_or_else(|| self.rule())
    }

    /// Takes over a value in plain text, as behind a flag: `none` for an absent one.
    ///
    /// # Errors
    /// What it must be.
    pub(crate) fn parse(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim();
        if text == "none" && self.clear() {
            return Ok(());
        }
        let numbers = || plain_list(text).into_iter().map(|text| Value::Number(text.to_owned()));
        let texts = || plain_list(text).into_iter().map(|text| Value::Text(text.to_owned()));
        let value = match self {
            Field::Text(_) | Field::OptionalText(_) | Field::Word(_) => {
                Value::Text(text.to_owned())
            }
            Field::Texts(_) | Field::Names(_) => Value::List(texts().collect()),
            Field::Counts(_) | Field::Positions(_) | Field::Numbers(_) => {
                Value::List(numbers().collect())
            }
            Field::Flag(_) => text.parse().map_or(Value::Other, Value::Flag),
            _ => Value::Number(text.to_owned()),
        };
        self.read(&value)
    }

    /// Takes the value away, if there may be none. Gives whether there may.
    fn clear(&mut self) -> bool {
        match self {
            Field::OptionalText(field) => **field = None,
            Field::OptionalCount(field) => **field = None,
            Field::OptionalNumber(field) => **field = None,
            _ => return false,
        }
        true
    }

    fn rule(&self) -> String {
        match self {
            Field::Text(_) | Field::OptionalText(_) => "must be a text in quotes".to_owned(),
            Field::Texts(_) | Field::Names(_) => {
                r#"must be a list of texts, such as ["a", "b"]"#.to_owned()
            }
            Field::Count(_) | Field::OptionalCount(_) => {
                "must be a whole number of at least 1".to_owned()
            }
            Field::Counts(_) => {
                "must be a list of whole numbers of at least 1, such as [64, 32]".to_owned()
            }
            Field::Positions(_) => "must be a list of whole numbers of at least 0".to_owned(),
            Field::Seed(_) => "must be a whole number of at least 0".to_owned(),
            Field::Number(_) | Field::OptionalNumber(_) => {
                "must be a number, such as 0.5".to_owned()
            }
            Field::Numbers(_) => "must be a list of numbers, such as [0.5, 2]".to_owned(),
            Field::Flag(_) => "must be true or false".to_owned(),
            Field::Word(field) => format!("must be one of: {}", field.words().join(", ")),
        }
    }

    /// The value as TOML; none if there is none.
    pub(crate) fn toml(&self) -> Option<String> {
        let list = |parts: Vec<String>| format!("[{}]", parts.join(", "));
        match self {
            Field::Text(field) => Some(quoted(field)),
            Field::OptionalText(field) => field.as_deref().map(quoted),
            Field::Texts(field) | Field::Names(field) => {
                Some(list(field.iter().map(|text| quoted(text)).collect()))
            }
            Field::Count(field) => Some(field.to_string()),
            Field::OptionalCount(field) => field.map(|count| count.to_string()),
            Field::Counts(field) => Some(list(field.iter().map(usize::to_string).collect())),
            Field::Positions(field) => {
                field.as_ref().map(|all| list(all.iter().map(usize::to_string).collect()))
            }
            Field::Seed(field) => Some(match i64::try_from(**field) {
                Ok(seed) => seed.to_string(),
                Err(_) => quoted(&field.to_string()),
            }),
            Field::Number(field) => Some(number(**field)),
            Field::OptionalNumber(field) => field.map(number),
            Field::Numbers(field) => {
                field.as_ref().map(|all| list(all.iter().copied().map(number).collect()))
            }
            Field::Flag(field) => Some(field.to_string()),
            Field::Word(field) => Some(quoted(field.word())),
        }
    }

    /// The value as plain text, which [`parse`](Field::parse) reads.
    pub(crate) fn plain(&self) -> String {
        match self {
            Field::Text(field) => field.to_string(),
            Field::OptionalText(Some(field)) => field.clone(),
            Field::Texts(field) | Field::Names(field) => format!("[{}]", field.join(", ")),
            Field::Seed(field) => field.to_string(),
            Field::Word(field) => field.word().to_owned(),
            Field::Number(field) => exact(**field),
            Field::OptionalNumber(Some(field)) => exact(*field),
            _ => self.toml().unwrap_or_else(|| "none".to_owned()),
        }
    }
}

impl Field<'_> {
    /// The value as plain texts: the entries of a list of texts, one text for any other value, none
    /// for an absent one.
    pub(crate) fn values(&self) -> Vec<String> {
        match self {
            Field::Texts(field) => field.to_vec(),
            _ if self.toml().is_none() => Vec::new(),
            _ => vec![self.plain()],
        }
    }
}

/// In the form of TOML, which has a point or an exponent in each number that is not whole.
fn number(x: f64) -> String {
    match x {
        x if x.is_nan() => "nan".to_owned(),
        x if x.is_infinite() => if x > 0.0 { "inf" } else { "-inf" }.to_owned(),
        _ => format!("{x:?}"),
    }
}

/// A basic string of TOML.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// One of several words.
pub(crate) trait Word {
    fn words(&self) -> Vec<&'static str>;
    fn word(&self) -> &'static str;
    /// None if there is no such word.
    fn choose(&mut self, word: &str) -> Option<()>;
}

macro_rules! words {
    ($type:ty { $($value:path = $word:literal),+ $(,)? }) => {
        impl Word for $type {
            fn words(&self) -> Vec<&'static str> {
                vec![$($word),+]
            }
            fn word(&self) -> &'static str {
                match self { $($value => $word),+ }
            }
            fn choose(&mut self, word: &str) -> Option<()> {
                *self = match word { $($word => $value,)+ _ => return None };
                Some(())
            }
        }
    };
}

words!(Interval { Interval::Epoch = "epoch", Interval::Step = "step" });
words!(Precision { Precision::F32 = "f32", Precision::Fast = "fast", Precision::Bf16 = "bf16" });
words!(Scaling {
    Scaling::None = "none",
    Scaling::Standard = "standard",
    Scaling::MinMax = "min_max",
});
