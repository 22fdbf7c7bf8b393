//! The program `chainrule`: trains the digit recogniser from the command line.
//!
//! Raw flags ([`args`]) become a checked configuration ([`flags`]), which a command runs and tells
//! about ([`commands`]).

mod args;
mod commands;
mod data;
mod flags;
mod output;
mod terminal;
mod text;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use commands::digits::run::{self, RunError};
use commands::{compare, diagnose, list};
use flags::config::Config;
use terminal::console::Console;
use terminal::faults;
use text::shown;

fn main() -> ExitCode {
    faults::tell_in_one_line();
    let args = Args::try_parse().unwrap_or_else(|error| usage::exit(error));
    let console = Console::new(args.quiet, args.json);
    let done = match &args.command {
        Some(Command::Diagnose(args)) => diagnose::run(args),
        Some(Command::Compare(args)) => compare::run(args),
        Some(Command::List(args)) => list::list(args),
        Some(Command::Gradcheck(args)) => list::gradcheck(args, console),
        Some(Command::Conformance(args)) => list::conformance(args, console),
        None => train(args, console),
    };
    done.unwrap_or_else(|error| {
        console.complain(&shown::message(&format!("error: {error}")));
        // A name that is in no list is a wrong flag.
        ExitCode::from(if matches!(error, RunError::Unknown { .. }) { 2 } else { 1 })
    })
}

fn train(args: Args, console: Console) -> Result<ExitCode, RunError> {
    let config = Config::resolve(args).unwrap_or_else(|error| usage::refuse(None, error));
    run::run(config, console)
}
