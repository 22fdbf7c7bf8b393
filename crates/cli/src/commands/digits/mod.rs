//! `chainrule` alone: trains a network to read the digits, tests it, saves it.

mod answer;
pub mod args;
mod confusion;
mod drawing;
mod outcome;
mod scores;
mod text;

use std::process::ExitCode;
use std::time::Instant;

use chainrule::checkpoint;
use chainrule::insight::Instruments;
use chainrule::prelude::*;
use chainrule::recipe::{Network, Prepared, Recipe, RecipeError, Run};
use chainrule_tensorboard::TensorBoard;

use crate::data::digits::Parts;
use crate::failure::Failure;
use crate::flags::places::different;
use crate::flags::size;
use crate::flags::training::{measuring, usual};
use crate::output::place::{Place, PlaceError, Saved};
use crate::output::tensorboard;
use crate::output::traces::{Seen, Traces};
use crate::terminal::{interrupt, progress};
use crate::text::unfit;
use answer::{Answer, answers};
use args::DigitsArgs;
use outcome::Outcome;

/// Trains, tests, saves and tells. Gives what the program exits with.
///
/// # Errors
/// Whatever went wrong. If training did, the weights of the best epoch before that are saved.
pub fn run(args: &DigitsArgs) -> Result<ExitCode, Failure> {
    let console = args.talk.console();
    let recipe = recipe(args)?;
    let (place, traces) = (Place::new(args.output.clone()), Traces::new(&args.traces));
    let tensorboard = args.traces.tensorboard.clone();
    different(&[&[&place], &traces.places()[..]].concat(), tensorboard.as_deref())?;
    let stop = interrupt::flag().map_err(Failure::signals)?;
    place.check()?;
    traces.check()?;
    let parts = Parts::load(recipe.seed)?;
    let prepared = recipe.prepare(&parts.train, Some(&parts.validation));
    let prepared = prepared.map_err(|error| refused(args, error))?;
    let network = prepared.network();
    let mut instruments =
        traces.instruments().or_else(|| tensorboard.is_some().then(Instruments::new));
    let (mut events, watching) = match (&tensorboard, &mut instruments) {
        (Some(folder), Some(instruments)) => (Some(tensorboard::open(folder, instruments)?), None),
        (_, instruments) => (None, instruments.as_mut()),
    };
    let sample = prepared.train().input_shape(1).without_axis(0);
    let summary = network.model().summary(sample)?;
    console.report(&text::plan(&recipe, &parts, &summary))?;

    let begun = Instant::now();
    let mut trainer =
        prepared.trainer()?.callback(Progress::new(progress::teller(console))).stop_when(stop);
    if let Some(callback) = &mut events {
        trainer = trainer.callback(callback);
    } else if let Some(instruments) = watching {
        trainer = trainer.callback(instruments);
    }
    let run = prepared.fit(trainer).map_err(|error| refused(args, error))?;
    let Run { network, epochs, end, best, .. } = run;
    let fitted = end.map(|stop| History { epochs, stop });
    let tested = test(&prepared, &network, &parts.test);
    let seconds = begun.elapsed().as_secs_f64();
    let events = events.map_or(Ok(()), TensorBoard::finish);

    let best_epoch = best.map(|(epoch, _)| epoch).filter(|_| recipe.best_weights);
    let bytes = || checkpoint::encode(network.params(), place.path(), &network.description());
    let log = instruments.map(Instruments::into_log).unwrap_or_default();
    let prepared_test = network.preprocessing().dataset(&parts.test, prepared.loss())?;
    let seen = Seen {
        title: format!("Handwritten digits, seed {}", recipe.seed),
        about: text::about(&recipe, &parts),
        network: &network,
        loss: prepared.loss(),
        train: prepared.train(),
        test: &prepared_test,
        side: Some(Digits::SIDE),
        fitted: &fitted,
        log,
    };
    let history = match &fitted {
        Ok(history) => history,
        Err(error) => {
            let rescued = rescue(&recipe, best_epoch, || place.save(&bytes()?));
            let (mut left, traced) = traces.leave(seen);
            left.tensorboard = tensorboard.filter(|_| events.is_ok());
            let failed = [
                traced.err().map(|error| error.to_string()),
                events.err().map(|error| error.to_string()),
            ];
            let failed: String =
                failed.into_iter().flatten().map(|error| format!("error: {error}\n")).collect();
            let rescued = format!("{rescued}\n{}{failed}", left.told()).trim_end().to_owned();
            return Err(Failure::other(format!("{}\n{rescued}", unfit::train(error))));
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
    let outcome = Outcome { recipe: &recipe, history, best_epoch, seconds, saved_to, left };
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

/// The recipe of the flags, checked against the digits.
fn recipe(args: &DigitsArgs) -> Result<Recipe, Failure> {
    // By the loss: accuracy on so few digits makes steps too coarse to tell two good epochs apart.
    let base = Recipe { best_weights: true, ..usual() };
    let recipe = args.training.recipe(&base)?;
    let why = "the digits have no targets that are numbers; leave it out";
    args.training.refuse(&["scale_targets"], why)?;
    size::check(&recipe, Digits::PIXELS, Digits::CLASSES)?;
    Ok(measuring(recipe, "accuracy"))
}

/// An error of a recipe, which goes back to a flag where it is of a value.
fn refused(args: &DigitsArgs, error: RecipeError) -> Failure {
    match error {
        error @ RecipeError::Value { .. } => args.training.told(error).into(),
        error => error.into(),
    }
}

fn test(prepared: &Prepared<'_>, network: &Network, test: &Dataset) -> Result<Test, Failure> {
    let loss = prepared.scores(network, test)?.loss;
    let outputs = match network.probabilities(test.inputs()) {
        // The largest output counts where they are no probabilities.
        Err(RecipeError::NoProbabilities(_)) => (network.predict(test.inputs())?, false),
        result => (result?, true),
    };
    let Targets::Classes { indices, .. } = test.targets() else {
        unreachable!("digits have classes")
    };
    let not_a_number = "the trained network answers a test digit with NaN; a lower \
                        --learning-rate may help";
    let answers = answers(indices, &outputs.0, outputs.1);
    Ok(Test { loss, answers: answers.ok_or_else(|| Failure::other(not_a_number))? })
}

/// Saves what a training that failed has reached, and says so.
fn rescue(
    recipe: &Recipe,
    best_epoch: Option<usize>,
    save: impl FnOnce() -> Result<Saved, PlaceError>,
) -> String {
    let Some(epoch) = best_epoch else {
        return match recipe.best_weights {
            true => "no epoch was completed: nothing was saved".to_owned(),
            false => "without --best-weights there are no weights of before: nothing was saved"
                .to_owned(),
        };
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
