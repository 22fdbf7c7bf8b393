//! The flags of `chainrule compare`, as they are typed and checked.

use std::path::PathBuf;

use chainrule::nn::activation;
use clap::Args;

use super::picture::{PlaceError, check_place};
use crate::flags::config::{
    ConfigError, activations, at_least_one, check_size, chosen_optimizer, optimizers,
};
use crate::flags::names::{self, NameError};
use crate::flags::parse;
use crate::text::shown::{place, shown};
use chainrule::prelude::*;

/// Networks with more layers would take hours.
const MOST_LAYERS: usize = 1000;

/// The trainings to compare.
#[derive(Clone, Debug, Args)]
pub struct CompareArgs {
    #[arg(long, value_name = "NAMES", default_value = "sigmoid,tanh,relu,leaky_relu,prelu,elu",
        help = format!("What the hidden layers apply, separated by commas: \
                        {}", activations().join(", ")))]
    pub activations: String,

    /// The numbers of hidden layers, separated by commas
    #[arg(long, value_name = "NUMBERS", default_value = "2,4,8,16,32", allow_hyphen_values = true)]
    pub depths: String,

    /// The units in each hidden layer
    #[arg(long, value_name = "N", default_value_t = 32,
        allow_hyphen_values = true, value_parser = parse::count)]
    pub width: i64,

    /// How often to go through the training digits
    #[arg(long, value_name = "N", default_value_t = 20,
        allow_hyphen_values = true, value_parser = parse::count)]
    pub epochs: i64,

    /// How many seeds to take, from 0; accuracies are means over them
    #[arg(long, value_name = "N", default_value_t = 1,
        allow_hyphen_values = true, value_parser = parse::count)]
    pub seeds: i64,

    #[arg(long, value_name = "NAME", default_value = "adam",
        help = format!("The rule that moves the weights, such as adam or adam(beta1=0.8): \
                        {}", optimizers().join(", ")))]
    pub optimizer: String,

    /// How far each step goes [default: 0.001 for adam, 0.1 for sgd, for others their own]
    #[arg(long, value_name = "RATE", allow_hyphen_values = true, value_parser = parse::number)]
    pub learning_rate: Option<f64>,

    /// How many digits make a step
    #[arg(long, value_name = "N", default_value_t = 32,
        allow_hyphen_values = true, value_parser = parse::count)]
    pub batch_size: i64,

    /// Draw accuracies and gradients into this file, by its end .svg or .png
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,

    /// Say nothing unless something goes wrong
    #[arg(long, short)]
    pub quiet: bool,

    /// Print one JSON object on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
}

/// The flags, checked.
#[derive(Debug)]
pub struct Plan {
    pub activations: Vec<String>,
    pub depths: Vec<usize>,
    pub width: usize,
    pub epochs: usize,
    pub seeds: usize,
    pub optimizer: String,
    pub learning_rate: f64,
    pub batch_size: usize,
    pub picture: Option<PathBuf>,
}

/// A flag whose value makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum FlagError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("--depths {}: must be whole numbers from 1 to {MOST_LAYERS}, separated by commas, such \
             as 2,4,8", shown(.0))]
    Depths(String),
    #[error("--picture {}: {source}", place(path))]
    Picture { path: PathBuf, source: PlaceError },
}

impl Plan {
    /// Checks the flags.
    ///
    /// # Errors
    /// The first flag whose value makes no sense.
    pub fn resolve(args: &CompareArgs) -> Result<Self, FlagError> {
        let names = without_repeats(list(&args.activations));
        for name in &names {
            let parsed = activation::by_name::<f32>(name).map(|found| found.kind().to_owned());
            names::check("activations", "activation", name, &activations(), parsed)?;
        }
        let depths = args.depths.split(',').map(|depth| {
            depth.trim().parse().ok().filter(|depth| (1..=MOST_LAYERS).contains(depth))
        });
        let depths = depths.collect::<Option<Vec<usize>>>();
        let depths = without_repeats(depths.ok_or_else(|| FlagError::Depths(args.depths.clone()))?);
        let width = at_least_one("width", args.width)?;
        for name in &names {
            let divisor = activation::by_name::<f32>(name).map_or(1, |found| found.divisor());
            let deepest = depths.iter().copied().max().unwrap_or(1);
            check_size(Digits::PIXELS, &vec![width; deepest], divisor, Digits::CLASSES).map_err(
                |error| match error {
                    ConfigError::TooLarge { parameters, .. } => ConfigError::TooLarge {
                        hidden: format!("{width} for {deepest} times"),
                        parameters,
                    },
                    other => other,
                },
            )?;
        }
        if let Some(path) = &args.picture {
            check_place(path)
                .map_err(|source| FlagError::Picture { path: path.clone(), source })?;
        }
        Ok(Plan {
            activations: names,
            depths,
            width,
            epochs: at_least_one("epochs", args.epochs)?,
            seeds: at_least_one("seeds", args.seeds)?,
            learning_rate: chosen_optimizer(args.optimizer.clone(), args.learning_rate)?
                .learning_rate(),
            optimizer: args.optimizer.clone(),
            batch_size: at_least_one("batch-size", args.batch_size)?,
            picture: args.picture.clone(),
        })
    }
}

/// Each once, in the order in which they come first.
fn without_repeats<T: Clone + PartialEq>(all: Vec<T>) -> Vec<T> {
    let first = |i: &usize| !all[..*i].contains(&all[*i]);
    (0..all.len()).filter(first).map(|i| all[i].clone()).collect()
}

/// The parts between commas; those within parentheses belong to settings.
fn list(text: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let parts = text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(|part| part.trim().to_owned()).collect()
}

pub const AFTER_HELP: &str = "\
Examples:
  chainrule compare
  chainrule compare --activations sigmoid,relu --depths 4,16 --picture depth.svg
  chainrule compare --optimizer sgd --learning-rate 0.05 --seeds 3

Each network learns from four fifths of the digits, and the last fifth tells its accuracy. Nothing
but activation and depth differs: seed, batches and width are the same, and weights start as suits
the activation.

Ctrl-C stops after the current batch and tells what is known so far; a second one quits at once.
Results go to standard output, progress and notes to standard error.

Exit codes:
  0  done
  1  something failed: the picture cannot be written
  2  a flag is wrong
  130  stopped by Ctrl-C";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn plan(flags: &[&str]) -> Result<Plan, String> {
        let args = Args::try_parse_from(["chainrule", "compare"].iter().chain(flags)).unwrap();
        let Some(Command::Compare(args)) = args.command else { panic!("{args:?}") };
        Plan::resolve(&args).map_err(|error| error.to_string())
    }

    #[test]
    fn lists_are_split_outside_of_parentheses() {
        let plan = plan(&[
            "--activations",
            "threshold(threshold=0.1, value=0), relu",
            "--depths",
            "3, 1,3",
        ])
        .unwrap();
        assert_eq!(plan.activations, ["threshold(threshold=0.1, value=0)", "relu"]);
        assert_eq!((plan.depths, plan.learning_rate), (vec![3, 1], 0.001));
    }

    #[test]
    fn wrong_values_are_told_with_the_flag() {
        for (flags, expected) in [
            (
                &["--activations", "relu,tahn"][..],
                "--activations tahn: there is no activation `tahn` (did you mean `tanh`?)",
            ),
            (
                &["--activations", "relu,"],
                "--activations : there is no activation ``; there are: sigmoid, tanh",
            ),
            (&["--activations", "softmax"], "there is no activation `softmax`"),
            (&["--depths", "2,0"], "--depths 2,0: must be whole numbers from 1 to 1000"),
            (&["--width", "0"], "--width 0: must be a whole number of at least 1"),
            (&["--seeds", "-1"], "--seeds -1: must be a whole number of at least 1"),
            (&["--width", "100000"], "at most 50000000 are allowed"),
            (&["--picture", "depth.pdf"], "--picture depth.pdf: end the name in .svg or .png"),
            (
                &["--picture", "no/such/depth.svg"],
                "--picture no/such/depth.svg: there is no folder no/such",
            ),
        ] {
            let error = plan(flags).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
