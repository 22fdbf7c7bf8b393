use std::fmt;
use std::str::FromStr;

use chainrule_nn::config::number::exact;

use crate::field::{Field, split_outside_brackets};
use crate::recipe::SHORT_FORM;
use crate::{Recipe, RecipeError};

/// A change to a recipe: keys that get other values. A knob that is turned to see what it does, a
/// remedy for a finding and a flag of a program are each one.
///
/// As text, `key=value`, or `key*=factor` for a number, with commas between several:
///
/// ```
/// use chainrule_recipe::{Change, Recipe};
///
/// let change: Change = "activation=tanh, epochs*=2".parse()?;
/// assert_eq!(change, Change::set("activation", "tanh").and(Change::times("epochs", 2.0)));
/// let changed = change.apply(&Recipe::default())?.unwrap();
/// assert_eq!((changed.activation.as_str(), changed.epochs), ("tanh", 20));
/// # Ok::<(), chainrule_recipe::RecipeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    edits: Vec<Edit>,
}

#[derive(Clone, Debug, PartialEq)]
struct Edit {
    key: String,
    how: How,
}

#[derive(Clone, Debug, PartialEq)]
enum How {
    /// The value in plain text.
    Set(String),
    Times(f64),
}

impl Change {
    /// This key gets this value, in plain text: `none` for an absent one, lists in brackets.
    #[must_use]
    pub fn set(key: &str, value: impl ToString) -> Change {
        Change { edits: vec![Edit { key: key.to_owned(), how: How::Set(value.to_string()) }] }
    }

    /// The number of this key times this; each of them where there are several, such as widths.
    #[must_use]
    pub fn times(key: &str, factor: f64) -> Change {
        Change { edits: vec![Edit { key: key.to_owned(), how: How::Times(factor) }] }
    }

    /// Another activation in the hidden layers, with first weights that fit it.
    #[must_use]
    pub fn activation(name: &str) -> Change {
        Change::set("activation", name).and(Change::set("init", crate::recipe::FITTING))
    }

    /// Another loss, on outputs without an activation.
    #[must_use]
    pub fn loss(name: &str) -> Change {
        Change::set("loss", name).and(Change::set("output_activation", "none"))
    }

    /// Another optimizer, with its own learning rate.
    #[must_use]
    pub fn optimizer(name: &str) -> Change {
        Change::set("optimizer", name).and(Change::set("learning_rate", "none"))
    }

    /// No more epochs after so many without a better watched number, and the weights of the best.
    #[must_use]
    pub fn early_stopping(patience: usize) -> Change {
        Change::set("early_stopping", patience).and(Change::set("best_weights", true))
    }

    /// So many hidden layers of one width. It is the one whose number of parameters is nearest to
    /// that of the recipe's layers, for samples of `inputs` features and this many outputs.
    #[must_use]
    pub fn depth(recipe: &Recipe, depth: usize, inputs: usize, outputs: usize) -> Change {
        let weights = |widths: &mut dyn Iterator<Item = usize>| {
            let (sum, last) = widths.fold((0_usize, inputs), |(sum, from), to| {
                (sum.saturating_add(from.saturating_add(1).saturating_mul(to)), to)
            });
            sum.saturating_add(last.saturating_add(1).saturating_mul(outputs))
        };
        let goal = weights(&mut recipe.hidden.iter().copied());
        let of = |width| weights(&mut std::iter::repeat_n(width, depth));
        // The number grows with the width.
        let (mut low, mut high) = (1, goal.max(1));
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if of(middle) <= goal { low = middle } else { high = middle }
        }
        let width = if of(high).abs_diff(goal) < of(low).abs_diff(goal) { high } else { low };
        let widths = vec![width.to_string(); depth];
        Change::set("hidden", format!("[{}]", widths.join(", ")))
    }

    /// Both changes, this one first.
    #[must_use]
    pub fn and(mut self, other: Change) -> Change {
        self.edits.extend(other.edits);
        self
    }

    /// Returns true if it is nothing but a factor, which can be taken again.
    #[must_use]
    pub fn is_factor(&self) -> bool {
        self.edits.iter().all(|edit| matches!(edit.how, How::Times(_)))
    }

    /// Returns true if it is a factor on this key alone.
    #[must_use]
    pub fn is_factor_of(&self, key: &str) -> bool {
        self.is_factor() && self.edits.iter().all(|edit| edit.key == key)
    }

    /// The recipe with this change; `None` where that changes nothing, as for hidden layers that
    /// there are not.
    ///
    /// # Errors
    /// A key that there is not, or a value that makes no sense.
    pub fn apply(&self, recipe: &Recipe) -> Result<Option<Recipe>, RecipeError> {
        self.apply_times(recipe, 1)
    }

    /// [`apply`](Change::apply) with each factor taken so many times.
    ///
    /// # Errors
    /// As [`apply`](Change::apply).
    pub fn apply_times(&self, recipe: &Recipe, times: u32) -> Result<Option<Recipe>, RecipeError> {
        let mut new = recipe.clone();
        for Edit { key, how } in &self.edits {
            if passes_over(&new, key, how) {
                continue;
            }
            if key == "learning_rate" && matches!(how, How::Times(_)) {
                new.learning_rate = Some(new.rate()?);
            }
            let mut fields = new.fields();
            let Some((_, field)) = fields.iter_mut().find(|(known, _)| known == key) else {
                return Err(RecipeError::unknown(key, &fields));
            };
            let set = match how {
                How::Set(value) => field.parse(value),
                How::Times(factor) => multiply(field, factor.powf(f64::from(times))),
            };
            set.map_err(|why| RecipeError::of(key, why))?;
        }
        // Such as weights for classes where another loss has none.
        new.settle();
        new.check()?;
        Ok((new != *recipe).then_some(new))
    }

    /// The settings that it makes, with the values that a recipe has then: `learning_rate=0.01` for
    /// a factor.
    #[must_use]
    pub fn told(&self, changed: &Recipe) -> String {
        let mut changed = changed.clone();
        let fields = changed.fields();
        let told = self.edits.iter().map(|edit| {
            let field = fields.iter().find(|(known, _)| *known == edit.key);
            let value = field.map(|(_, field)| field.plain()).unwrap_or_default();
            format!("{}={value}", edit.key)
        });
        told.collect::<Vec<_>>().join(", ")
    }

    /// All that differs from one recipe to another.
    #[must_use]
    pub fn between(from: &Recipe, to: &Recipe) -> Change {
        let (mut from, mut to) = (from.clone(), to.clone());
        let (from, to) = (from.fields(), to.fields());
        let pairs = from.iter().zip(&to).filter(|(from, to)| from.1.plain() != to.1.plain());
        let edit = |(_, to): (_, &(&str, Field<'_>))| Edit {
            key: to.0.to_owned(),
            how: How::Set(to.1.plain()),
        };
        Change { edits: pairs.map(edit).collect() }
    }
}

/// Returns true if the change has no meaning for this recipe: hidden layers that there are not,
/// weights for classes in a loss that has none.
fn passes_over(recipe: &Recipe, key: &str, how: &How) -> bool {
    match key {
        "normalise" | "dropout" => !recipe.has_hidden(),
        "class_weights" if *how == How::Set("true".to_owned()) => !recipe.takes_class_weights(),
        _ => recipe.layers.is_some() && SHORT_FORM.contains(&key),
    }
}

fn multiply(field: &mut Field<'_>, factor: f64) -> Result<(), String> {
    let count = |count: &mut usize| *count = (*count as f64 * factor).round() as usize;
    match field {
        Field::Number(number) => **number = round(**number * factor),
        Field::OptionalNumber(Some(number)) => *number = round(*number * factor),
        Field::Count(field) => count(field),
        Field::OptionalCount(Some(field)) => count(field),
        Field::Counts(field) => field.iter_mut().for_each(count),
        _ => return Err("is no number that a factor could be taken of".to_owned()),
    }
    Ok(())
}

/// Without what a product leaves behind: 0.01 instead of 0.010000000000000002.
fn round(number: f64) -> f64 {
    format!("{number:.6e}").parse().unwrap_or(number)
}

/// In the form in which it is read.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Edit { key, how }) in self.edits.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            match how {
                How::Set(value) => write!(f, "{key}={value}")?,
                How::Times(factor) => write!(f, "{key}*={}", exact(*factor))?,
            }
        }
        Ok(())
    }
}

impl FromStr for Change {
    type Err = RecipeError;

    /// # Errors
    /// A text that is not of the form `key=value` or `key*=factor`, or a key that there is not.
    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let mut recipe = Recipe::default();
        let fields = recipe.fields();
        let edit = |part: &str| {
            let Some((key, value)) = part.split_once('=') else {
                return Err(RecipeError::of(part, "write key=value, or key*=factor for a number"));
            };
            let (key, how) = match key.trim_end().strip_suffix('*') {
                None => (key.trim(), How::Set(value.trim().to_owned())),
                Some(key) => {
                    let factor = value.trim().parse().ok();
                    let factor = factor.filter(|x: &f64| x.is_finite() && *x > 0.0);
                    let wrong = || RecipeError::of(key.trim(), "a factor must be above 0");
                    (key.trim(), How::Times(factor.ok_or_else(wrong)?))
                }
            };
            if !fields.iter().any(|(known, _)| *known == key) {
                return Err(RecipeError::unknown(key, &fields));
            }
            Ok(Edit { key: key.to_owned(), how })
        };
        let edits = split_outside_brackets(text).into_iter().map(edit).collect::<Result<_, _>>()?;
        Ok(Change { edits })
    }
}
