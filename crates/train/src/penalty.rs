//! Penalties on large weights.

use std::str::FromStr;

use chainrule_config::{Family, Setting};
use chainrule_graph::{Layout, Params};
use chainrule_nn::{ConfigError, Configure};
use chainrule_tensor::{Real, simd};

use crate::TrainError;
use crate::check::not_negative;
use crate::pattern::{Chosen, choose};

/// A penalty on large weights, `l1 sum |w| + l2 / 2 sum w^2`, on all parameters or on those of a
/// pattern.
///
/// Its gradient, `l1 sign(w) + l2 w` with `sign(0) = 0`, is added to that of the loss before
/// clipping and other rules; the loss that is reported does not contain it. So `l2` is the
/// `weight_decay` of PyTorch's SGD, and twice the factor of Keras' `L2`, which has no `1/2`. With
/// [`Adam`](crate::optimizer::Adam), unlike a decoupled [weight decay](crate::Group::weight_decay),
/// it is divided by the size of the gradients like all of the gradient.
///
/// ```
/// use chainrule_train::Penalty;
///
/// let elastic = Penalty { l1: 1e-5, ..Penalty::l2(1e-4) }.on("*.weight");
/// assert_eq!("penalty(l1=1e-5, l2=1e-4, on=*.weight)".parse(), Ok(elastic));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "give it to the trainer"]
pub struct Penalty {
    /// The factor on `sum |w|`.
    pub l1: f64,
    /// The factor on `1/2 sum w^2`.
    pub l2: f64,
    /// Which parameters, by a pattern of their names in which `*` stands for any text; `*` by
    /// default, all.
    pub pattern: String,
}

impl Penalty {
    /// `factor sum |w|`, which makes weights exactly small: they jump around zero by at most a
    /// step.
    pub fn l1(factor: f64) -> Self {
        Penalty { l1: factor, l2: 0.0, pattern: "*".to_owned() }
    }

    /// `factor / 2 sum w^2`.
    pub fn l2(factor: f64) -> Self {
        Penalty { l1: 0.0, l2: factor, pattern: "*".to_owned() }
    }

    /// On the parameters of these names alone, such as `*.weight`.
    pub fn on(mut self, pattern: impl Into<String>) -> Self {
        self.pattern = pattern.into();
        self
    }

    /// The value that it adds to the loss.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for a factor that makes no sense, or a pattern that no parameter
    /// has.
    pub fn value<T: Real>(&self, params: &Params<T>) -> Result<f64, TrainError> {
        let chosen = self.chosen(params.layout())?;
        let weights = chosen
            .iter()
            .flat_map(|chosen| &params.values()[chosen.range.clone()])
            .map(|w| w.to_f64());
        Ok(weights.map(|w| self.l1 * w.abs() + 0.5 * self.l2 * w * w).sum())
    }

    /// The parameters that it is on.
    pub(crate) fn chosen(&self, layout: &Layout) -> Result<Vec<Chosen>, TrainError> {
        self.check().map_err(TrainError::Setting)?;
        choose(layout, &self.pattern)
    }

    /// Adds the gradient.
    pub(crate) fn add<T: Real>(&self, chosen: &[Chosen], weights: &[T], gradient: &mut [T]) {
        let [l1, l2] = [self.l1, self.l2].map(T::from_f64);
        for chosen in chosen {
            let (weights, gradient) =
                (&weights[chosen.range.clone()], &mut gradient[chosen.range.clone()]);
            simd::dispatch(
                #[inline(always)]
                || {
                    for (g, &w) in gradient.iter_mut().zip(weights) {
                        let above = if w > T::ZERO { l1 } else { T::ZERO };
                        let below = if w < T::ZERO { l1 } else { T::ZERO };
                        *g += l2 * w + (above - below);
                    }
                },
            );
        }
    }
}

impl Configure for Penalty {
    fn formula(&self) -> &'static str {
        "l1 sum |w| + l2 / 2 sum w^2"
    }

    fn settings(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        vec![
            ("l1", Setting::Number(&mut self.l1)),
            ("l2", Setting::Number(&mut self.l2)),
            ("on", Setting::Text(&mut self.pattern)),
        ]
    }

    fn check(&self) -> Result<(), String> {
        not_negative("penalty", "l1", self.l1)?;
        not_negative("penalty", "l2", self.l2)
    }
}

impl FromStr for Penalty {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Family::new("penalty", |_: &Self| "penalty", vec![Box::new(Penalty::l2(0.0))]).only(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_graph::Graph;

    #[test]
    fn the_gradient_is_that_of_the_value() {
        let graph = Graph::<f64>::new();
        let _ = (graph.param("0.weight", [3], 1.0), graph.param("0.bias", [1], 5.0));
        let mut params = Params::init(graph.layout(), 0).unwrap();
        params.get_mut("0.weight").unwrap().copy_from_slice(&[0.0, -2.0, 3.0]);
        let penalty = Penalty { l1: 0.5, ..Penalty::l2(0.1) }.on("*.weight");
        assert!((penalty.value(&params).unwrap() - (0.5 * 5.0 + 0.05 * 13.0)).abs() < 1e-15);
        let mut gradient = vec![1.0; params.values().len()];
        penalty.add(&penalty.chosen(params.layout()).unwrap(), params.values(), &mut gradient);
        let expected = [1.0, 1.0 - 0.7, 1.0 + 0.8];
        for (g, expected) in gradient.iter().zip(expected) {
            assert!((g - expected).abs() < 1e-15, "{g} is not {expected}");
        }
        assert_eq!(gradient[16], 1.0, "the bias is not of the pattern");
        assert_eq!(Penalty::l1(1.0).value(&params).unwrap(), 10.0);
        let error = Penalty::l2(-1.0).value(&params).unwrap_err().to_string();
        assert_eq!(error, "penalty: l2 must be finite and not negative, but it is -1");
    }
    #[test]
    fn mistakes_in_text_are_named() {
        let error = |text: &str| text.parse::<Penalty>().unwrap_err().to_string();
        assert_eq!(
            error("penalty(l2=-1)"),
            "penalty: l2 must be finite and not negative, but it is -1"
        );
        assert_eq!(error("penalty(l3=1)"), "penalty has no setting `l3`; it has: l1, l2, on");
        assert_eq!(error("penalty(on=)"), "penalty: on=: must be a text");
    }
}
