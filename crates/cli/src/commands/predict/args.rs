use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The network, and the table to predict from.
#[derive(Clone, Debug, Args)]
pub struct PredictArgs {
    /// The file of a network that `chainrule train` has made
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,

    /// A table with the columns that the network was trained on; `-` for standard input
    #[arg(value_name = "DATA")]
    pub data: PathBuf,

    /// Write the predictions there, as a whole or not at all [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// In which form
    #[arg(long, value_enum, default_value_t = Form::Csv)]
    pub format: Form,

    /// Say nothing unless something goes wrong
    #[arg(long, short)]
    pub quiet: bool,
}

/// The form of predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// A line of names, then one line for each row
    Csv,
    /// One object for each row, on a line of its own
    Jsonl,
}

pub const AFTER_HELP: &str = "\
Examples:
  chainrule predict runs/flowers-1/model.safetensors new.csv
  chainrule predict model.safetensors new.csv --output answers.csv
  zcat new.csv.gz | chainrule predict model.safetensors - --format jsonl

Columns are found by name, in any order; others are not looked at. A category that training has not
seen counts as missing, and how many rows have one is told. Each row is answered in its place: by
the name of the class and the probability of each, or by a number.

Exit codes:
  0  done
  1  something failed: the file cannot be written
  2  a flag, the network or the table is wrong; no file is written";
