//! Losses: the value of each reduction and the gradients, in both precisions.

use chainrule::nn::loss;
use chainrule::prelude::*;

use crate::{Case, Tolerance, close};

/// Compares one case.
pub(crate) fn check(case: &Case) -> Result<(), String> {
    in_precision::<f64>(case, |_| Tolerance::DOUBLE).map_err(|why| format!("f64: {why}"))?;
    in_precision::<f32>(case, Tolerance::single).map_err(|why| format!("f32: {why}"))
}

fn in_precision<T: Real>(
    case: &Case,
    tolerance: impl Fn(usize) -> Tolerance,
) -> Result<(), String> {
    let loss = loss::by_name::<T>(case.text("config")?).map_err(|error| error.to_string())?;
    let reduction = match case.text("reduction")? {
        "none" => Reduction::None,
        "mean" => Reduction::Mean,
        "sum" => Reduction::Sum,
        other => return Err(format!("there is no reduction `{other}`")),
    };
    let (prediction, target, upstream) =
        (case.tensor("prediction")?, case.tensor("target")?, case.tensor("seed")?);
    let graph = Graph::<T>::new();
    let p = graph.input("prediction", prediction.shape()).keep_gradient();
    let t = graph.input("target", target.shape()).keep_gradient();
    let value = loss.forward(p, t, reduction);
    let plan = graph.plan_with_upstream(value).map_err(|error| error.to_string())?;
    let params = plan.init(0).map_err(|error| error.to_string())?;
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    let of = |x: &Tensor<f64>| x.values().iter().map(|&x| T::from_f64(x)).collect::<Vec<T>>();
    workspace.set(p, &of(&prediction)).map_err(|error| error.to_string())?;
    workspace.set(t, &of(&target)).map_err(|error| error.to_string())?;
    plan.forward(&params, &mut workspace);
    plan.backward_with(&params, &mut workspace, &mut grads, &of(&upstream));

    let tolerance = tolerance(prediction.values().len());
    let back = |x: &[T]| x.iter().map(|x| x.to_f64()).collect::<Vec<f64>>();
    let compare = |what: &str, got: TensorView<'_, T>, expected: &Tensor<f64>| {
        if got.shape() != expected.shape() {
            return Err(format!(
                "{what}: the shape is {}, {} is expected",
                got.shape(),
                expected.shape()
            ));
        }
        close(what, &back(got.values()), expected.values(), tolerance)
    };
    compare("value", workspace.value(value), &case.tensor("value")?)?;
    compare("gradient by the prediction", workspace.gradient(p), &case.tensor("by_prediction")?)?;
    match case.get("by_target") {
        Some(_) => {
            compare("gradient by the target", workspace.gradient(t), &case.tensor("by_target")?)
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> crate::Cases {
        crate::Cases::read(include_bytes!("../cases/pytorch_losses.json.gz")).unwrap()
    }

    #[test]
    fn every_loss_of_the_list_has_cases_of_every_reduction() {
        let cases = cases();
        for loss in loss::all::<f64>() {
            for reduction in ["none", "mean", "sum"] {
                let of = |case: &&Case| {
                    let name = case.text("config").unwrap().split('(').next().unwrap();
                    name == loss.name() && case.text("reduction").unwrap() == reduction
                };
                assert!(cases.cases.iter().any(|case| of(&case)), "{}, {reduction}", loss.name());
            }
        }
    }
}
