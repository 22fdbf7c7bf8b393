//! Recipes as TOML.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::field::{Field, Value};
use crate::recipe::SHORT_FORM;
use crate::{Line, Recipe, RecipeError};

/// The version of the format, which each text states.
const FORMAT: u64 = 1;
/// The key of the version.
const FORMAT_KEY: &str = "format";
/// The part of a saved network's text that holds what was learned beside the parameters.
pub(crate) const FITTED: &str = "fitted";
/// The part that says how the columns of a table become inputs.
pub(crate) const TABLE: &str = "table";

/// One entry of a table, with its line.
type Entry<'a> = (usize, &'a str, Value);

impl Recipe {
    /// The recipe of a text. Keys that are not given have their defaults.
    ///
    /// The text of a saved network is read, too; what was learned in its training is passed over.
    ///
    /// ```
    /// use chainrule_recipe::Recipe;
    ///
    /// let error = Recipe::from_toml("seed = 1\nepoch = 20\n").unwrap_err().to_string();
    /// assert!(error.starts_with("line 2: there is no key `epoch` (did you mean `epochs`?)"));
    /// ```
    ///
    /// # Errors
    /// A text that is not TOML, an unknown key, or a value that makes no sense, each with its line.
    pub fn from_toml(text: &str) -> Result<Recipe, RecipeError> {
        read(text, None)
    }

    /// The recipe in a file.
    ///
    /// # Errors
    /// As [`from_toml`](Recipe::from_toml), with the path in front; a file that cannot be read.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Recipe, RecipeError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| RecipeError::File(path.to_owned(), error.to_string()))?;
        let recipe = Recipe::from_toml(&text);
        recipe.map_err(|error| RecipeError::File(path.to_owned(), error.to_string()))
    }

    /// The recipe as TOML. Every key is there that has a value, also one that is at its default, so
    /// that the text means the same if a default changes.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut copy = self.clone();
        let is_short = copy.layers.is_none();
        let kept = |key: &str| is_short || !SHORT_FORM.contains(&key);
        let mut text = format!("{FORMAT_KEY} = {FORMAT}\n");
        let fields = copy.fields();
        text += &lines(fields.iter().filter(|(key, _)| kept(key)));
        text
    }
}

/// `key = value` for each of these that has a value.
pub(crate) fn lines<'a, 'b: 'a>(
    fields: impl Iterator<Item = &'a (&'static str, Field<'b>)>,
) -> String {
    let line = |(key, field): &(&str, Field<'_>)| Some(format!("{key} = {}\n", field.toml()?));
    fields.filter_map(line).collect()
}

/// The recipe of a text, checked; what stands under `[fitted]` goes into these fields.
pub(crate) fn read(
    text: &str,
    fitted: Option<&mut [(&'static str, Field<'_>)]>,
) -> Result<Recipe, RecipeError> {
    let table = parse(text)?;
    let (mut recipe, is_saved) = (Recipe::default(), fitted.is_some());
    let [outer, inner, _] = entries(text, table.get_ref());
    check_format(&outer)?;
    take_over(&outer, &mut recipe.fields(), &[FORMAT_KEY])?;
    if let Some(fields) = fitted {
        take_over(&inner, fields, &[])?;
    }
    refuse_two_models(&outer)?;
    let checked = if is_saved { recipe.check_values() } else { recipe.check() };
    checked.map_err(|error| match error {
        RecipeError::Value { key, why, .. } => {
            let line = outer.iter().find(|(_, known, _)| *known == key).map(|(line, ..)| *line);
            RecipeError::Value { line: Line(line), key, why }
        }
        error => error,
    })?;
    Ok(recipe)
}

fn parse(text: &str) -> Result<toml::Spanned<DeTable<'_>>, RecipeError> {
    DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        RecipeError::Syntax { line: Line(line), why: error.message().trim_end().to_owned() }
    })
}

/// Takes over what stands under `[table]`. Gives whether there is something.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_table(
    text: &str,
    fields: &mut [(&'static str, Field<'_>)],
) -> Result<bool, RecipeError> {
    let table = parse(text)?;
    let [_, _, entries] = entries(text, table.get_ref());
    take_over(&entries, fields, &[])?;
    Ok(!entries.is_empty())
}

/// The entries outside of any part, those of `[fitted]` and those of `[table]`, in the order of the
/// text.
fn entries<'a>(text: &str, table: &'a DeTable<'_>) -> [Vec<Entry<'a>>; 3] {
    let of = |table: &'a DeTable<'_>| {
        let entry = |(key, value): (&'a toml::Spanned<_>, &'a toml::Spanned<DeValue<'_>>)| {
            let key: &toml::Spanned<std::borrow::Cow<'_, str>> = key;
            (line_of(text, key.span().start), key.get_ref().as_ref(), value_of(value.get_ref()))
        };
        let mut entries = table.iter().map(entry).collect::<Vec<_>>();
        entries.sort_by_key(|(line, ..)| *line);
        entries
    };
    let mut outer = of(table);
    let mut part = |name: &str| match table.get(name).map(|value| value.get_ref()) {
        Some(DeValue::Table(inner)) => {
            outer.retain(|(_, key, _)| *key != name);
            of(inner)
        }
        _ => Vec::new(),
    };
    let (fitted, columns) = (part(FITTED), part(TABLE));
    [outer, fitted, columns]
}

fn value_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => {
            Value::Number(number.as_str().to_owned())
        }
        DeValue::Float(number) => Value::Number(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Array(values) => {
            Value::List(values.iter().map(|value| value_of(value.get_ref())).collect())
        }
        _ => Value::Other,
    }
}

/// Gives each field the value of its key.
fn take_over(
    entries: &[Entry<'_>],
    fields: &mut [(&'static str, Field<'_>)],
    beside: &[&str],
) -> Result<(), RecipeError> {
    for (line, key, value) in entries.iter().filter(|(_, key, _)| !beside.contains(key)) {
        let line = Line(Some(*line));
        let Some((_, field)) = fields.iter_mut().find(|(known, _)| known == key) else {
            let known: Vec<&str> = fields.iter().map(|(known, _)| *known).collect();
            let (key, known) = ((*key).to_owned(), known.join(", "));
            return Err(RecipeError::Key { line, key, known });
        };
        let read = field.read(value);
        read.map_err(|why| RecipeError::Value { line, key: (*key).to_owned(), why })?;
    }
    Ok(())
}

/// A later format may mean other things by the same keys.
fn check_format(entries: &[Entry<'_>]) -> Result<(), RecipeError> {
    let Some((line, key, value)) = entries.iter().find(|(_, key, _)| *key == FORMAT_KEY) else {
        return Ok(());
    };
    if *value == Value::Number(FORMAT.to_string()) {
        return Ok(());
    }
    let why = format!(
        "must be {FORMAT}, the format that this release reads; a later release reads later ones"
    );
    Err(RecipeError::Value { line: Line(Some(*line)), key: (*key).to_owned(), why })
}

/// Beside `layers`, the short form of a model would mean nothing.
fn refuse_two_models(entries: &[Entry<'_>]) -> Result<(), RecipeError> {
    let has_layers = entries.iter().any(|(_, key, _)| *key == "layers");
    match entries.iter().find(|(_, key, _)| has_layers && SHORT_FORM.contains(key)) {
        Some((line, key, _)) => Err(RecipeError::Value {
            line: Line(Some(*line)),
            key: (*key).to_owned(),
            why: "`layers` describes the whole model; leave one of both out".to_owned(),
        }),
        None => Ok(()),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}
