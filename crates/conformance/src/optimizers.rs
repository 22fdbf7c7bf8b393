//! Optimizers: every weight after each step down a fixed function, some of them by a schedule.

use chainrule::prelude::*;
use chainrule::train::optimizer::{self, Lbfgs, Pace, Parameters, State};
use chainrule::train::schedule;

use crate::{Case, Tolerance, case, close};

pub(crate) fn check(case: &Case) -> Result<(), String> {
    let (start, path) = (case.numbers("start")?, case.numbers("path")?);
    let config = case.text("config")?;
    if config.starts_with("lbfgs") {
        return check_lbfgs(config, &start, &path);
    }
    let schedule = case.get("schedule").map(|_| case.text("schedule")).transpose()?;
    let parameters = parameters(case, start.len())?;
    let averaged = case.get("averaged").is_some();
    let walk_double = |start: &[f64]| {
        walk::<f64>(config, schedule, averaged, start, &parameters, path.len() / start.len())
    };
    let got = walk_double(&start)?;
    let growth = growth(&got, &start, walk_double)?;
    close("f64", &got, &path, grown(Tolerance::DOUBLE, growth))?;
    // In f32 each step rounds a few times; further on, what is left of a gradient near its zero is
    // rounding alone.
    let steps = 50.min(path.len() / start.len());
    let single = walk::<f32>(config, schedule, averaged, &start, &parameters, steps)?;
    close("f32", &single, &path[..single.len()], grown(Tolerance::single(steps), growth))
}

/// The parameters that the weights are: those of the case's shapes, one after the other, or one
/// vector.
fn parameters(case: &Case, len: usize) -> Result<Parameters, String> {
    let Some(shapes) = case.get("shapes") else { return Ok(len.into()) };
    let shape = |shape: &serde_json::Value| Some(("", Shape::new(&case::lengths(shape)?)));
    let shapes =
        shapes.as_array().and_then(|shapes| shapes.iter().map(shape).collect::<Option<Vec<_>>>());
    Ok(Parameters::new(shapes.ok_or("the shapes are no lists of numbers")?))
}

/// The tolerance, times as much as a difference at the start grows along the path: rounding, which
/// depends on where brackets stand, is carried on as such a difference is.
fn grown(tolerance: Tolerance, growth: f64) -> Tolerance {
    Tolerance { absolute: tolerance.absolute * growth, relative: tolerance.relative * growth }
}

/// How much a difference at the start grows along the path, at least 1. A path on which it grows
/// too much would prove nothing.
fn growth(
    path: &[f64],
    start: &[f64],
    walk: impl Fn(&[f64]) -> Result<Vec<f64>, String>,
) -> Result<f64, String> {
    const SHIFT: f64 = 1e-9;
    const MOST: f64 = 300.0;
    let size = start.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
    let shifted: Vec<f64> = start.iter().map(|x| x * (1.0 + SHIFT)).collect();
    let differences =
        walk(&shifted)?.into_iter().zip(path).map(|(shifted, path)| (shifted - path).abs());
    let growth = differences.fold(0.0, f64::max) / (size * SHIFT);
    if growth > MOST {
        return Err(format!(
            "a difference at the start grows {growth:e} times: the case is badly chosen"
        ));
    }
    Ok(growth.max(1.0))
}

fn walk<T: Real>(
    config: &str,
    schedule: Option<&str>,
    averaged: bool,
    start: &[f64],
    parameters: &Parameters,
    steps: usize,
) -> Result<Vec<f64>, String> {
    let optimizer = optimizer::by_name::<T>(config).map_err(|error| error.to_string())?;
    let schedule =
        schedule::by_name(schedule.unwrap_or("constant")).map_err(|error| error.to_string())?;
    let mut weights: Vec<T> = start.iter().map(|&x| T::from_f64(x)).collect();
    let mut state = State::new(optimizer.as_ref(), parameters.clone());
    let mut path = Vec::new();
    for step in 0..steps as u64 {
        let gradient = gradient(&weights);
        let learning_rate = schedule.learning_rate(optimizer.learning_rate(), step);
        let pace = Pace { learning_rate, momentum: schedule.momentum(step) };
        state.step_with(optimizer.as_ref(), pace, &mut weights, &gradient);
        let mut seen = weights.clone();
        if averaged && !state.average(optimizer.as_ref(), &mut seen) {
            return Err(format!("{config} has no average"));
        }
        path.extend(seen.iter().map(|x| x.to_f64()));
    }
    Ok(path)
}

fn check_lbfgs(config: &str, start: &[f64], path: &[f64]) -> Result<(), String> {
    let settings: Lbfgs = config.parse().map_err(|error| format!("{error}"))?;
    let walk = |start: &[f64]| {
        let mut got = Vec::new();
        for iterations in 1..=path.len() / start.len() {
            let lbfgs = Lbfgs {
                max_iterations: iterations,
                max_evaluations: Some(usize::MAX),
                tolerance_gradient: 0.0,
                tolerance_change: 0.0,
                ..settings
            };
            let mut weights = start.to_vec();
            let minimum = lbfgs.minimise(&mut weights, |w, out| {
                out.copy_from_slice(&gradient(w));
                loss(w)
            });
            minimum.map_err(|error| error.to_string())?;
            got.extend(weights);
        }
        Ok(got)
    };
    let got = walk(start)?;
    let growth = growth(&got, start, walk)?;
    close("f64", &got, path, grown(Tolerance::DOUBLE, growth))
}

/// Of each four weights `(x0 - 1)^2 / 2 + 50 (x1 + 0.5)^2 + (1 - x2)^2 / 4 + 5 (x3 - x2^2)^2`.
fn loss(x: &[f64]) -> f64 {
    (x[0] - 1.0).powi(2) / 2.0
        + 50.0 * (x[1] + 0.5).powi(2)
        + (1.0 - x[2]).powi(2) / 4.0
        + 5.0 * (x[3] - x[2] * x[2]).powi(2)
}

fn gradient<T: Real>(x: &[T]) -> Vec<T> {
    let number = T::from_f64;
    let of_four = |x: &[T]| {
        let valley = x[3] - x[2] * x[2];
        [
            x[0] - T::ONE,
            number(100.0) * (x[1] + T::HALF),
            (x[2] - T::ONE) / T::TWO - number(20.0) * x[2] * valley,
            number(10.0) * valley,
        ]
    };
    x.chunks_exact(4).flat_map(of_four).collect()
}
