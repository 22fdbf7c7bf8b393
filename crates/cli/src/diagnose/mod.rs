//! `chainrule diagnose`: what holds a training back, and what to do about it.

pub mod args;
mod data;
mod fix;
mod flags;
mod object;
mod recipe;
mod table;
mod text;
mod train;
mod trials;

use std::fmt::Display;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use chainrule::insight::recording::RecordingError;
use chainrule::insight::{Diagnosis, Evidence, Recording};
use chainrule::prelude::*;
use clap::{CommandFactory, error::ErrorKind};
use serde_json::json;

use crate::args::Args;
use crate::console::{Console, Progress};
use crate::run::RunError;
use crate::{interrupt, progress};
use args::DiagnoseArgs;
use data::Data;
use recipe::Recipe;
use table::TableError;
use train::{TrainingError, train};

/// Why there is no diagnosis.
#[derive(Debug, thiserror::Error)]
pub enum DiagnoseError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Training(#[from] TrainingError),
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

/// Diagnoses the digits, a table or a recording. Gives what the program exits with.
///
/// # Errors
/// A file that cannot be read, or data and network that do not fit together.
pub fn run(args: &DiagnoseArgs) -> Result<ExitCode, RunError> {
    let console = Console::new(args.quiet, args.json);
    // Wrong flags are told before anything is read.
    let checked = flags::resolve(args, "cross_entropy").unwrap_or_else(|error| refuse(error));
    if let Some(path) = args.source.as_deref().filter(|path| is_recording(path)) {
        if args.fix {
            refuse("--fix: a recording has no data to train on; give the data in its place");
        }
        return recorded(path, console);
    }
    let stop = interrupt::flag()?;
    let data = Data::load(args.source.as_deref(), args).map_err(DiagnoseError::from)?;
    let recipe = match &args.loss {
        Some(_) => checked,
        None => Recipe { loss: data.default_loss().to_owned(), ..checked },
    };
    console.report(&text::plan(&recipe, &data))?;
    let outcome = match train(&recipe, &data, &stop, progress::teller(console)) {
        Err(TrainingError::Flag(error)) => refuse(error),
        result => result.map_err(DiagnoseError::from)?,
    };
    let paint = console.paint();
    if let Some(gain) = &outcome.gain {
        console.report(&text::gain(gain, paint))?;
    }
    console.report(&text::course(&outcome, paint))?;
    if outcome.interrupted {
        console.complain("interrupted; what follows is what is known so far");
    }
    console.report(&text::findings(&outcome.findings, Some(&recipe), outcome.has_learned(), paint))?;

    let fixed = args.fix.then(|| {
        fix::fix(&recipe, &outcome, |recipe, what| {
            console.note(what);
            let teller = match console.progress() {
                Progress::Bar { .. } => progress::teller(console),
                _ => Box::new(|_: ProgressEvent<'_>| {}),
            };
            train(recipe, &data, &stop, teller)
        })
    });
    if let Some(fixed) = &fixed {
        console.report(&trials::table(&recipe, &outcome, fixed, paint))?;
    }
    console.object(|| object::diagnosis(&recipe, &data, &outcome, fixed.as_ref()))?;
    let interrupted = outcome.interrupted || fixed.is_some_and(|fixed| fixed.interrupted);
    Ok(if interrupted { ExitCode::from(interrupt::EXIT_CODE) } else { ExitCode::SUCCESS })
}

/// Tells what was found in a recorded training; where nothing was recorded of it, what its instruments show.
fn recorded(path: &Path, console: Console) -> Result<ExitCode, RunError> {
    let recording = Recording::load(path).map_err(DiagnoseError::from)?;
    let anew = || Diagnosis::<f32>::new().findings(&Evidence::new().recording(&recording));
    let findings = if recording.findings.is_empty() { anew() } else { recording.findings.clone() };
    console.report(&text::recorded(&recording, console.paint()))?;
    console.report(&text::findings(&findings, None, true, console.paint()))?;
    console.object(|| {
        let last = recording.epochs().last();
        let validation = last.and_then(|last| last.validation.as_ref());
        let configuration = recording.configuration.iter().map(|(name, value)| (name.clone(), value.clone().into()));
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

/// Whether a file is JSON, by its name or what it begins with.
fn is_recording(path: &Path) -> bool {
    let mut begin = [0; 64];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut begin)).unwrap_or(0);
    let by_name = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    by_name || begin[..read].trim_ascii_start().starts_with(b"{")
}

/// Says what is wrong with a flag, and ends the program.
fn refuse(error: impl Display) -> ! {
    let mut command = Args::command();
    command.build();
    let command = command.find_subcommand_mut("diagnose").expect("the subcommand is there");
    command.error(ErrorKind::ValueValidation, error).exit()
}
