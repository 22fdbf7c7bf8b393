//! Parameters: named, shared, declared once, the same numbers from the same seed.

use crate::common;

use chainrule_graph::{BuildErrorKind, Graph, Initialiser, Params};
use chainrule_tensor::random::{self, Generator};
use chainrule_tensor::{Real, Shape};
use common::Session;

/// Uniform numbers in `[-1, 1)`.
#[derive(Debug)]
struct Uniform;

impl Initialiser for Uniform {
    fn fill(&self, _: Shape, values: &mut [f64], generator: &mut Generator) -> Result<(), String> {
        random::uniform(values, -1.0..1.0, generator).map_err(|error| error.to_string())
    }
}

#[test]
fn a_name_stands_for_one_parameter() {
    let graph = Graph::<f64>::new();
    let first = graph.scope("layer", || graph.param("w", [], 3.0));
    let again = graph.param("layer.w", [], 5.0);
    assert_eq!(first.id(), again.id());
    let other = graph.param("w", [], 7.0);
    assert_ne!(first.id(), other.id());
    let run = Session::new(graph.plan(first * again * other).unwrap()).forward().backward();
    assert_eq!(run.params.count(), 2);
    // 7 w^2 at 3, and w^2.
    assert_eq!((run.grad("layer.w"), run.grad("w")), (&[42.0][..], &[9.0][..]));
}

#[test]
fn a_parameter_may_be_both_operands() {
    let graph = Graph::<f64>::new();
    let w = graph.param("w", [2, 2], 1.0);
    let mut run = Session::new(graph.plan_with_upstream(w.matmul(w)).unwrap());
    run.params.get_mut("w").unwrap().copy_from_slice(&[1.0, 2.0, 3.0, 4.0]);
    let run = run.forward().backward_with(&[1.0, 0.0, 0.0, 0.0]);
    // Of w00 w00 + w01 w10.
    assert_eq!(run.grad("w"), [2.0, 3.0, 2.0, 0.0]);
}

#[test]
fn the_initialiser_of_the_first_use_counts() {
    let graph = Graph::<f64>::new();
    let (a, b) = (graph.param("w", [], 3.0), graph.param("w", [], 5.0));
    let params = graph.plan(a + b).unwrap().init(0).unwrap();
    assert_eq!(params.get("w").unwrap().values(), [3.0]);
}

#[test]
fn another_shape_for_the_same_name_is_a_mistake() {
    let graph = Graph::<f32>::new();
    let _ = graph.scope("0", || graph.param("weight", [3, 4], 0.0));
    let w = graph.scope("0", || graph.param("weight", [4, 3], 0.0));
    let error = graph.plan(w.sum(..)).unwrap_err();
    assert_eq!(
        error.kind.to_string(),
        "parameter `0.weight` is asked for with shape [4, 3], but it has shape [3, 4]"
    );
    assert_eq!((error.layer.as_str(), error.location.file()), ("0", file!()));
}

fn model(graph: &Graph<f64>) -> chainrule_graph::Var<'_, f64> {
    graph.param("a", [2], 1.0).sum(..) * graph.param("b", [], 2.0)
}

#[test]
fn a_graph_with_given_parameters_declares_no_others() {
    let graph = Graph::<f64>::new();
    let params = graph.plan(model(&graph)).unwrap().init(0).unwrap();

    let again = Graph::with_params(&params);
    let plan = again.plan(model(&again)).unwrap();
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    plan.forward(&params, &mut workspace);
    plan.backward(&params, &mut workspace, &mut grads);
    assert_eq!(grads.get("a").unwrap().values(), [2.0, 2.0]);

    let other = Graph::with_params(&params);
    let loss = model(&other) * other.scope("head", || other.param("c", [], 1.0));
    let error = other.plan(loss).unwrap_err();
    assert_eq!(
        error.kind.to_string(),
        "there is no parameter `head.c`; the parameters given are: a, b"
    );
    assert!(matches!(error.kind, BuildErrorKind::UnknownParameter { .. }));

    let shape = Graph::with_params(&params);
    let error = shape.plan(shape.param("a", [3], 0.0).sum(..)).unwrap_err();
    assert_eq!(
        error.kind.to_string(),
        "parameter `a` is asked for with shape [3], but it has shape [2]"
    );
}

#[test]
fn a_graph_may_use_only_some_of_the_given_parameters() {
    let graph = Graph::<f64>::new();
    let params = graph.plan(model(&graph)).unwrap().init(0).unwrap();
    let part = Graph::with_params(&params);
    let plan = part.plan(part.param("b", [], 0.0).square()).unwrap();
    assert_eq!(plan.layout().entries().len(), 2);
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    plan.forward(&params, &mut workspace);
    plan.backward(&params, &mut workspace, &mut grads);
    assert!(grads.get("a").is_none());
    assert_eq!(grads.get("b").unwrap().values(), [4.0]);
}

fn drawn<T: Real>(names: &[&str], seed: u64) -> Params<T> {
    let graph = Graph::<T>::new();
    for name in names {
        let _ = graph.param(name, [5], Uniform);
    }
    Params::init(graph.layout(), seed).unwrap()
}

#[test]
fn first_values_depend_on_the_seed_and_the_name_alone() {
    let (two, three) = (drawn::<f64>(&["a", "b"], 1), drawn::<f64>(&["new", "b", "a"], 1));
    for name in ["a", "b"] {
        assert_eq!(two.get(name).unwrap().values(), three.get(name).unwrap().values(), "{name}");
    }
    assert_ne!(two.get("a").unwrap().values(), two.get("b").unwrap().values());
    assert_ne!(two.get("a").unwrap().values(), drawn::<f64>(&["a"], 2).get("a").unwrap().values());
    // An f32 model starts from the same numbers, rounded.
    let single = drawn::<f32>(&["a"], 1);
    let rounded: Vec<f32> = two.get("a").unwrap().values().iter().map(|&x| x as f32).collect();
    assert_eq!(single.get("a").unwrap().values(), rounded);
}

#[test]
fn parameters_lie_at_cache_lines_in_one_vector_with_zeros_between() {
    let params = drawn::<f32>(&["a", "b", "c"], 0);
    let starts: Vec<usize> =
        params.layout().entries().iter().map(|entry| entry.range.start).collect();
    assert_eq!(starts, [0, 16, 32]);
    assert_eq!((params.count(), params.layout().flat_len(), params.values().len()), (15, 48, 48));
    assert!(
        params.iter().all(|(_, tensor)| (tensor.values().as_ptr() as usize).is_multiple_of(64))
    );
    assert!(params.values()[5..16].iter().all(|&gap| gap == 0.0));
    assert_eq!(params.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn an_initialiser_that_cannot_fill_says_for_which_parameter() {
    #[derive(Debug)]
    struct Square;
    impl Initialiser for Square {
        fn fill(&self, shape: Shape, _: &mut [f64], _: &mut Generator) -> Result<(), String> {
            Err(format!("{shape} is not square"))
        }
    }
    let graph = Graph::<f32>::new();
    let w = graph.scope("0", || graph.param("weight", [2, 3], Square));
    let error = graph.plan(w.sum(..)).unwrap().init(0).unwrap_err();
    assert_eq!(
        error.kind.to_string(),
        "parameter `0.weight` of shape [2, 3] cannot be initialised: [2, 3] is not square"
    );
    assert_eq!(error.location.file(), file!());
}
