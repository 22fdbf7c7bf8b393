//! An element-wise function right behind an affine operation becomes part of it, and changes
//! nothing else.

use crate::common;

use chainrule_graph::{Graph, Var};
use chainrule_tensor::Real;
use common::{Random, Session, Tanh};

/// One layer and a loss, with the value between the affine map and the function kept or not.
fn layer<'g, T: Real>(graph: &'g Graph<T>, x: Var<'g, T>, keep: bool) -> Var<'g, T> {
    let (w, b) = (graph.param("w", [7, 5], 0.0), graph.param("b", [5], 0.0));
    let z = x.affine(w, b);
    let y = if keep { z.keep() } else { z }.map(Tanh);
    (y * y).sum(..)
}

fn run<T: Real>(keep: bool) -> (Vec<String>, Vec<T>) {
    let graph = Graph::<T>::new();
    let x = graph.input("x", [6, 7]).keep_gradient();
    let loss = layer(&graph, x, keep);
    let mut random = Random(9);
    let mut run = Session::new(graph.plan(loss).unwrap());
    run.params.get_mut("w").unwrap().copy_from_slice(random.tensor::<T>(35).values());
    run.params.get_mut("b").unwrap().copy_from_slice(random.tensor::<T>(5).values());
    let run = run.set(x, random.tensor::<T>([6, 7]).values()).forward().backward();
    let numbers = [run.value(loss), run.gradient(x), run.grad("w"), run.grad("b")].concat();
    (run.plan.steps().map(str::to_owned).collect(), numbers)
}

#[test]
fn fused_and_unfused_give_the_same_bits() {
    let ((fused, a), (unfused, b)) = (run::<f32>(false), run::<f32>(true));
    assert_eq!(fused, ["affine + tanh", "mul", "sum"]);
    assert_eq!(unfused, ["affine", "tanh", "mul", "sum"]);
    assert_eq!(a.len(), 1 + 42 + 35 + 5);
    assert_eq!(a, b);
    assert_eq!(run::<f64>(false).1, run::<f64>(true).1);
}

#[test]
fn nothing_is_fused_that_somebody_else_reads() {
    let steps = |record: fn(&Graph<f32>) -> Var<'_>| {
        let graph = Graph::new();
        let root = record(&graph);
        graph.plan_with_upstream(root).unwrap().steps().map(str::to_owned).collect::<Vec<_>>()
    };
    fn affine(graph: &Graph<f32>) -> Var<'_> {
        graph.input("x", [2, 3]).affine(graph.param("w", [3, 4], 0.0), graph.param("b", [4], 0.0))
    }
    assert_eq!(steps(|graph| affine(graph).map(Tanh)), ["affine + tanh"]);
    // Its value or its gradient is asked for.
    assert_eq!(steps(|graph| affine(graph).keep().map(Tanh)), ["affine", "tanh"]);
    assert_eq!(steps(|graph| affine(graph).keep_gradient().map(Tanh)), ["affine", "tanh"]);
    // Another operation reads it, or the function itself reads it twice.
    assert_eq!(
        steps(|graph| {
            let z = affine(graph);
            z.map(Tanh) + z
        }),
        ["affine", "tanh", "add"]
    );
    // The derivative would need it.
    assert_eq!(steps(|graph| affine(graph).sin()), ["affine", "sin"]);
    // One function, not two.
    assert_eq!(steps(|graph| affine(graph).map(Tanh).exp()), ["affine + tanh", "exp"]);
    // A reader that is not planned does not count.
    assert_eq!(
        steps(|graph| {
            let z = affine(graph);
            let _ = z.sum(..);
            z.map(Tanh)
        }),
        ["affine + tanh"]
    );
}

#[test]
fn a_root_is_not_fused_away() {
    let graph = Graph::<f32>::new();
    let x = graph.input("x", [1, 1]);
    let z = x.affine(graph.param("w", [1, 1], 2.0), graph.param("b", [1], 1.0));
    let y = z.map(Tanh);
    let run = Session::new(graph.plan_forward(&[y, z]).unwrap()).set(x, &[3.0]).forward();
    assert_eq!((run.value(z), run.value(y)), (&[7.0][..], &[Real::tanh(7.0_f32)][..]));
}
