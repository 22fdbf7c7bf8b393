use super::*;
use crate::pass::sum_of_squares;
use chainrule_graph::Graph;
use chainrule_nn::activation::{Sigmoid, Tanh};
use chainrule_nn::{Layer, Sequential};
use chainrule_tensor::Tensor;

#[test]
fn a_ladder_of_diamonds_has_two_to_the_n_paths_and_one_edge_twice_for_each_node() {
    for n in [1, 2, 5, 10, 20, 40] {
        let graph = Graph::<f64>::new();
        let w = graph.param("w", [], 1.1);
        let loss = (0..n).fold(w, |x, _| x * x);
        let params = graph.plan(loss).unwrap().init(0).unwrap();
        let ledger = explain(loss, "w", &params, |_| Ok(())).unwrap();
        let paths = 2.0_f64.powi(n);
        assert_eq!((ledger.operations, ledger.paths), (n as usize, paths));
        assert_eq!((ledger.with_table, ledger.without_table), (2 * n as u64, 2.0 * paths - 2.0));
        assert_eq!(ledger.listed.len(), 16.min(1 << n.min(5)));
    }
}

#[test]
fn the_paths_add_up_to_the_gradient_and_none_exceeds_its_bound() {
    let graph = Graph::<f64>::new();
    let x = graph.constant(&Tensor::from_rows([[0.3, -1.0], [2.0, 0.5], [-0.7, 0.1]]));
    let w = graph.param("w", [2, 2], chainrule_nn::init::Normal::default());
    let a = x.matmul(w);
    // Three ways from `a` on, and `w` once more in the end.
    let loss = ((a.map(Tanh) * a.map(Sigmoid)).matmul(w) + a.square()).mean(..);
    let plan = graph.plan_unfused(loss).unwrap();
    let params = plan.init(3).unwrap();
    let ledger = explain(loss, "w", &params, |_| Ok(())).unwrap();
    assert_eq!((ledger.paths, ledger.listed.len()), (4.0, 4));

    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    plan.forward(&params, &mut workspace);
    plan.backward(&params, &mut workspace, &mut grads);
    for (i, gradient) in grads.get("w").unwrap().values().iter().enumerate() {
        let sum: f64 = ledger.listed.iter().map(|path| path.product[i]).sum();
        assert!((sum - gradient).abs() < 1e-14, "{sum} is not {gradient}");
    }
    for path in &ledger.listed {
        assert!(path.norm > 0.0 && path.norm <= path.bound, "{path:?}");
    }
}

#[test]
fn local_jacobians_have_the_norms_of_their_definition() {
    // dL/dz of a mean of n values is 1/n each; z = x w has the Jacobian of n rows, each with the
    // row of x.
    let graph = Graph::<f64>::new();
    let x = graph.constant(&Tensor::from_rows([[3.0, 4.0], [0.0, 2.0]]));
    let w = graph.param("w", [2, 1], 0.5);
    let loss = graph.scope("layer", || x.matmul(w)).map(Tanh).mean(..);
    let params = graph.plan(loss).unwrap().init(0).unwrap();
    let ledger = explain(loss, "w", &params, |_| Ok(())).unwrap();
    let slope = |z: f64| 1.0 - z.tanh().powi(2);
    let expected = [
        (0.5_f64.sqrt(), [1, 2], "d mean/d tanh"),
        (slope(3.5).hypot(slope(1.0)), [2, 2], "d tanh/d matmul[layer]"),
        (29.0_f64.sqrt(), [2, 2], "d matmul[layer]/d w"),
    ];
    for (local, (norm, jacobian, name)) in ledger.locals.iter().zip(expected) {
        assert!((local.norm - norm).abs() < 1e-14, "{name}: {} is not {norm}", local.norm);
        assert_eq!((local.jacobian(), local.to_string().as_str()), (jacobian, name));
    }
    let text = ledger.to_string();
    assert!(text.starts_with("d mean/d w [2, 1]: norm "), "{text}");
    assert!(
        text.contains("3 operations, 1 path; 3 local derivatives with the table, 3 without"),
        "{text}"
    );
    assert!(
        text.contains(
            "path 1: d mean/d tanh . d tanh/d matmul[layer] . d matmul[layer]/d w: norm "
        ),
        "{text}"
    );
}

#[test]
fn large_jacobians_are_estimated_closely() {
    let (graph, data) = (Graph::<f64>::new(), Tensor::from_fn([300, 4], |i| (i as f64).sin()));
    let loss =
        Sequential::default().linear(4, 3).tanh().forward(graph.constant(&data)).square().mean(..);
    let params = graph.plan(loss).unwrap().init(0).unwrap();
    let ledger = explain(loss, "0.weight", &params, |_| Ok(())).unwrap();
    let affine = ledger.locals.iter().find(|local| local.operand == "0.weight").unwrap();
    assert!(affine.estimated && affine.jacobian() == [900, 12]);
    // Each of three outputs of a sample has the sample's four inputs as derivatives.
    let exact = (3.0 * sum_of_squares(data.values())).sqrt();
    // 64 probes: the variance of one estimate of the square is at most twice its square.
    assert!((affine.norm / exact - 1.0).abs() < 0.3, "{} is not near {exact}", affine.norm);
}

#[test]
fn what_cannot_be_written_out_is_refused() {
    let graph = Graph::<f64>::new();
    let (w, cut) = (graph.param("w", [2], 1.0), graph.param("cut", [2], 1.0));
    let loss = (w * cut.detach()).sum(..);
    let params = graph.plan(loss).unwrap().init(0).unwrap();
    let message = |name| explain(loss, name, &params, |_| Ok(())).unwrap_err().to_string();
    assert_eq!(message("v"), "there is no parameter `v`; the parameters are: w, cut");
    assert_eq!(
        message("cut"),
        "the derivative with respect to `cut` is no product of others: it is cut: `detach` lets no \
         gradient through"
    );
    let vector = explain(w.square(), "w", &params, |_| Ok(())).unwrap_err().to_string();
    assert!(vector.starts_with("plan: the loss has shape [2]"), "{vector}");
}

#[test]
fn a_loss_that_is_the_parameter_has_one_path_of_no_step() {
    let graph = Graph::<f64>::new();
    let w = graph.param("w", [], 1.0);
    let params = graph.plan(w).unwrap().init(0).unwrap();
    let ledger = explain(w, "w", &params, |_| Ok(())).unwrap();
    assert_eq!((ledger.paths, ledger.with_table, ledger.norm), (1.0, 0, 1.0));
    assert_eq!(ledger.listed[0].product, [1.0]);
}
