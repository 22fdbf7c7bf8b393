//! One plan serves several threads, each with a workspace of its own.

use crate::common;

use chainrule_graph::{Grads, Graph, Params, Plan, Workspace};
use common::{Random, Tanh};

fn shared<T: Send + Sync>() {}
fn sent<T: Send>() {}

#[test]
fn what_never_changes_can_be_shared_and_the_rest_sent() {
    shared::<Plan<f32>>();
    shared::<Params<f32>>();
    shared::<Grads<f64>>();
    shared::<chainrule_graph::BuildError>();
    sent::<Workspace<f32>>();
    sent::<Graph<f32>>();
}

#[test]
fn every_thread_computes_the_same_bits() {
    let graph = Graph::<f32>::new();
    let x = graph.input("x", [16, 8]);
    let (w, b) = (graph.param("w", [8, 4], 0.1), graph.param("b", [4], 0.2));
    let y = x.affine(w, b).map(Tanh);
    let loss = (y.square().log_sum_exp(1) - y.max(1)).mean(..);
    let plan = graph.plan(loss).unwrap();
    let params = plan.init(0).unwrap();
    let (x, loss) = (x.id(), loss.id());

    // Each thread runs all batches, in an order of its own.
    let batches: Vec<_> = (0..8).map(|seed| Random(seed).tensor::<f32>([16, 8])).collect();
    let pass = |start: usize| {
        let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
        let mut results = vec![Vec::new(); batches.len()];
        for i in (0..batches.len()).map(|i| (start + i) % batches.len()) {
            workspace.set(x, batches[i].values()).unwrap();
            plan.forward(&params, &mut workspace);
            plan.backward(&params, &mut workspace, &mut grads);
            let numbers = workspace.value(loss).values().iter().chain(grads.values());
            results[i] = numbers.map(|number| number.to_bits()).collect();
        }
        results
    };
    let alone = pass(0);
    assert_ne!(alone[0], alone[1]);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|start| scope.spawn(move || pass(start))).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), alone);
        }
    });
}
