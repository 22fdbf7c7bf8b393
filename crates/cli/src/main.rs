//! The program `chainrule`: trains the digit recogniser from the command line.
//!
//! Raw flags ([`args`]) become a checked configuration ([`config`]), which is run ([`run`]) and
//! told about ([`report`]).

mod args;
mod catalogue;
mod compare;
mod config;
mod console;
mod diagnose;
mod digits;
mod faults;
mod interrupt;
mod memory;
mod names;
mod outcome;
mod paint;
mod parse;
mod place;
mod progress;
mod report;
mod run;
mod shown;
mod tensorboard;
mod traces;
mod unfit;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use config::Config;
use console::Console;
use run::RunError;

fn main() -> ExitCode {
    faults::tell_in_one_line();
    let args = Args::try_parse().unwrap_or_else(|error| usage::exit(error));
    let console = Console::new(args.quiet, args.json);
    let done = match &args.command {
        Some(Command::Diagnose(args)) => diagnose::run(args),
        Some(Command::Compare(args)) => compare::run(args),
        Some(Command::List(args)) => catalogue::list(args),
        Some(Command::Gradcheck(args)) => catalogue::gradcheck(args, console),
        Some(Command::Conformance(args)) => catalogue::conformance(args, console),
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
