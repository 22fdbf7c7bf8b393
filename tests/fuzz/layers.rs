//! Activations, layers, losses and initialisers with random settings, on values of random shapes.

use chainrule::graph::{Graph, Params, Var};
use chainrule::nn::{Layer, Loss as _, Model, Reduction, Summary, activation, init, layer, loss};
use chainrule::tensor::random::generator;
use chainrule::tensor::{Real, Shape};

use crate::draw::{Draw, is_tried};
use crate::settings::text;

pub fn activations(draw: &mut Draw) {
    let mut all = activation::all::<f64>();
    let at = draw.below(all.len());
    let name = all[at].kind().to_owned();
    let text = text(draw, &name, &mut *all[at]);
    if let Ok(chosen) = activation::by_name::<f32>(&text) {
        let _ = (chosen.properties(), chosen.divisor());
        on_a_batch(draw, &chosen);
    }
}

pub fn layers(draw: &mut Draw) {
    let one = |draw: &mut Draw| {
        let mut all = layer::all::<f64>();
        let at = draw.below(all.len());
        let name = all[at].kind().to_owned();
        text(draw, &name, &mut *all[at])
    };
    let text = match draw.below(4) {
        0 => format!(
            "{}[{}, {}]",
            draw.of(&["sequential", "residual", "parallel"]),
            one(draw),
            one(draw)
        ),
        _ => one(draw),
    };
    let Ok(chosen) = layer::by_name::<f32>(&text) else { return };
    // Not a linear layer of 16 GB.
    let numbers =
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<usize>().ok());
    let sizes: Vec<usize> = numbers.filter(|&n| n > 20).collect();
    let tried = |factor: usize| sizes.iter().all(|&n| is_tried(n.saturating_mul(factor).into(), 8));
    if sizes.len() > 1 || ![1, 2, 3, 4, 5, 7, 8, 16, 17].into_iter().all(tried) {
        return;
    }
    on_a_batch(draw, &*chosen);
}

fn on_a_batch(draw: &mut Draw, layer: &dyn Layer<f32>) {
    let sample = if draw.once_in(10) { draw.shape::<f64>() } else { draw.small_shape() };
    // Sums of some thousand numbers tell as much as those of millions.
    let large = |summary: Summary| {
        summary.parameters() > 1 << 16
            || summary.rows().iter().any(|row| row.output.elements() > 4096)
    };
    if layer.summary(sample).is_ok_and(large) {
        return;
    }
    let Ok(params) = layer.init(sample, draw.bits()) else { return };
    let inputs = if draw.once_in(6) {
        draw.small_shape()
    } else {
        Shape::new(&[&[draw.length()], &*sample].concat())
    };
    if inputs.elements() > 1 << 16 {
        return;
    }
    let inputs = draw.tensor::<f32>(inputs);
    let _ = layer.predict(&params, &inputs);
    let graph = Graph::<f32>::with_params(&params);
    let x = graph.input("x", inputs.shape()).keep_gradient();
    train_once(draw, &graph, layer.forward(x), &[(x, inputs.values())], params);
}

/// Plans a value with its way back, and replays both.
fn train_once<T: Real>(
    draw: &mut Draw,
    graph: &Graph<T>,
    root: Var<'_, T>,
    inputs: &[(Var<'_, T>, &[T])],
    params: Params<T>,
) {
    let Ok(plan) = graph.plan_with_upstream(root) else { return };
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    for (input, values) in inputs {
        if workspace.set(*input, values).is_err() {
            return;
        }
    }
    let mut params = params;
    plan.forward(&params, &mut workspace);
    let seed = draw.values::<T>(root.shape().elements());
    plan.backward_with(&params, &mut workspace, &mut grads, &seed);
    plan.update_statistics(&mut params, &workspace);
}

pub fn losses(draw: &mut Draw) {
    let mut all = loss::all::<f64>();
    let at = draw.below(all.len());
    let name = all[at].name().to_owned();
    let text = text(draw, &name, &mut *all[at]);
    let Ok(chosen) = loss::by_name::<f64>(&text) else { return };
    let form = draw.of(chosen.domain().targets);
    let shape = draw.small_shape();
    let (prediction, target) = if shape.rank() > 0 && shape.elements() > 0 && draw.once_in(2) {
        chosen.domain().draw(form, shape, &mut generator(draw.bits()))
    } else {
        (draw.tensor(shape), draw.small_tensor())
    };
    let graph = Graph::<f64>::new();
    let (p, t) =
        (graph.input("p", prediction.shape()).keep_gradient(), graph.input("t", target.shape()));
    let reduction = draw.of(&[Reduction::Mean, Reduction::Sum, Reduction::None]);
    let root = chosen.forward(p, t, reduction);
    let params = Params::init(graph.layout(), 0).expect("no loss has parameters");
    train_once(draw, &graph, root, &[(p, prediction.values()), (t, target.values())], params);
}

pub fn initialisers(draw: &mut Draw) {
    let mut all = init::all();
    let at = draw.below(all.len());
    let name = all[at].name().to_owned();
    let text = text(draw, &name, &mut *all[at]);
    let Ok(chosen) = init::by_name(&text) else { return };
    let shape = if draw.once_in(4) { draw.shape::<f64>() } else { draw.small_shape() };
    let graph = Graph::<f32>::new();
    let w = graph.param("w", shape, chosen);
    if let Ok(plan) = graph.plan_forward(&[w.sum(..)]) {
        let _ = plan.init(draw.bits());
    }
}
