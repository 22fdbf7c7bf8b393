//! The flags of a table.

use std::path::PathBuf;

use chainrule::data::Task;
use chainrule_table::{Options, TableError};
use clap::{Args, ValueEnum};

use crate::failure::Failure;

/// A table, and what its columns are for.
#[derive(Clone, Debug, Args)]
pub struct TableArgs {
    /// The column to be predicted, by its name or its number from 1; again for more [default: the
    /// last]
    #[arg(long, value_name = "COLUMN", help_heading = "The table")]
    pub target: Vec<String>,

    /// The kind of prediction; without it, it is guessed and told
    #[arg(long, value_enum, value_name = "TASK", help_heading = "The table")]
    pub task: Option<TaskArg>,

    /// True if the first line has the names of the columns; without it, the lines are compared
    #[arg(long, value_name = "BOOL", help_heading = "The table")]
    pub names: Option<bool>,

    /// Learn from this column, and from others so named only; again for more
    #[arg(long, value_name = "COLUMN", help_heading = "The table")]
    pub only: Vec<String>,

    /// Leave this column out; again for more
    #[arg(long, value_name = "COLUMN", help_heading = "The table")]
    pub ignore: Vec<String>,

    /// This column holds numbers; again for more
    #[arg(long, value_name = "COLUMN", help_heading = "The table")]
    pub numeric: Vec<String>,

    /// This column holds categories; again for more
    #[arg(long, value_name = "COLUMN", help_heading = "The table")]
    pub categorical: Vec<String>,

    /// Leave samples out that have no target, instead of refusing the table
    #[arg(long, help_heading = "The table")]
    pub drop_unlabelled: bool,
}

/// The kinds of prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TaskArg {
    /// One class of several
    Classes,
    /// Numbers
    Values,
    /// Yes or no to several questions
    Labels,
}

/// The file of a table.
#[derive(Clone, Debug, Args)]
pub struct DataArg {
    /// A table (CSV, one sample a line, gzip or not); `-` for standard input
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
}

impl TableArgs {
    /// The options of a table that these flags make.
    pub fn options(&self) -> Options {
        Options {
            targets: self.target.clone(),
            task: self.task.map(|task| match task {
                TaskArg::Classes => Task::Classes,
                TaskArg::Values => Task::Values,
                TaskArg::Labels => Task::Labels,
            }),
            names: self.names,
            only: self.only.clone(),
            ignore: self.ignore.clone(),
            numeric: self.numeric.clone(),
            categorical: self.categorical.clone(),
            drop_unlabelled: self.drop_unlabelled,
            ..Options::default()
        }
    }
}

/// An error of a table, which goes back to a flag where it names one.
pub fn refused(error: TableError) -> Failure {
    if !error.is_of_options() {
        return Failure::input(error);
    }
    // Where the flag has another name than the option.
    let told = error.to_string();
    match told.split_once(' ') {
        Some((option @ ("groups" | "time"), rest)) => {
            let flag = if option == "groups" { "group-column" } else { "time-column" };
            Failure::flag(format!("--{flag} {rest}"))
        }
        _ => Failure::flag(format!("--{told}")),
    }
}
