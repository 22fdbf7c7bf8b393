//! Losses, by the text that names them with their settings.
//!
//! ONNX has the classes on the second axis, and further axes behind it: each place along those is
//! one more sample here.

use chainrule::nn::{activation, loss};
use chainrule::prelude::*;

use super::recording::{Recorded, Recording};

pub(super) fn record<'g, T: Real>(r: &Recording<'g, '_, T>) -> Recorded<'g, T> {
    let node = r.node;
    let (x, labels) = (r.x(0)?, node.input(1)?);
    let shape = x.shape();
    let (batch, classes, places) = (shape[0], shape[1], shape[2..].iter().product::<usize>());
    let rows = |x: Var<'g, T>| x.reshape([batch, classes, places]).permute(&[0, 2, 1]);
    let x_rows = rows(x).reshape([batch * places, classes]);

    let mut settings = Vec::new();
    if let Some(weights) = node.optional(2) {
        settings.push(format!("weights={:?}", weights.values()));
    }
    // An ignored label may be any number in ONNX.
    let ignored = node.integer("ignore_index", i64::MIN);
    if ignored != i64::MIN {
        settings.push(format!("ignore_index={ignored}"));
    }
    let name = if node.op == "SoftmaxCrossEntropyLoss" { "cross_entropy" } else { "nll" };
    let text = format!("{name}({})", settings.join(", "));
    let loss = loss::by_name::<T>(&text).map_err(|error| error.to_string())?;
    let labels = labels.clone().reshape([batch * places]).map_err(|error| error.to_string())?;
    let target = r.input(&labels);
    let value = match node.text("reduction") {
        "none" => {
            let mut kept = vec![batch];
            kept.extend_from_slice(&shape[2..]);
            loss.forward(x_rows, target, Reduction::None).reshape(kept.as_slice())
        }
        "sum" => loss.forward(x_rows, target, Reduction::Sum),
        _ => loss.forward(x_rows, target, Reduction::Mean),
    };
    let mut results = vec![value];
    if node.results() == 2 {
        let log_softmax =
            activation::by_name::<T>("log_softmax").map_err(|error| error.to_string())?;
        results.push(log_softmax.forward(rows(x)).permute(&[0, 2, 1]).reshape(shape));
    }
    Ok(results)
}
