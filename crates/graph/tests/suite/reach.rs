//! Which parameters and values a gradient reaches, and why not the others.

use crate::common;

use chainrule_graph::{Graph, Reach};
use common::{Session, panic_message};

fn cut(op: &str) -> Reach {
    Reach::Cut { op: op.to_owned() }
}

#[test]
fn an_unreached_parameter_has_no_gradient_and_a_zero_one_has() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [2]);
    let used = graph.param("used", [2], 1.0);
    let zero = graph.param("zero", [2], 1.0);
    let _unused = graph.param("unused", [2], 1.0).square();
    let plan = graph.plan((x * used + zero * 0.0).sum(..)).unwrap();
    let reach: Vec<_> = plan.reach().collect();
    assert_eq!(
        reach,
        [("used", &Reach::Reached), ("zero", &Reach::Reached), ("unused", &Reach::Unreached)]
    );
    let run = Session::new(plan).set(x, &[3.0, 4.0]).forward().backward();
    assert_eq!(run.grad("used"), [3.0, 4.0]);
    assert_eq!(run.grad("zero"), [0.0, 0.0]);
    assert!(run.grads.get("unused").is_none());
    assert!(run.grads.get("unknown").is_none());
    assert_eq!(run.grads.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["used", "zero"]);
}

#[test]
fn an_operation_that_cuts_is_named() {
    let graph = Graph::<f64>::new();
    let w = graph.param("detached", [3], 1.0);
    let v = graph.param("compared", [3], 1.0);
    let both = graph.param("both", [3], 1.0);
    let before = graph.param("before", [3], 1.0);
    let free = graph.param("free", [], 1.0);
    let loss = w.square().detach() + v.greater(w) + both.detach() * both + before.exp().argmax(0);
    let plan = graph.plan(loss.sum(..) * free).unwrap();
    let expected = [cut("detach"), cut("greater"), Reach::Reached, cut("argmax"), Reach::Reached];
    assert_eq!(plan.reach().map(|(_, reach)| reach.clone()).collect::<Vec<_>>(), expected);
    let run = Session::new(plan).forward().backward();
    assert_eq!(run.grad("both"), [1.0; 3]);
    assert!(["detached", "compared", "before"].iter().all(|name| run.grads.get(name).is_none()));
}

#[test]
fn what_the_loss_does_not_depend_on_is_unreached_even_if_it_is_cut_elsewhere() {
    let graph = Graph::<f64>::new();
    let (w, v) = (graph.param("w", [], 1.0), graph.param("v", [], 2.0));
    let watched = w.detach().square().keep();
    let plan = graph.plan(v.square()).unwrap();
    assert_eq!(
        plan.reach().collect::<Vec<_>>(),
        [("w", &Reach::Unreached), ("v", &Reach::Reached)]
    );
    assert_eq!(Session::new(plan).forward().value(watched), [1.0]);
}

#[test]
fn a_plan_for_inference_reaches_nothing() {
    let graph = Graph::<f64>::new();
    let w = graph.param("w", [], 1.0);
    let plan = graph.plan_forward(&[w.square()]).unwrap();
    assert_eq!(plan.reach().collect::<Vec<_>>(), [("w", &Reach::Unreached)]);
}

#[test]
fn a_value_that_the_loss_does_not_depend_on_has_no_gradient() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [2]).keep().keep_gradient();
    let y = graph.input("y", [2]).keep_gradient();
    let cut = graph.input("cut", [2]).keep_gradient();
    let aside = (x * 2.0).keep().keep_gradient();
    let plan = graph.plan((y.square() + cut.detach()).sum(..)).unwrap();
    let run = Session::new(plan).set(x, &[1.0, 2.0]).set(y, &[3.0, 4.0]).forward().backward();
    assert_eq!((run.value(x), run.value(aside)), (&[1.0, 2.0][..], &[2.0, 4.0][..]));
    assert_eq!(run.gradient(y), [6.0, 8.0]);
    for unreached in [x, cut, aside] {
        assert!(run.workspace.try_gradient(unreached).is_none(), "{unreached:?}");
    }
    let message = panic_message(|| _ = run.workspace.gradient(x));
    assert_eq!(
        message,
        "the gradient with respect to `x` is not kept: ask for it with `keep_gradient()` before \
         planning, and make sure that the loss depends on it"
    );
}

#[test]
fn the_gradient_of_a_parameter_is_looked_for_in_the_right_place() {
    let graph = Graph::<f64>::new();
    let w = graph.param("w", [], 3.0).keep_gradient();
    let run = Session::new(graph.plan(w.square()).unwrap()).forward().backward();
    assert_eq!(run.grad("w"), [6.0]);
    let message = panic_message(|| _ = run.workspace.gradient(w));
    assert_eq!(message, "`w` is a parameter: its gradient is in the `Grads`");
}

#[test]
fn a_loss_that_depends_on_no_parameter_leaves_the_gradient_at_zero() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", []);
    let _ = graph.param("w", [2], 1.0);
    let mut run = Session::new(graph.plan(x.square()).unwrap()).set(x, &[2.0]);
    run.grads.values_mut().fill(7.0);
    let run = run.forward().backward();
    assert!(run.grads.get("w").is_none());
    assert!(run.grads.values()[..2].iter().all(|&g| g == 0.0));
    assert_eq!(run.plan.derivatives().memoised, 0);
}

#[test]
fn the_first_of_several_operations_that_hold_the_gradient_back_is_named() {
    let graph = Graph::<f64>::new();
    let [first, both, later] = ["first", "both", "later"].map(|name| graph.param(name, [2], 1.0));
    // On the way of `both` one side is cut at once, the other only behind a product.
    let product = both * later;
    let detached = (first * both).detach();
    let loss = (detached + product.greater(first)).sum(..);
    let plan = graph.plan(loss).unwrap();
    let expected = [cut("detach"), cut("detach"), cut("greater")];
    assert_eq!(plan.reach().map(|(_, reach)| reach.clone()).collect::<Vec<_>>(), expected);
}
