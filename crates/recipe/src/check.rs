//! That every value of a recipe makes sense, before anything is trained.

use chainrule_nn::config::ConfigError;
use chainrule_nn::{activation, init, layer, loss};
use chainrule_train::callback::Monitor;
use chainrule_train::constraint;
use chainrule_train::metric;
use chainrule_train::schedule::{self, ReduceOnPlateau};
use chainrule_train::{Group, Penalty};

use crate::field::Field;
use crate::recipe::FITTING;
use crate::{Line, Recipe, RecipeError};

impl RecipeError {
    /// That the value of this key makes no sense.
    pub(crate) fn of(key: &str, why: impl ToString) -> RecipeError {
        RecipeError::Value { line: Line(None), key: key.to_owned(), why: why.to_string() }
    }

    /// That there is no such key among these.
    pub(crate) fn unknown(key: &str, fields: &[(&'static str, Field<'_>)]) -> RecipeError {
        let known: Vec<&str> = fields.iter().map(|(known, _)| *known).collect();
        RecipeError::Key { line: Line(None), key: key.to_owned(), known: known.join(", ") }
    }
}

impl Recipe {
    /// Checks that every value makes sense by itself: each text names something, each number is one
    /// that can be. It must also be able to act beside the others, as dropout needs a hidden layer.
    /// How model, loss and data fit together shows in [`prepare`](Recipe::prepare), and which
    /// parameters the patterns choose before the first step.
    ///
    /// # Errors
    /// [`RecipeError::Value`] with the first key whose value makes no sense, or cannot act.
    pub fn check(&self) -> Result<(), RecipeError> {
        self.check_values()?;
        self.idle().map_or(Ok(()), |(key, why)| Err(RecipeError::of(key, why)))
    }

    /// The same for a network that is trained, to which nothing is done any more.
    pub(crate) fn check_values(&self) -> Result<(), RecipeError> {
        self.check_model()?;
        named("loss", loss::by_name::<f64>(&self.loss))?;
        self.optimizer::<f64>()?;
        let schedules = [
            ("schedule", &self.schedule),
            ("decay_schedule", &self.decay_schedule),
            ("dropout_schedule", &self.dropout_schedule),
        ];
        for (key, text) in schedules {
            text.as_deref().map(|text| named(key, schedule::by_name(text))).transpose()?;
        }
        if let Some(text) = &self.plateau {
            named("plateau", text.parse::<ReduceOnPlateau>())?;
        }
        each("groups", &self.groups, |text| text.parse::<Group>())?;
        each("penalties", &self.penalties, |text| text.parse::<Penalty>())?;
        for text in &self.constraints {
            let (_, rule) = on_pattern("constraints", text, "*.weight: max_norm(max_norm=3)")?;
            named("constraints", constraint::by_name::<f64>(rule))?;
        }
        for (key, limit) in [("clip_norm", self.clip_norm), ("clip_value", self.clip_value)] {
            if let Some(limit) = limit.filter(|limit| !(*limit > 0.0 && limit.is_finite())) {
                let why = format!("must be a number above 0, such as 1, but it is {limit}");
                return Err(RecipeError::of(key, why));
            }
        }
        each("metrics", &self.metrics, metric::by_name::<f64>)?;
        let counts = [
            ("epochs", Some(self.epochs)),
            ("batch_size", Some(self.batch_size)),
            ("accumulate", Some(self.accumulate)),
            ("early_stopping", self.early_stopping),
        ];
        if let Some((key, _)) = counts.into_iter().find(|(_, count)| *count == Some(0)) {
            return Err(RecipeError::of(key, "must be at least 1, but it is 0"));
        }
        if !(self.margin >= 0.0 && self.margin.is_finite()) {
            let why = format!("must be finite and not negative, but it is {}", self.margin);
            return Err(RecipeError::of("margin", why));
        }
        self.monitored().map(|_| ())
    }

    fn check_model(&self) -> Result<(), RecipeError> {
        match &self.layers {
            Some(text) => named("layers", layer::by_name::<f64>(text)).map(|_| ())?,
            None => self.check_short_form()?,
        }
        for text in &self.initialisers {
            let (_, rule) = on_pattern("initialisers", text, "*.weight: orthogonal")?;
            named("initialisers", init::listed(rule))?;
        }
        if let Some(text) = &self.init_from_data {
            named("init_from_data", init::from_data_by_name::<f64>(text))?;
        }
        Ok(())
    }

    fn check_short_form(&self) -> Result<(), RecipeError> {
        if self.hidden.contains(&0) {
            return Err(RecipeError::of("hidden", "each width must be at least 1, but one is 0"));
        }
        let found = named("activation", activation::by_name::<f64>(&self.activation))?;
        if found.for_outputs() {
            let all = activation::all::<f64>();
            let hidden = all.iter().filter(|entry| !entry.for_outputs());
            let known: Vec<&str> = hidden.map(|entry| entry.kind()).collect();
            let why = format!(
                "`{}` turns the outputs of a whole layer into probabilities, so that it is not \
                 for hidden layers; there are: {}",
                self.activation,
                known.join(", ")
            );
            return Err(RecipeError::of("activation", why));
        }
        if self.init != FITTING {
            named("init", init::listed(&self.init))?;
        }
        if let Some(text) = &self.output_activation {
            named("output_activation", activation::by_name::<f64>(text))?;
        }
        match self.dropout.filter(|share| !(0.0..1.0).contains(share)) {
            Some(share) => {
                let why = format!("must be a share from 0 to below 1, but it is {share}");
                Err(RecipeError::of("dropout", why))
            }
            None => Ok(()),
        }
    }

    /// The number that is watched.
    pub(crate) fn monitored(&self) -> Result<Monitor, RecipeError> {
        match self.monitor.split_whitespace().collect::<Vec<_>>()[..] {
            ["loss"] => Ok(Monitor::loss()),
            ["highest", metric] => Ok(Monitor::highest(metric)),
            ["lowest", metric] => Ok(Monitor::lowest(metric)),
            _ => {
                let why = format!(
                    "must be loss, or a metric as in `highest accuracy` or `lowest log_loss`, but \
                     it is `{}`",
                    self.monitor
                );
                Err(RecipeError::of("monitor", why))
            }
        }
    }
}

/// The pattern and the rule of `pattern: rule`.
pub(crate) fn on_pattern<'a>(
    key: &str,
    text: &'a str,
    example: &str,
) -> Result<(&'a str, &'a str), RecipeError> {
    let parts = text.split_once(':').map(|(pattern, rule)| (pattern.trim(), rule.trim()));
    parts.filter(|(pattern, rule)| !pattern.is_empty() && !rule.is_empty()).ok_or_else(|| {
        let why = format!("`{text}`: name the parameters in front of the rule, as in `{example}`");
        RecipeError::of(key, why)
    })
}

/// The entry that a text of this key names.
pub(crate) fn named<E>(key: &str, found: Result<E, ConfigError>) -> Result<E, RecipeError> {
    found.map_err(|why| RecipeError::of(key, why))
}

fn each<E>(
    key: &str,
    texts: &[String],
    read: impl Fn(&str) -> Result<E, ConfigError>,
) -> Result<(), RecipeError> {
    texts.iter().try_for_each(|text| named(key, read(text)).map(|_| ()))
}
