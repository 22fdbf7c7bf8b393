//! What is trained, and how.

use chainrule::insight::finding::Remedy;
use chainrule::nn::{ConfigError as NamedError, activation, loss};
use chainrule::prelude::*;
use chainrule::train::optimizer::Listed;

use crate::config::{ConfigError, chosen_optimizer};

/// All that makes a training but the data, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    pub hidden: Vec<usize>,
    pub activation: String,
    /// `None` for what fits the activation.
    pub init: Option<String>,
    pub output_activation: Option<String>,
    pub normalise: bool,
    pub dropout: Option<f64>,
    pub loss: String,
    pub class_weights: bool,
    pub optimizer: String,
    pub learning_rate: f64,
    pub clip_norm: Option<f64>,
    pub epochs: usize,
    pub batch_size: usize,
    pub early_stopping: Option<usize>,
    pub seed: u64,
    pub standardise_inputs: bool,
    pub standardise_targets: bool,
    pub drop_constant_inputs: bool,
}

impl Recipe {
    /// The recipe with this remedy, taken `power` times where it is a factor. `None` where that changes nothing, or is
    /// not for hidden layers that there are not.
    #[must_use]
    pub fn with(&self, remedy: &Remedy, power: u32) -> Option<Recipe> {
        let mut new = self.clone();
        match remedy {
            Remedy::Activation(name) => (new.activation, new.init) = (name.clone(), None),
            Remedy::FittingInitialisation => new.init = None,
            Remedy::Normalisation => new.normalise = !self.hidden.is_empty(),
            Remedy::Loss(name) => (new.loss, new.output_activation) = (name.clone(), None),
            Remedy::NoOutputActivation => new.output_activation = None,
            Remedy::ClassWeights => new.class_weights = self.takes_class_weights(),
            Remedy::LearningRate(factor) => {
                new.learning_rate = round(self.learning_rate * factor.powf(f64::from(power)))
            }
            Remedy::Optimizer(name) => {
                new.optimizer.clone_from(name);
                new.learning_rate = chosen_optimizer(name.clone(), None).ok()?.learning_rate();
            }
            Remedy::ClipNorm(norm) => new.clip_norm = Some(*norm),
            Remedy::StandardiseInputs => new.standardise_inputs = true,
            Remedy::StandardiseTargets => new.standardise_targets = true,
            Remedy::DropConstantInputs => new.drop_constant_inputs = true,
            Remedy::EarlyStopping(patience) => new.early_stopping = Some(*patience),
            Remedy::Dropout(share) => new.dropout = (!self.hidden.is_empty()).then_some(*share),
            Remedy::Epochs(times) => new.epochs = self.epochs.saturating_mul(*times),
            Remedy::Width(times) => new.hidden.iter_mut().for_each(|width| *width = width.saturating_mul(*times)),
            _ => return None,
        }
        (new != *self).then_some(new)
    }

    /// The layers, from this many inputs to so many outputs.
    ///
    /// # Errors
    /// A name that is unknown; [`resolve`](super::flags::resolve) has made sure that there is none.
    pub fn model(&self, inputs: usize, outputs: usize) -> Result<Sequential, NamedError> {
        let (mut model, mut from) = (Sequential::new(), inputs);
        for &width in &self.hidden {
            let found = activation::by_name::<f32>(&self.activation)?;
            let linear = fitting(Linear::new(from, width * found.divisor()), &found.properties());
            model = model.layer(self.drawn(linear)?);
            model = if self.normalise { model.layer_norm() } else { model };
            model = model.layer(found);
            model = match self.dropout {
                Some(share) => model.dropout(share),
                None => model,
            };
            from = width;
        }
        let output = Linear::new(from, outputs).weight_init(init::Glorot::uniform()).bias_init(0.0);
        model = model.layer(self.drawn(output)?);
        match &self.output_activation {
            Some(text) => Ok(model.layer(activation::by_name::<f32>(text)?)),
            None => Ok(model),
        }
    }

    fn drawn(&self, linear: Linear) -> Result<Linear, NamedError> {
        Ok(match &self.init {
            Some(text) => linear.weight_init(init::by_name(text)?),
            None => linear,
        })
    }

    /// The loss, with weights for classes of so many samples.
    ///
    /// # Errors
    /// As [`Recipe::model`].
    pub fn loss(&self, counts: Option<&[usize]>) -> Result<Box<dyn loss::Listed<f32>>, NamedError> {
        let mut loss = loss::by_name::<f32>(&self.loss)?;
        if let Some(counts) = counts.filter(|_| self.class_weights) {
            let present = counts.iter().filter(|count| **count > 0).count();
            let share = counts.iter().sum::<usize>() as f64 / present.max(1) as f64;
            let fair = counts.iter().map(|&count| if count > 0 { share / count as f64 } else { 1.0 }).collect();
            for (name, setting) in loss.settings() {
                if let ("weights", chainrule::nn::config::Setting::Numbers(weights)) = (name, setting) {
                    *weights = fair;
                    break;
                }
            }
        }
        Ok(loss)
    }

    fn takes_class_weights(&self) -> bool {
        loss::by_name::<f32>(&self.loss)
            .is_ok_and(|mut loss| loss.settings().iter().any(|(name, _)| *name == "weights"))
    }

    /// The rule that moves the weights.
    ///
    /// # Errors
    /// As [`resolve`](super::flags::resolve).
    pub fn optimizer(&self) -> Result<Box<dyn Listed<f32>>, ConfigError> {
        chosen_optimizer(self.optimizer.clone(), Some(self.learning_rate))
    }

    /// Whether the losses of both are the same quantity.
    #[must_use]
    pub fn same_loss(&self, other: &Recipe) -> bool {
        let quantity = |recipe: &Recipe| (recipe.loss.clone(), recipe.class_weights, recipe.standardise_targets);
        quantity(self) == quantity(other)
    }
}

/// The layer with first values that fit the activation behind it.
fn fitting(linear: Linear, activation: &chainrule::graph::Properties) -> Linear {
    if activation.range.1.is_infinite() {
        linear.weight_init(init::He::normal().gain(activation.gain)).bias_init(0.0)
    } else {
        linear.weight_init(init::Glorot::uniform().gain(activation.gain)).bias_init(0.0)
    }
}

/// A rate without a row of zeros.
pub fn short(rate: f64) -> String {
    if (1e-4..1e6).contains(&rate) { rate.to_string() } else { format!("{rate:e}") }
}

/// Without what a product leaves behind: 0.01 instead of 0.010000000000000002.
fn round(rate: f64) -> f64 {
    format!("{rate:.6e}").parse().unwrap_or(rate)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::args::Args;
    use crate::args::Command;
    use clap::Parser;

    /// What these flags of `chainrule diagnose` mean.
    pub fn recipe(flags: &[&str]) -> Result<Recipe, String> {
        let args = Args::try_parse_from(["chainrule", "diagnose"].iter().chain(flags)).unwrap();
        let Some(Command::Diagnose(args)) = args.command else { panic!("{args:?}") };
        super::super::flags::resolve(&args, "cross_entropy").map_err(|error| error.to_string())
    }

    #[test]
    fn every_remedy_changes_the_recipe_once() {
        let sick = [
            "--hidden",
            "8,8",
            "--activation",
            "sigmoid",
            "--init",
            "constant(value=0.1)",
            "--output-activation",
            "softmax",
        ];
        let sick = recipe(&[&sick[..], &["--loss", "nll", "--optimizer", "sgd"]].concat()).unwrap();
        for remedy in [
            Remedy::Activation("relu".to_owned()),
            Remedy::FittingInitialisation,
            Remedy::Normalisation,
            Remedy::Loss("cross_entropy".to_owned()),
            Remedy::NoOutputActivation,
            Remedy::ClassWeights,
            Remedy::Optimizer("adam".to_owned()),
            Remedy::ClipNorm(1.0),
            Remedy::StandardiseInputs,
            Remedy::StandardiseTargets,
            Remedy::DropConstantInputs,
            Remedy::EarlyStopping(2),
            Remedy::Dropout(0.5),
        ] {
            let better = sick.with(&remedy, 1).unwrap();
            assert_eq!(better.with(&remedy, 1), None, "{remedy}");
        }
        assert_eq!(sick.with(&Remedy::LearningRate(0.1), 2).unwrap().learning_rate, 0.001);
        assert_eq!(sick.with(&Remedy::Epochs(3), 1).unwrap().epochs, 120);
        assert_eq!(sick.with(&Remedy::Width(4), 1).unwrap().hidden, [32, 32]);
        assert_eq!(recipe(&["--loss", "softmax_focal"]).unwrap().with(&Remedy::ClassWeights, 1), None);
    }

    #[test]
    fn class_weights_make_classes_count_the_same() {
        let recipe = recipe(&["--class-weights"]).unwrap();
        let loss = format!("{:?}", recipe.loss(Some(&[6, 2, 0])).unwrap());
        assert!(loss.contains("[0.6666666666666666, 2.0, 1.0]"), "{loss}");
    }
}
