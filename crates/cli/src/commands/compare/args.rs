use std::path::PathBuf;

use clap::Args;

use crate::flags::list::activations;
use crate::flags::parse;
use crate::flags::talk::TalkArgs;
use crate::flags::training::TrainingArgs;

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

    /// How many seeds to take, from --seed on; accuracies are means over them
    #[arg(long, value_name = "N", default_value_t = 1,
        allow_hyphen_values = true, value_parser = parse::count)]
    pub seeds: i64,

    /// Draw accuracies and gradients into this file, by its end .svg or .png
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,

    #[command(flatten)]
    pub talk: TalkArgs,

    #[command(flatten)]
    pub training: TrainingArgs,
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
