//! `chainrule compare`: which activation learns at which depth, and what becomes of its gradients.

pub mod args;
mod picture;
mod place;
mod plan;
mod runs;
mod table;

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use chainrule_plot::Figure;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::terminal::interrupt;
use args::CompareArgs;
use chainrule::config::number::percent;
use picture::Comparison;
use plan::Plan;
use runs::{Combination, runs};

/// Trains each activation at each depth, and tells. Gives what the program exits with.
///
/// # Errors
/// A picture that cannot be written.
pub fn run(args: &CompareArgs) -> Result<ExitCode, Failure> {
    let console = args.talk.console();
    let plan = Plan::resolve(args)?;
    let stop = interrupt::flag().map_err(Failure::signals)?;
    console.report(&table::plan(&plan))?;
    let runs = runs(&plan, &stop, |run| console.note(&line(run)))?;
    let interrupted = stop.load(Ordering::Relaxed);
    if interrupted {
        console.complain("interrupted; what follows is what is known so far");
    }
    console.report(&table::tables(&plan, &runs, console.paint()))?;
    console.object(|| object(&plan, &runs, interrupted))?;
    if let Some(path) = plan.picture.as_ref().filter(|_| !runs.is_empty()) {
        Comparison::new(&plan, &runs).save(path)?;
        console.report(&format!("Drawn in {}\n", path.display()))?;
    }
    Ok(if interrupted { interrupt::exit_code() } else { ExitCode::SUCCESS })
}

/// The line that is told of a run when it is done.
fn line(run: &Combination) -> String {
    let Combination { activation, depth, failure, .. } = run;
    let layers = if *depth == 1 { "layer" } else { "layers" };
    match failure {
        Some(failure) => format!("{activation}, {depth} hidden {layers}: {failure}"),
        None => {
            format!("{activation}, {depth} hidden {layers}: accuracy {}", percent(run.accuracy()))
        }
    }
}

fn object(plan: &Plan, runs: &[Combination], interrupted: bool) -> Value {
    let runs = runs.iter().map(|run| {
        json!({
            "activation": run.activation,
            "depth": run.depth,
            "accuracy": run.accuracy(),
            "accuracies": run.accuracies,
            "loss": run.loss,
            "learns": run.learns(),
            "gradient_norms": run.norms,
            "gradient_ratio": run.ratio(),
            "gradient_growth": run.growth,
            "failure": run.failure,
        })
    });
    json!({
        "width": plan.width,
        "epochs": plan.recipe.epochs,
        "seeds": plan.seeds,
        "optimizer": plan.recipe.optimizer,
        "learning_rate": plan.recipe.rate().ok(),
        "batch_size": plan.recipe.batch_size,
        "interrupted": interrupted,
        "runs": runs.collect::<Vec<_>>(),
    })
}
