//! A plan for inference keeps nothing for the way back and computes the same bits.

use crate::common;

use chainrule_graph::{Graph, Var, Watched, on_forward};
use chainrule_tensor::Shape;
use common::{Random, Session, Tanh, panic_message};

fn deep<'g>(graph: &'g Graph<f32>, x: Var<'g>) -> Var<'g> {
    let layer = |h: Var<'g>, i: usize| {
        graph.scope(&i.to_string(), || {
            h.affine(graph.param("w", [16, 16], 0.1), graph.param("b", [16], 0.01)).map(Tanh)
        })
    };
    (0..20).fold(x, layer).log_sum_exp(1)
}

#[test]
fn inference_needs_two_layers_of_memory_and_training_all_of_them() {
    let graph = Graph::<f32>::new();
    let x = graph.input("x", [8, 16]);
    let y = deep(&graph, x);
    let (training, inference) =
        (graph.plan(y.mean(..)).unwrap(), graph.plan_forward(&[y]).unwrap());
    let layer = 8 * 16 * size_of::<f32>();
    // The input, and two that take turns.
    assert_eq!(inference.workspace_bytes(), (3 * layer, 0));
    let (values, _) = training.workspace_bytes();
    assert!(values >= 21 * layer, "{values}");

    let batch = Random(5).tensor::<f32>([8, 16]);
    let training =
        Session::new(graph.plan_with_upstream(y).unwrap()).set(x, batch.values()).forward();
    let inference = Session::new(inference).set(x, batch.values()).forward();
    let bits = |values: &[f32]| values.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(inference.value(y)), bits(training.value(y)));
}

#[test]
fn a_plan_for_inference_has_no_way_back() {
    let graph = Graph::<f32>::new();
    let w = graph.param("w", [], 1.0);
    let mut run = Session::new(graph.plan_forward(&[w.square()]).unwrap()).forward();
    let message =
        panic_message(|| run.plan.backward(&run.params, &mut run.workspace, &mut run.grads));
    assert_eq!(message, "this plan is for inference: plan the way back with `plan`");
}

#[test]
fn several_outputs_share_what_they_have_in_common() {
    let graph = Graph::<f32>::new();
    let x = graph.input("x", [3]);
    let common = x.exp();
    let (a, b) = (common.sum(..), common * 2.0);
    let plan = graph.plan_forward(&[a, b, a]).unwrap();
    assert_eq!(plan.steps().collect::<Vec<_>>(), ["exp", "sum", "mul"]);
    let run = Session::new(plan).set(x, &[0.0; 3]).forward();
    assert_eq!((run.value(a), run.value(b)), (&[3.0][..], &[2.0; 3][..]));
}

#[test]
fn an_observer_sees_each_value_before_its_buffer_is_reused() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [2]);
    let y = graph.scope("body", || (x + 1.0).square()) * 10.0;
    let mut run = Session::new(graph.plan_forward(&[y.sum(..)]).unwrap()).set(x, &[1.0, 2.0]);
    let mut seen = Vec::new();
    let mut observer = on_forward(|watched: Watched<'_, f64>| {
        let op = watched.op;
        assert_eq!(op.location().file(), file!());
        let (name, layer) = (op.name().to_owned(), op.layer().to_owned());
        seen.push((name, layer, op.shape(), watched.values.to_vec()));
    });
    run.plan.forward_watched(&run.params, &mut run.workspace, &mut observer);
    drop(observer);
    let step = |op: &str, layer: &str, shape: &[usize], values: &[f64]| {
        (op.to_owned(), layer.to_owned(), Shape::new(shape), values.to_vec())
    };
    assert_eq!(
        seen,
        [
            step("add", "body", &[2], &[2.0, 3.0]),
            step("square", "body", &[2], &[4.0, 9.0]),
            step("mul", "", &[2], &[40.0, 90.0]),
            step("sum", "", &[], &[130.0]),
        ]
    );
}
