//! NaN and infinity are traced to the operation, the parameter or the input that they began in.

use chainrule_graph::non_finite::{Located, Origin, locate};
use chainrule_graph::{DerivativeReads, Graph, Params, Plan, Pointwise, Var};
use chainrule_tensor::{Real, Tensor};

/// The finding after a forward pass with these inputs.
fn found(
    graph: &Graph<f64>,
    loss: Var<'_, f64>,
    inputs: &[(Var<'_, f64>, &[f64])],
) -> Option<Located<f64>> {
    let plan = graph.plan(loss).unwrap();
    found_in(&plan, &plan.init(0).unwrap(), inputs)
}

fn found_in(
    plan: &Plan<f64>,
    params: &Params<f64>,
    inputs: &[(Var<'_, f64>, &[f64])],
) -> Option<Located<f64>> {
    let mut workspace = plan.workspace();
    for (input, values) in inputs {
        workspace.set(*input, values).unwrap();
    }
    plan.forward(params, &mut workspace);
    let located = locate(plan, params, &mut workspace);
    if let Some(replay) = located.as_ref().and_then(|located| located.replay.as_ref()) {
        assert!(!replay.is_finite(), "the operation alone gives the same: {replay:?}");
        assert!(
            replay.inputs.iter().all(|input| input.values().iter().all(|x| x.is_finite())),
            "{replay:?}"
        );
    }
    located
}

fn op(located: &Located<f64>) -> (&'static str, &str, &str) {
    match &located.report.origin {
        Origin::Forward { at, .. } => ("forward", &at.op, &at.layer),
        Origin::Backward { at, .. } => ("backward", &at.op, &at.layer),
        Origin::Sum { with_respect_to } => ("sum", with_respect_to, ""),
        Origin::Given { what } => ("given", what, ""),
    }
}

#[test]
fn a_finite_step_has_no_origin() {
    let graph = Graph::new();
    let (x, w) = (graph.input("x", [2]), graph.param("w", [2], 1.0));
    assert!(found(&graph, (x * w).ln().sum(..), &[(x, &[1.0, 2.0])]).is_none());
}

#[test]
fn the_logarithm_of_zero() {
    let graph = Graph::new();
    let (x, w) = (graph.input("x", [3, 2]), graph.param("w", [2], 1.0));
    // What comes behind is not finite either, but it was given so.
    let logarithm = graph.layer("loss", "custom", || (x * w).ln());
    let located =
        found(&graph, logarithm.exp().mean(..) + 1.0, &[(x, &[1.0, 2.0, 3.0, 0.0, 5.0, 6.0])]);
    // The exponential brings minus infinity back to 0; on the way back that 0 is divided by 0.
    assert_eq!(op(&located.unwrap()), ("backward", "ln", "loss"));

    let located =
        found(&graph, logarithm.square().mean(..) + 1.0, &[(x, &[1.0, 2.0, 3.0, 0.0, 5.0, 6.0])])
            .unwrap();
    assert_eq!(op(&located), ("forward", "ln", "loss"));
    let report = located.report;
    assert_eq!((report.value, report.count, report.index), (f64::NEG_INFINITY, 1, vec![1, 1]));
    assert_eq!((report.given[0].min, report.given[0].max), (0.0, 6.0));
    assert_eq!((report.samples, report.batch), (vec![1], Some(3)));
}

#[test]
fn an_exponential_that_overflows() {
    let graph = Graph::new();
    let x = graph.input("x", [4, 1]);
    let exponential = (x * graph.param("w", [1], 2.0)).exp();
    let located =
        found(&graph, exponential.mean(..), &[(x, &[1.0, 400.0, -5000.0, 500.0])]).unwrap();
    assert_eq!(op(&located), ("forward", "exp", ""));
    assert_eq!((located.report.value, &*located.report.samples), (f64::INFINITY, &[1, 3][..]));
    assert_eq!((located.report.given[0].min, located.report.given[0].max), (-10000.0, 1000.0));
}

#[test]
fn a_weight_or_an_input_that_was_nan_before() {
    let graph = Graph::new();
    let x = graph.input("x", [2, 2]);
    fn layer<'g>(name: &str, x: Var<'g, f64>) -> Var<'g, f64> {
        let graph = x.graph();
        graph.scope(name, || x.matmul(graph.param("weight", [2, 2], -0.5)).exp())
    }
    let plan = graph.plan(layer("1", layer("0", x)).mean(..)).unwrap();
    let mut params = plan.init(0).unwrap();
    params.get_mut("1.weight").unwrap()[2] = f64::NAN;
    let located = found_in(&plan, &params, &[(x, &[1.0; 4])]).unwrap();
    assert_eq!(op(&located), ("given", "parameter `1.weight`", ""));
    assert_eq!((located.report.index, located.report.samples), (vec![1, 0], vec![]));

    let located = found_in(&plan, &plan.init(0).unwrap(), &[(x, &[1.0, 1.0, 1.0, f64::INFINITY])]);
    // The exponential of minus infinity is 0: only the way back suffers, where the weight's
    // gradient is 0 * inf.
    assert_eq!(op(&located.unwrap()), ("given", "input `x`", ""));
    let located =
        found(&graph, x.mean(..) * params_scale(&graph), &[(x, &[1.0, 1.0, 1.0, f64::NAN])])
            .unwrap();
    assert_eq!(op(&located), ("given", "input `x`", ""));
    assert_eq!(located.report.samples, [1]);
}

fn params_scale(graph: &Graph<f64>) -> Var<'_, f64> {
    graph.param("scale", [], 1.0)
}

#[test]
fn a_division_by_zero_on_the_way_back_alone() {
    let graph = Graph::new();
    let (x, w) = (graph.input("x", [3]), graph.param("w", [], 1.0));
    let distance = graph.layer("distance", "custom", || (x * w).square().sqrt());
    let located = found(&graph, distance.sum(..), &[(x, &[1.0, 0.0, 2.0])]).unwrap();
    assert_eq!(op(&located), ("backward", "sqrt", "distance"));
    let Origin::Backward { with_respect_to, .. } = &located.report.origin else {
        unreachable!("see above")
    };
    assert_eq!(with_respect_to, "the value of `square`");
    assert_eq!((located.report.value, &*located.report.samples), (f64::INFINITY, &[1][..]));
    let text = located.report.to_string();
    assert!(text.contains("on the way back to the value of `square`, at [1]"), "{text}");
    assert!(text.contains(
        "given were the upstream gradient [3] from 1 to 1, the value of `square` [3] from 0 to 4"
    ));
    // With another operand it is finite.
    let mut replay = located.replay.unwrap();
    replay.inputs[0].values_mut()[1] = 4.0;
    assert_eq!(replay.run().values(), [0.5, 0.25, 0.25]);
}

#[test]
fn a_branch_that_is_not_taken_is_blamed_only_for_what_it_does() {
    // The classic: where(x > 0, ln x, 0) is finite, and its gradient is 0 * inf = NaN.
    let graph = Graph::new();
    let (x, w) = (graph.input("x", [2]), graph.param("w", [], 1.0));
    let z = x * w;
    let taken = z.greater(graph.constant(&Tensor::scalar(0.0))).select(z.ln(), z * 0.0);
    let located = found(&graph, taken.sum(..), &[(x, &[1.0, 0.0])]);
    let located = located.unwrap();
    assert_eq!((op(&located).0, op(&located).1), ("backward", "ln"));
    // A loss that overflows for another reason.
    let located =
        found(&graph, taken.sum(..) + (z * 1e290).square().sum(..), &[(x, &[1e10, 0.0])]).unwrap();
    assert_eq!((op(&located).0, op(&located).1), ("forward", "square"));
}

#[test]
fn a_sum_over_the_batch_blames_the_fewest_samples_without_which_it_is_finite() {
    let graph = Graph::new();
    let (x, w) = (graph.input("x", [5, 1]), graph.param("w", [1], 1.0));
    let loss = (x * w).sum(..);
    let located = found(&graph, loss, &[(x, &[1e307, 1.7e308, 3.0, 1.6e308, 1e306])]).unwrap();
    assert_eq!(op(&located), ("forward", "sum", ""));
    assert_eq!(located.report.samples, [1]);
    // On the way back to a weight: dw = x^T g.
    let loss = (x.matmul(graph.param("v", [1, 1], 0.0)) * 2.0).sum(..);
    let located = found(&graph, loss, &[(x, &[1e307, 1e307, 3.0, 1.7e308, 0.0])]).unwrap();
    assert_eq!((op(&located).0, op(&located).1), ("backward", "matmul"));
    assert_eq!(located.report.samples, [3]);
}

#[test]
fn a_sum_of_gradients_that_overflows_is_told_apart() {
    let graph = Graph::<f64>::new();
    let w = graph.param("w", [], 1e-200);
    let loss = w * 1e308 + w * 1e308;
    let located = found(&graph, loss, &[]).unwrap();
    assert_eq!(op(&located), ("sum", "parameter `w`", ""));
    assert!(located.replay.is_none());
    let shared = w * 2.0;
    let located = found(&graph, shared * 1e308 + shared * 1e308, &[]).unwrap();
    assert_eq!(op(&located), ("sum", "the value of `mul`", ""));
}

/// `y = x` for small `x`, else infinity, when it draws a number above 1/2.
#[derive(Debug)]
struct Rare;

impl chainrule_graph::op::Op<f64> for Rare {
    fn name(&self) -> &str {
        "rare"
    }
    fn shape(&self, inputs: &[chainrule_tensor::Shape]) -> Result<chainrule_tensor::Shape, String> {
        Ok(inputs[0])
    }
    fn forward(&self, pass: chainrule_graph::op::Forward<'_, f64>) {
        let draw = Tensor::<f64>::uniform(pass.output.len(), 0.0..1.0, pass.generator).unwrap();
        for (y, draw) in pass.output.iter_mut().zip(draw.values()) {
            *y = if *draw > 0.99 { f64::INFINITY } else { 1.0 };
        }
    }
    fn vjp(&self, _: chainrule_graph::op::Backward<'_, f64>) {}
}

#[test]
fn the_second_pass_draws_the_same_numbers() {
    let graph = Graph::new();
    let w = graph.param("w", [20], 1.0);
    let loss = graph.apply(Rare, &[w]).sum(..);
    let plan = graph.plan(loss).unwrap();
    let (params, mut workspace) = (plan.init(0).unwrap(), plan.workspace());
    let mut failures = 0;
    for _ in 0..50 {
        plan.forward(&params, &mut workspace);
        let failed = !workspace.value(loss).values()[0].is_finite();
        failures += u32::from(failed);
        // After the second pass the generator is where it was: the next step draws on.
        assert_eq!(locate(&plan, &params, &mut workspace).is_some(), failed);
    }
    assert!((2..20).contains(&failures), "{failures}");
}

/// `y = x` with an infinite derivative.
#[derive(Debug)]
struct Cliff;

impl<T: Real> Pointwise<T> for Cliff {
    fn name(&self) -> &'static str {
        "cliff"
    }
    fn value(&self, x: T) -> T {
        x
    }
    fn derivative(&self, _: T) -> T {
        T::INFINITY
    }
    fn derivative_reads(&self) -> DerivativeReads {
        DerivativeReads::Output
    }
}

#[test]
fn what_a_plan_has_fused_is_named_as_one_unless_it_is_taken_apart() {
    let graph = Graph::new();
    let x = graph.input("x", [2, 1]);
    let z = x.affine(graph.param("w", [1, 1], 1.0), graph.param("b", [1], 0.0));
    let loss = z.map(Cliff).sum(..);
    for (plan, name) in [(graph.plan(loss), "affine + cliff"), (graph.plan_unfused(loss), "cliff")]
    {
        let plan = plan.unwrap();
        let located = found_in(&plan, &plan.init(0).unwrap(), &[(x, &[1.0, 2.0])]).unwrap();
        assert_eq!((op(&located).0, op(&located).1), ("backward", name));
    }
}
