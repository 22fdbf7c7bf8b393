//! The program `chainrule`. It translates flags and files into a recipe, has the library run it,
//! and prints what came of it.
//!
//! Each command has a folder in [`commands`], and none imports another's. What they share stands
//! beside: flags ([`flags`]), data ([`data`]), files that are written ([`output`]), the terminal
//! ([`terminal`]) and words ([`text`]).

mod args;
mod commands;
mod data;
mod failure;
mod flags;
mod output;
mod terminal;
mod text;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use commands::{
    compare, config, conformance, diagnose, digits, evaluate, gradcheck, inspect, list, predict,
    train,
};
use failure::{Failure, Kind};
use terminal::console::Console;
use terminal::faults;
use text::shown;

fn main() -> ExitCode {
    faults::tell_in_one_line();
    let args = Args::try_parse().unwrap_or_else(|error| usage::exit(error));
    let (command, done) = match &args.command {
        Some(Command::Train(args)) => (Some("train"), train::run(args)),
        Some(Command::Predict(args)) => (Some("predict"), predict::run(args)),
        Some(Command::Evaluate(args)) => (Some("evaluate"), evaluate::run(args)),
        Some(Command::Inspect(args)) => (Some("inspect"), inspect::run(args)),
        Some(Command::Config(args)) => (Some("config"), config::run(args)),
        Some(Command::Diagnose(args)) => (Some("diagnose"), diagnose::run(args)),
        Some(Command::Compare(args)) => (Some("compare"), compare::run(args)),
        Some(Command::List(args)) => (Some("list"), list::run(args)),
        Some(Command::Gradcheck(args)) => (Some("gradcheck"), gradcheck::run(args)),
        Some(Command::Conformance(args)) => (Some("conformance"), conformance::run(args)),
        None => (None, digits::run(&args.digits)),
    };
    done.unwrap_or_else(|failure| tell(command, &failure))
}

fn tell(command: Option<&str>, failure: &Failure) -> ExitCode {
    if failure.kind == Kind::Flag {
        usage::refuse(command, &failure.message)
    }
    let line = shown::message(&format!("error: {}", failure.message));
    Console::new(false, false).complain(&line);
    ExitCode::from(failure.code())
}
