use chainrule_graph::Params;
use chainrule_plot::WeightImages;
use chainrule_tensor::Real;

use crate::Material;

/// The pattern that each unit of the first layer looks for, where samples are images.
#[must_use]
pub fn weights<T: Real>(material: &Material<'_, T>) -> Option<WeightImages> {
    let ((width, height), params) = (material.image?, material.evidence.params?);
    let (name, units) = first_layer(params, width.checked_mul(height)?)?;
    Some(WeightImages::new(format!("First-layer weights, {name}"), width, height, units))
}

/// The first matrix of weights with a row for each of so many inputs: its name, and the weights of
/// each unit.
#[must_use]
pub fn first_layer<T: Real>(params: &Params<T>, inputs: usize) -> Option<(&str, Vec<Vec<f64>>)> {
    let fits = |shape: &[usize]| shape.len() == 2 && shape[0] == inputs;
    let (name, matrix) = params.iter().find(|(_, parameter)| fits(&parameter.shape()))?;
    let width = matrix.shape()[1];
    let unit =
        |unit| matrix.values().iter().skip(unit).step_by(width).map(|w| w.to_f64()).collect();
    Some((name, (0..width).map(unit).collect()))
}
