//! What is trained, and how: the flags, checked.

use chainrule::insight::finding::Remedy;
use chainrule::nn::{ConfigError as NamedError, activation, loss};
use chainrule::prelude::*;
use chainrule::train::optimizer::{self, Listed};

use super::args::DiagnoseArgs;
use crate::config::{ConfigError, activations, at_least_one, chosen_optimizer, optimizers, widths};
use crate::names::{self, NameError};
use crate::network;

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

/// A flag whose value makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum FlagError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("--dropout {0}: must be a share of at least 0 and below 1, such as 0.5")]
    Dropout(f64),
    #[error("--clip-norm {0}: must be a number above 0, such as 1")]
    ClipNorm(f64),
}

impl Recipe {
    /// Checks the flags; `loss` is taken where none is given.
    ///
    /// # Errors
    /// The first flag whose value makes no sense.
    pub fn resolve(args: &DiagnoseArgs, loss: &str) -> Result<Self, FlagError> {
        let cures = &args.cures;
        let by_name = activation::by_name::<f32>;
        names::check("activation", "activation", &args.activation, &activations(), by_name(&args.activation))?;
        let init = Some(args.init.clone()).filter(|text| text != "fitting");
        if let Some(text) = &init {
            let known = init::all().into_iter().map(|entry| entry.name().to_owned()).chain(["fitting".to_owned()]);
            names::check("init", "initialiser", text, &known.collect::<Vec<_>>(), init::by_name(text))?;
        }
        let output_activation = Some(args.output_activation.clone()).filter(|text| text != "none");
        if let Some(text) = &output_activation {
            let known = activation::all::<f32>().into_iter().map(|entry| entry.kind().to_owned());
            let known: Vec<String> = known.chain(["none".to_owned()]).collect();
            names::check("output-activation", "activation", text, &known, by_name(text))?;
        }
        let loss = args.loss.clone().unwrap_or_else(|| loss.to_owned());
        names::check("loss", "loss", &loss, &losses(), loss::by_name::<f32>(&loss))?;
        let known: Vec<String> = optimizers().into_iter().map(str::to_owned).collect();
        names::check("optimizer", "optimizer", &args.optimizer, &known, optimizer::by_name::<f32>(&args.optimizer))?;
        let rate = chosen_optimizer(args.optimizer.clone(), args.learning_rate)?.learning_rate();
        if let Some(share) = cures.dropout.filter(|share| !(0.0..1.0).contains(share)) {
            return Err(FlagError::Dropout(share));
        }
        if let Some(norm) = cures.clip_norm.filter(|norm| !(*norm > 0.0 && norm.is_finite())) {
            return Err(FlagError::ClipNorm(norm));
        }
        Ok(Recipe {
            hidden: widths(&args.hidden)?,
            activation: args.activation.clone(),
            init,
            output_activation,
            normalise: cures.normalise,
            dropout: cures.dropout.filter(|share| *share > 0.0),
            loss,
            class_weights: cures.class_weights,
            optimizer: args.optimizer.clone(),
            learning_rate: rate,
            clip_norm: cures.clip_norm,
            epochs: at_least_one("epochs", args.epochs)?,
            batch_size: at_least_one("batch-size", args.batch_size)?,
            early_stopping: cures.early_stopping.map(|n| at_least_one("early-stopping", n)).transpose()?,
            seed: args.seed,
            standardise_inputs: cures.standardise_inputs,
            standardise_targets: cures.standardise_targets,
            drop_constant_inputs: cures.drop_constant_inputs,
        })
    }

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
    /// A name that is unknown; [`Recipe::resolve`] has made sure that there is none.
    pub fn model(&self, inputs: usize, outputs: usize) -> Result<Sequential, NamedError> {
        let (mut model, mut from) = (Sequential::new(), inputs);
        for &width in &self.hidden {
            let found = activation::by_name::<f32>(&self.activation)?;
            let linear = network::fitting(Linear::new(from, width * found.divisor()), &found.properties());
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
    /// As [`Recipe::resolve`].
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

/// The losses there are, under all their names.
fn losses() -> Vec<String> {
    let names = loss::all::<f32>().into_iter().map(|loss| loss.name().to_owned());
    names.chain(["binary_cross_entropy", "mae"].map(str::to_owned)).collect()
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
        Recipe::resolve(&args, "cross_entropy").map_err(|error| error.to_string())
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

    #[test]
    fn wrong_values_are_told_with_the_flag() {
        for (flags, expected) in [
            (
                &["--activation", "sigmoidd"][..],
                "--activation sigmoidd: there is no activation `sigmoidd` (did you mean `sigmoid`?)",
            ),
            (&["--init", "he"], "--init he: there is no initialiser `he` (did you mean `he_normal`?)"),
            (
                &["--loss", "crossentropy"],
                "--loss crossentropy: there is no loss `crossentropy` (did you mean `cross_entropy`?)",
            ),
            (&["--output-activation", "softmx"], "(did you mean `softmax`?)"),
            (&["--optimizer", "adma"], "(did you mean `adam`?)"),
            (&["--dropout", "1"], "--dropout 1: must be a share of at least 0 and below 1"),
            (&["--clip-norm", "0"], "--clip-norm 0: must be a number above 0"),
            (&["--early-stopping", "0"], "--early-stopping 0: must be a whole number of at least 1"),
        ] {
            let error = recipe(flags).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn defaults_are_those_of_the_training() {
        use clap::CommandFactory;
        let training = Args::command();
        let diagnose = training.find_subcommand("diagnose").unwrap();
        for flag in ["hidden", "activation", "optimizer", "learning_rate", "epochs", "batch_size", "seed"] {
            let find = |command: &clap::Command| {
                let found = command.get_arguments().find(|arg| arg.get_id() == flag).unwrap();
                found.get_default_values().to_vec()
            };
            assert_eq!(find(&training), find(diagnose), "{flag}");
        }
    }
}
