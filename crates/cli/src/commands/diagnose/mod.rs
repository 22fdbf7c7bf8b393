//! `chainrule diagnose`: what holds a training back, and what to do about it.

pub mod args;
mod data;
mod object;
mod text;
mod train;
mod trials;

use std::path::Path;
use std::process::ExitCode;

use chainrule::insight::fix::fix;
use chainrule::insight::{Diagnosis, Evidence, Recording};
use chainrule::prelude::*;
use chainrule::recipe::{Recipe, RecipeError};
use serde_json::json;

use crate::data::table::source::{self, Source};
use crate::data::table::{TableError, Task};
use crate::failure::Failure;
use crate::flags::error::FlagError;
use crate::flags::training::usual;
use crate::terminal::console::{Console, Progress};
use crate::terminal::{interrupt, progress};
use args::DiagnoseArgs;
use data::Data;
use train::{TrainingError, train};

/// Diagnoses the digits, a table or a recording. Gives what the program exits with.
///
/// # Errors
/// A file that cannot be read, or data and network that do not fit together.
pub fn run(args: &DiagnoseArgs) -> Result<ExitCode, Failure> {
    let console = args.talk.console();
    let training = &args.training;
    // Wrong flags are told before anything is read; those that hang on the loss afterwards.
    let provisional = match training.chooses_loss() {
        true => training.recipe(&usual())?,
        false => training.recipe(&Recipe { loss: "cross_entropy".to_owned(), ..usual() })?,
    };
    let source = args.source.as_deref().map(|path| source::read(path).map(|source| (path, source)));
    let table = match source.transpose().map_err(Failure::input)? {
        Some((_, Source::Recording(_))) if args.fix => {
            let why = "--fix: a recording has no data to train on; give the data in its place";
            return Err(Failure::flag(why));
        }
        Some((path, Source::Recording(text))) => {
            let why = "a recording is of a training that is over; leave it out, or give the data";
            training.refuse_all(why)?;
            refuse_columns(args, why)?;
            return recorded(path, &text, console);
        }
        Some((path, Source::Table(text))) => Some((path, text)),
        None => {
            refuse_columns(args, "the digits are no table with columns; leave it out")?;
            None
        }
    };
    let data = Data::load(table, args, provisional.seed).map_err(|error| match error {
        TableError::Label { .. } => Failure::flag(error),
        error => Failure::input(error),
    })?;
    // Not before: reading ends at once.
    let stop = interrupt::flag().map_err(Failure::signals)?;
    let recipe = match training.chooses_loss() {
        true => provisional,
        false => training.recipe(&Recipe { loss: data.default_loss().to_owned(), ..usual() })?,
    };
    if data.has_classes() {
        let why = "there are no targets that are numbers, which it could scale; leave it out";
        training.refuse(&["scale_targets"], why)?;
    }
    console.report(&text::plan(&recipe, &data))?;
    let verdict = train(&recipe, &data, &stop, progress::teller(console));
    let verdict = verdict.map_err(|error| match error {
        TrainingError::Flag(error) => Failure::flag(error),
        TrainingError::Recipe(error @ RecipeError::Value { .. }) => training.told(error).into(),
        error => Failure::other(error),
    })?;
    let paint = console.paint();
    if let Some(gain) = &verdict.gain {
        console.report(&text::gain(gain, paint))?;
    }
    console.report(&text::course(&verdict, paint))?;
    if verdict.interrupted {
        console.complain("interrupted; what follows is what is known so far");
    }
    console.report(&text::findings(
        &verdict.findings,
        Some(&recipe),
        verdict.has_learned(),
        paint,
    ))?;

    let fixed = args.fix.then(|| {
        fix(&recipe, &verdict, |recipe, what| {
            console.note(what);
            let teller = match console.progress() {
                Progress::Bar { .. } => progress::teller(console),
                _ => Box::new(|_: ProgressEvent<'_>| {}),
            };
            train(recipe, &data, &stop, teller)
        })
    });
    if let Some(fixed) = &fixed {
        console.report(&trials::table(&recipe, &verdict, fixed, paint))?;
    }
    console.object(|| object::diagnosis(&recipe, &data, &verdict, fixed.as_ref()))?;
    let interrupted = verdict.interrupted || fixed.is_some_and(|fixed| fixed.interrupted);
    Ok(if interrupted { interrupt::exit_code() } else { ExitCode::SUCCESS })
}

/// Refuses the flags that are about the columns of a table.
fn refuse_columns(args: &DiagnoseArgs, why: &str) -> Result<(), FlagError> {
    let given = [("target", args.target.is_some()), ("task", args.task != Task::Auto)];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => Err(FlagError::Idle { flag, why: why.to_owned() }),
        None => Ok(()),
    }
}

/// Tells what was found in a recorded training; where nothing was recorded of it, what its
/// instruments show.
fn recorded(path: &Path, text: &[u8], console: Console) -> Result<ExitCode, Failure> {
    let recording = Recording::from_json(path, text).map_err(Failure::input)?;
    let anew = || Diagnosis::<f32>::new().findings(&Evidence::new().recording(&recording));
    let findings = if recording.findings.is_empty() { anew() } else { recording.findings.clone() };
    console.report(&text::recorded(&recording, console.paint()))?;
    console.report(&text::findings(&findings, None, true, console.paint()))?;
    console.object(|| {
        let last = recording.epochs().last();
        let validation = last.and_then(|last| last.validation.as_ref());
        let configuration = recording
            .configuration
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into()));
        json!({
            "recording": path.to_string_lossy(),
            "configuration": configuration.collect::<serde_json::Map<_, _>>(),
            "epochs": recording.epochs().len(),
            "training_loss": last.map(|last| last.train.loss),
            "validation_loss": validation.map(|scores| scores.loss),
            "validation_accuracy": validation.and_then(|scores| scores.metric("accuracy")),
            "failure": recording.failure.as_ref().map(|failure| &failure.message),
            "healthy": findings.iter().all(|finding| finding.severity < Severity::Warning),
            "findings": object::findings(&findings, None),
        })
    })?;
    Ok(ExitCode::SUCCESS)
}
