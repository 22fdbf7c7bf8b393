//! Layers chosen by text, over one or several steps: values, gradients by the input and by every
//! parameter, and statistics.

use chainrule::nn::layer;
use chainrule::prelude::*;
use serde_json::Value;

use crate::{Case, Tolerance, close};

pub(crate) fn check(case: &Case) -> Result<(), String> {
    in_scalar::<f64>(case, Tolerance::DOUBLE)?;
    in_scalar::<f32>(case, Tolerance::single(case.number("terms")? as usize))
}

fn in_scalar<T: Real>(case: &Case, tolerance: Tolerance) -> Result<(), String> {
    let layer = layer::by_name::<T>(case.text("config")?).map_err(|error| error.to_string())?;
    let graph =
        if case.number("training")? == 1.0 { Graph::new() } else { Graph::new().evaluating() };
    let shape = case.tensor("input 0")?.shape();
    let takes_indices = case.get("input gradient 0").is_none();
    let input = graph.input("input", shape);
    let input = if takes_indices { input } else { input.keep_gradient() };
    let output = layer.forward(input).keep();
    let plan = graph.plan_with_upstream(output).map_err(|error| error.to_string())?;
    let (mut params, mut workspace, mut grads) =
        (plan.init(0).map_err(|error| error.to_string())?, plan.workspace(), plan.grads());

    let (parameters, statistics) = (names(case, "parameters")?, names(case, "buffers")?);
    let [held, remembered] = [plan.layout().entries(), plan.layout().statistics()]
        .map(|entries| entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>());
    if held != parameters || remembered != statistics {
        return Err(format!(
            "has {held:?} and {remembered:?}, expected are {parameters:?} and {statistics:?}"
        ));
    }
    for (kind, name) in parameters
        .iter()
        .map(|name| ("parameter", name))
        .chain(statistics.iter().map(|n| ("buffer", n)))
    {
        let values = single(&case.tensor(&format!("{kind} {name}"))?);
        params.get_mut(name).ok_or("the name is gone")?.copy_from_slice(&values);
    }
    for step in 0..case.number("steps")? as usize {
        let read = |key: &str| case.tensor(&format!("{key} {step}"));
        workspace.set(input, &single(&read("input")?)).map_err(|error| error.to_string())?;
        plan.forward(&params, &mut workspace);
        plan.backward_with(&params, &mut workspace, &mut grads, &single(&read("upstream")?));
        plan.update_statistics(&mut params, &workspace);
        let compare = |what: &str, got: TensorView<'_, T>, expected: Tensor<f64>| {
            if got.shape() != expected.shape() {
                return Err(format!(
                    "{what}: shape {}, {} is expected",
                    got.shape(),
                    expected.shape()
                ));
            }
            let got: Vec<f64> = got.values().iter().map(|x| x.to_f64()).collect();
            close(&format!("{} {what}, step {step}", T::DTYPE), &got, expected.values(), tolerance)
        };
        compare("output", workspace.value(output), read("output")?)?;
        if !takes_indices {
            compare("gradient by the input", workspace.gradient(input), read("input gradient")?)?;
        }
        for name in &parameters {
            let gradient = grads.get(name).ok_or_else(|| format!("{name} has no gradient"))?;
            compare(
                &format!("gradient by {name}"),
                gradient,
                case.tensor(&format!("gradient {step} {name}"))?,
            )?;
        }
        for name in &statistics {
            let statistic = params.get(name).ok_or("the name is gone")?;
            compare(name, statistic, case.tensor(&format!("buffer {step} {name}"))?)?;
        }
    }
    Ok(())
}

fn names<'a>(case: &'a Case, key: &str) -> Result<Vec<&'a str>, String> {
    let list = case
        .get(key)
        .and_then(Value::as_array)
        .ok_or_else(|| format!("the case has no list `{key}`"))?;
    Ok(list.iter().filter_map(Value::as_str).collect())
}

fn single<T: Real>(tensor: &Tensor<f64>) -> Vec<T> {
    tensor.values().iter().map(|&x| T::from_f64(x)).collect()
}
