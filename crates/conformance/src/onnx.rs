//! ONNX's node tests: one operator each, its inputs and its results.
//!
//! Each is expressed through the public interface, in `f64` and in `f32`, and its results are
//! compared. ONNX computed most of them in `f32` with NumPy and asks for 1e-3; here it is four
//! units in the last place, and 1e-12 where ONNX computed in `f64`. Gradients are not part of
//! ONNX's tests.

mod activations;
mod layers;
mod losses;
mod node;
mod optimizers;
mod recording;
mod tensors;

use chainrule::prelude::*;

use self::node::Node;
use crate::{Case, Tolerance};

/// Compares chainrule with one case.
pub(crate) fn check(case: &Case) -> Result<(), String> {
    let node = Node::read(case)?;
    // Four units in the last place of `f32`, 5e-7 relative, and as much near zero: sums are of few
    // numbers, and ONNX lost some digits itself, as in `exp(x) - 1`.
    let single = Tolerance::single(0);
    let double = if node.is_double() { Tolerance::DOUBLE } else { single };
    node.compare(&run::<f64>(&node)?, double).map_err(|why| format!("in f64: {why}"))?;
    node.compare(&run::<f32>(&node)?, single).map_err(|why| format!("in f32: {why}"))
}

/// The results.
fn run<T: Real>(node: &Node) -> Result<Vec<Tensor<T>>, String> {
    if let "Adagrad" | "Adam" | "Momentum" = node.op.as_str() {
        return optimizers::run(node);
    }
    recording::evaluate(node, layers::is_training(node), |r| match node.op.as_str() {
        "NegativeLogLikelihoodLoss" | "SoftmaxCrossEntropyLoss" => losses::record(r),
        op if activations::ALL.contains(&op) => activations::record(r),
        op if layers::ALL.contains(&op) => layers::record(r),
        _ => tensors::record(r),
    })
}
