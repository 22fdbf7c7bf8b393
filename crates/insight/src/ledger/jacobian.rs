use chainrule_graph::{Params, Plan, Source, WatchedBack, Workspace, on_backward};
use chainrule_tensor::gemm::Put;
use chainrule_tensor::random::{Generator, generator};
use chainrule_tensor::{Real, Tensor};

use super::Local;
use super::paths::Edges;
use crate::pass::sum_of_squares;

/// Up to this many values out, every row of a Jacobian is computed.
const EXACT: usize = 256;
/// Beyond, so many random combinations of rows.
const PROBES: usize = 64;

/// The facts of each edge.
pub(super) fn locals<T: Real>(
    plan: &Plan<T>,
    params: &Params<T>,
    workspace: &mut Workspace<T>,
    edges: &Edges,
    parameter: &str,
) -> Vec<Local> {
    let mut names = vec![String::new(); plan.steps().count()];
    let mut locals: Vec<Local> = Vec::new();
    let mut random = generator(0);
    let mut observer = on_backward(|watched: WatchedBack<'_, T>| {
        let (op, position) = (watched.op, watched.op.position());
        let layer = if op.layer().is_empty() { String::new() } else { format!("[{}]", op.layer()) };
        names[position] = format!("{}{layer}", op.name());
        let here = edges.edges[locals.len()..].iter().take_while(|edge| edge.consumer == position);
        let inputs: Vec<usize> = here.map(|edge| edge.input).collect();
        let (norms, estimated) = norms(watched, &inputs, &mut random);
        for (input, norm) in inputs.into_iter().zip(norms) {
            locals.push(Local {
                value: names[position].clone(),
                operand: String::new(),
                value_shape: op.shape(),
                operand_shape: op.input_shapes()[input],
                norm,
                estimated,
            });
        }
    });
    let whole = (Put::Set, &[T::ONE][..]);
    plan.backward_watched(params, workspace, &mut plan.grads(), whole, &mut observer);
    drop(observer);
    // The operands are met after the operations that read them.
    for (local, edge) in locals.iter_mut().zip(&edges.edges) {
        local.operand = match edge.source {
            Source::Step(step) => names[step].clone(),
            _ => parameter.to_owned(),
        };
    }
    locals
}

/// The Frobenius norms of an operation's Jacobians with respect to these inputs, and whether they
/// are estimates.
fn norms<T: Real>(
    watched: WatchedBack<'_, T>,
    inputs: &[usize],
    random: &mut Generator,
) -> (Vec<f64>, bool) {
    let outputs = watched.op.shape().elements();
    let estimated = outputs > EXACT;
    let mut squares = vec![0.0; inputs.len()];
    let mut add = |row: &[T], weight: f64| {
        let pulled = watched.pull_back(row);
        for (square, &input) in squares.iter_mut().zip(inputs) {
            *square += pulled[input].as_ref().map_or(0.0, |pulled| weight * sum_of_squares(pulled));
        }
    };
    if inputs.is_empty() {
        return (Vec::new(), false);
    }
    let mut row = vec![T::ZERO; outputs];
    if estimated {
        for _ in 0..PROBES {
            let draws =
                Tensor::<f64>::uniform(outputs, -1.0..1.0, random).expect("the range is not empty");
            row.iter_mut()
                .zip(draws.values())
                .for_each(|(sign, x)| *sign = T::from_f64(x.signum()));
            add(&row, 1.0 / PROBES as f64);
        }
    } else {
        for output in 0..outputs {
            row[output] = T::ONE;
            add(&row, 1.0);
            row[output] = T::ZERO;
        }
    }
    (squares.into_iter().map(f64::sqrt).collect(), estimated)
}
