//! The gradient that a backward pass gave each parameter, and why: a model for each answer.

use chainrule_graph::{Audit, Graph, Params, Place, Status, Var, ZeroCause, audit};
use chainrule_nn::init::Constant;
use chainrule_nn::{Layer, Linear, Model, Sequential};
use chainrule_tensor::Tensor;

/// Numbers from -1 to 1 without order.
fn spread(shape: [usize; 2]) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| 2.0 * ((i + 1) as f64 * 0.618_033_988_749_895).fract() - 1.0)
}

/// The audit of the sum of the squares of a model's outputs, at parameters that `change` has seen.
fn audit_of(
    model: &Sequential<f64>,
    inputs: &Tensor<f64>,
    change: impl FnOnce(&mut Params<f64>),
) -> Audit {
    let mut params = model.init(inputs.shape()[1], 3).unwrap();
    change(&mut params);
    audit_at(&params, |graph| model.forward(graph.constant(inputs)).square().sum(..))
}

fn audit_at(params: &Params<f64>, loss: impl for<'g> Fn(&'g Graph<f64>) -> Var<'g, f64>) -> Audit {
    let graph = Graph::with_params(params);
    let plan = graph.plan(loss(&graph)).unwrap();
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    plan.forward(params, &mut workspace);
    plan.backward(params, &mut workspace, &mut grads);
    let audit = audit(&plan, params, &mut workspace, &grads);
    for row in &audit.rows {
        let gradient = grads.get(&row.name);
        assert_eq!(row.norm.is_some(), gradient.is_some(), "{row:?}");
        let norm = gradient.map_or(0.0, |g| g.values().iter().map(|g| g * g).sum::<f64>().sqrt());
        let given = row.norm.unwrap_or(0.0);
        let same = (given - norm).abs() <= 1e-15 * norm || (given.is_nan() && norm.is_nan());
        assert!(same, "{row:?} {norm}");
    }
    audit
}

/// Each parameter with what is said of it.
fn said(audit: &Audit) -> Vec<(&str, String)> {
    audit.rows.iter().map(|row| (row.name.as_str(), row.status.to_string())).collect()
}

fn fill(params: &mut Params<f64>, name: &str, value: f64) {
    params.get_mut(name).unwrap().fill(value);
}

fn network() -> Sequential<f64> {
    Sequential::default().linear(3, 4).tanh().linear(4, 5).relu().linear(5, 2)
}

#[test]
fn every_parameter_of_a_sound_model_is_reached() {
    let audit = audit_of(&network(), &spread([6, 3]), |_| {});
    assert!(
        audit.rows.iter().all(|row| row.status == Status::Reached && row.norm.unwrap() > 0.0),
        "{audit}"
    );
    assert_eq!(audit.rows.len(), 6);
    assert!(audit.to_string().starts_with("0.weight  [3, 4]  "), "{audit}");
}

#[test]
fn a_dead_layer_stops_what_is_before_it() {
    let inactive = |params: &mut Params<f64>| fill(params, "2.bias", -100.0);
    let audit = audit_of(&network(), &spread([6, 3]), inactive);
    let dead = "zero: all 5 units of `relu` of layer `3` inactive";
    assert_eq!(
        said(&audit),
        [
            ("0.weight", dead.to_owned()),
            ("0.bias", dead.to_owned()),
            ("2.weight", dead.to_owned()),
            ("2.bias", dead.to_owned()),
            (
                "4.weight",
                "zero: the values that it meets in `affine` of layer `4` are all zero".to_owned()
            ),
            ("4.bias", "reached".to_owned()),
        ]
    );
    let at = Place { op: "relu".to_owned(), layer: "3".to_owned() };
    assert_eq!(audit.rows[0].status, Status::Zero(ZeroCause::Dead { at, units: 5 }));
}

#[test]
fn one_active_unit_is_enough() {
    let audit = audit_of(&network(), &spread([6, 3]), |params| {
        params.get_mut("2.bias").unwrap().copy_from_slice(&[-100.0, -100.0, 100.0, -100.0, -100.0]);
    });
    assert!(audit.rows.iter().all(|row| row.status == Status::Reached), "{audit}");
}

#[test]
fn an_activation_of_its_own_step_is_judged_like_a_fused_one() {
    // Without a bias there is a matrix product, and nothing is fused.
    let model = Sequential::default().layer(Linear::new(3, 4).without_bias()).relu().linear(4, 1);
    let positive = spread([6, 3]).map(f64::abs);
    let audit = audit_of(&model, &positive, |params| fill(params, "0.weight", -1.0));
    assert_eq!(
        said(&audit)[0],
        ("0.weight", "zero: all 4 units of `relu` of layer `1` inactive".to_owned())
    );
}

#[test]
fn a_saturated_layer_is_told_from_a_dead_one() {
    for activation in ["sigmoid", "tanh"] {
        let model = Sequential::default().linear(3, 4);
        let model = if activation == "tanh" { model.tanh() } else { model.sigmoid() }.linear(4, 2);
        let audit = audit_of(&model, &spread([6, 3]), |params| fill(params, "0.bias", 1000.0));
        let saturated = format!(
            "zero: all 4 units of `{activation}` of layer `1` saturated, the derivative underflows \
             to zero"
        );
        assert_eq!(said(&audit)[..2], [("0.weight", saturated.clone()), ("0.bias", saturated)]);
        assert_eq!(said(&audit)[2].1, "reached");
    }
}

#[test]
fn a_softmax_that_is_sure_is_saturated() {
    let model = Sequential::default().linear(3, 4).softmax().linear(4, 2);
    let audit =
        audit_of(&model, &spread([6, 3]), |params| params.get_mut("0.bias").unwrap()[1] = 1e4);
    let saturated =
        "zero: all 4 units of `softmax` of layer `1` saturated, the derivative underflows to zero";
    assert_eq!(
        said(&audit)[..2],
        [("0.weight", saturated.to_owned()), ("0.bias", saturated.to_owned())]
    );
}

#[test]
fn weights_of_zero_let_nothing_back() {
    let audit = audit_of(&network(), &spread([6, 3]), |params| fill(params, "2.weight", 0.0));
    let zero = "zero: the weights `2.weight` in `affine` of layer `2` behind it are all zero";
    assert_eq!(said(&audit)[..2], [("0.weight", zero.to_owned()), ("0.bias", zero.to_owned())]);
    assert!(audit.rows[3..].iter().all(|row| row.status == Status::Reached), "{audit}");
    let model = Sequential::default().linear(3, 4).tanh().layer(Linear::new(4, 2).without_bias());
    let mut params = model.init(3, 0).unwrap();
    fill(&mut params, "2.weight", 0.0);
    let x = spread([6, 3]);
    let audit =
        audit_at(&params, |graph| (model.forward(graph.constant(&x)) - 1.0).square().sum(..));
    assert_eq!(
        said(&audit)[0].1,
        "zero: the weights `2.weight` in `matmul` of layer `2` behind it are all zero"
    );
}

#[test]
fn inputs_of_zero_leave_the_first_weights_alone() {
    let audit = audit_of(&network(), &Tensor::zeros([6, 3]), |_| {});
    assert_eq!(
        said(&audit)[..2],
        [
            (
                "0.weight",
                "zero: the values that it meets in `affine` of layer `0` are all zero".to_owned()
            ),
            ("0.bias", "reached".to_owned()),
        ]
    );
}

#[test]
fn gradients_that_cancel_are_told_from_those_that_vanish() {
    // A shift does not change the differences to the mean.
    let graph = Graph::<f64>::new();
    let shift = graph.param("shift", [4], 0.5);
    let params = graph.plan(shift.sum(..)).unwrap().init(0).unwrap();
    let audit = audit_at(&params, |graph| {
        let shift = graph.param("shift", [4], 0.5);
        (shift - shift.mean(..).reshape([1])).sum(..)
    });
    let Status::Zero(ZeroCause::Cancelled { .. }) = &audit.rows[0].status else {
        panic!("{audit}")
    };
    assert!(
        audit.rows[0].status.to_string().starts_with("zero: its gradients cancel out, from `"),
        "{audit}"
    );
}

#[test]
fn a_loss_that_is_flat_is_unknown_by_name() {
    let model = Sequential::default().linear(3, 2);
    let params = model.init(3, 0).unwrap();
    let x = spread([4, 3]);
    // A factor of zero, and a hinge that is met with room to spare.
    let audit = audit_at(&params, |graph| (model.forward(graph.constant(&x)) * 0.0).sum(..));
    assert_eq!(said(&audit)[0].1, "zero: it vanishes in `mul` for an unknown reason");
    let audit = audit_at(&params, |graph| {
        let zero = graph.constant(&Tensor::zeros([1]));
        (model.forward(graph.constant(&x)) - 100.0).maximum(zero).sum(..)
    });
    assert_eq!(said(&audit)[0].1, "zero: it vanishes in `maximum` for an unknown reason");
}

#[test]
fn unreached_and_cut_parameters_have_no_norm() {
    let model = Sequential::default().linear(3, 2).tanh().linear(2, 2);
    let params = {
        let graph = Graph::<f64>::new();
        let _ = model.forward(graph.input("x", [1, 3]));
        let _ = graph.param("forgotten", [7], Constant(1.0));
        Params::init(graph.layout(), 0).unwrap()
    };
    let x = spread([4, 3]);
    let audit = audit_at(&params, |graph| {
        let hidden = graph.scope("0", || model.layers()[0].forward(graph.constant(&x))).detach();
        graph.scope("2", || model.layers()[2].forward(hidden)).square().sum(..)
    });
    assert_eq!(
        said(&audit),
        [
            ("0.weight", "cut: `detach` lets no gradient through".to_owned()),
            ("0.bias", "cut: `detach` lets no gradient through".to_owned()),
            ("2.weight", "reached".to_owned()),
            ("2.bias", "reached".to_owned()),
            ("forgotten", "unreached: the loss does not depend on it".to_owned()),
        ]
    );
    assert_eq!(audit.rows[4].norm, None);
    assert!(
        audit
            .to_string()
            .ends_with("forgotten  [7]          -  unreached: the loss does not depend on it\n"),
        "{audit}"
    );
}

#[test]
fn nan_is_no_zero() {
    let audit = audit_of(&network(), &spread([6, 3]).map(|_| f64::NAN), |_| {});
    assert!(audit.rows.iter().all(|row| row.status == Status::Reached), "{audit}");
}
