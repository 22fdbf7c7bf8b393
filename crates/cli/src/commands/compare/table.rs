//! The comparison as tables.

use chainrule::recipe::Recipe;

use super::plan::Plan;
use super::runs::{Combination, LEARNS};
use crate::terminal::paint::Paint;
use crate::text::wrap::wrapped;
use chainrule::config::number::{fixed, percent};

/// The networks that are about to be trained.
pub fn plan(plan: &Plan) -> String {
    let Plan { width, seeds, recipe, .. } = plan;
    let Recipe { epochs, optimizer, batch_size, .. } = recipe;
    let learning_rate = recipe.rate().unwrap_or(f64::NAN);
    let count = plan.activations.len() * plan.depths.len() * seeds;
    let text = format!(
        "Handwritten digits, {count} trainings of {epochs} epochs: layers of {width} units, \
         {optimizer}, learning rate \
         {learning_rate}, batches of {batch_size}, weights that fit the activation."
    );
    format!("{}\n", wrapped(&text, 0))
}

/// Accuracies, gradients, and what follows from them.
pub fn tables(plan: &Plan, runs: &[Combination], paint: Paint) -> String {
    let seeds =
        if plan.seeds == 1 { String::new() } else { format!(", mean over {} seeds", plan.seeds) };
    let accuracy = |run: &Combination| {
        if run.failure.is_some() { "failed".to_owned() } else { percent(run.accuracy()) }
    };
    let title =
        format!("Validation accuracy after {} epochs{seeds}, by hidden layers", plan.recipe.epochs);
    let mut text = table(&title, plan, runs, paint, accuracy);
    let title = "Gradient at the first step: its norm in the first layer by that at the output";
    text += &format!("\n{}", table(title, plan, runs, paint, |run| fixed(run.ratio(), 2)));
    let title = "Its factor per layer on the way back";
    text += &format!(
        "\n{}\n",
        table(title, plan, runs, paint, |run| run.growth.map_or("-".to_owned(), |x| fixed(x, 2)))
    );
    text + &wrapped(&summary(plan, runs), 0)
}

fn table(
    title: &str,
    plan: &Plan,
    runs: &[Combination],
    paint: Paint,
    cell: impl Fn(&Combination) -> String,
) -> String {
    let width = plan.activations.iter().map(String::len).max().unwrap_or(0);
    let row = |name: &str, cells: &mut dyn Iterator<Item = String>| {
        format!("{name:<width$}{}\n", cells.map(|cell| format!("  {cell:>9}")).collect::<String>())
    };
    let mut text = format!(
        "{}\n{}",
        paint.bold(title),
        row("", &mut plan.depths.iter().map(ToString::to_string))
    );
    for name in &plan.activations {
        let of =
            |depth: &usize| runs.iter().find(|run| run.activation == *name && run.depth == *depth);
        text += &row(
            name,
            &mut plan.depths.iter().map(|depth| of(depth).map_or("-".to_owned(), &cell)),
        );
    }
    text
}

/// Which activations learn at which depth.
fn summary(plan: &Plan, runs: &[Combination]) -> String {
    let mut lines =
        vec![format!("A network learns, here, if it gets at least {} right:", percent(LEARNS))];
    for name in &plan.activations {
        let of_name = || runs.iter().filter(|run| run.activation == *name);
        let depths = |learns: bool| {
            let depths =
                of_name().filter(|run| run.learns() == learns).map(|run| run.depth.to_string());
            depths.collect::<Vec<_>>().join(", ")
        };
        let (does, does_not) = (depths(true), depths(false));
        lines.push(match (of_name().count(), does.is_empty(), does_not.is_empty()) {
            (0, _, _) => continue,
            (_, _, true) => format!("{name} at every depth."),
            (_, true, _) => format!("{name} at no depth."),
            _ => format!("{name} at {does}, not at {does_not}."),
        });
    }
    lines.join("\n")
}
