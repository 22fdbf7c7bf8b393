//! Networks of very many layers: the work of planning them is in proportion to their number.

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use chainrule::prelude::*;
use support::counting::of_thread as allocations;

/// How often an operation was asked for anything.
static ASKED: AtomicU64 = AtomicU64::new(0);

/// `y = x`, an operation that counts how often it is looked at.
#[derive(Debug)]
struct Watched;

fn ask<R>(answer: R) -> R {
    ASKED.fetch_add(1, Ordering::Relaxed);
    answer
}

impl Op<f32> for Watched {
    fn name(&self) -> &str {
        ask("watched")
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        ask(Ok(inputs[0]))
    }

    fn reads(&self) -> Reads {
        ask(Reads::NOTHING)
    }

    fn saves(&self, _: &[Shape]) -> usize {
        ask(0)
    }

    fn differentiable(&self, _: usize) -> bool {
        ask(true)
    }

    fn forward(&self, pass: Forward<'_, f32>) {
        pass.output.copy_from_slice(pass.inputs.get(0));
    }

    fn vjp(&self, mut pass: Backward<'_, f32>) {
        if let Some(dx) = pass.cotangents.get(0) {
            dx.map(pass.upstream, |g| g);
        }
    }
}

/// A layer of that operation.
#[derive(Debug)]
struct WatchedLayer;

impl Layer<f32> for WatchedLayer {
    fn kind(&self) -> &str {
        "watched"
    }

    fn forward<'g>(&self, x: Var<'g, f32>) -> Var<'g, f32> {
        x.graph().apply(Watched, &[x])
    }
}

/// The allocations and the questions to operations that so many layers of one unit take, from the
/// summary to the first step.
fn work(layers: usize) -> [u64; 2] {
    let mut model = Sequential::<f32>::new();
    for _ in 0..layers {
        model = model.linear(1, 1).layer(WatchedLayer);
    }
    let before = [allocations(), ASKED.load(Ordering::Relaxed)];
    let summary = model.summary([1]).unwrap();
    assert_eq!((summary.rows().len(), summary.parameters()), (2 * layers, 2 * layers));
    let graph = Graph::new();
    let plan = graph.plan(model.forward(graph.input("x", [1, 1])).sum(..)).unwrap();
    let params = plan.init(0).unwrap();
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    plan.forward(&params, &mut workspace);
    plan.backward(&params, &mut workspace, &mut grads);
    assert_eq!(grads.values().len(), params.values().len());
    [allocations() - before[0], ASKED.load(Ordering::Relaxed) - before[1]]
}

/// Kind "what the program was given": 10,000 layers of one unit took 5 s to plan, 20,000 took 20 s.
/// On a small stack, since nothing may call itself once for each layer.
#[test]
fn planning_takes_work_in_proportion_to_the_layers() {
    let measured = thread::Builder::new().stack_size(256 << 10).spawn(|| [1_000, 10_000].map(work));
    let [few, many] = measured.unwrap().join().unwrap();
    for (few, many) in few.into_iter().zip(many) {
        assert!(few > 1_000, "{few}: nothing is counted");
        let ratio = many as f64 / few as f64;
        assert!((9.0..11.0).contains(&ratio), "{few} became {many}, {ratio:.2} times as many");
    }
}
