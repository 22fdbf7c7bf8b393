//! Values that cannot act beside the others.

use chainrule_nn::config::Setting;
use chainrule_nn::loss;
use chainrule_train::schedule::Interval;

use crate::Recipe;

impl Recipe {
    /// The first key whose value cannot act, and why; `None` where each can.
    pub(crate) fn idle(&self) -> Option<(&'static str, String)> {
        let no_hidden = self.layers.is_none() && self.hidden.is_empty();
        let why = "there is no hidden layer that it could act on; give `hidden`, or leave it out";
        if no_hidden && self.normalise {
            return Some(("normalise", why.to_owned()));
        }
        if no_hidden && self.dropout.is_some_and(|share| share > 0.0) {
            return Some(("dropout", why.to_owned()));
        }
        match class_weights(&self.loss) {
            Some(true) => {}
            Some(false) if self.class_weights => {
                let why =
                    format!("`{}` gives weights of its own; leave one of both out", self.loss);
                return Some(("class_weights", why));
            }
            None if self.class_weights => {
                let why =
                    format!("the loss `{}` has no weights for classes; leave it out", self.loss);
                return Some(("class_weights", why));
            }
            _ => {}
        }
        let schedules = [&self.schedule, &self.decay_schedule, &self.dropout_schedule];
        if schedules.iter().all(|one| one.is_none()) && self.schedule_by == Interval::Step {
            let why = "has no effect without a `schedule`; give one, or leave it out";
            return Some(("schedule_by", why.to_owned()));
        }
        if self.early_stopping.is_none() && self.margin > 0.0 {
            let why = "has no effect without `early_stopping`; give it, or leave this out";
            return Some(("margin", why.to_owned()));
        }
        None
    }

    /// Gives the keys whose values cannot act their defaults.
    pub(crate) fn settle(&mut self) {
        let mut usual = Recipe::default();
        while let Some((key, _)) = self.idle() {
            let found = |(known, _): &(&str, _)| *known == key;
            let text = usual.fields().iter().find(|field| found(field)).map(|(_, f)| f.plain());
            let mut fields = self.fields();
            let field = fields.iter_mut().find(|(known, _)| *known == key);
            let set = field.zip(text).map(|((_, field), text)| field.parse(&text));
            debug_assert_eq!(set, Some(Ok(())), "{key}");
        }
    }

    /// Returns true if the loss takes weights for classes, and does not give them itself.
    #[must_use]
    pub fn takes_class_weights(&self) -> bool {
        class_weights(&self.loss) == Some(true)
    }
}

/// Returns true if the weights for classes that a loss has are still to be given; `None` if it has
/// none.
fn class_weights(loss: &str) -> Option<bool> {
    let mut loss = loss::by_name::<f64>(loss).ok()?;
    let weights = loss.settings().into_iter().find(|(name, _)| *name == "weights");
    weights.map(|(_, value)| matches!(value, Setting::Numbers(weights) if weights.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Change;

    /// Kind: names that do nothing. Values that cannot act are refused in a text, set back by a
    /// change, and read where a network that is trained has them.
    #[test]
    fn what_cannot_act_is_refused_and_set_back_by_changes() {
        for (key, text, cause) in [
            ("normalise", "hidden = [3]\nnormalise = true", "hidden=[]"),
            ("dropout", "hidden = [3]\ndropout = 0.5", "hidden=[]"),
            ("class_weights", "class_weights = true", "loss=mse"),
            ("class_weights", "class_weights = true", "loss=nll(weights=[1, 5])"),
            ("schedule_by", "schedule = \"exponential\"\nschedule_by = \"step\"", "schedule=none"),
            ("margin", "early_stopping = 3\nmargin = 0.1", "early_stopping=none"),
        ] {
            let acts = Recipe::from_toml(text).unwrap();
            let changed = cause.parse::<Change>().unwrap().apply(&acts).unwrap().unwrap();
            assert!(changed.check().is_ok() && changed.idle().is_none());
            let default = Recipe::default().values(key);
            assert_eq!(changed.values(key), default, "{key} after {cause}");
            // The same values by hand.
            let (changed_key, value) = cause.split_once('=').unwrap();
            let mut idle = acts.clone();
            idle.set(changed_key, value).unwrap();
            let error = idle.check().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{key}`: ")) && error.contains("; "), "{error}");
            let line = 1 + idle.to_toml().lines().position(|l| l.starts_with(key)).unwrap();
            let read = Recipe::from_toml(&idle.to_toml()).unwrap_err().to_string();
            assert_eq!(read, format!("line {line}: {error}"));
            assert!(idle.check_values().is_ok());
        }
        assert_eq!(Recipe::default().idle(), None);
    }
}
