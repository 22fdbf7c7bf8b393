//! Parameters with settings of their own, chosen by name.

use std::ops::Range;
use std::str::FromStr;

use chainrule_config::{Family, Setting};
use chainrule_graph::Layout;
use chainrule_nn::{ConfigError, Configure};
use chainrule_tensor::{Aligned, Real, simd};

use crate::TrainError;
use crate::check::not_negative;
use crate::pattern::{Chosen, choose, matches};

/// Parameters chosen by a pattern of their names, with a learning rate, a weight decay, or none of
/// both. In a pattern `*` stands for any text and `?` for any one character.
///
/// Where several groups choose a parameter, the last of them counts; but once frozen by any it
/// stays frozen. A group that later ones leave nothing of is refused, as is one that is frozen and
/// has a learning rate or a weight decay.
///
/// ```
/// use chainrule_train::Group;
///
/// let biases = Group::new("*.bias").learning_rate(2.0);
/// let first_layers = Group::new("0.*").frozen();
/// assert_eq!("group(on=*.bias, learning_rate=2)".parse(), Ok(biases));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "give it to the trainer"]
pub struct Group {
    pattern: String,
    learning_rate: f64,
    weight_decay: f64,
    frozen: bool,
}

impl Group {
    /// The parameters of these names, with the optimizer's settings as they are.
    pub fn new(pattern: impl Into<String>) -> Self {
        Group { pattern: pattern.into(), learning_rate: 1.0, weight_decay: 0.0, frozen: false }
    }

    /// A factor on each move that the optimizer makes; 1 by default. As every optimizer's move is
    /// in proportion to its learning rate, a factor on that; only with
    /// [`Lookahead`](crate::optimizer::Lookahead) it also shortens the moves back to the slow
    /// weights.
    pub fn learning_rate(mut self, factor: f64) -> Self {
        self.learning_rate = factor;
        self
    }

    /// How much of each weight goes with a step, apart from the gradient (decoupled, as in AdamW):
    /// `w -= learning rate * factor * weight_decay * w`. 0 by default. It adds to what the
    /// optimizer decays itself, and may follow a
    /// [schedule](crate::Trainer::decay_schedule).
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// Never moved: no gradient, so that it does not count in a norm either; no decay, no momentum,
    /// no constraint. Running statistics are no parameters and go on.
    pub fn frozen(mut self) -> Self {
        self.frozen = true;
        self
    }
}

impl Configure for Group {
    fn formula(&self) -> &'static str {
        "the parameters of these names move by learning_rate times what the optimizer says, and \
         decay"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![
            ("on", Setting::Text(&mut self.pattern)),
            ("learning_rate", Setting::Number(&mut self.learning_rate)),
            ("weight_decay", Setting::Number(&mut self.weight_decay)),
            ("frozen", Setting::Flag(&mut self.frozen)),
        ]
    }

    fn check(&self) -> Result<(), String> {
        let owner = format!("group `{}`", self.pattern);
        not_negative(&owner, "the factor on the learning rate", self.learning_rate)?;
        not_negative(&owner, "the weight decay", self.weight_decay)?;
        if self.frozen && (self.learning_rate != 1.0 || self.weight_decay != 0.0) {
            return Err(format!(
                "{owner}: what is frozen has no use for a learning rate or a weight decay; leave \
                 them out"
            ));
        }
        Ok(())
    }
}

impl FromStr for Group {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let all = Group::new("*");
        Family::new("group of parameters", |_: &Self| "group", vec![Box::new(all)]).only(text)
    }
}

/// The groups' settings for the ranges of the flat vector that need any.
#[derive(Debug)]
pub(crate) struct Groups<T: Real> {
    parts: Vec<Stretch>,
    /// The weights before the step, as far as a part needs them.
    before: Aligned<T>,
}

#[derive(Debug)]
struct Stretch {
    range: Range<usize>,
    factor: f64,
    weight_decay: f64,
    frozen: bool,
}

impl Stretch {
    /// True if the optimizer's move is not the one that is wanted.
    fn moves_otherwise(&self) -> bool {
        self.frozen || self.factor != 1.0
    }
}

impl<T: Real> Groups<T> {
    pub(crate) fn new(layout: &Layout, groups: &[Group]) -> Result<Self, TrainError> {
        for group in groups {
            group.check().map_err(TrainError::Setting)?;
            choose(layout, &group.pattern)?;
        }
        for (i, group) in groups.iter().enumerate() {
            let later =
                |name: &str| groups[i + 1..].iter().any(|later| matches(&later.pattern, name));
            let mut chosen =
                layout.entries().iter().filter(|entry| matches(&group.pattern, &entry.name));
            if !group.frozen && chosen.all(|entry| later(&entry.name)) {
                return Err(TrainError::Setting(format!(
                    "group `{}` has no effect: later groups choose all of its parameters, and the \
                     last one counts; put it \
                     behind them",
                    group.pattern
                )));
            }
        }
        let mut parts = Vec::new();
        for entry in layout.entries() {
            let of_entry = || groups.iter().filter(|group| matches(&group.pattern, &entry.name));
            let Some(last) = of_entry().next_back() else { continue };
            let (factor, weight_decay) = (last.learning_rate, last.weight_decay);
            let part = Stretch {
                range: entry.range.clone(),
                factor,
                weight_decay,
                frozen: of_entry().any(|g| g.frozen),
            };
            if part.frozen || factor != 1.0 || weight_decay != 0.0 {
                parts.push(part);
            }
        }
        if parts.iter().filter(|part| part.frozen).count() == layout.entries().len()
            && !parts.is_empty()
        {
            let why = "all parameters are frozen, so that nothing would be trained: let a group \
                       leave some out";
            return Err(TrainError::Setting(why.to_owned()));
        }
        let before = Aligned::zeros(if parts.is_empty() { 0 } else { layout.flat_len() });
        Ok(Groups { parts, before })
    }

    /// Takes the gradient away from what is frozen.
    pub(crate) fn silence(&self, gradient: &mut [T]) {
        for part in self.parts.iter().filter(|part| part.frozen) {
            gradient[part.range.clone()].fill(T::ZERO);
        }
    }

    /// Before the optimizer's step with this learning rate: decays, by this part of what the groups
    /// say.
    pub(crate) fn prepare(&mut self, weights: &mut [T], learning_rate: f64, decay: f64) {
        for part in &self.parts {
            let weights = &mut weights[part.range.clone()];
            if part.weight_decay != 0.0 {
                let kept = 1.0 - learning_rate * part.factor * part.weight_decay * decay;
                let kept = T::from_f64(kept);
                simd::dispatch(
                    #[inline(always)]
                    || {
                        for w in &mut *weights {
                            *w = (*w * kept).flushed();
                        }
                    },
                );
            }
            if part.moves_otherwise() {
                self.before[part.range.clone()].copy_from_slice(weights);
            }
        }
    }

    /// After the optimizer's step: multiplies the moves, and takes those of frozen weights back.
    pub(crate) fn settle(&self, weights: &mut [T]) {
        for part in self.parts.iter().filter(|part| part.moves_otherwise()) {
            let range = part.range.clone();
            let (weights, before) = (&mut weights[range.clone()], &self.before[range]);
            if part.frozen {
                weights.copy_from_slice(before);
                continue;
            }
            let factor = T::from_f64(part.factor);
            simd::dispatch(
                #[inline(always)]
                || {
                    for (w, &before) in weights.iter_mut().zip(before) {
                        *w = before + factor * (*w - before);
                    }
                },
            );
        }
    }

    /// True if any parameter decays.
    pub(crate) fn decays(&self) -> bool {
        self.parts.iter().any(|part| part.weight_decay != 0.0)
    }

    /// Gives frozen weights the values that they have there.
    pub(crate) fn keep_frozen(&self, weights: &mut [T], trained: &[T]) {
        for Stretch { range, .. } in self.parts.iter().filter(|part| part.frozen) {
            weights[range.clone()].copy_from_slice(&trained[range.clone()]);
        }
    }

    /// That something of what a penalty or a constraint chooses is moved at all.
    pub(crate) fn refuse_all_frozen(
        &self,
        what: &str,
        pattern: &str,
        chosen: &[Chosen],
    ) -> Result<(), TrainError> {
        if chosen.iter().any(|chosen| !self.is_frozen(&chosen.range)) {
            return Ok(());
        }
        Err(TrainError::Setting(format!(
            "the {what} on `{pattern}` has no effect: all parameters of these names are frozen"
        )))
    }

    /// Returns true if this range is frozen.
    pub(crate) fn is_frozen(&self, range: &Range<usize>) -> bool {
        self.parts.iter().any(|part| part.frozen && part.range == *range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::{Sgd, State};
    use chainrule_graph::{Graph, Params};

    fn params() -> Params<f64> {
        let graph = Graph::<f64>::new();
        for name in ["0.weight", "0.bias", "1.weight", "1.bias"] {
            let _ = graph.param(name, [2], 1.0);
        }
        Params::init(graph.layout(), 0).unwrap()
    }

    /// The first weight of each parameter after three steps with gradient 1, learning rate 0.1,
    /// momentum and decay.
    fn after_three_steps(sgd: Sgd, groups: &[Group]) -> Vec<f64> {
        let mut params = params();
        let mut groups = Groups::new(params.layout(), groups).unwrap();
        let mut state = State::new(&sgd, &params);
        for _ in 0..3 {
            let mut gradient = vec![1.0; params.values().len()];
            groups.silence(&mut gradient);
            groups.prepare(params.values_mut(), sgd.learning_rate, 1.0);
            state.step(&sgd, params.values_mut(), &gradient);
            groups.settle(params.values_mut());
        }
        params.iter().map(|(_, tensor)| tensor.values()[0]).collect()
    }

    #[test]
    fn factors_multiply_moves_and_what_is_frozen_stays_with_momentum_and_decay() {
        let sgd = Sgd { weight_decay: 0.5, ..Sgd::new(0.1).momentum(0.9) };
        let plain = after_three_steps(sgd, &[])[0];
        let half = after_three_steps(Sgd { learning_rate: 0.05, ..sgd }, &[])[0];
        let groups = [Group::new("0.*").frozen(), Group::new("*.bias").learning_rate(0.5)];
        let moved = after_three_steps(sgd, &groups);
        assert_eq!(moved[..3], [1.0, 1.0, plain]);
        // Up to rounding, the factor is one on the learning rate.
        assert!((moved[3] - half).abs() < 1e-15, "{} is not {half}", moved[3]);
    }

    #[test]
    fn decay_is_decoupled_and_the_last_group_counts() {
        let groups = [
            Group::new("*").weight_decay(9.0),
            Group::new("1.*").weight_decay(0.5).learning_rate(2.0),
        ];
        let moved = after_three_steps(Sgd::new(0.1), &groups);
        let path = |factor: f64, decay: f64| {
            (0..3).fold(1.0, |w: f64, _| w - 0.1 * factor - 0.1 * factor * decay * w)
        };
        for (got, expected) in
            moved.iter().zip([path(1.0, 9.0), path(1.0, 9.0), path(2.0, 0.5), path(2.0, 0.5)])
        {
            assert!((got - expected).abs() < 1e-14, "{got} is not {expected}");
        }
    }

    #[test]
    fn patterns_without_parameters_and_bad_settings_are_named() {
        let error =
            |group: Group| Groups::<f64>::new(params().layout(), &[group]).unwrap_err().to_string();
        assert_eq!(
            error(Group::new("2.*")),
            "no parameter has a name like `2.*`; there are: 0.weight, 0.bias, 1.weight, 1.bias"
        );
        assert_eq!(
            error(Group::new("0.*").learning_rate(-1.0)),
            "group `0.*`: the factor on the learning rate must be finite and not negative, but it \
             is -1"
        );
        assert_eq!(
            error(Group::new("0.*").weight_decay(f64::NAN)),
            "group `0.*`: the weight decay must be finite and not negative, but it is NaN"
        );
    }
    #[test]
    fn settings_are_read_from_text() {
        let expected = Group::new("0.*").learning_rate(0.5).weight_decay(0.1);
        let text = "group(on=0.*, learning_rate=0.5, weight_decay=0.1, frozen=false)";
        assert_eq!(text.parse::<Group>().unwrap(), expected);
        assert_eq!(
            "group(on=0.*, frozen=true)".parse::<Group>().unwrap(),
            Group::new("0.*").frozen()
        );
        let error = "group(on=0.*, weight_decay=-1)".parse::<Group>().unwrap_err().to_string();
        assert_eq!(
            error,
            "group `0.*`: the weight decay must be finite and not negative, but it is -1"
        );
    }
}
