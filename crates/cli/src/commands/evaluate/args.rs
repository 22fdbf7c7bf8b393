use std::path::PathBuf;

use clap::Args;

use crate::flags::talk::TalkArgs;

/// The network, and the table to test it on.
#[derive(Clone, Debug, Args)]
pub struct EvaluateArgs {
    /// The file of a network that `chainrule train` has made
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,

    /// A table with the columns that the network was trained on, and those that it predicts
    #[arg(value_name = "DATA")]
    pub data: PathBuf,

    /// Leave samples out that have no target, instead of refusing the table
    #[arg(long)]
    pub drop_unlabelled: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

pub const AFTER_HELP: &str = "\
Examples:
  chainrule evaluate runs/flowers-1/model.safetensors later.csv
  chainrule evaluate model.safetensors later.csv --json

Loss and metrics are those of the recipe that the network was trained by.

Exit codes:
  0  done
  1  something failed
  2  a flag, the network or the table is wrong";
