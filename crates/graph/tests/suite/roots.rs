//! A root of a plan may be anything: an input, a parameter, a constant, or something in the middle.

use crate::common;

use chainrule_graph::Graph;
use chainrule_tensor::Tensor;
use common::Session;

#[test]
fn a_root_that_nothing_computes_can_be_read() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [2]);
    let w = graph.param("w", [2], 1.5);
    let c = graph.constant(&Tensor::from(vec![7.0, 8.0]));
    let run = Session::new(graph.plan_forward(&[x, w, c]).unwrap()).set(x, &[1.0, 2.0]).forward();
    assert_eq!(
        (run.value(x), run.value(w), run.value(c)),
        (&[1.0, 2.0][..], &[1.5; 2][..], &[7.0, 8.0][..])
    );
}

#[test]
fn a_kept_parameter_or_constant_can_be_read_and_is_still_used() {
    let graph = Graph::<f64>::new();
    let w = graph.param("w", [2], 1.5).keep();
    let c = graph.constant(&Tensor::from(vec![7.0, 8.0])).keep();
    let loss = (w * c + w).sum(..);
    let mut run = Session::new(graph.plan(loss).unwrap()).forward().backward();
    assert_eq!(
        (run.value(w), run.value(c), run.value(loss)),
        (&[1.5; 2][..], &[7.0, 8.0][..], &[25.5][..])
    );
    assert_eq!(run.grad("w"), [8.0, 9.0]);
    // The copy follows the parameter.
    run.params.get_mut("w").unwrap().fill(2.0);
    let run = run.forward();
    assert_eq!((run.value(w), run.value(loss)), (&[2.0; 2][..], &[34.0][..]));
}

#[test]
fn a_loss_that_is_an_input_has_what_comes_from_behind_for_gradient() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [2]).keep_gradient();
    let run = Session::new(graph.plan_with_upstream(x).unwrap())
        .set(x, &[1.0, 2.0])
        .forward()
        .backward_with(&[3.0, 4.0]);
    assert_eq!((run.value(x), run.gradient(x)), (&[1.0, 2.0][..], &[3.0, 4.0][..]));
}

#[test]
fn a_loss_that_is_a_constant_has_no_gradient_to_give() {
    let graph = Graph::<f64>::new();
    let c = graph.constant(&Tensor::scalar(2.0));
    let run = Session::new(graph.plan(c).unwrap()).forward().backward();
    assert_eq!((run.value(c), run.grads.values()), (&[2.0][..], &[][..]));
}

#[test]
fn a_root_may_be_used_further_without_that_being_planned() {
    let graph = Graph::<f64>::new();
    let w = graph.param("w", [], 3.0);
    let square = w.square();
    let beyond = square.exp();
    let plan = graph.plan(square).unwrap();
    assert_eq!(plan.steps().collect::<Vec<_>>(), ["square"]);
    let run = Session::new(plan).forward().backward();
    assert_eq!(run.grad("w"), [6.0]);
    assert_eq!(graph.plan(beyond).unwrap().steps().collect::<Vec<_>>(), ["square", "exp"]);
}

#[test]
fn no_root_at_all_plans_what_is_kept() {
    let graph = Graph::<f64>::new();
    let w = graph.param("w", [], 3.0);
    let square = w.square().keep();
    let _ = square.exp();
    let plan = graph.plan_forward(&[]).unwrap();
    assert_eq!(plan.steps().collect::<Vec<_>>(), ["square"]);
    assert_eq!(Session::new(plan).forward().value(square), [9.0]);
}
