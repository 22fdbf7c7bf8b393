//! Hessian-vector products and Hessians of small networks; in `f64` alone, as dual numbers are.

use chainrule::graph::second_order::Curvature;
use chainrule::nn::{activation, loss};
use chainrule::prelude::*;
use chainrule::tensor::Dual;

use crate::{Case, Tolerance, close};

pub(crate) fn check(case: &Case) -> Result<(), String> {
    let (x, target) = (case.tensor("input")?, case.tensor("target")?);
    let outputs = case.number("outputs")? as usize;
    let model = network::<f64>(case, x.shape()[1], outputs)?;
    let mut params = model.init([x.shape()[1]], 0).map_err(|error| error.to_string())?;
    let values = case.numbers("parameters")?;
    if values.len() != params.count() {
        return Err(format!("{} parameters, the case has {}", params.count(), values.len()));
    }
    let places: Vec<usize> =
        params.layout().entries().iter().flat_map(|entry| entry.range.clone()).collect();
    places.into_iter().zip(values).for_each(|(place, value)| params.values_mut()[place] = value);

    let twin = network::<Dual>(case, x.shape()[1], outputs)?;
    let loss = loss::by_name::<Dual>(case.text("loss")?).map_err(|error| error.to_string())?;
    let curvature = Curvature::record(&params, |graph| {
        let prediction = twin.forward(graph.constant(&x.cast()));
        loss.forward(prediction, graph.constant(&target.cast()), Reduction::Mean)
    });
    let mut curvature = curvature.map_err(|error| error.to_string())?;

    let found =
        curvature.product(&case.numbers("direction")?).map_err(|error| error.to_string())?;
    close("the loss", &[found.loss], &[case.number("value")?], Tolerance::DOUBLE)?;
    close("the gradient", &found.gradient, &case.numbers("gradient")?, Tolerance::DOUBLE)?;
    close(
        "the Hessian-vector product",
        &found.product,
        &case.numbers("product")?,
        Tolerance::DOUBLE,
    )?;
    let (hessian, n) = (curvature.hessian(), curvature.parameters());
    let upper: Vec<f64> = (0..n).flat_map(|row| hessian.row(row)[row..].to_vec()).collect();
    close("the Hessian", &upper, &case.numbers("hessian")?, Tolerance::DOUBLE)
}

/// One hidden layer of three units with the case's activation.
fn network<T: Real>(case: &Case, inputs: usize, outputs: usize) -> Result<Sequential<T>, String> {
    let activation =
        activation::by_name::<T>(case.text("activation")?).map_err(|error| error.to_string())?;
    Ok(Sequential::default().linear(inputs, 3).layer(activation).linear(3, outputs))
}
