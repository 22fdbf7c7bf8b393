use std::path::PathBuf;

use chainrule::recipe::Preset;
use clap::Args;

use crate::flags::table::{DataArg, TableArgs};
use crate::flags::talk::TalkArgs;
use crate::flags::training::TrainingArgs;

/// The table to train on, and the way to train.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    #[command(flatten)]
    pub data: DataArg,

    /// The folder for what is made, a new or an empty one [default: runs/NAME-N, N counting up]
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,

    /// Samples with the same value in this column stay together in one part
    #[arg(long, value_name = "COLUMN", help_heading = "The table", conflicts_with = "time_column")]
    pub group_column: Option<String>,

    /// The last samples by this column are the test, those before them validate
    #[arg(long, value_name = "COLUMN", help_heading = "The table")]
    pub time_column: Option<String>,

    /// The network and its training, which other flags change. `plain` is a small network, `td-s` a
    /// wide one with the simple tricks of RealMLP, `td` one with all of them, which takes longest
    #[arg(long, value_name = "NAME", default_value = "plain")]
    pub preset: Preset,

    #[command(flatten)]
    pub table: TableArgs,

    #[command(flatten)]
    pub talk: TalkArgs,

    #[command(flatten)]
    pub training: TrainingArgs,
}

pub const AFTER_HELP: &str = "\
Examples:
  chainrule train flowers.csv --target species
  chainrule train houses.csv.gz --target price --ignore agent --epochs 100
  chainrule train houses.csv.gz --target price --preset td
  chainrule train visits.csv --target churned --group-column customer --output runs/churn

All rows decide what a column is: number, date, flag, category, identifier or constant; the last two
are left out. What each was taken for is told. A fifth of the samples is set aside to test on, and a
fifth of the rest chooses the epoch whose weights are kept, with the classes in proportion. Scales
and names of categories are learned from what remains. Missing inputs are learned from, too.

The folder holds:
  model.safetensors   the network with its columns, classes and recipe, for `predict`
  recipe.toml         the training, for `--recipe`
  metrics.csv         loss and metrics of each epoch; metrics.jsonl has the same
  report.html         what the training looked like inside
All of it is written at the end, each file as a whole or not at all.

Ctrl-C stops after the current batch and keeps the best weights so far; a second one quits at once.
Results go to standard output, progress and notes to standard error.

Exit codes:
  0  done
  1  something failed: the loss became infinite, a file cannot be written
  2  a flag, the recipe or the table is wrong
  130  stopped by Ctrl-C";
