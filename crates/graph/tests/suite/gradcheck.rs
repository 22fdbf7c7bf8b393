//! The gradient check finds what it is there to find.

use chainrule_graph::op::{Backward, Forward, Op, Reads};
use chainrule_graph::{Gradcheck, GradcheckError, Graph, Var, gradcheck};
use chainrule_tensor::{Real, Shape, Tensor};

/// The product of two inputs of equal shape, with a mistake in its derivative.
#[derive(Clone, Copy, Debug)]
enum Product {
    Right,
    /// `da` is twice what it should be.
    Factor,
    /// The last element of `db` has the wrong sign.
    Sign,
    /// `da` overwrites what another consumer of `a` has left.
    Sets,
    /// `db` is never asked for.
    Forgets,
}

impl<T: Real> Op<T> for Product {
    fn name(&self) -> &str {
        "product"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward(&self, pass: Forward<'_, T>) {
        for ((y, &a), &b) in pass.output.iter_mut().zip(&pass.inputs[0]).zip(&pass.inputs[1]) {
            *y = a * b;
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        let (a, b) = (pass.inputs.get(0), pass.inputs.get(1));
        let last = a.len() - 1;
        if let Some(da) = pass.cotangents.get(0) {
            match self {
                Product::Factor => da.zip(pass.upstream, b, |g, b| T::TWO * g * b),
                Product::Sets => {
                    da.values
                        .iter_mut()
                        .zip(&*pass.upstream)
                        .zip(b)
                        .for_each(|((da, &g), &b)| *da = g * b);
                }
                _ => da.zip(pass.upstream, b, |g, b| g * b),
            }
        }
        if matches!(self, Product::Forgets) {
            return;
        }
        if let Some(db) = pass.cotangents.get(1) {
            let db = db.accumulate();
            for (i, db) in db.iter_mut().enumerate() {
                let wrong = matches!(self, Product::Sign) && i == last;
                *db += pass.upstream[i] * if wrong { -a[i] } else { a[i] };
            }
        }
    }
}

fn inputs() -> [Tensor<f64>; 2] {
    [Tensor::from(vec![1.0, -2.0, 0.5]), Tensor::from(vec![3.0, 0.25, -1.0])]
}

fn apply<'g>(op: Product) -> impl Fn(&'g Graph<f64>, &[Var<'g, f64>]) -> Var<'g, f64> {
    move |graph, x| graph.apply(op, &[x[0], x[1]])
}

/// The place, and the two derivatives.
fn found(error: GradcheckError) -> (String, f64, f64) {
    match error {
        GradcheckError::Differs { what, analytic, numeric, .. } => (what, analytic, numeric),
        other => panic!("{other}"),
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-8
}

#[test]
fn a_right_derivative_passes_and_says_how_much_was_compared() {
    let checked =
        gradcheck(&inputs(), |graph, x| graph.apply(Product::Right, &[x[0], x[1]])).unwrap();
    // 3 outputs by 6 coordinates and 4 projections, both also for f(x) + f(x) / 2.
    assert_eq!(checked.compared, 2 * (18 + 4));
    assert!(checked.largest_error < 1e-9, "{checked:?}");
}

#[test]
fn a_wrong_factor_is_found_in_the_first_element_that_has_it() {
    let error =
        gradcheck(&inputs(), |graph, x| graph.apply(Product::Factor, &[x[0], x[1]])).unwrap_err();
    let message = error.to_string();
    let start = "gradcheck: derivative of output element 0 by element 0 of input 0 of shape [3]: \
                 backpropagation gives 6e0, the central difference ";
    assert!(message.starts_with(start), "{message}");
    assert!(message.contains(" (tolerance "), "{message}");
    let (_, analytic, numeric) = found(error);
    assert!(analytic == 6.0 && close(numeric, 3.0), "{analytic} {numeric}");
}

#[test]
fn a_wrong_sign_in_one_element_is_found() {
    let error =
        gradcheck(&inputs(), |graph, x| graph.apply(Product::Sign, &[x[0], x[1]])).unwrap_err();
    let (what, analytic, numeric) = found(error);
    assert_eq!(what, "derivative of output element 2 by element 2 of input 1 of shape [3]");
    assert!(analytic == -0.5 && close(numeric, 0.5), "{analytic} {numeric}");
}

#[test]
fn setting_where_it_should_add_is_found_by_applying_the_function_twice() {
    let error =
        gradcheck(&inputs(), |graph, x| graph.apply(Product::Sets, &[x[0], x[1]])).unwrap_err();
    let (what, analytic, numeric) = found(error);
    let expected = "derivative of output element 0 by element 0 of input 0 of shape [3], of f(x) + \
                    f(x) / 2, where gradients add up";
    assert_eq!(what, expected);
    assert!(analytic == 3.0 && close(numeric, 4.5), "{analytic} {numeric}");
}

#[test]
fn a_forgotten_input_and_a_forgotten_parameter_are_found() {
    let error =
        gradcheck(&inputs(), |graph, x| graph.apply(Product::Forgets, &[x[0], x[1]])).unwrap_err();
    let (what, analytic, numeric) = found(error);
    assert_eq!(what, "derivative of output element 0 by element 0 of input 1 of shape [3]");
    assert!(analytic == 0.0 && close(numeric, 1.0), "{analytic} {numeric}");

    let error = gradcheck(&inputs()[..1], |graph, x| {
        let weight = graph.scope("layer", || graph.param("weight", [3], 0.5));
        graph.apply(Product::Forgets, &[x[0], weight])
    })
    .unwrap_err();
    let (what, analytic, numeric) = found(error);
    assert_eq!(
        what,
        "derivative of output element 0 by element 0 of parameter `layer.weight` of shape [3]"
    );
    assert!(analytic == 0.0 && close(numeric, 1.0), "{analytic} {numeric}");
}

#[test]
fn a_detached_use_is_found() {
    let error = gradcheck(&inputs()[..1], |_, x| x[0] * x[0].detach()).unwrap_err();
    let (what, analytic, numeric) = found(error);
    assert_eq!(what, "derivative of output element 0 by element 0 of input 0 of shape [3]");
    assert!(analytic == 1.0 && close(numeric, 2.0), "{analytic} {numeric}");
}

#[test]
fn random_projections_alone_find_every_mistake() {
    let projections = Gradcheck { full_jacobian: 0, ..Gradcheck::default() };
    assert_eq!(
        projections.check(&inputs(), |graph, x| apply(Product::Right)(graph, x)).unwrap().compared,
        8
    );
    for (op, expected) in [
        (Product::Factor, "random projection 0"),
        (Product::Sign, "random projection 0"),
        (Product::Sets, "random projection 0, of f(x) + f(x) / 2, where gradients add up"),
        (Product::Forgets, "random projection 0"),
    ] {
        let error = projections.check(&inputs(), |graph, x| apply(op)(graph, x)).unwrap_err();
        assert_eq!(found(error).0, expected, "{op:?}");
    }
}

#[test]
fn a_value_that_is_not_finite_is_reported_with_its_place() {
    let error = gradcheck(&[Tensor::from(vec![1.0, 0.0, -1.0])], |_, x| x[0].ln()).unwrap_err();
    assert_eq!(error.to_string(), "gradcheck: the value is not finite at element 1: -inf");
    let error = gradcheck(&[Tensor::from(vec![1.0, f64::NAN])], |_, x| x[0] * 2.0).unwrap_err();
    assert_eq!(error.to_string(), "gradcheck: the value is not finite at element 1: NaN");
}

#[test]
fn a_derivative_that_is_nan_does_not_pass() {
    // The value is 0 at 0, the derivative 0 * inf.
    let error = gradcheck(&[Tensor::scalar(0.0)], |_, x| x[0].square().sqrt()).unwrap_err();
    assert!(found(error).1.is_nan());
}

#[test]
fn a_mistake_in_the_recording_is_passed_on() {
    let error = gradcheck(&inputs(), |_, x| x[0].matmul(x[1])).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("matmul: shapes [3] and [3] must be [.., inner] and [inner, columns]"),
        "{message}"
    );
}

#[test]
fn a_function_may_be_an_input_a_parameter_or_a_constant() {
    gradcheck(&inputs()[..1], |_, x| x[0]).unwrap();
    gradcheck(&inputs()[..1], |graph, _| graph.param("w", [2], 1.5)).unwrap();
    gradcheck(&inputs()[..1], |graph, _| graph.constant(&Tensor::ones([2]))).unwrap();
}

/// Noise added to the input: each forward pass draws anew.
#[derive(Debug)]
struct Noise;

impl<T: Real> Op<T> for Noise {
    fn name(&self) -> &str {
        "noise"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(inputs[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_, T>) {
        let noise = Tensor::<T>::uniform(pass.shape, 0.0..1.0, pass.generator).unwrap();
        for ((y, &x), &noise) in pass.output.iter_mut().zip(&pass.inputs[0]).zip(noise.values()) {
            *y = x + noise;
        }
    }

    fn vjp(&self, mut pass: Backward<'_, T>) {
        if let Some(dx) = pass.cotangents.get(0) {
            dx.map(pass.upstream, |g| g);
        }
    }
}

#[test]
fn a_function_that_draws_random_numbers_draws_the_same_each_time() {
    gradcheck(&inputs()[..1], |graph, x| graph.apply(Noise, &[x[0]]).square()).unwrap();
}
