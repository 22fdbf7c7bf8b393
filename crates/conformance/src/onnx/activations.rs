//! Activations, by the text that names them with their settings.

use chainrule::nn::activation;
use chainrule::prelude::*;

use super::node::{Node, counted};
use super::recording::{Recorded, Recording};

/// The operators that are an activation.
pub(super) const ALL: &[&str] = &[
    "Celu",
    "Elu",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LeakyRelu",
    "LogSoftmax",
    "Mish",
    "PRelu",
    "Relu",
    "Selu",
    "Shrink",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Swish",
    "Tanh",
    "ThresholdedRelu",
];

pub(super) fn record<'g, T: Real>(r: &Recording<'g, '_, T>) -> Recorded<'g, T> {
    let (node, x) = (r.node, r.x(0)?);
    let activation = |text: &str| activation::by_name::<T>(text).map_err(|error| error.to_string());
    let number = |name, default| T::from_f64(node.number(name, default));
    let activation = activation(&text(node)?)?;
    let y = match node.op.as_str() {
        // Along the last axis here.
        "Softmax" | "LogSoftmax" => along(x, node.axis(-1)?, |x| activation.forward(x)),
        "PRelu" => {
            let slopes = node.input(1)?;
            r.param("slope", slopes);
            // A slope for each of the last axis, so that one for each element needs all axes as
            // one.
            let wide = x.shape().elements() / slopes.shape().elements();
            activation.forward(x.reshape([wide, slopes.shape().elements()])).reshape(x.shape())
        }
        // `clip(alpha x + beta, 0, 1)`, where here as in PyTorch it is `clip(x / 6 + 1/2, 0, 1)`.
        "HardSigmoid" => {
            let (alpha, beta) = (number("alpha", 0.2), number("beta", 0.5));
            activation.forward(
                x.scale_shift(alpha * T::from_f64(6.0), (beta - T::HALF) * T::from_f64(6.0)),
            )
        }
        // With numbers other than PyTorch's, which are fixed here, it is a scaled ELU.
        "Selu" if node.has("gamma") => activation.forward(x) * number("gamma", 1.0),
        _ => activation.forward(x),
    };
    Ok(vec![y])
}

/// The text that names the activation; ONNX's defaults are written out where they are not the
/// list's.
fn text(node: &Node) -> Result<String, String> {
    let number = |name, default| node.number(name, default);
    Ok(match node.op.as_str() {
        "Celu" => format!("celu(alpha={})", number("alpha", 1.0)),
        "Elu" => format!("elu(alpha={})", number("alpha", 1.0)),
        "Gelu" if node.text("approximate") == "tanh" => "gelu(approximate=tanh)".to_owned(),
        "HardSigmoid" => "hard_sigmoid".to_owned(),
        "HardSwish" => "hard_swish".to_owned(),
        "LeakyRelu" => format!("leaky_relu(slope={})", number("alpha", 0.01)),
        "LogSoftmax" => "log_softmax".to_owned(),
        "PRelu" => "prelu(per_channel=true)".to_owned(),
        "Selu" if node.has("alpha") => format!("elu(alpha={})", number("alpha", 1.0)),
        "Shrink" => {
            let (lambda, bias) = (number("lambd", 0.5), number("bias", 0.0));
            let name = if bias == 0.0 { "hard_shrink" } else { "soft_shrink" };
            if bias != 0.0 && bias != lambda {
                return Err("a bias that is neither 0 nor lambda has no counterpart".to_owned());
            }
            format!("{name}(lambda={lambda})")
        }
        "Swish" if number("alpha", 1.0) == 1.0 => "silu".to_owned(),
        "ThresholdedRelu" => format!("threshold(threshold={}, value=0)", number("alpha", 1.0)),
        op => op.to_lowercase(),
    })
}

/// A function along another axis than the last one, to which that axis is taken and back.
pub(super) fn along<'g, T: Real>(
    x: Var<'g, T>,
    axis: usize,
    f: impl FnOnce(Var<'g, T>) -> Var<'g, T>,
) -> Var<'g, T> {
    let last = counted(-1, x.shape().rank());
    let mut order: Vec<usize> = (0..=last).collect();
    order.swap(axis, last);
    f(x.permute(&order)).permute(&order)
}
