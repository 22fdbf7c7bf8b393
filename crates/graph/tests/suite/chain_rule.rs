//! The chain rule: gradients are sums over all ways from the loss.

use crate::common;

use chainrule_graph::{Graph, Var, gradcheck};
use chainrule_tensor::Tensor;
use common::{Random, Session, Tanh};

#[test]
fn a_value_used_several_times_sums_its_gradients() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", []).keep_gradient();
    let (a, b) = (x * x, x * 3.0);
    let loss = a + b + x;
    let run = Session::new(graph.plan(loss).unwrap()).set(x, &[5.0]).forward().backward();
    assert_eq!((run.value(loss), run.gradient(x)), (&[45.0][..], &[14.0][..]));
}

#[test]
fn a_repeated_operand_sums_its_gradient_over_the_repetitions() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [2, 3]);
    let row = graph.param("row", [3], 0.0);
    let column = graph.param("column", [2, 1], 0.0);
    let one = graph.param("one", [], 0.0);
    let loss = (x * (row + column + one)).sum(..);
    let run = Session::new(graph.plan(loss).unwrap())
        .set(x, &[1.0, 2.0, 3.0, 10.0, 20.0, 30.0])
        .forward()
        .backward();
    assert_eq!(run.grad("row"), [11.0, 22.0, 33.0]);
    assert_eq!(run.grad("column"), [6.0, 60.0]);
    assert_eq!(run.grad("one"), [66.0]);
}

#[test]
fn centred_values_have_no_total_gradient() {
    let graph = Graph::<f64>::new();
    let y = graph.input("y", [5]).keep_gradient();
    let root = y - y.mean(..);
    let run =
        Session::new(graph.plan_with_upstream(root).unwrap()).set(y, &[1.0, -2.0, 7.0, 0.5, 3.0]);
    let run = run.forward().backward_with(&[1.0; 5]);
    // 1 - 5 * (1 / 5), with one rounding of 1 / 5.
    assert!(run.gradient(y).iter().all(|g| g.abs() < 1e-15), "{:?}", run.gradient(y));
}

#[test]
fn a_vector_has_no_gradient_without_an_upstream_one() {
    let graph = Graph::<f32>::new();
    let x = graph.input("x", [2, 3]);
    let error = graph.plan(x.square()).unwrap_err();
    assert_eq!(
        error.kind.to_string(),
        "plan: the loss has shape [2, 3], but only a scalar has a gradient; reduce it with \
         `mean(..)` or `sum(..)`, or plan it with \
         `plan_with_upstream`"
    );
    assert_eq!((error.location.file(), error.layer.as_str()), (file!(), ""));
    // The graph itself is in order: a scalar of it can still be planned.
    assert!(graph.plan(x.square().sum(..)).is_ok());
    // Any shape with one element will do.
    assert!(graph.plan(x.sum(..).reshape([1, 1])).is_ok());
}

#[test]
fn an_upstream_gradient_gives_the_vector_jacobian_product() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [3]).keep_gradient();
    let run = Session::new(graph.plan_with_upstream(x.square()).unwrap()).set(x, &[1.0, 2.0, 3.0]);
    let run = run.forward().backward_with(&[1.0, 10.0, 100.0]);
    assert_eq!(run.gradient(x), [2.0, 40.0, 600.0]);
    let run = run.backward_with(&[0.0, 1.0, 0.0]);
    assert_eq!(run.gradient(x), [0.0, 4.0, 0.0]);
}

#[test]
fn gradients_of_intermediates_are_those_of_the_rest_of_the_function() {
    let mut random = Random(3);
    let (x, w) = (random.tensor::<f64>([4, 3]), random.tensor::<f64>([3, 3]));
    fn head<'g>(h: Var<'g, f64>) -> Var<'g, f64> {
        (h.exp() * h).mean(1).square().sum(..)
    }
    let graph = Graph::<f64>::new();
    let (vx, vw) = (graph.input("x", [4, 3]), graph.input("w", [3, 3]));
    let h = vx.matmul(vw).map(Tanh).keep().keep_gradient();
    let whole = Session::new(graph.plan(head(h)).unwrap())
        .set(vx, x.values())
        .set(vw, w.values())
        .forward()
        .backward();

    // The same with the intermediate as an input.
    let graph = Graph::<f64>::new();
    let start = graph.input("h", [4, 3]).keep_gradient();
    let rest = Session::new(graph.plan(head(start)).unwrap())
        .set(start, whole.value(h))
        .forward()
        .backward();
    assert_eq!(whole.gradient(h), rest.gradient(start));
    let h = Tensor::new([4, 3], whole.value(h).to_vec()).unwrap();
    gradcheck(&[h], |_, h| head(h[0])).unwrap();
    gradcheck(&[x, w], |_, x| head(x[0].matmul(x[1]).map(Tanh))).unwrap();
}

/// `mean` and the fused `affine` rescale the gradient that arrives at them in place; who asked for
/// it sees it as it arrived.
#[test]
fn a_kept_gradient_is_not_overwritten_by_the_operation_that_made_the_value() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [4]).keep_gradient();
    let mean = x.mean(..).keep_gradient();
    let run = Session::new(graph.plan(mean * 8.0).unwrap()).set(x, &[1.0; 4]).forward().backward();
    assert_eq!((run.gradient(mean), run.gradient(x)), (&[8.0][..], &[2.0; 4][..]));

    let graph = Graph::<f64>::new();
    let x = graph.input("x", [1, 1]);
    let (w, b) = (graph.param("w", [1, 1], 1.0), graph.param("b", [1], 0.0));
    let y = x.affine(w, b).map(Tanh).keep_gradient();
    let loss = (y * 3.0).sum(..).keep_gradient();
    let plan = graph.plan(loss).unwrap();
    assert_eq!(plan.steps().collect::<Vec<_>>(), ["affine + tanh", "mul", "sum"]);
    let run = Session::new(plan).set(x, &[0.5]).forward().backward();
    assert_eq!((run.gradient(y), run.gradient(loss)), (&[3.0][..], &[1.0][..]));
    let slope = 1.0 - 0.5_f64.tanh().powi(2);
    assert!((run.grad("b")[0] - 3.0 * slope).abs() < 1e-15);
}
