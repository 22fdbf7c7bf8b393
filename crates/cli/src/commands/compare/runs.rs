//! The trainings: one for each activation, depth and seed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use chainrule::prelude::*;
use chainrule::recipe::{Recipe, RecipeError};

use super::plan::Plan;
use crate::flags::training::measuring;

/// An accuracy from which a network counts as one that learns.
pub const LEARNS: f64 = 0.5;

/// The outcome of one activation at one depth.
#[derive(Clone, Debug, PartialEq)]
pub struct Combination {
    pub activation: String,
    pub depth: usize,
    /// The accuracy on the validation digits, for each seed.
    pub accuracies: Vec<f64>,
    /// The loss on them, the mean over the seeds.
    pub loss: f64,
    /// The norm of `dL/dz` at the first step of the first seed, for each layer from the first to
    /// the output.
    pub norms: Vec<f64>,
    /// The factor of that norm per layer on its way back.
    pub growth: Option<f64>,
    /// The error that ended a training.
    pub failure: Option<String>,
}

impl Combination {
    /// The mean accuracy over the seeds.
    pub fn accuracy(&self) -> f64 {
        self.accuracies.iter().sum::<f64>() / self.accuracies.len() as f64
    }

    /// Returns true if the network learns.
    pub fn learns(&self) -> bool {
        self.accuracy() >= LEARNS
    }

    /// The norm at the first layer as a part of that at the output.
    pub fn ratio(&self) -> f64 {
        match (self.norms.first(), self.norms.last()) {
            (Some(first), Some(last)) => first / last,
            _ => f64::NAN,
        }
    }
}

/// Makes all runs that the plan asks for, activation by activation, as many at once as there are
/// processors; each is told when it is done. Those that the flag cuts off are left out.
///
/// # Errors
/// Digits and network that do not fit together.
pub fn runs(
    plan: &Plan,
    stop: &Arc<AtomicBool>,
    tell: impl Fn(&Combination) + Sync,
) -> Result<Vec<Combination>, RecipeError> {
    let depths = |activation| plan.depths.iter().map(move |depth| (activation, *depth));
    let jobs: Vec<(&String, usize)> = plan.activations.iter().flat_map(depths).collect();
    let digits = Digits::load()?.dataset();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(&(activation, depth)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let run = run(plan, activation, depth, &digits, stop);
            if let Ok(Some(run)) = &run {
                tell(run);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push(run);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    thread::scope(|scope| {
        // If the system refuses a thread, there are fewer.
        let _ = (1..threads)
            .try_for_each(|_| thread::Builder::new().spawn_scoped(scope, work).map(|_| ()));
        work();
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut runs: Vec<Combination> =
        done.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>()?;
    let place = |run: &Combination| {
        jobs.iter().position(|(name, depth)| **name == run.activation && *depth == run.depth)
    };
    runs.sort_by_key(place);
    Ok(runs)
}

/// One activation at one depth with each seed; `None` if it was cut off.
fn run(
    plan: &Plan,
    activation: &str,
    depth: usize,
    digits: &Dataset,
    stop: &Arc<AtomicBool>,
) -> Result<Option<Combination>, RecipeError> {
    let mut run = Combination {
        activation: activation.to_owned(),
        depth,
        accuracies: Vec::new(),
        loss: 0.0,
        norms: Vec::new(),
        growth: None,
        failure: None,
    };
    let first = plan.recipe.seed;
    for seed in (0..plan.seeds as u64).map(|index| first.wrapping_add(index)) {
        let (train, validation) = digits.split_stratified(0.2, seed)?;
        let recipe = Recipe {
            hidden: vec![plan.width; depth],
            activation: activation.to_owned(),
            seed,
            ..measuring(plan.recipe.clone(), "accuracy")
        };
        // Without it, the digits that tell the accuracy are not looked at before the end.
        let watched = recipe.best_weights || recipe.plateau.is_some();
        let prepared = recipe.prepare(&train, watched.then_some(&validation))?;
        // The first step alone, and that of the first seed.
        let mut instruments = Instruments::new().every(u64::MAX).bins(0);
        let mut trainer = prepared.trainer()?.threads(1).stop_when(Arc::clone(stop));
        if seed == first {
            trainer = trainer.callback(&mut instruments);
        }
        let trained = prepared.fit(trainer)?;
        match trained.end {
            Ok(StopReason::Interrupted) => return Ok(None),
            Ok(_) => {}
            Err(error) => run.failure = Some(error.to_string()),
        }
        let scores = prepared.scores(&trained.network, &validation)?;
        run.accuracies.push(scores.metric("accuracy").unwrap_or(f64::NAN));
        run.loss += scores.loss / plan.seeds as f64;
        let log = instruments.into_log();
        if let Some(record) = log.records.first() {
            let flow = log.flow(record);
            (run.growth, run.norms) = (flow.growth(), flow.norms);
        }
    }
    Ok(Some(run))
}
