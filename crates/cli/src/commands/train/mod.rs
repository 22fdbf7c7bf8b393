//! `chainrule train`: a table becomes a network that predicts one of its columns.

pub mod args;
mod object;
mod text;

use std::process::ExitCode;
use std::time::Instant;

use chainrule::data::{TableEncoder, Target, Task};
use chainrule::prelude::*;
use chainrule::recipe::{Parts, Preset, Recipe, RecipeError, TableRun, TableTask, TableTraining};
use chainrule_table::{Options, Source, Table};

use crate::failure::Failure;
use crate::flags::size;
use crate::flags::table::refused;
use crate::flags::training::{measuring, usual};
use crate::output::folder::Folder;
use crate::output::metrics;
use crate::output::traces::{Seen, TraceArgs, Traces};
use crate::terminal::{interrupt, progress};
use crate::text::unfit;
use args::TrainArgs;

/// The share of the samples that is set aside to test on, and of the rest to validate on.
const SHARE: f64 = 0.2;

/// Trains on a table, tests, saves and tells. Gives what the program exits with.
///
/// # Errors
/// A table or a flag that is wrong, a training that fails, a folder that cannot be written.
pub fn run(args: &TrainArgs) -> Result<ExitCode, Failure> {
    let console = args.talk.console();
    let begun = Instant::now();
    // Wrong flags are told before anything is read; those that hang on the loss afterwards.
    let provisional = args.training.recipe(&base(Task::Classes))?;
    let scaled = "the columns of a table are scaled already; leave it out";
    args.training.refuse(&["scale_inputs", "drop_constant_inputs"], scaled)?;
    let source = Source::open(&args.data.data).map_err(refused)?;
    let options = Options {
        groups: args.group_column.clone(),
        time: args.time_column.clone(),
        ..args.table.options()
    };
    let table = chainrule_table::read(&source, &options).map_err(refused)?;
    let target = table.target::<f32>().map_err(refused)?;
    let parts = parts(&table, &target, provisional.seed)?;
    let wrong =
        |error: &dyn std::fmt::Display| Failure::input(format!("{}: {error}", source.name()));
    let rows = table.inputs.select(&parts.train).map_err(|error| wrong(&error))?;
    let encoder = TableEncoder::fit(&rows, args.preset.scaling()).map_err(|error| wrong(&error))?;
    let base = of_preset(args.preset, &target, &encoder, parts.train.len());
    let recipe = recipe(args, provisional, &target, &base)?;
    let training = TableTraining::encoded(
        &recipe,
        encoder,
        &table.inputs,
        &target,
        table.targets.names(),
        &parts,
    );
    let training = training.map_err(|error| wrong(&error))?;
    size::check(&recipe, training.train().input_width(), training.train().targets().outputs())?;
    let prepared = training.prepare().map_err(|error| told(args, error))?;
    // Parts that do not fit together are found out before anything is told or made.
    let untrained = prepared.scores(prepared.network(), training.validation());
    untrained.map_err(|error| told(args, error))?;
    let stop = interrupt::flag().map_err(Failure::signals)?;
    let folder = Folder::reserve(args.output.as_deref(), &args.data.data)?;
    console.report(&text::plan(&table, &target, &training, &prepared, &recipe))?;

    let traces = Traces::new(&TraceArgs {
        report: Some(folder.path().join("report.html")),
        record: None,
        tensorboard: None,
    });
    let mut instruments = Instruments::new().at_most(MOST_RECORDS);
    let trainer = prepared
        .trainer()?
        .callback(Progress::new(progress::teller(console)))
        .callback(&mut instruments)
        .stop_when(stop);
    let run = training.fit(&prepared, trainer).map_err(|error| told(args, error))?;
    let TableRun { network, epochs, end, best, test } = run;
    let fitted = end.map(|stop| History { epochs: epochs.clone(), stop });
    let stop = match &fitted {
        Ok(history) => history.stop,
        Err(error) if best.is_none() || !recipe.best_weights => {
            let why = unfit::train(error);
            return Err(Failure::other(format!(
                "{why}\nno epoch was completed: nothing was saved"
            )));
        }
        Err(_) => StopReason::Interrupted,
    };
    let scores = text::scores(&table, test.as_ref(), best, &recipe);
    let forms = text::forms(&table);
    let network = network.with_forms(forms).with_scores(scores.clone());
    let seconds = begun.elapsed().as_secs_f64();
    folder.write("model.safetensors", &encoded(&network, &folder)?)?;
    folder.write("recipe.toml", recipe.to_toml().as_bytes())?;
    folder.write("metrics.csv", metrics::csv(&epochs).as_bytes())?;
    folder.write("metrics.jsonl", metrics::lines(&epochs).as_bytes())?;
    let (_, traced) = traces.leave(Seen {
        title: format!("{}: {}", source.name(), table.targets.names().join(", ")),
        about: vec![
            ("table", source.name().to_owned()),
            ("predicts", table.targets.names().join(", ")),
            ("recipe", recipe.to_toml().trim_end().replace('\n', "; ")),
        ],
        network: network.network(),
        loss: prepared.loss(),
        train: prepared.train(),
        test: prepared.validation().unwrap_or(prepared.train()),
        side: None,
        fitted: &fitted,
        log: instruments.into_log(),
    });
    if stop == StopReason::Interrupted && fitted.is_ok() {
        console.complain("interrupted; the best weights so far are kept");
    }
    console.report(&text::results(&scores, &folder, seconds, console.paint()))?;
    console.object(|| {
        object::training(&table, &target, &parts, &network, test.as_ref(), best, &folder, seconds)
    })?;
    if let Err(error) = fitted {
        let path = folder.path().display();
        let why = unfit::train(&error);
        return Err(Failure::other(format!("{why}\nthe best weights before that are in {path}")));
    }
    traced?;
    let interrupted = stop == StopReason::Interrupted;
    Ok(if interrupted { interrupt::exit_code() } else { ExitCode::SUCCESS })
}

/// More records than these make a report large and no picture better.
const MOST_RECORDS: usize = 300;

/// The training of a table without any flag.
fn base(task: Task) -> Recipe {
    let (loss, scale_targets) = match task {
        Task::Classes => ("cross_entropy", chainrule::recipe::Scaling::None),
        Task::Labels => ("binary_cross_entropy", chainrule::recipe::Scaling::None),
        Task::Values => ("mse", chainrule::recipe::Scaling::Standard),
    };
    Recipe { loss: loss.to_owned(), scale_targets, best_weights: true, ..usual() }
}

/// The training that a preset gives for these targets and columns.
fn of_preset(preset: Preset, target: &Target<f32>, encoder: &TableEncoder, rows: usize) -> Recipe {
    let outputs = target.targets.outputs();
    let task = match target.task {
        Task::Classes => TableTask::Classes(outputs),
        Task::Labels => TableTask::Labels(outputs),
        Task::Values => TableTask::Values(outputs),
    };
    match preset {
        Preset::Plain => base(target.task),
        preset => Recipe::for_table(preset, task, &encoder.layout(), rows),
    }
}

/// The recipe for these targets, with the metric that tells how good it is.
fn recipe(
    args: &TrainArgs,
    provisional: Recipe,
    target: &Target<f32>,
    base: &Recipe,
) -> Result<Recipe, Failure> {
    let recipe = match args.training.chooses_loss() {
        true if target.task == Task::Classes && args.preset == Preset::Plain => provisional,
        // A loss that is chosen stays, but targets that are numbers are scaled.
        _ => args.training.recipe(base)?,
    };
    if target.task != Task::Values {
        let why = "there are no targets that are numbers, which it could scale; leave it out";
        args.training.refuse(&["scale_targets"], why)?;
    }
    let metric = match target.task {
        Task::Classes => "accuracy",
        Task::Labels => "label_accuracy",
        Task::Values => "r2",
    };
    Ok(measuring(recipe, metric))
}

/// The samples in three parts.
fn parts(table: &Table, target: &Target<f32>, seed: u64) -> Result<Parts, Failure> {
    let parts = match (&table.groups, &table.time) {
        (Some(groups), _) => Parts::grouped(groups, SHARE, seed),
        (None, Some(time)) => Parts::by_time(time, SHARE),
        (None, None) => Parts::stratified(&target.targets, SHARE, seed),
    };
    parts.map_err(|error| {
        let (file, samples) = (&table.report.file, table.samples());
        Failure::input(format!(
            "{file} has {samples} samples, which cannot be split into three parts: {error}"
        ))
    })
}

/// An error of a recipe, which goes back to a flag where it is of a value.
fn told(args: &TrainArgs, error: RecipeError) -> Failure {
    match error {
        error @ RecipeError::Value { .. } => args.training.told(error).into(),
        error => Failure::flag(unfit::recipe(&error)),
    }
}

fn encoded(network: &chainrule::recipe::TableNetwork, folder: &Folder) -> Result<Vec<u8>, Failure> {
    let path = folder.path().join("model.safetensors");
    let params = network.network().params();
    let bytes = chainrule::checkpoint::encode(params, &path, &network.description());
    bytes.map_err(Failure::other)
}
