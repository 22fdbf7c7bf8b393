use std::path::PathBuf;

use clap::Args;

use crate::data::table::Task;
use crate::flags::talk::TalkArgs;
use crate::flags::training::TrainingArgs;

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
    pub target: Option<String>,

    /// The content of that column
    #[arg(long, value_enum, default_value_t = Task::Auto)]
    pub task: Task,

    /// Apply the remedies of what is found one after another, and keep those that help
    #[arg(long)]
    pub fix: bool,

    #[command(flatten)]
    pub talk: TalkArgs,

    #[command(flatten)]
    pub training: TrainingArgs,
}

pub const AFTER_HELP: &str = "\
Examples:
  chainrule diagnose                           the network of `chainrule`, on the digits
  chainrule diagnose --hidden 32,32,32,32,32,32,32,32 --activation sigmoid --fix
  chainrule diagnose flowers.csv --target species --hidden 16
  chainrule diagnose run.json                  a training that was recorded

A table has one sample a line, separated by commas, semicolons or tabs, with or without a line of
names; a quote that is opened is closed on its line. A file, a pipe or /dev/stdin will do. A fifth \
of
its samples, with the classes in proportion, is set aside to validate on; of the digits it is what
`chainrule` validates on. With a recording, no flag of a training is taken.

--fix applies the remedies of what is found, the worst first, and trains anew after each with the
same seed and batches. A remedy is kept if its finding is gone, or milder, or the loss lower by a
tenth; and if the validation loss is not higher by more than a fiftieth. Where the loss itself is
exchanged, accuracy, each class weighing the same, is compared in its place.

Ctrl-C stops after the current batch and tells what is known so far; a second one quits at once.
Results go to standard output, progress and notes to standard error.

Exit codes:
  0  done, whether or not something was found
  1  something failed: data and network do not fit
  2  a flag, the recipe or the file is wrong
  130  stopped by Ctrl-C";
