//! ONNX's node tests: one operator each, its inputs and its results.
//!
//! Each is expressed through the public interface, in `f64` and in `f32`, and its results are compared. ONNX computed
//! most of them in `f32` with NumPy and asks for 1e-3; here it is a few units in the last place, see [`tolerance`].
//! Gradients are not part of ONNX's tests.

mod activations;
mod losses;
mod node;
mod recording;
mod tensors;

use chainrule::prelude::*;

use self::node::Node;
use crate::{Case, Tolerance};

/// Compares chainrule with one case.
pub(crate) fn check(case: &Case) -> Result<(), String> {
    let node = Node::read(case)?;
    let single = tolerance(&node);
    let double = if node.is_double() { Tolerance::DOUBLE } else { single };
    node.compare(&run::<f64>(&node)?, double).map_err(|why| format!("in f64: {why}"))?;
    node.compare(&run::<f32>(&node)?, single).map_err(|why| format!("in f32: {why}"))
}

/// The results.
fn run<T: Real>(node: &Node) -> Result<Vec<Tensor<T>>, String> {
    let training = node.integer("training_mode", 0) == 1;
    recording::evaluate(node, training, |r| match node.op.as_str() {
        "NegativeLogLikelihoodLoss" | "SoftmaxCrossEntropyLoss" => losses::record(r),
        op if activations::ALL.contains(&op) => activations::record(r),
        _ => tensors::record(r),
    })
}

/// A few units in the last place of `f32`, as for a sum of four products: 1e-6 relative, and as much near zero. More
/// where ONNX sums up more: in a matrix product, a norm or a loss over many samples.
fn tolerance(node: &Node) -> Tolerance {
    let elements = node.inputs.first().and_then(Option::as_ref).map_or(1, |x| x.shape().elements());
    match node.op.as_str() {
        "Gemm" | "MatMul" => Tolerance::single(10),
        _ => Tolerance::single(4.max(elements / 10_000)),
    }
}
