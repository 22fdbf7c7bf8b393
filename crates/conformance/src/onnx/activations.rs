//! Activations, by the text that names them with their settings.

use chainrule::nn::activation;
use chainrule::prelude::*;

use super::node::{Node, counted};
use super::recording::{Recorded, Recording};

/// The operators that are an activation.
pub(super) const ALL: &[&str] =
    &["Elu", "Identity", "LeakyRelu", "LogSoftmax", "PRelu", "Relu", "Sigmoid", "Softmax", "Tanh"];

pub(super) fn record<'g, T: Real>(r: &Recording<'g, '_, T>) -> Recorded<'g, T> {
    let (node, x) = (r.node, r.x(0)?);
    let activation = activation::by_name::<T>(&text(node)).map_err(|error| error.to_string())?;
    let y = match node.op.as_str() {
        // Along the last axis here.
        "Softmax" | "LogSoftmax" => along(x, node.axis(-1)?, |x| activation.forward(x)),
        "PRelu" => {
            let slopes = node.input(1)?;
            r.param("slope", slopes);
            // A slope for each of the last axis, so that one for each element needs all axes as one.
            let wide = x.shape().elements() / slopes.shape().elements();
            activation.forward(x.reshape([wide, slopes.shape().elements()])).reshape(x.shape())
        }
        _ => activation.forward(x),
    };
    Ok(vec![y])
}

/// The text that names the activation; ONNX's defaults are written out where they are not the list's.
fn text(node: &Node) -> String {
    let number = |name, default| node.number(name, default);
    match node.op.as_str() {
        "Elu" => format!("elu(alpha={})", number("alpha", 1.0)),
        "LeakyRelu" => format!("leaky_relu(slope={})", number("alpha", 0.01)),
        "LogSoftmax" => "log_softmax".to_owned(),
        "PRelu" => "prelu(per_channel=true)".to_owned(),
        op => op.to_lowercase(),
    }
}

/// A function along another axis than the last one, to which that axis is taken and back.
pub(super) fn along<'g, T: Real>(x: Var<'g, T>, axis: usize, f: impl FnOnce(Var<'g, T>) -> Var<'g, T>) -> Var<'g, T> {
    let last = counted(-1, x.shape().rank());
    let mut order: Vec<usize> = (0..=last).collect();
    order.swap(axis, last);
    f(x.permute(&order)).permute(&order)
}
