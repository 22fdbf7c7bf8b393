//! Normalisation and dropout, by the text that names the layer with its settings.

use chainrule::nn::layer;
use chainrule::prelude::*;

use super::node::Node;
use super::recording::{Recorded, Recording};

/// The operators that are a layer.
pub(super) const ALL: &[&str] = &[
    "BatchNormalization",
    "Dropout",
    "GroupNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "MeanVarianceNormalization",
    "RMSNormalization",
];

/// Returns true if the layer behaves as in training.
pub(super) fn is_training(node: &Node) -> bool {
    match node.op.as_str() {
        "BatchNormalization" => node.integer("training_mode", 0) == 1,
        "Dropout" => node.scalar(2, 0.0) == 1.0,
        _ => false,
    }
}

pub(super) fn record<'g, T: Real>(r: &Recording<'g, '_, T>) -> Recorded<'g, T> {
    let (node, x) = (r.node, r.x(0)?);
    let epsilon = node.number("epsilon", 1e-5);
    match node.op.as_str() {
        "BatchNormalization" => batch_norm(r, x, epsilon),
        "Dropout" => dropout(node, x),
        "GroupNormalization" => grouped(r, x, node.integer("num_groups", 1) as usize, epsilon),
        "InstanceNormalization" => grouped(r, x, x.shape()[1], epsilon),
        "MeanVarianceNormalization" => {
            // ONNX adds 1e-9 to the deviation, less than the last place of it.
            let channels = flat(x);
            let y = apply("batch_norm(epsilon=1e-18, affine=false, tracked=false)", channels)?;
            Ok(vec![y.reshape(x.shape())])
        }
        op => {
            let axes = x.shape().rank() - node.axis(-1)?;
            let name = if op == "LayerNormalization" { "layer_norm" } else { "rms_norm" };
            r.param("weight", node.input(1)?);
            if let Some(bias) = node.optional(2) {
                r.param("bias", bias);
            }
            // A layer normalises within samples: to normalise everything together, it all is one.
            let samples: Vec<usize> = [1].into_iter().chain(x.shape().iter().copied()).collect();
            let y = apply(
                &format!("{name}(epsilon={epsilon}, axes={axes})"),
                x.reshape(samples.as_slice()),
            )?;
            let mut results = vec![y.reshape(x.shape())];
            if node.results() == 3 {
                results.extend(moments(x, axes, epsilon));
            }
            Ok(results)
        }
    }
}

fn apply<'g, T: Real>(text: &str, x: Var<'g, T>) -> Result<Var<'g, T>, String> {
    Ok(layer::by_name::<T>(text).map_err(|error| error.to_string())?.forward(x))
}

/// `[batch, channels, ..]` as `[batch, channels, places]`.
fn flat<T: Real>(x: Var<'_, T>) -> Var<'_, T> {
    let shape = x.shape();
    x.reshape([shape[0], shape[1], shape[2..].iter().product()])
}

/// The value, and in training the running statistics after it. ONNX's momentum is what is kept of
/// them.
fn batch_norm<'g, T: Real>(
    r: &Recording<'g, '_, T>,
    x: Var<'g, T>,
    epsilon: f64,
) -> Recorded<'g, T> {
    let node = r.node;
    let names = ["weight", "bias", "running_mean", "running_var"];
    for (position, name) in (1..).zip(names) {
        r.param(name, node.input(position)?);
    }
    let kept = node.number("momentum", 0.9);
    let y = apply(&format!("batch_norm(epsilon={epsilon}, momentum={})", 1.0 - kept), flat(x))?;
    let mut results = vec![y.reshape(x.shape())];
    if node.results() == 3 {
        let channels = x.shape()[1];
        let [mean, variance] =
            ["running_mean", "running_var"].map(|name| r.graph.statistic(name, [channels], 0.0));
        // What is added is the variance over n - 1 here, and over n in ONNX.
        let n = (x.shape().elements() / channels) as f64;
        let before = r.x(4)? * T::from_f64(kept);
        results.extend([mean, before + (variance - before) * T::from_f64((n - 1.0) / n)]);
    }
    Ok(results)
}

/// The value, and the mask, which is 1 everywhere in the cases that are taken.
fn dropout<'g, T: Real>(node: &Node, x: Var<'g, T>) -> Recorded<'g, T> {
    let ratio = node.scalar(1, node.number("ratio", 0.5));
    let y = apply(&format!("dropout(p={ratio})"), x)?;
    let mask = x.graph().constant(&Tensor::ones(x.shape()));
    Ok([y, mask].into_iter().take(node.results()).collect())
}

/// Groups of channels, each normalised as a row, and then a scale and an offset for each channel.
fn grouped<'g, T: Real>(
    r: &Recording<'g, '_, T>,
    x: Var<'g, T>,
    groups: usize,
    epsilon: f64,
) -> Recorded<'g, T> {
    let (shape, channels) = (x.shape(), flat(x));
    let rows = x.reshape([shape[0] * groups, shape.elements() / (shape[0] * groups)]);
    let normalised = apply(&format!("layer_norm(epsilon={epsilon}, affine=false)"), rows)?;
    let [weight, bias] = [r.x(1)?, r.x(2)?].map(|values| values.reshape([shape[1], 1]));
    Ok(vec![(normalised.reshape(channels.shape()) * weight + bias).reshape(shape)])
}

/// The mean and the inverse deviation over the last axes, which stay at length 1.
fn moments<'g, T: Real>(x: Var<'g, T>, axes: usize, epsilon: f64) -> [Var<'g, T>; 2] {
    let rank = x.shape().rank();
    let over: Vec<usize> = (rank - axes..rank).collect();
    let lengths: Vec<usize> =
        x.shape().iter().take(rank - axes).copied().chain(over.iter().map(|_| 1)).collect();
    let mean = |x: Var<'g, T>| x.mean(over.as_slice()).reshape(lengths.as_slice());
    let centre = mean(x);
    [centre, (mean((x - centre).square()) + T::from_f64(epsilon)).sqrt().recip()]
}
