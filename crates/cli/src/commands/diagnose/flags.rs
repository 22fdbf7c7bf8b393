//! Flags as a recipe, and a recipe as flags.

use chainrule::nn::{activation, loss};
use chainrule::prelude::*;
use chainrule::recipe::{Recipe, Scaling};
use chainrule::train::optimizer;

use super::args::DiagnoseArgs;
use crate::flags::config::{
    ConfigError, activations, at_least_one, chosen_optimizer, optimizers, widths,
};
use crate::flags::names::{self, NameError};

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

/// Checks the flags; `loss` is taken where none is given.
///
/// # Errors
/// The first flag whose value makes no sense.
pub fn resolve(args: &DiagnoseArgs, loss: &str) -> Result<Recipe, FlagError> {
    let cures = &args.cures;
    let activation =
        |text: &str| activation::by_name::<f32>(text).map(|found| found.kind().to_owned());
    names::check(
        "activation",
        "activation",
        &args.activation,
        &activations(),
        activation(&args.activation),
    )?;
    if args.init != "fitting" {
        let text = &args.init;
        let known = init::all()
            .into_iter()
            .map(|entry| entry.name().to_owned())
            .chain(["fitting".to_owned()]);
        let parsed = init::listed(text).map(|found| found.name().to_owned());
        names::check("init", "initialiser", text, &known.collect::<Vec<_>>(), parsed)?;
    }
    let output_activation = Some(args.output_activation.clone()).filter(|text| text != "none");
    if let Some(text) = &output_activation {
        let known = activation::all::<f32>().into_iter().map(|entry| entry.kind().to_owned());
        let known: Vec<String> = known.chain(["none".to_owned()]).collect();
        names::check("output-activation", "activation", text, &known, activation(text))?;
    }
    let loss = args.loss.clone().unwrap_or_else(|| loss.to_owned());
    let parsed = loss::by_name::<f32>(&loss).map(|found| found.name().to_owned());
    names::check("loss", "loss", &loss, &losses(), parsed)?;
    let known: Vec<String> = optimizers().into_iter().map(str::to_owned).collect();
    let parsed = optimizer::by_name::<f32>(&args.optimizer).map(|found| found.name().to_owned());
    names::check("optimizer", "optimizer", &args.optimizer, &known, parsed)?;
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
        init: args.init.clone(),
        output_activation,
        normalise: cures.normalise,
        dropout: cures.dropout.filter(|share| *share > 0.0),
        loss,
        class_weights: cures.class_weights,
        optimizer: args.optimizer.clone(),
        learning_rate: Some(rate),
        clip_norm: cures.clip_norm,
        epochs: at_least_one("epochs", args.epochs)?,
        batch_size: at_least_one("batch-size", args.batch_size)?,
        early_stopping: cures
            .early_stopping
            .map(|n| at_least_one("early-stopping", n))
            .transpose()?,
        best_weights: cures.early_stopping.is_some(),
        seed: args.seed,
        scale_inputs: if cures.standardise_inputs { Scaling::Standard } else { Scaling::None },
        scale_targets: if cures.standardise_targets { Scaling::Standard } else { Scaling::None },
        drop_constant_inputs: cures.drop_constant_inputs,
        ..Recipe::default()
    })
}

/// The learning rate without a row of zeros.
pub fn short(recipe: &Recipe) -> String {
    let rate = recipe.rate().unwrap_or(f64::NAN);
    if (1e-4..1e6).contains(&rate) { rate.to_string() } else { format!("{rate:e}") }
}

/// The losses there are.
fn losses() -> Vec<String> {
    loss::all::<f32>().into_iter().map(|loss| loss.name().to_owned()).collect()
}

/// The flags that, behind those of one recipe, give the other: those that differ. Remedies only
/// switch things on.
pub fn difference(from: &Recipe, to: &Recipe) -> String {
    let widths = |recipe: &Recipe| match &recipe.hidden[..] {
        [] => "none".to_owned(),
        widths => widths.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    };
    let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
    let valued = |recipe: &Recipe| {
        [
            ("hidden", widths(recipe)),
            ("activation", recipe.activation.clone()),
            ("init", recipe.init.clone()),
            (
                "output-activation",
                recipe.output_activation.clone().unwrap_or_else(|| "none".to_owned()),
            ),
            ("loss", recipe.loss.clone()),
            ("optimizer", recipe.optimizer.clone()),
            ("learning-rate", short(recipe)),
            ("epochs", recipe.epochs.to_string()),
            ("dropout", number(recipe.dropout)),
            ("clip-norm", number(recipe.clip_norm)),
            ("early-stopping", recipe.early_stopping.map(|n| n.to_string()).unwrap_or_default()),
        ]
    };
    let switches = |recipe: &Recipe| {
        [
            ("normalise", recipe.normalise),
            ("class-weights", recipe.class_weights),
            ("standardise-inputs", recipe.scale_inputs == Scaling::Standard),
            ("standardise-targets", recipe.scale_targets == Scaling::Standard),
            ("drop-constant-inputs", recipe.drop_constant_inputs),
        ]
    };
    let changed = valued(from).into_iter().zip(valued(to)).filter(|(from, to)| from != to);
    let valued = changed.map(|(_, (name, value))| match value.contains(['(', ' ', '[']) {
        true => format!("--{name} '{value}'"),
        false => format!("--{name} {value}"),
    });
    let switched = switches(from).into_iter().zip(switches(to)).filter(|(from, to)| from != to);
    valued.chain(switched.map(|(_, (name, _))| format!("--{name}"))).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::{CommandFactory, Parser};

    /// The recipe that these flags of `chainrule diagnose` ask for.
    fn recipe(flags: &[&str]) -> Result<Recipe, String> {
        let args = Args::try_parse_from(["chainrule", "diagnose"].iter().chain(flags)).unwrap();
        let Some(Command::Diagnose(args)) = args.command else { panic!("{args:?}") };
        resolve(&args, "cross_entropy").map_err(|error| error.to_string())
    }

    #[test]
    fn what_differs_is_told_as_flags_that_give_it() {
        let from = recipe(&["--activation", "sigmoid", "--init", "constant(value=0.1)"]).unwrap();
        let to = [
            "--hidden",
            "8,4",
            "--normalise",
            "--optimizer",
            "sgd(momentum=0.9)",
            "--dropout",
            "0.5",
        ];
        let to = recipe(&to).unwrap();
        let text = difference(&from, &to);
        assert_eq!(
            text,
            "--hidden 8,4 --activation relu --init fitting --optimizer 'sgd(momentum=0.9)' \
             --learning-rate 0.1 \
             --dropout 0.5 --normalise"
        );
        let flags: Vec<String> = text.split(' ').map(|part| part.replace('\'', "")).collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        assert_eq!(recipe(&flags).unwrap(), to);
        assert_eq!(difference(&to, &to), "");
    }

    #[test]
    fn wrong_values_are_told_with_the_flag() {
        for (flags, expected) in [
            (
                &["--activation", "sigmoidd"][..],
                "--activation sigmoidd: there is no activation `sigmoidd` (did you mean \
                 `sigmoid`?)",
            ),
            (
                &["--init", "he"],
                "--init he: there is no initialiser `he` (did you mean `he_normal`?)",
            ),
            (
                &["--loss", "crosentropy"],
                "--loss crosentropy: there is no loss `crosentropy` (did you mean \
                 `cross_entropy`?)",
            ),
            (&["--output-activation", "softmx"], "(did you mean `softmax`?)"),
            (&["--optimizer", "adma"], "(did you mean `adam`?)"),
            (&["--dropout", "1"], "--dropout 1: must be a share of at least 0 and below 1"),
            (&["--clip-norm", "0"], "--clip-norm 0: must be a number above 0"),
            (
                &["--early-stopping", "0"],
                "--early-stopping 0: must be a whole number of at least 1",
            ),
        ] {
            let error = recipe(flags).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn defaults_are_those_of_the_training() {
        let training = Args::command();
        let diagnose = training.find_subcommand("diagnose").unwrap();
        for flag in
            ["hidden", "activation", "optimizer", "learning_rate", "epochs", "batch_size", "seed"]
        {
            let find = |command: &clap::Command| {
                let found = command.get_arguments().find(|arg| arg.get_id() == flag).unwrap();
                found.get_default_values().to_vec()
            };
            assert_eq!(find(&training), find(diagnose), "{flag}");
        }
    }
}
