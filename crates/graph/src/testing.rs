//! Helpers of the unit tests of the operations.

use chainrule_tensor::{Shape, Tensor};

use crate::{Graph, Var, gradcheck};

/// Values in `(-1, 1)`, all different, spread evenly by the golden ratio.
pub(crate) fn spread(shape: impl Into<Shape>, offset: usize) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| {
        2.0 * ((i + 1 + 37 * offset) as f64 * 0.618_033_988_749_895).fract() - 1.0
    })
}

/// Checks the gradient of `function` at [`spread`] inputs of these shapes.
#[track_caller]
pub(crate) fn check<F>(shapes: &[&[usize]], function: F)
where
    F: for<'g> Fn(&'g Graph<f64>, &[Var<'g, f64>]) -> Var<'g, f64>,
{
    let inputs: Vec<_> = shapes.iter().enumerate().map(|(i, &shape)| spread(shape, i)).collect();
    if let Err(error) = gradcheck(&inputs, function) {
        panic!("at shapes {shapes:?}: {error}");
    }
}

/// The value of `function` at these inputs.
#[track_caller]
pub(crate) fn value<F>(inputs: &[Tensor<f64>], function: F) -> Tensor<f64>
where
    F: for<'g> Fn(&'g Graph<f64>, &[Var<'g, f64>]) -> Var<'g, f64>,
{
    value_and_gradients(inputs, None, function).0
}

/// The value of `function` at these inputs, and the gradients with respect to them for the given
/// gradient with respect to the value, by default ones.
#[track_caller]
pub(crate) fn value_and_gradients<F>(
    inputs: &[Tensor<f64>],
    upstream: Option<&[f64]>,
    function: F,
) -> (Tensor<f64>, Vec<Tensor<f64>>)
where
    F: for<'g> Fn(&'g Graph<f64>, &[Var<'g, f64>]) -> Var<'g, f64>,
{
    let graph = Graph::new();
    let vars: Vec<_> = inputs.iter().map(|x| graph.input("x", x.shape()).keep_gradient()).collect();
    let root = function(&graph, &vars);
    let plan = graph.plan_with_upstream(root).unwrap();
    let (params, mut workspace, mut grads) =
        (plan.init(0).unwrap(), plan.workspace(), plan.grads());
    for (var, x) in vars.iter().zip(inputs) {
        workspace.set(*var, x.values()).unwrap();
    }
    plan.forward(&params, &mut workspace);
    let ones = vec![1.0; root.shape().elements()];
    plan.backward_with(&params, &mut workspace, &mut grads, upstream.unwrap_or(&ones));
    let gradient = |(var, x): (&Var<'_, f64>, &Tensor<f64>)| {
        workspace
            .try_gradient(var.id())
            .map_or_else(|| Tensor::zeros(x.shape()), |gradient| gradient.to_tensor())
    };
    (workspace.value(root).to_tensor(), vars.iter().zip(inputs).map(gradient).collect())
}

/// The message of planning a recording with inputs of these shapes, without the place of the
/// mistake.
#[track_caller]
pub(crate) fn mistake<F>(shapes: &[&[usize]], function: F) -> String
where
    F: for<'g> Fn(&'g Graph<f64>, &[Var<'g, f64>]) -> Var<'g, f64>,
{
    let graph = Graph::new();
    let vars: Vec<_> = shapes.iter().map(|&shape| graph.input("x", shape)).collect();
    let loss = function(&graph, &vars).sum(..);
    graph.plan(loss).unwrap_err().kind.to_string()
}
