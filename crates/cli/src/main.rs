//! The program `chainrule`: trains the digit recogniser from the command line.
//!
//! Raw flags ([`args`]) become a checked configuration ([`config`]), which is run ([`run`]) and told about
//! ([`report`]).

mod args;
mod catalogue;
mod compare;
mod config;
mod console;
mod diagnose;
mod digits;
mod interrupt;
mod names;
mod network;
mod outcome;
mod paint;
mod place;
mod progress;
mod report;
mod run;
mod tensorboard;
mod traces;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, error::ErrorKind};

use args::{Args, Command};
use config::Config;
use console::Console;
use run::RunError;

fn main() -> ExitCode {
    let args = Args::parse();
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
        console.complain(&format!("error: {error}"));
        ExitCode::from(1)
    })
}

fn train(args: Args, console: Console) -> Result<ExitCode, RunError> {
    let config =
        Config::resolve(args).unwrap_or_else(|error| Args::command().error(ErrorKind::ValueValidation, error).exit());
    run::run(config, console)
}
