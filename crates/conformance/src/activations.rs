//! Activations: values, and gradients by the input and by the slopes, from a given upstream
//! gradient, in evaluation.

use chainrule::nn::activation;
use chainrule::prelude::*;

use crate::{Case, Tolerance, close};

pub(crate) fn check(case: &Case) -> Result<(), String> {
    let (x, g) = (case.tensor("x")?, case.tensor("g")?);
    let slopes = case.get("dslope").map(|_| case.tensor("dslope")).transpose()?;
    // A value takes a row's sum at most, the gradient of a slope one over all elements.
    let row = x.shape().last().copied().filter(|_| x.shape().rank() > 1).unwrap_or(1);
    let expected = [("y", case.tensor("y")?, row), ("dx", case.tensor("dx")?, row)];
    let expected: Vec<_> = expected
        .into_iter()
        .chain(slopes.map(|slopes| ("dslope", slopes, x.values().len())))
        .collect();
    let double = run::<f64>(case.text("config")?, &x, &g)?;
    let single = run::<f32>(case.text("config")?, &x, &g)?;
    for (i, (what, expected, terms)) in expected.iter().enumerate() {
        close(what, &double[i], expected.values(), Tolerance::DOUBLE)?;
        close(&format!("{what} in f32"), &single[i], expected.values(), Tolerance::single(*terms))?;
    }
    Ok(())
}

/// The value, the gradient by the input, and, of the parameters, all gradients in a row.
fn run<T: Real>(config: &str, x: &Tensor<f64>, g: &Tensor<f64>) -> Result<[Vec<f64>; 3], String> {
    let narrow =
        |values: &[f64]| values.iter().map(|&value| T::from_f64(value)).collect::<Vec<T>>();
    let wide = |values: &[T]| values.iter().map(|value| value.to_f64()).collect::<Vec<f64>>();
    let activation = activation::by_name::<T>(config).map_err(|error| error.to_string())?;
    let graph = Graph::<T>::new().evaluating();
    let input = graph.input("x", x.shape()).keep_gradient();
    let y = activation.forward(input);
    let plan = graph.plan_with_upstream(y).map_err(|error| error.to_string())?;
    if y.shape() != g.shape() {
        return Err(format!("the value has shape {}, {} is expected", y.shape(), g.shape()));
    }
    let (params, mut workspace, mut grads) =
        (plan.init(0).map_err(|error| error.to_string())?, plan.workspace(), plan.grads());
    workspace.set(input, &narrow(x.values())).map_err(|error| error.to_string())?;
    plan.forward(&params, &mut workspace);
    plan.backward_with(&params, &mut workspace, &mut grads, &narrow(g.values()));
    let slopes = grads
        .layout()
        .entries()
        .iter()
        .flat_map(|entry| wide(&grads.values()[entry.range.clone()]))
        .collect();
    Ok([wide(workspace.value(y).values()), wide(workspace.gradient(input).values()), slopes])
}
