//! The flags, checked: what is to be done.

use std::path::{Path, PathBuf};

use chainrule::nn::{activation, config};
use chainrule::prelude::*;
use chainrule::recipe::Recipe;
use chainrule::train::optimizer::{self, Listed};
use chainrule_files as files;

use crate::args::Args;
use crate::flags::names::{meant, near};
use crate::output::place::Place;
use crate::output::traces::Traces;
use crate::text::shown::{place, shown};

/// More parameters than this would not fit into the memory of a common machine.
const MOST_PARAMETERS: u128 = 50_000_000;

/// A training that makes sense.
#[derive(Debug)]
pub struct Config {
    pub settings: Settings,
    pub recipe: Recipe,
    pub place: Place,
    /// Where to write event files.
    pub tensorboard: Option<PathBuf>,
    pub traces: Traces,
}

/// Its numbers and names, to be told.
#[derive(Debug)]
pub struct Settings {
    pub seed: u64,
    pub epochs: usize,
    pub batch_size: usize,
    pub optimizer: &'static str,
    /// The optimizer with its settings, as it was asked for.
    pub optimizer_text: String,
    pub learning_rate: f64,
}

/// A flag whose value makes no sense. The message names the flag, the value and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("--{flag} {value}: must be a whole number of at least 1")]
    Count { flag: &'static str, value: i64 },
    #[error("--hidden {}: must be whole numbers of at least 1, separated by commas, such as 64,32, \
             or `none`", shown(.0))]
    Hidden(String),
    #[error(
        "--hidden {hidden}: makes {parameters} parameters; at most {MOST_PARAMETERS} are allowed"
    )]
    TooLarge { hidden: String, parameters: u128 },
    #[error("--activation {}: it turns the outputs of a whole layer into probabilities, so that it \
             is not for hidden layers; there are: \
             {known}", shown(.0), known = activations().join(", "))]
    OutputActivation(String),
    #[error("--activation {}: there is no such activation{}; there are: \
             {known}", shown(.0), meant(.1), known = activations().join(", "))]
    Activation(String, Option<String>),
    #[error("--activation {}: {source}", shown(.name))]
    ActivationSettings { name: String, source: config::ConfigError },
    #[error("--optimizer {}: {}", shown(.name),
            source.to_string().replace(name.as_str(), &shown(.name)))]
    Optimizer { name: String, source: config::ConfigError },
    #[error("--{second} {path}: that is where --{first} goes; choose another file")]
    SameFile { first: &'static str, second: &'static str, path: String },
    #[error(
        "--tensorboard {folder}: that is a folder, but --{first} puts a file there; choose another \
         folder"
    )]
    FileInTheWay { first: &'static str, folder: String },
    #[error("--{flag} {}: {why}", shown(.value))]
    Unfit { flag: &'static str, value: String, why: String },
    #[error("--learning-rate {0}: must be a number above 0, such as 0.001")]
    LearningRate(f64),
}

impl Config {
    /// Checks the flags.
    ///
    /// # Errors
    /// The first flag whose value makes no sense.
    pub fn resolve(args: Args) -> Result<Self, ConfigError> {
        let optimizer_text = args.optimizer.trim().to_owned();
        let optimizer = chosen_optimizer(args.optimizer, args.learning_rate)?;
        let settings = Settings {
            seed: args.seed,
            epochs: at_least_one("epochs", args.epochs)?,
            batch_size: at_least_one("batch-size", args.batch_size)?,
            optimizer: optimizer.name(),
            optimizer_text,
            learning_rate: optimizer.learning_rate(),
        };
        let recipe = Recipe {
            hidden: hidden(&args.hidden, &args.activation)?,
            activation: args.activation,
            optimizer: settings.optimizer_text.clone(),
            learning_rate: Some(settings.learning_rate),
            metrics: vec!["accuracy".to_owned()],
            epochs: settings.epochs,
            batch_size: settings.batch_size,
            // By the loss: accuracy on so few digits makes steps too coarse to tell two good epochs
            // apart.
            best_weights: true,
            seed: settings.seed,
            ..Recipe::default()
        };
        let (place, traces) = (Place::new(args.output), Traces::new(args.report, args.record));
        different(&[&[&place], &traces.places()[..]].concat(), args.tensorboard.as_deref())?;
        Ok(Config { settings, recipe, place, traces, tensorboard: args.tensorboard })
    }
}

/// Refuses two things in one file, by whatever path, and a file where a folder is to be.
fn different(places: &[&Place], folder: Option<&Path>) -> Result<(), ConfigError> {
    for (i, second) in places.iter().enumerate() {
        if let Some(first) =
            places[..i].iter().find(|first| files::same(first.path(), second.path()))
        {
            let (first, second, path) = (first.flag(), second.flag(), place(second.path()));
            return Err(ConfigError::SameFile { first, second, path });
        }
    }
    let Some(folder) = folder else { return Ok(()) };
    match places.iter().find(|file| files::within(folder, file.path())) {
        Some(first) => {
            Err(ConfigError::FileInTheWay { first: first.flag(), folder: place(folder) })
        }
        None => Ok(()),
    }
}

/// The activations that a hidden layer can have: those that make no distribution of its outputs.
pub fn activations() -> Vec<String> {
    let all = activation::all::<f32>().into_iter();
    let hidden = all.filter(|activation| !activation.for_outputs());
    hidden.map(|activation| activation.kind().to_owned()).collect()
}

/// The optimizers there are.
pub fn optimizers() -> Vec<&'static str> {
    optimizer::all::<f32>().iter().map(|optimizer| optimizer.name()).collect()
}

/// The learning rate that suits the digits, where it is not the optimizer's own default.
pub fn default_learning_rate(optimizer: &str) -> Option<f64> {
    match optimizer {
        "adam" => Some(0.001),
        "sgd" => Some(0.1),
        _ => None,
    }
}

/// The optimizer that a text names, with the learning rate of the flag, or of the text, or that
/// suits the digits.
///
/// # Errors
/// A text that names none, or a learning rate that is none.
pub fn chosen_optimizer(
    text: String,
    learning_rate: Option<f64>,
) -> Result<Box<dyn Listed<f32>>, ConfigError> {
    let all = optimizer::family::<f32>().with(|entry| {
        if let Some(rate) = default_learning_rate(entry.name()) {
            optimizer::set_learning_rate(entry, rate);
        }
    });
    let chosen = all.by_name(&text);
    let mut chosen = chosen.map_err(|source| ConfigError::Optimizer { name: text, source })?;
    if let Some(rate) = learning_rate {
        optimizer::set_learning_rate(chosen.as_mut(), rate);
    }
    let rate = chosen.learning_rate();
    if rate.is_finite() && rate > 0.0 { Ok(chosen) } else { Err(ConfigError::LearningRate(rate)) }
}

/// A count that is one.
///
/// # Errors
/// If it is below 1.
pub fn at_least_one(flag: &'static str, value: i64) -> Result<usize, ConfigError> {
    usize::try_from(value).ok().filter(|&value| value > 0).ok_or(ConfigError::Count { flag, value })
}

/// The widths of the hidden layers, which must fit the activation behind them.
fn hidden(hidden: &str, activation: &str) -> Result<Vec<usize>, ConfigError> {
    let name = activation.to_owned();
    let divisor = match activation::by_name::<f32>(activation) {
        Ok(found) if found.for_outputs() => return Err(ConfigError::OutputActivation(name)),
        Ok(found) => found.divisor(),
        Err(config::ConfigError::Name(_)) => {
            let near =
                near(activation.split('(').next().unwrap_or_default().trim(), &activations());
            return Err(ConfigError::Activation(name, near));
        }
        Err(source) => return Err(ConfigError::ActivationSettings { name, source }),
    };
    let widths = widths(hidden)?;
    check_size(Digits::PIXELS, &widths, divisor, Digits::CLASSES)?;
    Ok(widths)
}

/// The widths of hidden layers.
///
/// # Errors
/// A text that is no list of widths.
pub fn widths(text: &str) -> Result<Vec<usize>, ConfigError> {
    if matches!(text.trim(), "" | "none") {
        return Ok(Vec::new());
    }
    let widths = text.split(',').map(|width| width.trim().parse().ok().filter(|&width| width > 0));
    widths.collect::<Option<_>>().ok_or_else(|| ConfigError::Hidden(text.to_owned()))
}

/// That linear layers of these widths fit into the memory; the activation divides the width of each
/// hidden layer.
///
/// # Errors
/// How many parameters there would be.
pub fn check_size(
    inputs: usize,
    hidden: &[usize],
    divisor: usize,
    outputs: usize,
) -> Result<(), ConfigError> {
    // In a type that no widths overflow.
    let from = [&[inputs], hidden].concat().into_iter().map(|n| n as u128);
    let before_activation = hidden.iter().map(|&n| (n as u128).saturating_mul(divisor as u128));
    let to = before_activation.chain([outputs as u128]);
    let parameters =
        from.zip(to).fold(0, |sum: u128, (i, o)| sum.saturating_add((i + 1).saturating_mul(o)));
    if parameters > MOST_PARAMETERS {
        let hidden = hidden.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        return Err(ConfigError::TooLarge { hidden, parameters });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn resolve(flags: &[&str]) -> Result<Config, String> {
        let args = Args::try_parse_from(["chainrule"].iter().chain(flags)).unwrap();
        Config::resolve(args).map_err(|error| error.to_string())
    }

    #[test]
    fn without_flags_everything_has_a_default() {
        let config = resolve(&[]).unwrap();
        let settings = config.settings;
        assert_eq!((settings.seed, settings.epochs, settings.batch_size), (0, 40, 32));
        assert_eq!((settings.optimizer, settings.learning_rate), ("adam", 0.001));
        assert_eq!(
            (&config.recipe.hidden[..], config.recipe.activation.as_str()),
            (&[256, 128][..], "relu")
        );
    }

    #[test]
    fn the_learning_rate_follows_the_optimizer_unless_given() {
        let rate = |flags: &[&str]| resolve(flags).unwrap().recipe.rate().unwrap();
        assert_eq!(rate(&["--optimizer", "sgd"]), 0.1);
        assert_eq!(rate(&["--optimizer", "sgd", "--learning-rate", "2"]), 2.0);
    }

    #[test]
    fn hidden_layers_are_read_as_a_list() {
        let hidden = |text: &str| resolve(&["--hidden", text]).map(|config| config.recipe.hidden);
        for none in ["", "none", " "] {
            assert_eq!(hidden(none), Ok(vec![]));
        }
        assert_eq!(hidden("64"), Ok(vec![64]));
        assert_eq!(hidden("64, 32,16"), Ok(vec![64, 32, 16]));
        for wrong in ["64,", "0", "-3", "64;32", "1e3"] {
            let rest = "must be whole numbers of at least 1, separated by commas, such as 64,32, \
                        or `none`";
            assert_eq!(hidden(wrong), Err(format!("--hidden {wrong}: {rest}")));
        }
    }

    #[test]
    fn a_network_too_large_for_the_memory_is_refused_with_its_size() {
        let error = resolve(&["--hidden", "100000,100000"]).unwrap_err();
        assert_eq!(
            error,
            "--hidden 100000,100000: makes 10007600010 parameters; at most 50000000 are allowed"
        );
        let most = usize::MAX.to_string();
        assert!(resolve(&["--hidden", &format!("{most},{most},{most}")]).is_err());
    }

    #[test]
    fn every_activation_in_the_list_works_and_others_are_named() {
        for name in activations() {
            assert_eq!(resolve(&["--activation", &name]).unwrap().recipe.activation, name);
        }
        let known = format!("there are: {}", activations().join(", "));
        assert_eq!(
            resolve(&["--activation", "rleu"]).unwrap_err(),
            format!(
                "--activation rleu: there is no such activation (did you mean `relu`?); {known}"
            )
        );
        for name in ["softmax", "log_softmax", "softmin"] {
            let why = "it turns the outputs of a whole layer into probabilities, so that it is not \
                       for hidden layers";
            assert_eq!(
                resolve(&["--activation", name]).unwrap_err(),
                format!("--activation {name}: {why}; {known}")
            );
        }
    }

    #[test]
    fn every_optimizer_in_the_list_works_and_others_are_named() {
        for name in optimizers() {
            assert_eq!(resolve(&["--optimizer", name]).unwrap().settings.optimizer, name);
        }
        assert_eq!(
            resolve(&["--optimizer", "adma"]).unwrap_err(),
            format!(
                "--optimizer adma: there is no optimizer `adma` (did you mean `adam`?); there are: \
                 {}",
                optimizers().join(", ")
            )
        );
    }

    #[test]
    fn an_optimizer_can_be_given_settings() {
        let optimizer = |flags: &[&str]| {
            resolve(flags).map(|config| format!("{:?}", config.recipe.optimizer::<f32>().unwrap()))
        };
        let adam = Adam { beta1: 0.8, ..Adam::new(0.001) };
        assert_eq!(optimizer(&["--optimizer", "adam(beta1=0.8)"]), Ok(format!("{adam:?}")));
        let adam = Adam { learning_rate: 0.01, ..adam };
        let flags = ["--optimizer", "adam(beta1=0.8)", "--learning-rate", "0.01"];
        assert_eq!(optimizer(&flags), Ok(format!("{adam:?}")));
        let sgd = Sgd::new(0.1).momentum(0.9);
        assert_eq!(optimizer(&["--optimizer", "sgd(momentum=0.9)"]), Ok(format!("{sgd:?}")));
        let sgd = Sgd::new(0.3);
        assert_eq!(optimizer(&["--optimizer", "sgd(learning_rate=0.3)"]), Ok(format!("{sgd:?}")));
        assert_eq!(
            optimizer(&["--optimizer", "adam(beta1=2)"]).unwrap_err(),
            "--optimizer adam(beta1=2): adam: beta1 must lie in [0, 1), but it is 2"
        );
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for flag in ["epochs", "batch-size"] {
            for value in ["0", "-5"] {
                let error = resolve(&[&format!("--{flag}"), value]).unwrap_err();
                assert_eq!(
                    error,
                    format!("--{flag} {value}: must be a whole number of at least 1")
                );
            }
        }
        for value in ["0", "-0.5", "NaN", "inf"] {
            let error = resolve(&["--learning-rate", value]).unwrap_err();
            assert_eq!(
                error,
                format!("--learning-rate {value}: must be a number above 0, such as 0.001")
            );
        }
    }
}
