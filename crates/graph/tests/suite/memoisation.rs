//! Each local derivative is evaluated once, however many ways lead over it.

use crate::common;

use chainrule_graph::Graph;
use common::Session;

/// `n` steps, each of which uses the one before twice: `2^n` ways from the loss to the input.
#[test]
fn a_ladder_of_diamonds_costs_a_derivative_for_each_edge() {
    for n in [1, 2, 10, 60, 1000] {
        let graph = Graph::<f64>::new();
        let x = graph.input("x", []).keep_gradient();
        let mut y = x;
        for _ in 0..n {
            // Two ways to the next rung, each half of the sum: the value stays.
            y = y * 0.5 + y * 0.5;
        }
        let plan = graph.plan(y).unwrap();
        let derivatives = plan.derivatives();
        assert_eq!(derivatives.memoised, 4 * n as u64);
        // On the way back the ways double at each rung: 2 + 2 edges at 1 way, at 2 ways, ...
        assert_eq!(derivatives.expanded, 4.0 * (2.0_f64.powi(n) - 1.0));

        let mut run = Session::new(plan).set(x, &[3.0]).forward();
        for pass in 1..=3 {
            run = run.backward();
            assert_eq!(run.workspace.derivative_evaluations(), pass * derivatives.memoised);
        }
        assert_eq!((run.value(y), run.gradient(x)), (&[3.0][..], &[1.0][..]));
    }
}

#[test]
fn only_derivatives_that_lead_somewhere_are_evaluated() {
    let graph = Graph::<f64>::new();
    let (x, w) = (graph.input("x", [2]), graph.param("w", [2], 2.0));
    // x needs no gradient: of five edges on the way back only those to w, to the product and to its
    // square count.
    let plan = graph.plan((x * w).square().sum(..)).unwrap();
    assert_eq!(plan.derivatives().memoised, 3);
    let run = Session::new(plan).set(x, &[1.0, 2.0]).forward().backward();
    assert_eq!(run.workspace.derivative_evaluations(), 3);
    assert_eq!(run.grad("w"), [4.0, 16.0]);
}

/// Recording, planning and both passes go by loops, not by recursion.
#[test]
fn a_very_deep_graph_does_not_overflow_the_stack() {
    let graph = Graph::<f64>::new();
    let w = graph.param("w", [], 1.0);
    let depth = 100_000;
    let loss = (0..depth).fold(w, |y, _| y + 1.0);
    let run = Session::new(graph.plan(loss).unwrap()).forward().backward();
    assert_eq!((run.value(loss), run.grad("w")), (&[f64::from(depth) + 1.0][..], &[1.0][..]));
    // Two buffers for the values and two for their gradients are enough for any depth.
    assert_eq!(run.plan.workspace_bytes(), (2 * 8, 2 * 8));
}
