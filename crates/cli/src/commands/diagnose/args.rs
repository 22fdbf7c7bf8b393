//! The flags of `chainrule diagnose`, as they are typed.

use std::path::PathBuf;

use clap::Args;

use crate::data::table::Task;
use crate::flags::config::{activations, optimizers};
use crate::flags::parse;

/// The training to diagnose.
#[derive(Clone, Debug, Args)]
pub struct DiagnoseArgs {
    /// A table (CSV, one sample a line), or the recording of a training (JSON); without it, the
    /// built-in digits
    #[arg(value_name = "DATA or RUN")]
    pub source: Option<PathBuf>,

    /// The column of the table to be predicted, by its name or its number from 1 [default: the
    /// last]
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,

    /// The content of that column
    #[arg(long, value_enum, default_value_t = Task::Auto)]
    pub task: Task,

    /// The widths of the hidden layers, separated by commas; `none` for no hidden layer
    #[arg(long, value_name = "WIDTHS", default_value = "256,128", allow_hyphen_values = true)]
    pub hidden: String,

    #[arg(long, value_name = "NAME", default_value = "relu",
        help = format!("What the hidden layers apply: {}", activations().join(", ")))]
    pub activation: String,

    /// How weights start, such as glorot_uniform or normal(deviation=0.01); `fitting`: as suits the
    /// activation
    #[arg(long, value_name = "NAME", default_value = "fitting")]
    pub init: String,

    /// The function of the output layer, such as softmax; `none` as a rule, since most losses take
    /// logits
    #[arg(long, value_name = "NAME", default_value = "none")]
    pub output_activation: String,

    /// The loss, such as cross_entropy(label_smoothing=0.1) [default: cross_entropy for classes,
    /// mse for values]
    #[arg(long, value_name = "NAME")]
    pub loss: Option<String>,

    #[arg(long, value_name = "NAME", default_value = "adam",
        help = format!("The rule that moves the weights, such as adam or adam(beta1=0.8): \
                        {}", optimizers().join(", ")))]
    pub optimizer: String,

    /// How far each step goes [default: 0.001 for adam, 0.1 for sgd, for others their own]
    #[arg(long, value_name = "RATE", allow_hyphen_values = true, value_parser = parse::number)]
    pub learning_rate: Option<f64>,

    /// How often to go through the training data
    #[arg(long, value_name = "N", default_value_t = 40,
        allow_hyphen_values = true, value_parser = parse::count)]
    pub epochs: i64,

    /// How many samples make a step
    #[arg(long, value_name = "N", default_value_t = 32,
        allow_hyphen_values = true, value_parser = parse::count)]
    pub batch_size: i64,

    /// Fixes the split of the data, the first weights and the order of the samples
    #[arg(long, value_name = "N", default_value_t = 0,
        allow_hyphen_values = true, value_parser = parse::seed)]
    pub seed: u64,

    #[command(flatten)]
    pub cures: Cures,

    /// Apply the remedies of what is found one after another, and keep those that help
    #[arg(long)]
    pub fix: bool,

    /// Say nothing unless something goes wrong
    #[arg(long, short)]
    pub quiet: bool,

    /// Print one JSON object on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
}

/// The settings that remedies switch on.
#[derive(Clone, Debug, Args)]
pub struct Cures {
    /// Normalise what goes into each activation over its features
    #[arg(long, help_heading = "Remedies")]
    pub normalise: bool,

    /// Leave out this part of the hidden values at random
    #[arg(long, value_name = "SHARE", help_heading = "Remedies",
        allow_hyphen_values = true, value_parser = parse::number)]
    pub dropout: Option<f64>,

    /// Make all classes count the same in the loss
    #[arg(long, help_heading = "Remedies")]
    pub class_weights: bool,

    /// Shorten gradients to this norm
    #[arg(long, value_name = "NORM", help_heading = "Remedies",
        allow_hyphen_values = true, value_parser = parse::number)]
    pub clip_norm: Option<f64>,

    /// Stop after so many epochs without a better validation loss, and keep the best weights
    #[arg(long, value_name = "EPOCHS", help_heading = "Remedies",
        allow_hyphen_values = true, value_parser = parse::count)]
    pub early_stopping: Option<i64>,

    /// Scale the inputs to mean 0 and deviation 1
    #[arg(long, help_heading = "Remedies")]
    pub standardise_inputs: bool,

    /// Scale targets that are numbers to mean 0 and deviation 1
    #[arg(long, help_heading = "Remedies")]
    pub standardise_targets: bool,

    /// Leave out inputs that never change
    #[arg(long, help_heading = "Remedies")]
    pub drop_constant_inputs: bool,
}

pub const AFTER_HELP: &str = "\
Examples:
  chainrule diagnose                           the network of `chainrule`, on the digits
  chainrule diagnose --hidden 32,32,32,32,32,32,32,32 --activation sigmoid --fix
  chainrule diagnose flowers.csv --label species --hidden 16
  chainrule diagnose run.json                  a training that was recorded

A table has one sample a line, separated by commas, semicolons or tabs, with or without a line of
names; a quote that is opened is closed on its line. A file, a pipe or /dev/stdin will do. A fifth \
of
its samples, with the classes in proportion, is set aside to validate on; of the digits it is what
`chainrule` validates on. For a recording, flags of the training mean nothing.

--fix applies the remedies of what is found, the worst first, and trains anew after each with the
same seed and batches. A remedy is kept if its finding is gone, or milder, or the loss lower by a
tenth; and if the validation loss is not higher by more than a fiftieth. Where the loss itself is
exchanged, accuracy, each class weighing the same, is compared in its place.

Ctrl-C stops after the current batch and tells what is known so far; a second one quits at once.
Results go to standard output, progress and notes to standard error.

Exit codes:
  0  done, whether or not something was found
  1  something failed: the file cannot be read, or data and network do not fit
  2  a flag is wrong
  130  stopped by Ctrl-C";
