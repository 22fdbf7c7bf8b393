//! Least squares: classic problems with known minima, bounds, and what is refused. NIST's problems
//! with certified values are in the crate of conformance.

use chainrule_graph::{Graph, Params, Var};
use chainrule_nn::{Model, Sequential};
use chainrule_tensor::{Dual, Tensor};
use chainrule_train::{LeastSquares, LeastSquaresError, LeastSquaresFit, LeastSquaresStop};

/// A problem of Moré, Garbow and Hillstrom, "Testing Unconstrained Optimization Software", 1981:
/// residuals as operations, the standard start, and the sum of squares at its minima.
struct Problem {
    name: &'static str,
    start: Vec<f64>,
    minima: &'static [f64],
    residuals: Residuals,
}

type Residuals = for<'g> fn(&[Var<'g, Dual>]) -> Vec<Var<'g, Dual>>;
type Curve = for<'g> fn(&[Var<'g, Dual>], &[Var<'g, Dual>]) -> Var<'g, Dual>;

/// A number beside a variable.
fn n(x: f64) -> Dual {
    Dual::constant(x)
}

fn problems() -> Vec<Problem> {
    vec![
        Problem {
            name: "Rosenbrock",
            start: vec![-1.2, 1.0],
            minima: &[0.0],
            residuals: |x| vec![(x[1] - x[0] * x[0]) * n(10.0), 1.0 - x[0]],
        },
        Problem {
            name: "Freudenstein and Roth",
            start: vec![0.5, -2.0],
            minima: &[0.0, 48.98425],
            residuals: |x| {
                let y = x[1];
                let first = x[0] + ((5.0 - y) * y - n(2.0)) * y - n(13.0);
                vec![first, x[0] + ((y + n(1.0)) * y - n(14.0)) * y - n(29.0)]
            },
        },
        Problem {
            name: "Powell's badly scaled function",
            start: vec![0.0, 1.0],
            minima: &[0.0],
            residuals: |x| {
                vec![x[0] * x[1] * n(1e4) - n(1.0), (-x[0]).exp() + (-x[1]).exp() - n(1.0001)]
            },
        },
        Problem {
            name: "Brown's badly scaled function",
            start: vec![1.0, 1.0],
            minima: &[0.0],
            residuals: |x| vec![x[0] - n(1e6), x[1] - n(2e-6), x[0] * x[1] - n(2.0)],
        },
        Problem {
            name: "Beale",
            start: vec![1.0, 1.0],
            minima: &[0.0],
            residuals: |x| {
                let power = |n: usize| (1..n).fold(x[1], |power, _| power * x[1]);
                let y = [1.5, 2.25, 2.625];
                (0..3).map(|i| y[i] - x[0] * (1.0 - power(i + 1))).collect()
            },
        },
        Problem {
            name: "Powell's singular function",
            start: vec![3.0, -1.0, 0.0, 1.0],
            minima: &[0.0],
            residuals: |x| {
                let (u, v) = (x[1] - x[2] * n(2.0), x[0] - x[3]);
                let root = |c: f64| c.sqrt();
                let first = [x[0] + x[1] * n(10.0), (x[2] - x[3]) * n(root(5.0))];
                vec![first[0], first[1], u * u, v * v * n(root(10.0))]
            },
        },
        Problem {
            name: "helical valley",
            start: vec![-1.0, 0.0, 0.0],
            minima: &[0.0],
            residuals: |x| {
                // The angle is in (-1/4, 3/4] turns; the half plane is that of the start.
                let turn = 2.0 * std::f64::consts::PI;
                let graph = x[0].graph();
                let zero = graph.constant(&Tensor::<f64>::zeros([]).cast());
                let other = zero.greater(x[0]).select(zero + n(0.5), zero);
                let angle = (x[1] / x[0]).atan() / n(turn) + other;
                let radius = (x[0].square() + x[1].square()).sqrt();
                vec![(x[2] - angle * n(10.0)) * n(10.0), (radius - n(1.0)) * n(10.0), x[2]]
            },
        },
        Problem {
            name: "Kowalik and Osborne",
            start: vec![0.25, 0.39, 0.415, 0.39],
            minima: &[3.07505e-4, 1.02734e-3],
            residuals: |x| {
                let y = [
                    0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235,
                    0.0246,
                ];
                let u = [4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625];
                let one = |i: usize| {
                    y[i] - x[0] * (x[1] * n(u[i]) + n(u[i] * u[i]))
                        / (x[2] * n(u[i]) + x[3] + n(u[i] * u[i]))
                };
                (0..11).map(one).collect()
            },
        },
        Problem {
            name: "Meyer",
            start: vec![0.02, 4000.0, 250.0],
            minima: &[87.9458],
            residuals: |x| {
                let y = [
                    34780.0, 28610.0, 23650.0, 19630.0, 16370.0, 13720.0, 11540.0, 9744.0, 8261.0,
                    7030.0, 6005.0, 5147.0, 4427.0, 3820.0, 3307.0, 2872.0,
                ];
                let one = |i: usize| {
                    let t = 45.0 + 5.0 * (i + 1) as f64;
                    x[0] * (x[1] / (x[2] + n(t))).exp() - n(y[i])
                };
                (0..16).map(one).collect()
            },
        },
        Problem {
            name: "Box in three dimensions",
            start: vec![0.0, 10.0, 20.0],
            minima: &[0.0],
            residuals: |x| {
                let one = |i: usize| {
                    let t = 0.1 * (i + 1) as f64;
                    let last = (-t).exp() - (-10.0 * t).exp();
                    (x[0] * n(-t)).exp() - (x[1] * n(-t)).exp() - x[2] * n(last)
                };
                (0..10).map(one).collect()
            },
        },
        Problem {
            name: "Brown and Dennis",
            start: vec![25.0, 5.0, -5.0, -1.0],
            minima: &[85822.2016],
            residuals: |x| {
                let one = |i: usize| {
                    let t = 0.2 * (i + 1) as f64;
                    let u = x[0] + x[1] * n(t) - n(t.exp());
                    let v = x[2] + x[3] * n(t.sin()) - n(t.cos());
                    u.square() + v.square()
                };
                (0..20).map(one).collect()
            },
        },
        Problem {
            name: "Jennrich and Sampson",
            start: vec![0.3, 0.4],
            minima: &[124.362],
            residuals: |x| {
                let one = |i: usize| {
                    let t = (i + 1) as f64;
                    2.0 + 2.0 * t - ((x[0] * n(t)).exp() + (x[1] * n(t)).exp())
                };
                (0..10).map(one).collect()
            },
        },
        Problem {
            name: "Brown's almost linear function",
            start: vec![0.5; 10],
            minima: &[0.0, 1.0],
            residuals: |x| {
                let sum = x[1..].iter().fold(x[0], |sum, &x| sum + x);
                let product = x[1..].iter().fold(x[0], |product, &x| product * x);
                let mut residuals: Vec<_> = x[..9].iter().map(|&x| x + sum - n(11.0)).collect();
                residuals.push(product - n(1.0));
                residuals
            },
        },
    ]
}

fn starts(values: &[f64]) -> (Vec<String>, Params<f64>) {
    let names: Vec<String> = (0..values.len()).map(|i| format!("x{i}")).collect();
    let graph = Graph::<f64>::new();
    for (name, &value) in names.iter().zip(values) {
        let _ = graph.param(name, [], value);
    }
    let params = Params::init(graph.layout(), 0).unwrap();
    (names, params)
}

fn solve(
    settings: &LeastSquares,
    start: &[f64],
    residuals: Residuals,
) -> Result<LeastSquaresFit, LeastSquaresError> {
    let (names, mut params) = starts(start);
    settings.solve(&mut params, |graph| {
        let x: Vec<_> = names.iter().map(|name| graph.param(name, [], 0.0)).collect();
        let rows: Vec<_> = residuals(&x).into_iter().map(|r| r.reshape([1])).collect();
        graph.concat(0, &rows)
    })
}

/// From ten times the standard start, these lead to where the sum of squares falls for ever, or so
/// slowly that the evaluations do not suffice.
const FAR: [&str; 4] =
    ["Powell's badly scaled function", "Beale", "Box in three dimensions", "Jennrich and Sampson"];

/// Kind 10, least squares, beyond the problems with certified values: from the standard start, and
/// from one ten times as far.
#[test]
fn classic_problems_end_at_a_known_minimum() {
    for Problem { name, start, minima, residuals } in problems() {
        for factor in [1.0, 10.0].into_iter().filter(|&f| f == 1.0 || !FAR.contains(&name)) {
            let start: Vec<f64> = start.iter().map(|x| factor * x).collect();
            let fit = solve(&LeastSquares::default(), &start, residuals).unwrap();
            let s = fit.sum_of_squares;
            let near = |m: &f64| (s - m).abs() <= if *m == 0.0 { 1e-20 } else { 1e-5 * m };
            assert!(minima.iter().any(near) && fit.is_converged(), "{name} from {factor}: {fit}");
        }
    }
}

#[test]
fn bounds_that_are_active_are_kept_and_held() {
    // Rosenbrock's valley within x <= 1/2, where the minimum is (1/2, 1/4) with S = 1/4.
    let rosenbrock: Residuals = |x| vec![(x[1] - x[0] * x[0]) * n(10.0), 1.0 - x[0]];
    let settings = LeastSquares::default().bound("x0", -2.0, 0.5);
    let fit = solve(&settings, &[-1.2, 1.0], rosenbrock).unwrap();
    assert!((fit.sum_of_squares - 0.25).abs() < 1e-12 && fit.is_converged(), "{fit}");
    assert_eq!((fit.parameters[0], &fit.held[..]), (0.5, &[true, false][..]));
    assert!((fit.parameters[1] - 0.25).abs() < 1e-9, "{fit}");
    let errors = fit.standard_errors().unwrap();
    // J = [-10, 10; -1, 0] without its first column, and s^2 = 1/4.
    assert!(errors[0] == 0.0 && (errors[1] - 0.05).abs() < 1e-9, "{errors:?}");
    // Bounds around the minimum change nothing; one on the way is left again.
    let wide = LeastSquares::default().bound("x*", -1.5, 1.5);
    let fit = solve(&wide, &[-1.2, 1.0], rosenbrock).unwrap();
    assert!(fit.sum_of_squares < 1e-20 && fit.held == [false, false], "{fit}");
    let fit =
        solve(&LeastSquares::default().bound("x1", -1.0, 2.0), &[-1.2, 2.0], rosenbrock).unwrap();
    assert!(fit.sum_of_squares < 1e-20, "{fit}");
    // Equal bounds fix a parameter.
    let fit =
        solve(&LeastSquares::default().bound("x0", -1.0, -1.0), &[-1.0, 3.0], rosenbrock).unwrap();
    assert!((fit.sum_of_squares - 4.0).abs() < 1e-12 && fit.held == [true, false], "{fit}");
}

#[test]
fn bounds_at_a_vertex_end_where_the_sum_of_squares_falls_beyond_both() {
    // A plane whose minimum (3, 4) lies beyond both bounds, with correlated columns.
    let mut b = [0.0, 0.0];
    let settings = LeastSquares::default().bound("*", -1.0, 2.0);
    let fit = settings.minimise(&mut b, 3, |b, r, jacobian| {
        let rows = [[1.0, 0.9], [0.9, 1.0], [0.1, 0.2]];
        for (r, row) in r.iter_mut().zip(rows) {
            *r = row[0] * (b[0] - 3.0) + row[1] * (b[1] - 4.0);
        }
        if let Some(jacobian) = jacobian {
            jacobian.copy_from_slice(rows.as_flattened());
        }
    });
    let fit = fit.unwrap();
    assert_eq!((b, fit.held.as_slice(), fit.is_converged()), ([2.0, 2.0], &[true, true][..], true));
    assert_eq!(fit.standard_errors().unwrap(), [0.0, 0.0]);
}

const X: [f64; 6] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
const Y: [f64; 6] = [1.1, 2.9, 5.2, 7.1, 8.8, 11.3];

/// A straight line, whose covariance is known in closed form.
#[test]
fn weights_count_as_repeated_values_do() {
    let line = |x: &[f64], y: &[f64], weights: Option<&[f64]>| {
        let start = [("offset", 0.0), ("slope", 0.0)];
        LeastSquares::default()
            .fit_curve(&start, &[x], y, weights, |b, x| b[0] + b[1] * x[0])
            .unwrap()
    };
    let fit = line(&X, &Y, None);
    // By hand: mean of x 2.5, sum of squares about it 17.5; of y 36.4/6; sum of products 35.3.
    let slope = 35.3 / 17.5;
    assert!((fit.parameters[1] - slope).abs() < 1e-13, "{fit}");
    let s2 = fit.sum_of_squares / 4.0;
    let covariance = fit.covariance().unwrap();
    let expected = [s2 * (1.0 / 6.0 + 6.25 / 17.5), -s2 * 2.5 / 17.5, -s2 * 2.5 / 17.5, s2 / 17.5];
    for (got, expected) in covariance.values().iter().zip(expected) {
        assert!((got - expected).abs() < 1e-13, "{got} for {expected}");
    }
    // A sample given twice has the weight 2, one left out 0; ratios of weights count, not their
    // size.
    let twice = line(&[X.as_slice(), &[5.0]].concat(), &[Y.as_slice(), &[11.3]].concat(), None);
    let weighted = line(&X, &Y, Some(&[1.0, 1.0, 1.0, 1.0, 1.0, 2.0]));
    let without = line(&X[1..], &Y[1..], None);
    let zero = line(&X, &Y, Some(&[0.0, 3.0, 3.0, 3.0, 3.0, 3.0]));
    for (a, b) in [(&twice, &weighted), (&without, &zero)] {
        let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(a.parameters.iter().zip(&b.parameters).all(close), "{a}\n{b}");
    }
    assert_eq!((without.degrees_of_freedom, zero.degrees_of_freedom), (3, 3));
    let (a, b) = (without.standard_errors().unwrap(), zero.standard_errors().unwrap());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-13), "{a:?} {b:?}");
}

#[test]
fn fewer_residuals_than_parameters_are_solved_for_where_that_is_accepted() {
    let model = Sequential::<Dual>::default().linear(2, 2).tanh().linear(2, 1);
    let x = Tensor::from_fn([5, 2], |i| (i as f64 * 1.7).sin());
    let y = Tensor::from_fn([5, 1], |i| (i as f64 * 0.9).cos());
    let mut params: Params<f64> = model.init([2], 3).unwrap().cast();
    let refused = LeastSquares::default().fit(&model, &mut params, &x, &y, None);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "least squares: 5 residuals do not determine 9 parameters: give more data, fix parameters, \
         or accept it \
         with `allow_under_determined`"
    );
    let allowed = LeastSquares { allow_under_determined: true, ..LeastSquares::default() };
    let fit = allowed.fit(&model, &mut params, &x, &y, None).unwrap();
    assert!(fit.sum_of_squares < 1e-20 && fit.is_converged(), "{fit}");
    assert!(matches!(fit.standard_errors(), Err(LeastSquaresError::NoFreedom { .. })));
    let name = |name: &str| fit.names.iter().any(|n| n == name);
    assert!(name("0.weight[3]") && name("2.bias[0]"), "{:?}", fit.names);
    let wrong = allowed.fit(&model, &mut params, &x, &y.reshape([5]).unwrap(), None).unwrap_err();
    let message = wrong.to_string();
    assert!(
        message.starts_with("the model gives [5, 1] where the values have shape [5]"),
        "{message}"
    );
}

#[test]
fn residuals_that_are_not_finite_beyond_a_wall_make_steps_shorter() {
    // ln b meets a wall at 0, which the first step from far away would cross.
    let y: Vec<f64> = X.iter().map(|x| (0.5 + 0.01 * x).ln()).collect();
    let fit = LeastSquares::default()
        .fit_curve(&[("a", 50.0), ("b", 40.0)], &[&X], &y, None, |b, x| (b[0] + b[1] * x[0]).ln())
        .unwrap();
    assert!((fit.parameters[0] - 0.5).abs() < 1e-9 && fit.is_converged(), "{fit}");
}

#[test]
fn why_it_ended_is_told() {
    let line = |settings: &LeastSquares| {
        let start = [("a", 5.0), ("b", -3.0)];
        settings.fit_curve(&start, &[&X], &Y, None, |b, x| b[0] * b[0] + b[1] * x[0]).unwrap()
    };
    for most in [0, 1, 2] {
        let few = LeastSquares { max_evaluations: Some(most), ..LeastSquares::default() };
        let fit = line(&few);
        assert_eq!((fit.stop, fit.evaluations), (LeastSquaresStop::Evaluations, most.max(1)));
        assert!(!fit.is_converged() && fit.to_string().contains("all evaluations were made"));
    }
    let most = LeastSquares { max_evaluations: Some(usize::MAX), ..LeastSquares::default() };
    assert!(line(&most).is_converged());
    // Without tolerances it ends as well.
    let endless =
        LeastSquares { tolerance_gradient: 0.0, tolerance_cost: 0.0, ..LeastSquares::default() };
    let fit = line(&LeastSquares { tolerance_step: 0.0, ..endless });
    assert!(fit.is_converged() && fit.evaluations < 200, "{fit}");
    // A Jacobian of the wrong sign.
    let fit = LeastSquares::default().minimise(&mut [3.0], 2, |b, residuals, jacobian| {
        residuals.copy_from_slice(&[b[0] - 1.0, b[0] - 2.0]);
        if let Some(jacobian) = jacobian {
            jacobian.copy_from_slice(&[-1.0, -1.0]);
        }
    });
    assert_eq!(fit.unwrap().stop, LeastSquaresStop::Stuck);
}

#[test]
fn standard_errors_that_do_not_exist_are_refused() {
    let three = |model: Curve| {
        let start = [("a", 1.0), ("b", 1.0), ("c", 1.0)];
        let fit = LeastSquares::default().fit_curve(&start, &[&X], &Y, None, model).unwrap();
        assert!(fit.to_string().contains("unknown"), "{fit}");
        fit.standard_errors().unwrap_err().to_string()
    };
    let unused = three(|b, x| b[0] + b[1] * x[0]);
    assert!(unused.starts_with("least squares: the covariance is singular"), "{unused}");
    assert!(unused.ends_with("do not tell `c` from the other parameters"), "{unused}");
    let twin = three(|b, x| b[0] + (b[1] + b[2]) * x[0]);
    assert!(twin.contains("singular: the residuals do not tell `"), "{twin}");
    let exact = LeastSquares::default()
        .fit_curve(&[("a", 0.0), ("b", 0.0)], &[&X[..2]], &Y[..2], None, |b, x| b[0] + b[1] * x[0])
        .unwrap();
    assert_eq!(
        exact.standard_errors().unwrap_err().to_string(),
        "least squares: 2 residuals of 2 free parameters leave no degree of freedom to estimate \
         standard errors from"
    );
}

/// Kind 10: bad input gets one clear line.
#[test]
fn mistakes_are_told_before_the_first_step() {
    let line: Curve = |b, x| b[0] + b[1] * x[0];
    let start = [("a", 1.0), ("b", 1.0)];
    let plain = LeastSquares::default();
    let fit =
        |settings: &LeastSquares, start: &[(&str, f64)], y: &[f64], weights: Option<&[f64]>| {
            settings.fit_curve(start, &[&X], y, weights, line).unwrap_err().to_string()
        };
    let with_nan = [1.0, 2.0, f64::NAN, 1.0, 1.0, 1.0];
    let negative = [1.0, -1.0, 1.0, 1.0, 1.0, 1.0];
    let cases = [
        (
            fit(&plain, &start, &with_nan, None),
            "residual 2 is NaN at the first parameters: start elsewhere",
        ),
        (fit(&plain, &start, &Y[..5], None), "column 0 of x has 6 values, y has 5"),
        (fit(&plain, &start, &Y, Some(&[1.0; 5])), "5 weights for 6 samples"),
        (
            fit(&plain, &start, &Y, Some(&negative)),
            "the weight of sample 1 is -1, but weights are not negative",
        ),
        (
            fit(&plain, &[("a", 1.0), ("a", 2.0)], &Y, None),
            "parameter 1 is named `a`, as one before it",
        ),
        (
            fit(&plain, &[("a", f64::NAN), ("b", 2.0)], &Y, None),
            "`a` starts at NaN, which is not a number from -inf to inf",
        ),
        (
            fit(&plain.clone().bound("b", 2.0, 3.0), &start, &Y, None),
            "`b` starts at 1, which is not a number from 2 to 3",
        ),
        (
            fit(&plain.clone().bound("b", 3.0, 2.0), &start, &Y, None),
            "the bounds of `b` must be a lower and an upper one, but they are 3 and 2",
        ),
        (
            fit(&plain.clone().bound("slope", 0.0, 2.0), &start, &Y, None),
            "bounds for `slope`, but no parameter has a name like that; there are: a, b",
        ),
        (
            fit(&LeastSquares { tolerance_cost: f64::NAN, ..plain.clone() }, &start, &Y, None),
            "tolerance_cost must be from 0 to 1, but it is NaN",
        ),
        (
            fit(&plain, &start, &Y, Some(&[0.0, 0.0, 0.0, 0.0, 0.0, 1.0])),
            "1 residuals do not determine 2 parameters: give more data, fix parameters, or accept \
             it with \
             `allow_under_determined`",
        ),
    ];
    for (got, expected) in cases {
        assert_eq!(got, format!("least squares: {expected}"));
    }
    let steep = plain
        .fit_curve(&[("a", 0.0), ("b", 1.0)], &[&X], &Y, None, |b, x| b[0].sqrt() + b[1] * x[0]);
    assert_eq!(
        steep.unwrap_err().to_string(),
        "least squares: a derivative by `a` is not finite at the first parameters: start elsewhere"
    );
    let shape =
        plain.fit_curve(&start, &[&X], &Y, None, |b, x| (b[0] * x[0]).reshape([2, 3]) + b[1]);
    let message = shape.unwrap_err().to_string();
    assert!(message.starts_with("the curve gives [2, 3] where there are 6 values"), "{message}");
    let none = plain.minimise(&mut [], 3, |_, residuals, _| residuals.fill(1.0)).unwrap_err();
    assert!(matches!(none, LeastSquaresError::UnderDetermined { residuals: 3, parameters: 0 }));
}

/// Kind "memory safety": a number of residuals that memory cannot hold is an error before it is
/// tried. So is one of parameters, whose problem is padded to a square.
#[test]
fn more_derivatives_than_memory_holds_are_an_error() {
    for residuals in [usize::MAX, usize::MAX / 8, 1 << 61, 1 << 45] {
        for mut parameters in [vec![], vec![1.0], vec![1.0; 9]] {
            let fit = LeastSquares::default()
                .minimise(&mut parameters, residuals, |_, _, _| panic!("not tried"));
            let error = fit.unwrap_err().to_string();
            assert!(
                error.contains(" have too many derivatives: ") && error.contains(" more "),
                "{error}"
            );
        }
    }
    let many = 1_000_000;
    let squares = LeastSquares { allow_under_determined: true, ..LeastSquares::default() };
    let by_hand = squares.minimise(&mut vec![1.0; many], 1, |_, _, _| panic!("not tried"));
    let layout = Graph::<f64>::new();
    let _ = layout.param("w", [many], 1.0);
    let mut params = Params::init(layout.layout(), 0).unwrap();
    let by_graph = squares.solve(&mut params, |graph| graph.param("w", [many], 1.0).sum(..));
    for error in [by_hand.unwrap_err().to_string(), by_graph.unwrap_err().to_string()] {
        let start = "least squares: 1 residuals of 1000000 parameters have too many derivatives: ";
        assert!(error.starts_with(start), "{error}");
    }
}
