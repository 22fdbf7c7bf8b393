use chainrule_nn::Model;
use chainrule_plot::DecisionSurface;
use chainrule_tensor::{Real, Tensor};

use super::answers::{answers, rows};
use crate::{Material, ReportError};

/// Places along a side, and samples that can still be told apart.
const SIDE: usize = 100;
const MOST: usize = 500;

/// The answers of a classifier of two inputs everywhere around the run's data, with the first
/// samples on it.
///
/// # Errors
/// Model, parameters and data that do not fit together.
pub fn decision<T: Real>(
    material: &Material<'_, T>,
) -> Result<Option<DecisionSurface>, ReportError> {
    let Some((model, params, data)) =
        material.trained().filter(|(_, _, data)| data.input_shape(1) == [1, 2].into())
    else {
        return Ok(None);
    };
    let Some((classifier, answers)) = answers(material)?.filter(|(_, answers)| !answers.is_empty())
    else {
        return Ok(None);
    };
    let points: Vec<[f64; 2]> =
        rows(data.inputs(), data.len()).map(|row| [row[0].to_f64(), row[1].to_f64()]).collect();
    let (x, y) =
        (around(points.iter().map(|point| point[0])), around(points.iter().map(|point| point[1])));
    let name = |i: usize, otherwise: &str| {
        material.inputs.get(i).cloned().unwrap_or_else(|| otherwise.to_owned())
    };
    let mut figure = DecisionSurface::new("Decisions", classifier.names(material), x, y);
    figure.labels = [name(0, "x"), name(1, "y")];
    // All places in one batch: the figure first says which they are.
    let mut places = Vec::new();
    let _ = figure.clone().sample(SIDE, |x, y| {
        places.extend([T::from_f64(x), T::from_f64(y)]);
        (0, 0.0)
    });
    let outputs = model.predict(params, &Tensor::from_fn([SIDE * SIDE, 2], |i| places[i]))?;
    let mut given = rows(&outputs, SIDE * SIDE);
    // A place without an answer is of the first class with no certainty.
    let figure = figure
        .sample(SIDE, |_, _| given.next().and_then(|row| classifier.read(row)).unwrap_or((0, 0.0)));
    Ok(Some(answers.iter().take(MOST).fold(figure, |figure, answer| {
        let [x, y] = points[answer.sample];
        figure.point(x, y, answer.truth)
    })))
}

/// The range of these numbers with a tenth on both sides.
fn around(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = numbers
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let margin = if high > low { 0.1 * (high - low) } else { 1.0 };
    (low - margin, high + margin)
}
