//! The run: train, test, save, tell.

use std::io;
use std::process::ExitCode;
use std::time::Instant;

use chainrule::checkpoint;
use chainrule::data::DataError;
use chainrule::graph::BuildError;
use chainrule::insight::Instruments;
use chainrule::nn::PredictError;
use chainrule::prelude::*;
use chainrule::recipe::{Network, RecipeError, Run};
use chainrule::train::TrainError;
use chainrule_tensorboard::{EventError, TensorBoard};

use crate::commands::compare::CompareError;
use crate::commands::diagnose::DiagnoseError;
use crate::commands::digits::answer::{Answer, answers};
use crate::commands::digits::outcome::Outcome;
use crate::commands::digits::text;
use crate::data::digits::Parts;
use crate::flags::config::Config;
use crate::output::place::{PlaceError, Saved};
use crate::output::tensorboard;
use crate::output::traces::{Seen, TracesError};
use crate::terminal::console::Console;
use crate::terminal::interrupt;
use crate::terminal::progress;
use crate::text::unfit;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("{}", unfit::build(.0))]
    Build(#[from] BuildError),
    #[error("{}", unfit::train(.0))]
    Test(#[from] TrainError),
    #[error("{}\n{rescued}", unfit::train(.error))]
    Train {
        error: TrainError,
        /// The fate of the weights.
        rescued: String,
    },
    #[error(transparent)]
    TensorBoard(#[from] EventError),
    #[error(transparent)]
    Predict(#[from] PredictError),
    #[error("{}", unfit::recipe(.0))]
    Recipe(#[from] RecipeError),
    #[error(transparent)]
    Traces(#[from] TracesError),
    #[error("the trained network answers a test digit with NaN; a lower --learning-rate may help")]
    NotANumber,
    #[error(transparent)]
    Compare(#[from] CompareError),
    #[error(transparent)]
    Diagnose(#[from] DiagnoseError),
    #[error("there is no {what} `{name}`; there are: {known}")]
    Unknown { what: &'static str, name: String, known: String },
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    #[error("cannot handle Ctrl-C: {0}")]
    Interrupt(io::Error),
}

/// Trains, tests, saves and tells. Gives what the program exits with.
///
/// # Errors
/// Whatever went wrong. If training did, the weights of the best epoch before that are saved.
pub fn run(config: Config, console: Console) -> Result<ExitCode, RunError> {
    let stop = interrupt::flag().map_err(RunError::Interrupt)?;
    let Config { settings, recipe, place, traces, tensorboard } = config;
    place.check()?;
    traces.check()?;
    let parts = Parts::load(settings.seed)?;
    let prepared = recipe.prepare(&parts.train, Some(&parts.validation))?;
    let network = prepared.network();
    let mut instruments =
        traces.instruments().or_else(|| tensorboard.is_some().then(Instruments::new));
    let (mut events, watching) = match (&tensorboard, &mut instruments) {
        (Some(folder), Some(instruments)) => (Some(tensorboard::open(folder, instruments)?), None),
        (_, instruments) => (None, instruments.as_mut()),
    };
    console.report(&text::plan(&settings, &parts, &network.model().summary([Digits::PIXELS])?))?;

    let begun = Instant::now();
    let mut trainer =
        prepared.trainer()?.callback(Progress::new(progress::teller(console))).stop_when(stop);
    if let Some(callback) = &mut events {
        trainer = trainer.callback(callback);
    } else if let Some(instruments) = watching {
        trainer = trainer.callback(instruments);
    }
    let Run { network, epochs, end, best, .. } = prepared.fit(trainer)?;
    let fitted = end.map(|stop| History { epochs, stop });
    let tested = test(&mut prepared.trainer()?, &network, &parts.test);
    let seconds = begun.elapsed().as_secs_f64();
    let events = events.map_or(Ok(()), TensorBoard::finish);

    let best_epoch = best.map(|(epoch, _)| epoch);
    let bytes = || checkpoint::encode(network.params(), place.path(), &network.description());
    let log = instruments.map(Instruments::into_log).unwrap_or_default();
    let seen = Seen { settings: &settings, network: &network, parts: &parts, fitted: &fitted, log };
    let history = match &fitted {
        Ok(history) => history,
        Err(error) => {
            let rescued = rescue(best_epoch, || place.save(&bytes()?));
            let (mut left, traced) = traces.leave(seen);
            left.tensorboard = tensorboard.filter(|_| events.is_ok());
            let failed = [
                traced.err().map(|error| error.to_string()),
                events.err().map(|error| error.to_string()),
            ];
            let failed: String =
                failed.into_iter().flatten().map(|error| format!("error: {error}\n")).collect();
            let rescued = format!("{rescued}\n{}{failed}", left.told()).trim_end().to_owned();
            return Err(RunError::Train { error: error.clone(), rescued });
        }
    };
    // Saved before anything is told, so that whatever becomes of the output, the network is there.
    let saved = match (best_epoch, history.epochs.is_empty()) {
        // Weights that have hardly learned are not to replace those of an earlier training.
        (None, true) => bytes().map_err(Into::into).and_then(|bytes| place.save_if_free(&bytes)),
        _ => bytes().map_err(Into::into).and_then(|bytes| place.save(&bytes)).map(Some),
    };
    if let Ok(Some(Saved { kept: Some(kept), .. })) = &saved {
        console.note(&format!(
            "the network that was in {} is now {}",
            place.path().display(),
            kept.display()
        ));
    }
    let (mut left, traced) = traces.leave(seen);
    left.tensorboard = tensorboard.filter(|_| events.is_ok());
    let saved_to = saved.as_ref().ok().and_then(Option::as_ref).map(|saved| saved.path.clone());
    let (saved_to, left) = (saved_to.as_deref(), &left);
    let outcome = Outcome {
        settings: &settings,
        recipe: &recipe,
        history,
        best_epoch,
        seconds,
        saved_to,
        left,
    };
    if outcome.interrupted() {
        console.complain(&outcome.interruption(place.path().exists().then_some(place.path())));
    }
    let Test { loss, answers } = tested?;
    console.report(&text::results(
        &answers,
        loss,
        &outcome.weights(),
        &parts.test,
        console.paint(),
    ))?;
    console.object(|| outcome.object(&answers, loss, network.params().count()))?;
    let told = saved_to.map_or_else(String::new, |path| format!("Saved to {}\n", path.display()));
    let told = format!("{told}{}", left.told());
    saved?;
    console.report(&told)?;
    events?;
    traced?;
    Ok(if outcome.interrupted() { interrupt::exit_code() } else { ExitCode::SUCCESS })
}

struct Test {
    loss: f64,
    answers: Vec<Answer>,
}

fn test(trainer: &mut Trainer<'_>, network: &Network, test: &Dataset) -> Result<Test, RunError> {
    let loss = trainer.evaluate(network.params(), test)?.loss;
    let probabilities = network.probabilities(test.inputs())?;
    let Targets::Classes { indices, .. } = test.targets() else {
        unreachable!("digits have classes")
    };
    let answers = answers(indices, &probabilities).ok_or(RunError::NotANumber)?;
    Ok(Test { loss, answers })
}

/// Saves what a training that failed has reached, and says so.
fn rescue(best_epoch: Option<usize>, save: impl FnOnce() -> Result<Saved, PlaceError>) -> String {
    let Some(epoch) = best_epoch else {
        return "no epoch was completed: nothing was saved".to_owned();
    };
    match save() {
        Ok(Saved { path, kept }) => {
            let kept =
                kept.map(|kept| format!("; the network that was there is now {}", kept.display()));
            let path = path.display();
            format!(
                "the weights of epoch {epoch}, the best before the failure, were saved to {path}{}",
                kept.unwrap_or_default()
            )
        }
        Err(error) => format!("error: {error}"),
    }
}
