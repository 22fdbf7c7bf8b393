use std::sync::Arc;

use chainrule_data::Dataset;
use chainrule_graph::{BuildError, Graph, NodeId, Params, Pointwise, Workspace};
use chainrule_nn::activation::LeakyRelu;
use chainrule_nn::{Layer, Loss};
use chainrule_tensor::{Real, reduce};

use super::moments::Moments;
use super::{GainReport, LayerGain, Ratio, Repair};
use crate::pass::{Pass, sum_of_squares};

/// A layer without layers inside.
struct Leaf<T: Real> {
    path: String,
    kind: String,
    input: NodeId,
    value: NodeId,
    function: Option<Arc<dyn Pointwise<T>>>,
}

pub(super) fn measure<T: Real>(
    model: &dyn Layer<T>,
    loss: &dyn Loss<T>,
    params: &Params<T>,
    data: &Dataset<T>,
) -> Result<GainReport, BuildError> {
    let graph = Graph::with_params(params);
    let pass = Pass::record(&graph, model, loss, data, data.len());
    graph.check_error()?;
    let leaves = leaves(&graph, pass.inputs.id(), params);
    for leaf in &leaves {
        for value in [leaf.input, leaf.value] {
            let _ = graph.named(value).keep().keep_gradient();
        }
    }
    let plan = graph.plan(pass.loss)?;
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    pass.fill(&mut workspace, data, &(0..data.len()).collect::<Vec<_>>());
    plan.forward(params, &mut workspace);
    plan.backward(params, &mut workspace, &mut grads);

    let layers: Vec<LayerGain> =
        leaves.iter().map(|leaf| layer(leaf, params, &workspace)).collect();
    let linear: Vec<&LayerGain> = layers.iter().filter(|layer| layer.gain.is_some()).collect();
    let between = linear.len().saturating_sub(1) as f64;
    let mean_factor = |from: f64, to: f64| (to / from).powf(1.0 / between);
    let (first, last) = (linear.first().filter(|_| between > 0.0), linear.last());
    let forward =
        first.zip(last).map(|(first, last)| mean_factor(first.mean_square, last.mean_square));
    let gradients = first.zip(last).and_then(|(first, last)| first.gradient.zip(last.gradient));
    let backward = gradients.map(|(first, last)| mean_factor(last * last, first * first));
    let bounds = gradients.zip(backward).map(|((_, last), factor)| bounds::<T>(last, factor));
    let (underflow, overflow) = bounds.unwrap_or_default();
    let repairs = repairs(&leaves, &layers);
    Ok(GainReport { layers, forward, backward, underflow, overflow, repairs, dtype: T::DTYPE })
}

/// The layers without layers inside, each with what it reads: the first operand of the operation
/// where a layer is one, else what came out of the layer before.
fn leaves<T: Real>(graph: &Graph<T>, inputs: NodeId, params: &Params<T>) -> Vec<Leaf<T>> {
    let layers = graph.layers();
    let mut before = inputs;
    let mut leaves = Vec::new();
    for layer in &layers {
        let inside = format!("{}.", layer.path);
        if layers.iter().any(|other| other.path.starts_with(&inside)) {
            continue;
        }
        let value = graph.named(layer.value);
        let slope = params.get(&format!("{}.slope", layer.path)).filter(|_| layer.kind == "prelu");
        // A learned slope is one until it is learned.
        let function = value.pointwise().or_else(|| {
            let slopes = slope?;
            let slope = reduce::sum(slopes.values()) / slopes.values().len() as f64;
            Some(Arc::new(LeakyRelu { slope }))
        });
        let alone = layer.kind == "linear" || function.is_some();
        let operand = value.operands().first().filter(|_| alone).map(|operand| operand.id());
        leaves.push(Leaf {
            path: layer.path.clone(),
            kind: layer.kind.clone(),
            input: operand.unwrap_or(before),
            value: layer.value,
            function,
        });
        before = layer.value;
    }
    leaves
}

fn layer<T: Real>(leaf: &Leaf<T>, params: &Params<T>, workspace: &Workspace<T>) -> LayerGain {
    let value = workspace.value(leaf.value);
    let [input, output] =
        [leaf.input, leaf.value].map(|value| mean_square(workspace.value(value).values()));
    let gradient =
        |value| workspace.try_gradient(value).map(|gradient| mean_square(gradient.values()));
    let (inner, outer) = (gradient(leaf.input), gradient(leaf.value));
    let ratio = |of: f64, to: f64| (of / to).is_finite().then_some(of / to);
    let mut layer = LayerGain {
        path: leaf.path.clone(),
        kind: leaf.kind.clone(),
        output: value.shape(),
        mean_square: output,
        gradient: outer.map(f64::sqrt),
        forward: Ratio { measured: ratio(output, input), theory: None },
        backward: Ratio {
            measured: inner.zip(outer).and_then(|(inner, outer)| ratio(inner, outer)),
            theory: None,
        },
        gain: None,
        initialiser: None,
    };
    let weight_name = format!("{}.weight", leaf.path);
    if let (true, Some(weight)) = (leaf.kind == "linear", params.get(&weight_name)) {
        let (size, shape) = (mean_square(weight.values()), weight.shape());
        let bias = params
            .get(&format!("{}.bias", leaf.path))
            .map_or(0.0, |bias| mean_square(bias.values()));
        layer.forward.theory = Some(shape[0] as f64 * size + bias / input);
        layer.backward.theory = Some(shape[1] as f64 * size);
        layer.gain = Some((shape[0] as f64 * size).sqrt());
        let entry = params
            .layout()
            .position(&weight_name)
            .map(|position| &params.layout().entries()[position]);
        layer.initialiser = entry.map(|entry| format!("{:?}", entry.initialiser));
    } else if let Some(function) = &leaf.function {
        let moments = Moments(&**function);
        layer.forward.theory = Some(moments.square(input) / input);
        layer.backward.theory = Some(moments.slope(input));
    }
    layer
}

fn mean_square<T: Real>(values: &[T]) -> f64 {
    sum_of_squares(values) / values.len() as f64
}

/// After how many layers a gradient of this size leaves the normal numbers of `T`, below or above,
/// when its mean square changes by `factor` in each.
fn bounds<T: Real>(gradient: f64, factor: f64) -> (Option<usize>, Option<usize>) {
    let smallest = T::MIN_POSITIVE.to_f64().ln();
    // The largest number is about four divided by the smallest.
    let largest = 4.0_f64.ln() - smallest;
    let layers = |bound: f64| {
        let layers = ((bound - gradient.ln()) / (0.5 * factor.ln())).ceil();
        (0.0..1e6).contains(&layers).then_some(layers as usize)
    };
    if factor < 1.0 { (layers(smallest), None) } else { (None, layers(largest)) }
}

/// One for each activation that reads the values of linear layers.
fn repairs<T: Real>(leaves: &[Leaf<T>], layers: &[LayerGain]) -> Vec<Repair> {
    let mut repairs: Vec<Repair> = Vec::new();
    for leaf in leaves {
        let known = repairs.iter().any(|repair| repair.activation == leaf.kind);
        let Some(function) = leaf.function.as_ref().filter(|_| !known) else { continue };
        let readers = leaves.iter().filter(|other| other.kind == leaf.kind);
        let read: Vec<NodeId> = readers.map(|reader| reader.input).collect();
        let in_front = leaves.iter().zip(layers).filter(|(layer, _)| read.contains(&layer.value));
        let gains: Vec<f64> = in_front.filter_map(|(_, layer)| layer.gain).collect();
        if gains.is_empty() {
            continue;
        }
        let now = (gains.iter().map(|gain| gain.ln()).sum::<f64>() / gains.len() as f64).exp();
        let moments = Moments(&**function);
        let usual = function.properties().gain;
        let (for_values, for_gradients) = (moments.gain_for_values(), moments.gain_for_gradients());
        let usual_keeps = (0.5..=2.0).contains(&moments.growth_at(usual));
        let gain = if usual_keeps { usual } else { for_gradients.or(for_values).unwrap_or(usual) };
        repairs.push(Repair {
            activation: leaf.kind.clone(),
            now,
            usual,
            for_values,
            for_gradients,
            gain,
        });
    }
    repairs
}
