//! Several backward passes into one gradient.

use crate::common;

use chainrule_graph::Graph;
use common::{Random, Session, Tanh};

fn model() -> (Session<f64>, chainrule_graph::NodeId) {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [4, 3]);
    let (w, b) = (graph.param("w", [3, 2], 0.3), graph.param("b", [2], -0.1));
    let y = x.affine(w, b).map(Tanh);
    // w is used once more, so that it is written twice in each pass.
    let loss = y.square().mean(..) + w.square().sum(..);
    let id = x.id();
    (Session::new(graph.plan(loss).unwrap()), id)
}

#[test]
fn adding_passes_gives_the_gradient_of_the_sum() {
    let mut random = Random(1);
    let batches: Vec<_> = (0..3).map(|_| random.tensor::<f64>([4, 3])).collect();
    let mut expected: Vec<Vec<f64>> = Vec::new();
    for batch in &batches {
        let (run, x) = model();
        expected.push(run.set(x, batch.values()).forward().backward().grads.values().to_vec());
    }
    let (mut run, x) = model();
    for batch in &batches {
        run = run.set(x, batch.values()).forward();
        run.plan.backward_add(&run.params, &mut run.workspace, &mut run.grads);
    }
    for (i, &sum) in run.grads.values().iter().enumerate() {
        let parts: f64 = expected.iter().map(|grads| grads[i]).sum();
        // The parts are added in another order.
        assert!(
            (sum - parts).abs() <= 1e-14 * parts.abs().max(1.0),
            "element {i}: {sum} and {parts}"
        );
    }
    // Setting overwrites all of it.
    let run = run.backward();
    assert_eq!(run.grads.values(), expected[2]);
}

#[test]
fn adding_weighted_passes_gives_the_gradient_of_the_weighted_sum() {
    let mut random = Random(2);
    let batches: Vec<_> = (0..2).map(|_| random.tensor::<f64>([4, 3])).collect();
    let (mut run, x) = model();
    let mut expected = vec![0.0; run.grads.values().len()];
    for (batch, weight) in batches.iter().zip([0.75, 0.25]) {
        run = run.set(x, batch.values()).forward().backward();
        expected.iter_mut().zip(run.grads.values()).for_each(|(sum, g)| *sum += weight * g);
    }
    run = run.set(x, batches[0].values()).forward();
    run.plan.backward_with(&run.params, &mut run.workspace, &mut run.grads, &[0.75]);
    run = run.set(x, batches[1].values()).forward();
    run.plan.backward_add_with(&run.params, &mut run.workspace, &mut run.grads, &[0.25]);
    for (got, expected) in run.grads.values().iter().zip(expected) {
        assert!((got - expected).abs() < 1e-14, "{got} is not {expected}");
    }
}

#[test]
fn a_parameter_stays_reached_if_one_of_the_passes_reached_it() {
    let graph = Graph::<f64>::new();
    let (w, v) = (graph.param("w", [], 2.0), graph.param("v", [], 3.0));
    let (first, second) = (graph.plan(w.square()).unwrap(), graph.plan(v.square()).unwrap());
    let (params, mut grads) = (first.init(0).unwrap(), first.grads());
    for plan in [&first, &second] {
        let mut workspace = plan.workspace();
        plan.forward(&params, &mut workspace);
        plan.backward_add(&params, &mut workspace, &mut grads);
    }
    assert_eq!(grads.get("w").unwrap().values(), [4.0]);
    assert_eq!(grads.get("v").unwrap().values(), [6.0]);
    grads.clear();
    assert!(grads.get("w").is_none() && grads.values().iter().all(|&g| g == 0.0));
}

#[test]
fn a_loss_that_is_a_parameter_adds_up_too() {
    let graph = Graph::<f64>::new();
    let w = graph.param("w", [], 2.0);
    let mut run = Session::new(graph.plan(w).unwrap()).forward().backward();
    assert_eq!((run.value(w), run.grad("w")), (&[2.0][..], &[1.0][..]));
    run.plan.backward_add(&run.params, &mut run.workspace, &mut run.grads);
    assert_eq!(run.grad("w"), [2.0]);
}
