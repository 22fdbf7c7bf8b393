//! Helpers of the tests of the layers.

use chainrule_graph::{Graph, Params, gradcheck};
use chainrule_tensor::{Shape, Tensor};

use super::{Layer, Model};

/// The value in training, and the gradient by the input for a gradient of ones.
pub(super) fn pass(layer: &dyn Layer<f64>, x: &Tensor<f64>, seed: u64) -> [Tensor<f64>; 2] {
    let graph = Graph::<f64>::new();
    let input = graph.input("x", x.shape()).keep_gradient();
    let y = layer.forward(input).keep();
    let plan = graph.plan_with_upstream(y).unwrap();
    let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
    ws.seed(seed);
    ws.set(input, x.values()).unwrap();
    plan.forward(&params, &mut ws);
    plan.backward_with(&params, &mut ws, &mut grads, &vec![1.0; y.shape().elements()]);
    [ws.value(y).to_tensor(), ws.gradient(input).to_tensor()]
}

/// The value in evaluation, from the parameters of seed 0 after `change`.
pub(super) fn evaluated(
    layer: &dyn Layer<f64>,
    x: &Tensor<f64>,
    change: impl FnOnce(&mut Params<f64>),
) -> Tensor<f64> {
    let mut params = layer.init(Shape::new(&x.shape()[1..]), 0).unwrap();
    change(&mut params);
    layer.predict(&params, x).unwrap()
}

/// The message for an input of this shape.
pub(super) fn mistake(layer: &dyn Layer<f64>, shape: impl Into<Shape>) -> String {
    let graph = Graph::<f64>::new();
    let _ = layer.forward(graph.input("x", shape));
    graph.check_error().unwrap_err().kind.to_string()
}

/// That the derivatives agree with differences at inputs of this shape without order.
#[track_caller]
pub(super) fn derivatives(layer: &dyn Layer<f64>, shape: impl Into<Shape>) {
    let shape = shape.into();
    let x = Tensor::from_fn(shape, |i| (i as f64 * 1.7 + 0.3).sin() * 2.0);
    gradcheck(&[x], |_, x| layer.forward(x[0]))
        .unwrap_or_else(|error| panic!("{layer:?} {shape}: {error}"));
}
