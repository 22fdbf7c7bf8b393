//! Second derivatives: against closed forms where there are any, and against differences of
//! gradients for every kind of operation.

use chainrule_graph::second_order::{self, Curvature, PowerIteration, SecondOrderError};
use chainrule_graph::{Graph, Params, Var};
use chainrule_tensor::{Dual, Real, Tensor};

/// Numbers from -1 to 1 without order.
fn spread(n: usize, offset: usize) -> Vec<f64> {
    (0..n)
        .map(|i| 2.0 * ((i + 1 + 37 * offset) as f64 * 0.618_033_988_749_895).fract() - 1.0)
        .collect()
}

/// A loss on either scalar.
trait Case {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T>;

    /// Its parameters, spread.
    fn params(&self) -> Params<f64> {
        let graph = Graph::<f64>::new();
        let mut params = graph.plan(self.record(&graph)).unwrap().init(0).unwrap();
        let values = spread(params.values().len(), 1);
        params.values_mut().copy_from_slice(&values);
        params
    }

    fn gradient(&self, params: &Params<f64>) -> Vec<f64> {
        let graph = Graph::with_params(params);
        let plan = graph.plan(self.record(&graph)).unwrap();
        let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
        plan.forward(params, &mut workspace);
        plan.backward(params, &mut workspace, &mut grads);
        let entries = grads.layout().entries().iter();
        entries.flat_map(|entry| grads.values()[entry.range.clone()].to_vec()).collect()
    }

    /// The Hessian is symmetric and agrees with central differences of gradients, and the pass
    /// gives the loss and the gradient as well.
    fn check(&self, what: &str) {
        let params = self.params();
        let n = params.count();
        let hessian = second_order::hessian(&params, |graph| self.record(graph)).unwrap();
        let product = second_order::hessian_vector_product(&params, &spread(n, 2), |graph| {
            self.record(graph)
        })
        .unwrap();
        let gradient = self.gradient(&params);
        for (i, (got, expected)) in product.gradient.iter().zip(&gradient).enumerate() {
            assert!(
                (got - expected).abs() <= 1e-13 * expected.abs().max(1.0),
                "{what}: gradient {i}"
            );
        }
        let slope: f64 = gradient.iter().zip(spread(n, 2)).map(|(g, v)| g * v).sum();
        assert!(
            (product.slope - slope).abs() < 1e-12 * slope.abs().max(1.0),
            "{what}: {} is not {slope}",
            product.slope
        );
        let places: Vec<usize> =
            params.layout().entries().iter().flat_map(|entry| entry.range.clone()).collect();
        let step = 6e-6;
        for (j, &place) in places.iter().enumerate() {
            let moved = |by: f64| {
                let mut params = params.clone();
                params.values_mut()[place] += by;
                self.gradient(&params)
            };
            let (above, below) = (moved(step), moved(-step));
            for i in 0..n {
                let (entry, mirrored) = (hessian.at(&[i, j]), hessian.at(&[j, i]));
                let numeric = (above[i] - below[i]) / (2.0 * step);
                assert!(
                    (entry - numeric).abs() < 2e-8 * numeric.abs().max(1.0),
                    "{what} [{i}, {j}]: {entry}, {numeric}"
                );
                assert!(
                    (entry - mirrored).abs() < 1e-12 * entry.abs().max(1.0),
                    "{what} [{i}, {j}]: {entry}, {mirrored}"
                );
            }
        }
        for (i, got) in product.product.iter().enumerate() {
            let expected: f64 =
                spread(n, 2).iter().enumerate().map(|(j, v)| hessian.at(&[i, j]) * v).sum();
            assert!(
                (got - expected).abs() < 1e-12 * expected.abs().max(1.0),
                "{what}: {got} is not {expected}"
            );
        }
    }
}

/// `1/2 w^T A w + b^T w`, whose Hessian is `A`.
struct Quadratic {
    a: Tensor<f64>,
}

impl Case for Quadratic {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T> {
        let n = self.a.shape()[0];
        let w = graph.param("w", [n, 1], 0.5);
        let a = graph.constant(&self.a.cast());
        let b = graph.constant(&Tensor::from_fn([n, 1], |i| T::from_usize(i)));
        (w * a.matmul(w) * T::HALF + b * w).sum(..)
    }
}

fn quadratic() -> Quadratic {
    Quadratic { a: Tensor::from_rows([[4.0, 1.0, -2.0], [1.0, -3.0, 0.5], [-2.0, 0.5, 1.0]]) }
}

#[test]
fn the_hessian_of_a_quadratic_is_its_matrix_exactly() {
    let case = quadratic();
    let hessian = second_order::hessian(&case.params(), |graph| case.record(graph)).unwrap();
    assert_eq!(hessian, case.a);
    let product =
        second_order::hessian_vector_product(&case.params(), &[1.0, 2.0, -1.0], |graph| {
            case.record(graph)
        })
        .unwrap();
    assert_eq!(product.product, [8.0, -5.5, -2.0]);
    case.check("quadratic");
}

/// The mean of `ln(1 + e^z) - t z` with `z = x w + b`.
struct Logistic {
    x: Tensor<f64>,
}

impl Case for Logistic {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T> {
        let rows = self.x.shape()[0];
        let (w, b) = (graph.param("w", [self.x.shape()[1], 1], 0.0), graph.param("b", [1], 0.0));
        let z = graph.constant(&self.x.cast()).affine(w, b);
        let t = graph.constant(&Tensor::from_fn([rows, 1], |i| T::from_usize(i % 2)));
        ((z.exp() + T::ONE).ln() - t * z).mean(..)
    }
}

/// `H = 1/n sum p (1 - p) x x^T` over the samples, with a 1 after each `x` for the bias.
#[test]
fn the_hessian_of_logistic_regression_has_its_closed_form() {
    let case = Logistic { x: Tensor::new([5, 3], spread(15, 3)).unwrap() };
    let params = case.params();
    let hessian = second_order::hessian(&params, |graph| case.record(graph)).unwrap();
    let (w, b) = (params.get("w").unwrap().values().to_vec(), params.get("b").unwrap().values()[0]);
    let mut expected = [[0.0; 4]; 4];
    for sample in 0..5 {
        let x = [case.x.row(sample), &[1.0]].concat();
        let z: f64 = x.iter().zip(w.iter().chain([&b])).map(|(x, w)| x * w).sum();
        let p = 1.0 / (1.0 + (-z).exp());
        for (i, row) in expected.iter_mut().enumerate() {
            row.iter_mut()
                .zip(&x)
                .for_each(|(entry, xj)| *entry += p * (1.0 - p) * x[i] * xj / 5.0);
        }
    }
    for (got, expected) in hessian.values().iter().zip(expected.as_flattened()) {
        assert!((got - expected).abs() < 1e-15, "{got} is not {expected}");
    }
    case.check("logistic regression");
}

/// A parameter `[2, 3, 4]` from -1 to 1 and one operation of it, in a loss that bends.
struct Operation(usize);

impl Operation {
    /// The operations by name; the last number of each is its place.
    const NAMES: [&'static str; 37] = [
        "exp",
        "ln",
        "sqrt",
        "square",
        "recip",
        "abs",
        "sin",
        "cos",
        "atan",
        "tanh",
        "sigmoid",
        "relu",
        "powf",
        "pow",
        "clamp",
        "scale_shift",
        "over",
        "sum",
        "mean",
        "mean over an axis",
        "max",
        "min",
        "log_sum_exp",
        "log_sum_exp across",
        "reshape",
        "transpose",
        "concat",
        "slice",
        "gather_rows",
        "select",
        "maximum",
        "minimum",
        "division",
        "broadcast product",
        "broadcast division",
        "matmul",
        "affine",
    ];
}

impl Case for Operation {
    fn record<'g, T: Real>(&self, graph: &'g Graph<T>) -> Var<'g, T> {
        let number = T::from_f64;
        let x = graph.param("x", [2, 3, 4], 0.5);
        let weights = |shape: &[usize]| {
            let n = shape.iter().product();
            graph.constant(&Tensor::new(shape, spread(n, 5)).unwrap().cast())
        };
        let y = match Operation::NAMES[self.0] {
            "exp" => x.exp(),
            "ln" => (x + T::TWO).ln(),
            "sqrt" => (x + T::TWO).sqrt(),
            "square" => x.square(),
            "recip" => (x + T::TWO).recip(),
            "abs" => x.abs(),
            "sin" => x.sin(),
            "cos" => x.cos(),
            "atan" => x.atan(),
            "tanh" => x.tanh(),
            "sigmoid" => x.sigmoid(),
            "relu" => x.relu(),
            "pow" => (x + T::TWO).pow(x),
            "powf" => (x + T::TWO).powf(number(-1.7)),
            "clamp" => x.clamp(number(-0.5), number(0.3)),
            "scale_shift" => x.scale_shift(number(3.0), number(-1.0)),
            "over" => x / number(3.0),
            "sum" => x.sum([0, 2]),
            "mean" => x.mean(..),
            "mean over an axis" => x.mean(1),
            "max" => x.max(2),
            "min" => x.min([0, 1]),
            "log_sum_exp" => x.log_sum_exp(2),
            "log_sum_exp across" => x.log_sum_exp([0, 1]),
            "reshape" => x.reshape([6, 4]),
            "transpose" => x.permute(&[2, 0, 1]),
            "concat" => graph.concat(1, &[x, x.exp()]),
            "slice" => x.slice(2, 1..3),
            "gather_rows" => {
                let indices = graph.constant(&Tensor::from(vec![1.0, 0.0, 1.0]).cast());
                x.reshape([2, 12]).gather_rows(indices)
            }
            "select" => x.greater(weights(&[4])).select(x.exp(), x.square()),
            "maximum" => x.maximum(weights(&[3, 4])),
            "minimum" => x.minimum(x.square()),
            "division" => x / (x.square() + T::ONE),
            "broadcast product" => x * x.sum(2).reshape([2, 3, 1]),
            "broadcast division" => x / (x.sum(0).square() + T::ONE),
            "matmul" => x.reshape([6, 4]).matmul(x.reshape([4, 6])),
            "affine" => x
                .reshape([6, 4])
                .affine(x.reshape([4, 6]), x.slice(0, 0..1).reshape([12]).slice(0, 0..6)),
            other => unreachable!("{other}"),
        };
        (y.square() + weights(&y.shape()) * y.sin()).sum(..)
    }
}

#[test]
fn every_operation_keeps_tangents() {
    for (i, name) in Operation::NAMES.into_iter().enumerate() {
        Operation(i).check(name);
    }
}

/// As with PyTorch's `detach`: `x c` with the constant `c = e^x` does not bend.
#[test]
fn what_is_detached_is_a_constant_in_second_derivatives_too() {
    fn loss<T: Real>(graph: &Graph<T>) -> Var<'_, T> {
        let x = graph.param("x", [2], 0.5);
        (x * x.exp().detach()).sum(..) + x.square().sum(..)
    }
    let graph = Graph::<f64>::new();
    let params = graph.plan(loss(&graph)).unwrap().init(0).unwrap();
    assert_eq!(second_order::hessian(&params, loss).unwrap().values(), [2.0, 0.0, 0.0, 2.0]);
}

#[test]
fn the_largest_eigenvalue_is_the_largest_by_sign() {
    // Of `Q diag(d) Q^T` with a reflection `Q`.
    let with_eigenvalues = |d: [f64; 3]| {
        let u = [2.0 / 3.0, -1.0 / 3.0, 2.0 / 3.0];
        let q = |i: usize, j: usize| f64::from(u8::from(i == j)) - 2.0 * u[i] * u[j];
        let entry = |i: usize, j: usize| (0..3).map(|k| q(i, k) * d[k] * q(j, k)).sum();
        Quadratic { a: Tensor::from_fn([3, 3], |place| entry(place / 3, place % 3)) }
    };
    let cases =
        [[5.0, 1.0, -2.0], [3.0, -7.0, 1.0], [4.0, -4.0, 0.0], [-1.0, -2.0, -3.0], [0.0, 0.0, 0.0]];
    for (d, largest) in cases.into_iter().zip([5.0, 3.0, 4.0, -1.0, 0.0]) {
        let case = with_eigenvalues(d);
        let found = second_order::sharpness(&case.params(), |graph| case.record(graph)).unwrap();
        assert!((found.value - largest).abs() < 1e-9, "{d:?}: {found:?}");
        assert!(
            found.residual < 1e-5
                && (found.vector.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12
        );
    }
}

#[test]
fn iterations_that_run_out_say_how_far_they_are() {
    let case = quadratic();
    let mut curvature = Curvature::record(&case.params(), |graph| case.record(graph)).unwrap();
    let settings = PowerIteration { iterations: 2, ..PowerIteration::default() };
    let found = curvature.largest_eigenvalue(settings).unwrap();
    assert!(found.products == 4 && found.residual > 1e-3, "{found:?}");
}

#[test]
fn a_direction_of_another_length_is_an_error() {
    let case = quadratic();
    let error =
        second_order::hessian_vector_product(&case.params(), &[1.0], |graph| case.record(graph))
            .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a direction holds one number for each of the 3 parameters, but this one has 1"
    );
    let error = second_order::hessian(&case.params(), |graph| {
        case.record(graph).reshape([1]).exp() + graph.constant(&Tensor::zeros([2]))
    });
    assert!(matches!(error, Err(SecondOrderError::Build(_))), "{error:?}");
}

#[test]
fn values_that_are_not_finite_have_no_largest_eigenvalue() {
    fn loss<T: Real>(graph: &Graph<T>) -> Var<'_, T> {
        (graph.param("w", [], 0.0) - T::ONE).ln()
    }
    let graph = Graph::<f64>::new();
    let params = graph.plan(loss(&graph)).unwrap().init(0).unwrap();
    let error = second_order::sharpness(&params, loss).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the Hessian has no largest eigenvalue: the loss or a Hessian-vector product is not finite"
    );
}

#[test]
fn one_plan_serves_many_directions() {
    let case = Logistic { x: Tensor::new([5, 3], spread(15, 3)).unwrap() };
    let params = case.params();
    let graph = Graph::with_params(&params.cast::<Dual>()).evaluating();
    let mut curvature = Curvature::of(case.record(&graph), &params).unwrap();
    let first = curvature.product(&[1.0, 0.0, 0.0, 0.0]).unwrap();
    let _ = curvature.product(&[0.3, -1.0, 2.0, 1.0]).unwrap();
    assert_eq!(curvature.product(&[1.0, 0.0, 0.0, 0.0]).unwrap(), first);
    assert_eq!(curvature.parameters(), 4);
}
