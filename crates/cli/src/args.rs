//! The flags as they are typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::compare::args::{AFTER_HELP as COMPARE_HELP, CompareArgs};
use crate::commands::diagnose::args::{AFTER_HELP as DIAGNOSE_HELP, DiagnoseArgs};
use crate::commands::list::{CheckArgs, ListArgs};
use crate::flags::config::{activations, optimizers};
use crate::flags::parse;
use crate::output::place::DEFAULT_PATH;

/// Trains a network to read handwritten digits, shows how well it does, and saves it.
///
/// The 1797 digits of 8x8 pixels come with the program. A fifth of them, with the classes in
/// proportion, is set aside to test on; a tenth of the rest chooses the epoch whose weights are
/// kept; the network learns from what remains.
#[derive(Debug, Parser)]
#[command(name = "chainrule", version, after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Fixes the split of the digits, the first weights and the order of the samples
    #[arg(long, value_name = "N", default_value_t = 0,
        allow_hyphen_values = true, value_parser = parse::seed)]
    pub seed: u64,

    /// How often to go through the training digits
    #[arg(long, value_name = "N", default_value_t = 40,
        allow_hyphen_values = true, value_parser = parse::count)]
    pub epochs: i64,

    /// The widths of the hidden layers, separated by commas; `none` for no hidden layer
    #[arg(long, value_name = "WIDTHS", default_value = "256,128", allow_hyphen_values = true)]
    pub hidden: String,

    #[arg(long, value_name = "NAME", default_value = "relu",
        help = format!("What the hidden layers apply: {}", activations().join(", ")))]
    pub activation: String,

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

    #[arg(long, value_name = "PATH",
        help = format!("Where to save the network, replacing what is there [default: \
                        {DEFAULT_PATH}, keeping what is there under another name]"))]
    pub output: Option<PathBuf>,

    /// Watch the training, and show it on one page of HTML: curves, gradients, units, digits,
    /// findings
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,

    /// Watch the training, and write down what was seen as JSON, for reading later
    #[arg(long, value_name = "FILE.json")]
    pub record: Option<PathBuf>,

    /// Write loss, accuracy, gradients and what the layers do for TensorBoard, into a folder of
    /// this training alone
    #[arg(long, value_name = "FOLDER")]
    pub tensorboard: Option<PathBuf>,

    /// Say nothing unless something goes wrong
    #[arg(long, short)]
    pub quiet: bool,

    /// Print one JSON object on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
}

/// The commands, in place of training on the digits.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train briefly, or read a recorded training, and tell what holds it back and what to do
    #[command(after_help = DIAGNOSE_HELP)]
    Diagnose(Box<DiagnoseArgs>),
    /// Train each activation at each depth, and tell which learns
    #[command(after_help = COMPARE_HELP)]
    Compare(CompareArgs),
    /// List the activations, losses, initialisers, layers, optimizers, schedules and metrics with
    /// their settings
    List(ListArgs),
    /// Compare every derivative of every list with central differences
    Gradcheck(CheckArgs),
    /// Compare the library with reference cases that published packages wrote
    Conformance(CheckArgs),
}

const AFTER_HELP: &str = "\
Examples:
  chainrule                                    train, show the result, save the network
  chainrule --hidden none                      no hidden layer: softmax regression
  chainrule --hidden 32,32,32 --activation tanh --seed 7
  chainrule --optimizer sgd --learning-rate 0.05 --batch-size 16 --epochs 100
  chainrule --json --quiet --output /tmp/net.safetensors
  chainrule --report run.html --record run.json     what the training looked like inside
  chainrule list losses                        what can be chosen, with settings and defaults

Files:
  The network is saved as safetensors, with its recipe in TOML, from which any program can load it.
  Without --output, a network already saved under the default name is kept as digits.1.safetensors,
  digits.2.safetensors and so on, unless the new one is the same. If another program saves one there
  meanwhile, that stays, and the new one takes such a name; the program says which.
  Links are followed, permissions are kept, and a file is written as a whole or not at all.

Ctrl-C stops after the current batch and saves the best weights so far; a second one quits at once.
Before the end of the first epoch, weights are saved only where no file is there yet. A request to \
end
(SIGTERM) and a terminal that is gone (SIGHUP) do the same, unless they are to be ignored, as by \
nohup.
A training that diverges fails, and saves the best weights before that, if an epoch was completed.
Both leave the files of --report and --record with what was seen. Watching does not change the \
network.
NO_COLOR turns colours off. Results go to standard output, progress and notes to standard error.

Exit codes:
  0  done
  1  something failed: the loss became infinite, the file cannot be written
  2  a flag is wrong
  130  stopped by Ctrl-C (143 by SIGTERM, 129 by SIGHUP)";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_are_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_defaults_in_the_help_are_the_real_ones() {
        let help = Args::command().render_long_help().to_string();
        for (optimizer, rate) in [("adam", 0.001), ("sgd", 0.1)] {
            assert!(help.contains(&format!("{rate} for {optimizer}")), "{help}");
            assert_eq!(crate::flags::config::default_learning_rate(optimizer), Some(rate));
        }
        assert_eq!(DEFAULT_PATH, "digits.safetensors");
    }
}
