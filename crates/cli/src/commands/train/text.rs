//! The training of a table as a person reads it.

use chainrule::data::{Target, Task};
use chainrule::nn::Model;
use chainrule::recipe::{Change, Prepared, Recipe, TableTraining};
use chainrule::train::Scores;
use chainrule_table::{Cells, Table};

use crate::output::folder::Folder;
use crate::terminal::paint::Paint;
use crate::text::shown::listed;
use crate::text::wrap::wrapped;
use chainrule::config::number::{fixed, thousands};

/// The table, what is predicted and why, the parts, and the recipe.
pub fn plan(
    table: &Table,
    target: &Target<f32>,
    training: &TableTraining,
    prepared: &Prepared<'_>,
    recipe: &Recipe,
) -> String {
    let [train, validation, test] = [training.train(), training.validation(), training.test()]
        .map(|part| thousands(part.len() as u64));
    let what = match target.task {
        Task::Classes => {
            format!("one of {} classes ({})", target.names.len(), listed(&target.names))
        }
        Task::Values if target.names.len() == 1 => "a number".to_owned(),
        Task::Values => format!("{} numbers", target.names.len()),
        Task::Labels => format!("yes or no to {} questions", target.names.len()),
    };
    let why = target.why.as_ref().map_or("as asked for".to_owned(), |why| format!("since {why}"));
    let split = match (&table.groups, &table.time) {
        (Some(_), _) => "by groups",
        (_, Some(_)) => "in the order of time",
        _ if target.task == Task::Classes => "with the classes in proportion",
        _ => "at random",
    };
    let sample = prepared.train().input_shape(1).without_axis(0);
    let summary = prepared.network().model().summary(sample);
    let summary = summary.map_or_else(|error| error.to_string(), |summary| summary.to_string());
    let text = format!(
        "Predicts {}, {what}, {why}.\n{train} samples to learn from, {validation} to choose the \
         best epoch by, {test} to test on, split {split}.",
        listed(table.targets.names()),
    );
    let Recipe { loss, optimizer, batch_size, epochs, seed, .. } = recipe;
    let rate = crate::flags::told::rate(recipe);
    let recipe_text = format!(
        "{loss}, {optimizer}, learning rate {rate}, batches of {batch_size}, {epochs} epochs, seed \
         {seed}.{}",
        more(recipe)
    );
    format!("{}\n{}\n{summary}\n{}\n", table.report, wrapped(&text, 0), wrapped(&recipe_text, 0))
}

/// The rest of the recipe.
fn more(recipe: &Recipe) -> String {
    let told = Recipe {
        schedule: None,
        schedule_by: chainrule::train::schedule::Interval::Epoch,
        plateau: None,
        groups: Vec::new(),
        penalties: Vec::new(),
        constraints: Vec::new(),
        clip_norm: None,
        clip_value: None,
        early_stopping: None,
        class_weights: false,
        ..recipe.clone()
    };
    let rest = Change::between(&told, recipe).to_string();
    if rest.is_empty() { rest } else { format!("\n{rest}.") }
}

/// How good the network is, one line for each number.
pub fn scores(
    table: &Table,
    test: Option<&Scores>,
    best: Option<(usize, f64)>,
    recipe: &Recipe,
) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(test) = test {
        lines.extend(
            test.metrics.iter().map(|(name, value)| format!("test {name} {}", fixed(*value, 4))),
        );
        lines.push(format!("test loss {}", fixed(test.loss, 4)));
    }
    if let Some((epoch, value)) = best.filter(|_| recipe.best_weights) {
        let monitor = &recipe.monitor;
        lines.push(format!("epoch {epoch}, the best by validation {monitor}, {}", fixed(value, 4)));
    }
    lines.push(format!("{} samples of {}", table.samples(), table.report.file));
    lines
}

/// The form of the cells of each input, as the reader calls it.
pub fn forms(table: &Table) -> Vec<String> {
    let form = |field: &chainrule_table::Field| match &field.cells {
        Cells::Numbers(form) => form.to_string(),
        Cells::Categories(_) => "categories".to_owned(),
    };
    table.schema.fields.iter().map(form).collect()
}

/// How good it is, and where it is.
pub fn results(scores: &[String], folder: &Folder, seconds: f64, paint: Paint) -> String {
    let mut text = String::new();
    for (number, score) in scores.iter().enumerate() {
        let line = if number == 0 { paint.bold(score) } else { score.clone() };
        text += &format!("{line}\n");
    }
    let path = folder.path().display();
    text + &format!(
        "\nAll of it is in {path}, after {seconds:.1} s\nchainrule predict \
         {path}/model.safetensors NEW.csv    predicts with it\n"
    )
}
