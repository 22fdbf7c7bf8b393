//! The commands and their flags, as they are typed.

use clap::{Parser, Subcommand};

use crate::commands::compare::args::{AFTER_HELP as COMPARE_HELP, CompareArgs};
use crate::commands::config::ConfigArgs;
use crate::commands::diagnose::args::{AFTER_HELP as DIAGNOSE_HELP, DiagnoseArgs};
use crate::commands::digits::args::{AFTER_HELP, DigitsArgs};
use crate::commands::evaluate::args::{AFTER_HELP as EVALUATE_HELP, EvaluateArgs};
use crate::commands::inspect::args::InspectArgs;
use crate::commands::list::args::ListArgs;
use crate::commands::predict::args::{AFTER_HELP as PREDICT_HELP, PredictArgs};
use crate::commands::train::args::{AFTER_HELP as TRAIN_HELP, TrainArgs};
use crate::flags::checks::CheckArgs;

/// Trains a network to read handwritten digits, shows how well it does, and saves it.
///
/// The 1797 digits of 8x8 pixels come with the program. A fifth of them, with the classes in
/// proportion, is set aside to test on. A tenth of the rest chooses the epoch whose weights are
/// kept, and the network learns from what remains.
#[derive(Debug, Parser)]
#[command(name = "chainrule", version, after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub digits: DigitsArgs,
}

/// The commands, in place of training on the digits.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train on a table of your own, and save the network that predicts one of its columns
    #[command(after_help = TRAIN_HELP)]
    Train(Box<TrainArgs>),
    /// Predict from a table with a saved network
    #[command(after_help = PREDICT_HELP)]
    Predict(PredictArgs),
    /// Tell how good a saved network is on a table
    #[command(after_help = EVALUATE_HELP)]
    Evaluate(EvaluateArgs),
    /// Tell what a saved network is: columns, layers, classes, scores, recipe
    Inspect(InspectArgs),
    /// Print the recipe that flags make, with every default and its meaning
    Config(Box<ConfigArgs>),
    /// Train briefly, or read a recorded training, and tell what holds it back and what to do
    #[command(after_help = DIAGNOSE_HELP)]
    Diagnose(Box<DiagnoseArgs>),
    /// Train each activation at each depth, and tell which learns
    #[command(after_help = COMPARE_HELP)]
    Compare(Box<CompareArgs>),
    /// List the activations, losses, initialisers, layers, optimizers, schedules and metrics with
    /// their settings
    List(ListArgs),
    /// Compare every derivative of every list with central differences
    Gradcheck(CheckArgs),
    /// Compare the library with reference cases that published packages wrote
    Conformance(CheckArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_are_well_formed() {
        Args::command().debug_assert();
    }
}
