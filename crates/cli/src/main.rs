//! The program `chainrule`: trains the digit recogniser from the command line.
//!
//! Raw flags ([`args`]) become a checked configuration ([`config`]), which is run ([`run`]) and told about
//! ([`report`]).

mod args;
mod config;
mod console;
mod digits;
mod interrupt;
mod network;
mod outcome;
mod paint;
mod place;
mod progress;
mod report;
mod run;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, error::ErrorKind};

use args::Args;
use config::Config;
use console::Console;

fn main() -> ExitCode {
    let args = Args::parse();
    let console = Console::new(args.quiet, args.json);
    let config =
        Config::resolve(args).unwrap_or_else(|error| Args::command().error(ErrorKind::ValueValidation, error).exit());
    run::run(config, console).unwrap_or_else(|error| {
        console.complain(&format!("error: {error}"));
        ExitCode::from(1)
    })
}
