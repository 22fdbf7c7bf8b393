//! Graphs of random operations, planned and replayed both ways.

use chainrule::graph::{Graph, Var};
use chainrule::tensor::Real;

use crate::draw::{Draw, is_tried};

pub fn graphs(draw: &mut Draw) {
    if draw.once_in(2) { of::<f32>(draw) } else { of::<f64>(draw) }
}

fn of<T: Real>(draw: &mut Draw) {
    let graph = Graph::<T>::new();
    let mut vars = Vec::new();
    let mut inputs = Vec::new();
    for i in 0..1 + draw.below(3) {
        let shape = if draw.once_in(12) { draw.shape::<f64>() } else { draw.small_shape() };
        let name = format!("v{i}");
        let source = draw.below(5);
        vars.push(match source {
            0 => graph.param(&name, shape, draw.value()),
            1 => graph.statistic(&name, shape, draw.value()),
            2 if shape.fits::<T>().is_ok() => graph.constant(&draw.tensor(shape)),
            3 => graph.class_input(&name, draw.length(), draw.count()),
            _ => graph.input(&name, shape),
        });
        if source >= 3 {
            inputs.extend(vars.last().copied());
        }
    }
    for _ in 0..draw.below(8) {
        let var = operation(draw, &graph, &vars);
        if !is_tried(var.shape(), 8)
            || var.shape().fits::<T>().is_ok() && var.shape().elements() > 1 << 16
        {
            return;
        }
        vars.push(if draw.once_in(4) { var.keep().keep_gradient() } else { var });
    }
    let root = vars[vars.len() - 1];
    let training = !draw.once_in(4);
    let plan = match draw.below(3) {
        _ if !training => graph.plan_forward(&vars),
        0 => graph.plan(root),
        1 => graph.plan_unfused(root),
        _ => graph.plan_with_upstream(root),
    };
    let Ok(plan) = plan else { return };
    let Ok(params) = plan.init(draw.bits()) else { return };
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    for &input in &inputs {
        let values = draw.values::<T>(input.shape().elements());
        let left_out = values.len().min(draw.below(20) / 19);
        let _ = workspace.set(input, &values[left_out..]);
    }
    plan.forward(&params, &mut workspace);
    if training {
        let seed = draw.values::<T>(root.shape().elements());
        plan.backward_with(&params, &mut workspace, &mut grads, &seed);
        plan.backward_add_with(&params, &mut workspace, &mut grads, &seed);
    }
    let _ = (
        workspace.try_value(root).map(|view| view.to_tensor()),
        plan.derivatives(),
        format!("{plan:?}"),
    );
}

fn operation<'g, T: Real>(draw: &mut Draw, graph: &'g Graph<T>, vars: &[Var<'g, T>]) -> Var<'g, T> {
    let (x, y, z) = (draw.of(vars), draw.of(vars), draw.of(vars));
    let axis = draw.of(&[0, 0, 1, 1, 2, 3, 6, usize::MAX]);
    let number = T::from_f64(draw.number());
    match draw.below(30) {
        0 => x + y,
        1 => x * y,
        2 => x / y,
        3 => x - y,
        4 => x.maximum(y),
        5 => x.pow(y),
        6 | 7 => x.matmul(y),
        8 => x.affine(y, z),
        9 => graph.concat(axis, &[x, y, x]),
        10 => graph.concat(axis, &[]),
        11 => x.slice(axis, draw.length()..draw.count()),
        12 => x.slice(axis, ..=draw.count()),
        13 => x.reshape(draw.shape::<f64>()),
        14 => x.flatten(),
        15 => x.transpose(),
        16 => x.permute(&[1, 0, axis][..draw.below(4)]),
        17 => x.gather_rows(y),
        18 => x.gather_rows_but(y, draw.count()),
        19 => x.select(y, z),
        20 => x.sum(axis),
        21 => x.mean(..),
        22 => x.max(axis),
        23 => x.min([axis, 0]),
        24 => x.log_sum_exp(axis),
        25 => x.argmax(axis),
        26 => x.greater(y),
        27 => x.powf(number),
        28 => x.clamp(number, T::from_f64(draw.number())),
        _ => x.scale_shift(number, number).exp().detach(),
    }
}
