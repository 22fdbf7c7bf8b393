//! Values that share buffers are right, whatever the graph looks like.

use crate::common;

use chainrule_graph::{Graph, NodeId, Var};
use chainrule_tensor::Tensor;
use common::{Random, Session, Tanh};

const N: usize = 3;

/// The values of a random graph that are asked for.
#[derive(Clone, Copy)]
enum Keep {
    Everything,
    Some,
}

/// A random graph of matrices over two inputs and a few parameters: the same for the same seed, but
/// for what is kept.
fn random_graph<'g>(
    graph: &'g Graph<f64>,
    seed: u64,
    keep: Keep,
) -> (Vec<Var<'g, f64>>, Vec<Var<'g, f64>>) {
    let mut random = Random(seed);
    // Choices of what to keep are drawn apart, so that they do not change the graph.
    let mut choices = Random(seed ^ 0xabcd);
    let mut asked = Vec::new();
    let mut ask = |var: Var<'g, f64>| {
        let (value, gradient) = (choices.below(6) == 0, choices.below(6) == 0);
        match keep {
            Keep::Everything => {
                asked.push(var);
                var.keep().keep_gradient()
            }
            Keep::Some => {
                asked.push(var);
                let var = if value { var.keep() } else { var };
                if gradient { var.keep_gradient() } else { var }
            }
        }
    };
    let inputs = vec![ask(graph.input("x", [N, N])), ask(graph.input("y", [N, N]))];
    let mut vars = inputs.clone();
    let bias = graph.param("bias", [N], 0.2);
    for i in 0..2 {
        vars.push(graph.param(&format!("w{i}"), [N, N], 0.3 - 0.5 * i as f64));
    }
    for _ in 0..25 {
        let (a, b) = (vars[random.below(vars.len())], vars[random.below(vars.len())]);
        let var = match random.below(16) {
            0 => a + b,
            1 => a * b,
            2 => a - b,
            3 => a.maximum(b),
            4 => a.matmul(b).map(Tanh),
            5 | 6 => a.affine(b, bias).map(Tanh),
            7 => a.affine(b, bias),
            8 => a.sin(),
            9 => a - a.mean(0),
            10 => a - a.log_sum_exp(1).reshape([N, 1]),
            11 => a.transpose(),
            12 => graph.concat(0, &[a.slice_rows(1..), b.slice_rows(..1)]),
            13 => a.greater(b).select(b, a),
            14 => a * b.detach(),
            _ => a.max(1).reshape([N, 1]) + b * b.min(0),
        };
        // Keeps numbers small, so that rounding stays comparable.
        vars.push(ask(var.clamp(-2.0, 2.0)));
    }
    let loss = vars[vars.len() - 1] * vars[vars.len() - 2] + vars[vars.len() - 5];
    vars.push(loss.sum(..).keep());
    let _ = ask;
    (vec![inputs[0], inputs[1], vars[vars.len() - 1]], asked)
}

fn run(seed: u64, keep: Keep) -> (Session<f64>, Vec<NodeId>, NodeId) {
    let graph = Graph::<f64>::new();
    let (ends, asked) = random_graph(&graph, seed, keep);
    let mut values = Random(seed ^ 0x1234);
    let run = Session::new(graph.plan(ends[2]).unwrap());
    let run = run.set(ends[0], values.tensor::<f64>([N, N]).values());
    let run = run.set(ends[1], values.tensor::<f64>([N, N]).values());
    let asked = asked.into_iter().map(Var::id).collect();
    (run.forward().backward(), asked, ends[2].id())
}

#[test]
fn random_graphs_agree_with_the_same_graphs_where_everything_is_kept() {
    let (mut values, mut gradients, mut saved_bytes) = (0, 0, 0);
    let mut mistakes = Vec::new();
    for seed in 0..300 {
        let ((some, asked, loss), (all, all_asked, all_loss)) =
            (run(seed, Keep::Some), run(seed, Keep::Everything));
        if some.value(loss) != all.value(all_loss) {
            mistakes.push(format!("seed {seed}: loss"));
        }
        for (i, (&node, &reference)) in asked.iter().zip(&all_asked).enumerate() {
            if let Some(value) = some.workspace.try_value(node) {
                values += 1;
                // Bit for bit: fusion and buffers change nothing.
                if value.values() != all.value(reference) {
                    mistakes.push(format!("seed {seed}: value {i}"));
                }
            }
            if let Some(gradient) = some.workspace.try_gradient(node) {
                gradients += 1;
                if !close(gradient.values(), all.gradient(reference)) {
                    mistakes.push(format!("seed {seed}: gradient {i}"));
                }
            }
        }
        for (name, gradient) in some.grads.iter() {
            gradients += 1;
            if !close(gradient.values(), all.grad(name)) {
                mistakes.push(format!("seed {seed}: gradient of {name}"));
            }
        }
        saved_bytes += all.plan.workspace_bytes().0 - some.plan.workspace_bytes().0;
    }
    assert!(mistakes.is_empty(), "{mistakes:?}");
    // The comparison is not an empty one.
    assert!(values > 1500 && gradients > 1000, "{values} values, {gradients} gradients");
    assert!(saved_bytes > 300 * N * N * 8, "{saved_bytes}");
}

/// Equal but for the order in which the gradients of several consumers are added. A fused operation
/// goes back where the function stands, an unfused one where the affine map stands.
fn close(a: &[f64], b: &[f64]) -> bool {
    let scale = b.iter().fold(1.0, |max: f64, b| max.max(b.abs()));
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * scale)
}

#[test]
fn a_deep_chain_reuses_buffers_and_keeps_what_was_asked_for() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [4]);
    let mut y = x;
    let mut kept = Vec::new();
    for i in 0..100 {
        y = y + 1.0;
        if i % 10 == 0 {
            y = y.keep();
            kept.push((y, f64::from(i) + 1.0));
        }
    }
    let plan = graph.plan_forward(&[y]).unwrap();
    // The input, ten kept values, and two that take turns, one of which ends as the root.
    assert_eq!(plan.workspace_bytes().0, (1 + 10 + 2) * 4 * 8);
    let run = Session::new(plan).set(x, &[0.0, 1.0, 2.0, 3.0]).forward();
    for (y, steps) in kept {
        assert_eq!(run.value(y), [steps, steps + 1.0, steps + 2.0, steps + 3.0]);
    }
}

#[test]
fn buffers_of_different_lengths_may_be_shared() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [2]);
    let wide = graph.constant(&Tensor::ones([3, 1]));
    // 2, 6, 2, 6, 1 elements in turn.
    let y = ((((x + 1.0) * wide).sum(0) - 1.0) * wide).sum(..);
    let run = Session::new(graph.plan_forward(&[y]).unwrap()).set(x, &[1.0, 2.0]).forward();
    assert_eq!(run.value(y), [3.0 * (3.0 * 2.0 - 1.0 + 3.0 * 3.0 - 1.0)]);
}

#[test]
fn replaying_gives_the_same_bits_whatever_the_buffers_held() {
    let (mut first, asked, loss) = run(7, Keep::Some);
    let before = (first.value(loss).to_vec(), first.grads.values().to_vec());
    // Another batch in between leaves other numbers in every buffer.
    let inputs = [asked[0], asked[1]];
    let batch: Vec<Vec<f64>> = inputs.iter().map(|&x| first.value(x).to_vec()).collect();
    for x in inputs {
        first = first.set(x, &[0.77; N * N]);
    }
    first = first.forward().backward();
    assert_ne!(first.grads.values(), before.1);
    for (x, values) in inputs.into_iter().zip(&batch) {
        first = first.set(x, values);
    }
    first = first.forward().backward();
    assert_eq!((first.value(loss), first.grads.values()), (&before.0[..], &before.1[..]));
}
