//! The mistakes that can be made, and their messages.

use crate::common;

use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_graph::{Graph, InputError};
use chainrule_tensor::{Real, Shape};
use common::{Session, panic_message};

#[test]
fn the_first_mistake_counts_and_later_ones_stay_silent() {
    let graph = Graph::<f32>::new();
    let (a, b) = (graph.input("a", [2, 3]), graph.input("b", [4]));
    let line = line!() + 1;
    let wrong = graph.layer("head", "sum", || a + b);
    let also_wrong = wrong.matmul(b).reshape([17]);
    graph.fail("a later mistake");
    let error = graph.plan(also_wrong).unwrap_err();
    let expected = format!(
        "add: shapes [2, 3] and [4] do not broadcast: aligned at the last axis, lengths must be \
         equal or one of them 1 \
         in layer `head` (recorded at {}:{line}:",
        file!()
    );
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(graph.check_error().unwrap_err().to_string(), error.to_string());
    assert_eq!(graph.plan_forward(&[a]).unwrap_err().to_string(), error.to_string());
    assert_eq!(graph.plan_with_upstream(b).unwrap_err().to_string(), error.to_string());
}

#[test]
fn a_mistake_that_a_layer_finds_carries_its_name() {
    let graph = Graph::<f32>::new();
    let x = graph.layer("0", "norm", || {
        graph.fail("a batch of one sample has no variance");
        graph.input("x", [1])
    });
    let error = graph.plan(x).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("a batch of one sample has no variance in layer `0` (recorded at "),
        "{message}"
    );
}

#[test]
fn variables_of_two_graphs_do_not_mix() {
    let (one, two) = (Graph::<f32>::new(), Graph::<f32>::new());
    let (a, b) = (one.input("a", [2]), two.input("b", [2, 2]));
    let message = "a variable of one graph cannot be used in another";
    assert_eq!(panic_message(|| _ = a + b), message);
    assert_eq!(panic_message(|| _ = one.plan(b)), message);
    assert_eq!(panic_message(|| _ = one.plan_with_upstream(b)), message);
    assert_eq!(panic_message(|| _ = one.plan_forward(&[a, b])), message);
    assert_eq!(panic_message(|| _ = one.concat(0, &[a, b])), message);
    let workspace = one.plan_forward(&[a]).unwrap().workspace();
    assert_eq!(
        panic_message(|| _ = workspace.value(b)),
        "this variable is of another graph than the workspace's plan"
    );
    let late = one.input("late", [1]);
    assert_eq!(
        panic_message(|| _ = workspace.value(late)),
        "this variable was recorded after the workspace's plan was made, or is of another graph"
    );
}

#[test]
fn what_belongs_to_another_plan_is_refused() {
    let record = |features: usize| {
        let graph = Graph::<f32>::new();
        let loss = graph.param("w", [features], 1.0).square().sum(..);
        Session::new(graph.plan(loss).unwrap())
    };
    let (mut a, mut b, mut same) = (record(2), record(3), record(2));
    assert_eq!(
        panic_message(|| a.plan.forward(&a.params, &mut b.workspace)),
        "this workspace belongs to another plan"
    );
    assert_eq!(
        panic_message(|| a.plan.forward(&b.params, &mut a.workspace)),
        "these parameters have another layout than the plan"
    );
    a.plan.forward(&a.params, &mut a.workspace);
    assert_eq!(
        panic_message(|| a.plan.backward(&a.params, &mut a.workspace, &mut b.grads)),
        "these gradients have another layout than the plan"
    );
    // Parameters and gradients of an equal layout will do.
    a.plan.forward(&same.params, &mut a.workspace);
    a.plan.backward(&same.params, &mut a.workspace, &mut same.grads);
    assert_eq!(same.grad("w"), [2.0, 2.0]);
}

#[test]
fn an_upstream_gradient_of_another_length_is_refused_before_anything_changes() {
    let graph = Graph::<f32>::new();
    let w = graph.param("w", [3], 1.0);
    let mut run = Session::new(graph.plan_with_upstream(w.square()).unwrap()).forward();
    run.grads.values_mut()[0] = 7.0;
    let message =
        panic_message(|| run.plan.backward(&run.params, &mut run.workspace, &mut run.grads));
    assert_eq!(message, "the root of the plan has 3 elements, the gradient given for it 1");
    assert_eq!(run.grads.values()[0], 7.0);
    // Also where no gradient would flow.
    let x = graph.input("x", [2]);
    let mut run = Session::new(graph.plan_with_upstream(x).unwrap());
    let message = panic_message(|| {
        run.plan.backward_with(&run.params, &mut run.workspace, &mut run.grads, &[1.0; 3])
    });
    assert_eq!(message, "the root of the plan has 2 elements, the gradient given for it 3");
}

#[test]
fn a_wrong_number_of_values_is_an_error() {
    let graph = Graph::<f32>::new();
    let x = graph.input("x", [2, 3]);
    let mut workspace = graph.plan_forward(&[x]).unwrap().workspace();
    let error = workspace.set(x, &[0.0; 5]).unwrap_err();
    assert_eq!(error.to_string(), "input `x` has shape [2, 3], 6 values; 5 were given");
    assert!(workspace.set(x, &[1.0; 6]).is_ok());
    assert_eq!(workspace.value(x).values(), [1.0; 6]);
}

#[test]
fn a_label_that_is_not_a_class_is_an_error() {
    let graph = Graph::<f64>::new();
    let y = graph.class_input("labels", 3, 10);
    let mut workspace = graph.plan_forward(&[y]).unwrap().workspace();
    for (label, text) in
        [(10.0, "10"), (-1.0, "-1"), (2.5, "2.5"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")]
    {
        let error = workspace.set(y, &[0.0, 9.0, label]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "input `labels`: the label of sample 2 is {text}, but classes are the whole \
                 numbers from 0 to 9"
            )
        );
        assert!(matches!(error, InputError::Class { sample: 2, classes: 10, .. }));
    }
    assert!(workspace.set(y, &[0.0, 9.0, 4.0]).is_ok());
}

#[test]
fn an_input_of_no_class_is_a_mistake() {
    let graph = Graph::<f32>::new();
    let y = graph.class_input("labels", 3, 0);
    let error = graph.plan_forward(&[y]).unwrap_err();
    assert_eq!(error.kind.to_string(), "input `labels`: there must be at least one class");
    assert_eq!(error.location.file(), file!());
}

#[test]
fn only_inputs_can_be_set_and_only_kept_values_read() {
    let graph = Graph::<f32>::new();
    let x = graph.input("x", [2]);
    let y = x.exp();
    let mut workspace = graph.plan_forward(&[y.sin()]).unwrap().workspace();
    assert_eq!(panic_message(|| _ = workspace.set(y, &[0.0; 2])), "`exp` is not an input");
    assert_eq!(panic_message(|| _ = workspace.input_mut(y)), "`exp` is not an input");
    assert_eq!(
        panic_message(|| _ = workspace.value(y)),
        "the value of `exp` is not kept: ask for it with `keep()` before planning"
    );
    assert!(workspace.try_value(y).is_none());
}

#[test]
fn two_inputs_can_be_filled_at_once() {
    let graph = Graph::<f32>::new();
    let (x, y) = (graph.input("x", [2]), graph.input("y", [3]));
    let mut workspace = graph.plan_forward(&[x, y]).unwrap().workspace();
    let [a, b] = workspace.inputs_mut([x.id(), y.id()]);
    a.fill(1.0);
    b.fill(2.0);
    assert_eq!(
        (workspace.value(x).values(), workspace.value(y).values()),
        (&[1.0; 2][..], &[2.0; 3][..])
    );
    assert_eq!(
        panic_message(|| _ = workspace.inputs_mut([x.id(), x.id()])),
        "`x` is asked for twice"
    );
}

/// An identity with a careless way back.
#[derive(Clone, Copy, Debug)]
enum Careless {
    ReadsUndeclared,
    AsksTwice,
}

impl<T: Real> Op<T> for Careless {
    fn name(&self) -> &str {
        "careless"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::OUTPUT
    }

    fn forward(&self, pass: Forward<'_, T>) {
        pass.output.copy_from_slice(&pass.inputs[0]);
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        match self {
            Careless::ReadsUndeclared => _ = pass.inputs.get(0),
            Careless::AsksTwice => {
                let _ = pass.cotangents.get(0);
                let _ = pass.cotangents.get(0);
            }
        }
    }
}

#[test]
fn a_careless_operation_is_told() {
    let backward = |op: Careless| {
        let graph = Graph::<f32>::new();
        let w = graph.param("w", [], 1.0);
        let run = Session::new(graph.plan(graph.apply(op, &[w])).unwrap()).forward();
        panic_message(|| _ = run.backward())
    };
    assert_eq!(
        backward(Careless::ReadsUndeclared),
        "op `careless` reads input 0 in its vjp, but does not name it in `reads`"
    );
    assert_eq!(
        backward(Careless::AsksTwice),
        "op `careless` asks twice for the gradient with respect to input 0"
    );
}

/// The sum of its two inputs, with gradients asked for in reverse order, or only one of them.
#[derive(Clone, Copy, Debug)]
struct Backwards {
    both: bool,
}

impl<T: Real> Op<T> for Backwards {
    fn name(&self) -> &str {
        "backwards"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_, T>) {
        for ((y, &a), &b) in pass.output.iter_mut().zip(&pass.inputs[0]).zip(&pass.inputs[1]) {
            *y = a + T::TWO * b;
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        if let Some(db) = pass.cotangents.get(1) {
            db.map(pass.upstream, |g| T::TWO * g);
        }
        if self.both
            && let Some(da) = pass.cotangents.get(0)
        {
            da.map(pass.upstream, |g| g);
        }
    }
}

#[test]
fn gradients_of_one_value_meet_in_any_order() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [2]).keep_gradient();
    let w = graph.param("w", [2], 1.0);
    let loss = (graph.apply(Backwards { both: true }, &[x, x])
        + graph.apply(Backwards { both: true }, &[w, w]))
    .sum(..);
    let mut run = Session::new(graph.plan(loss).unwrap()).set(x, &[0.0; 2]).forward();
    for _ in 0..2 {
        run = run.backward();
        assert_eq!((run.gradient(x), run.grad("w")), (&[3.0; 2][..], &[3.0; 2][..]));
    }
    run.plan.backward_add(&run.params, &mut run.workspace, &mut run.grads);
    assert_eq!(run.grad("w"), [6.0; 2]);
}

#[test]
fn a_gradient_that_is_not_asked_for_is_zero_and_not_what_was_there_before() {
    let graph = Graph::<f64>::new();
    let (x, w) = (graph.input("x", [2]).keep_gradient(), graph.param("w", [2], 1.0));
    let (a, b) = (x.sin(), w * 1.0);
    let (op, forgetful) = (Backwards { both: true }, Backwards { both: false });
    let loss = graph.apply(forgetful, &[a, b])
        + graph.apply(forgetful, &[w, b])
        + graph.apply(op, &[b, b]);
    let mut run = Session::new(graph.plan(loss.sum(..)).unwrap()).set(x, &[0.0; 2]).forward();
    run.grads.values_mut().fill(f64::NAN);
    for _ in 0..2 {
        run = run.backward();
        assert_eq!((run.gradient(x), run.grad("w")), (&[0.0; 2][..], &[7.0; 2][..]));
    }
    run.plan.backward_add(&run.params, &mut run.workspace, &mut run.grads);
    assert_eq!(run.grad("w"), [14.0; 2]);
}

// Memory safety: every size that comes from outside is multiplied with a check.
#[test]
fn values_that_memory_cannot_hold_are_mistakes() {
    let huge = 1_usize << 32;
    let message = |record: &dyn for<'g> Fn(&'g Graph<f32>) -> chainrule_graph::Var<'g, f32>| {
        let graph = Graph::<f32>::new();
        let var = record(&graph);
        let error = graph.plan_forward(&[var]).unwrap_err();
        error.kind.to_string()
    };
    let told = [
        ("input `x`", message(&|graph| graph.input("x", [huge, huge]))),
        ("input `x`", message(&|graph| graph.input("x", [usize::MAX, 0]))),
        ("input `x`", message(&|graph| graph.input("x", [usize::MAX; 6]))),
        ("parameter `w`", message(&|graph| graph.param("w", [huge, huge], 0.0))),
        ("parameter `w`", message(&|graph| graph.param("w", [1_000_000, 1_000_000_000], 0.0))),
        ("statistic `b`", message(&|graph| graph.statistic("b", [huge, huge], 0.0))),
        (
            "matmul",
            message(&|graph| graph.input("a", [1 << 25, 1]).matmul(graph.input("b", [1, 1 << 25]))),
        ),
        ("add", message(&|graph| graph.input("a", [1 << 25, 1]) + graph.input("b", [1, 1 << 25]))),
        (
            "gather_rows",
            message(&|graph| {
                graph.input("a", [1, 1 << 25]).gather_rows(graph.input("i", [1 << 25]))
            }),
        ),
        // The first mistake counts; what follows from its shape must not overflow.
        (
            "input `x`",
            message(&|graph| {
                let x = graph.input("x", [usize::MAX, usize::MAX]);
                graph.concat(0, &[x, x]).flatten().reshape([3]).sum(..)
            }),
        ),
    ];
    for (name, told) in told {
        assert!(
            told.starts_with(&format!("{name}: shape [")) && told.contains("is too large: "),
            "{name}: {told}"
        );
    }
}
