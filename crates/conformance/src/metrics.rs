//! Metrics over a data set, cut into batches in several ways.

use chainrule::nn::TargetKind;
use chainrule::prelude::*;
use chainrule::train::metric::{self, ConfusionMatrix, Metric};

use crate::{Case, Tolerance, close};

pub(crate) fn check(case: &Case) -> Result<(), String> {
    in_scalar::<f64>(case, case.number("expected")?)?;
    // The numbers are exact in f32, and sums are f64 for both: only what is clipped by the scalar's
    // epsilon differs.
    in_scalar::<f32>(case, case.number("single").or_else(|_| case.number("expected"))?)
}

fn in_scalar<T: Real>(case: &Case, expected: f64) -> Result<(), String> {
    let mut metric =
        metric::by_name::<T>(case.text("config")?).map_err(|error| error.to_string())?;
    let kind = match case.text("kind")? {
        "classes" => TargetKind::Classes,
        "probabilities" => TargetKind::Probabilities,
        "labels" => TargetKind::Labels,
        _ => TargetKind::Values,
    };
    if !metric.accepts(kind) {
        return Err(format!("{} does not take {kind}", metric.name()));
    }
    metric.prepare(kind)?;
    let [outputs, targets] = [read::<T>(case, "outputs")?, read::<T>(case, "targets")?];
    let samples = outputs.shape()[0];
    for batch in [samples, 1, 7, samples.div_ceil(2)] {
        metric.reset();
        for begin in (0..samples).step_by(batch) {
            let rows = begin..(begin + batch).min(samples);
            let part = |tensor: &Tensor<T>| {
                tensor.view().slice_rows(rows.clone()).map(TensorView::to_tensor)
            };
            let [outputs, targets] =
                [&outputs, &targets].map(|tensor| part(tensor).map_err(|error| error.to_string()));
            metric.update(outputs?.view(), targets?.view());
        }
        // Where clipped in f32, the reference sums in f32 as well.
        let tolerance = if T::DTYPE == "f32" && case.get("single").is_some() {
            Tolerance::single(samples)
        } else {
            Tolerance::DOUBLE
        };
        close(
            &format!("{} in batches of {batch}", T::DTYPE),
            &[metric.value()],
            &[expected],
            tolerance,
        )?;
    }
    if case.get("matrix").is_some() {
        let mut matrix = ConfusionMatrix::default();
        matrix.update(outputs.view(), targets.view());
        let classes = matrix.classes();
        let counts = (0..classes * classes)
            .map(|place| matrix.count(place / classes, place % classes) as f64);
        close("counts", &counts.collect::<Vec<_>>(), &case.numbers("matrix")?, Tolerance::DOUBLE)?;
    }
    Ok(())
}

fn read<T: Real>(case: &Case, key: &str) -> Result<Tensor<T>, String> {
    let tensor = case.tensor(key)?;
    let values = tensor.values().iter().map(|&x| T::from_f64(x)).collect();
    Tensor::new(tensor.shape(), values).map_err(|error| error.to_string())
}
