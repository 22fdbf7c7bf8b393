//! Rules that hold for every activation of the list, with its default settings and with others.

use std::sync::Arc;

use chainrule_graph::{DerivativeReads, Graph, Pointwise};
use chainrule_tensor::{Real, Shape, Tensor};

use super::gain::second_moment_gain;
use super::{Activation, all, by_name};
use crate::limit::{close, limit};

/// Every entry by its name, and some with other settings.
fn texts() -> Vec<String> {
    let names =
        all::<f64>().iter().map(|activation| activation.kind().to_owned()).collect::<Vec<_>>();
    let others = [
        "leaky_relu(slope=0.3)",
        "prelu(per_channel=true)",
        "elu(alpha=0.5)",
        "elu(alpha=3)",
        "hard_tanh(min_value=-0.5, max_value=2)",
        "softplus(beta=2, threshold=30)",
        "softplus(beta=2)",
        "softplus(beta=0.5)",
        "softplus(threshold=1)",
        "rrelu(lower=0.2, upper=0.2)",
        "celu(alpha=0.5)",
        "celu(alpha=2)",
        "gelu(approximate=tanh)",
        "swish",
        "hard_shrink(lambda=1.5)",
        "hard_shrink(lambda=0)",
        "soft_shrink(lambda=1.5)",
        "soft_shrink(lambda=0)",
        "threshold(threshold=1)",
        "threshold(threshold=0.1, value=20)",
        "threshold(threshold=-1, value=-2)",
        "maxout(pieces=3)",
        "parametric(of=mish, initial=0.5)",
        "parametric(of=prelu)",
    ];
    names.into_iter().chain(others.map(str::to_owned)).collect()
}

/// A text, the activation that it names, and its function.
type Function = (String, Box<dyn Activation<f64>>, Arc<dyn Pointwise<f64>>);

/// The element-wise activations.
fn functions() -> Vec<Function> {
    let found = texts().into_iter().map(|text| {
        let activation = by_name::<f64>(&text).unwrap();
        let function = activation.pointwise()?;
        Some((text, activation, function))
    });
    found.flatten().collect()
}

fn derivative(function: &dyn Pointwise<f64>, x: f64) -> f64 {
    let reads_output = function.derivative_reads() == DerivativeReads::Output;
    function.derivative(if reads_output { function.value(x) } else { x })
}

/// From -15 to 15, and beyond; no point is within 1e-4 of a number of one decimal, as which all
/// kinks are chosen.
fn grid() -> Vec<f64> {
    (-15_000..15_000).map(|i| (f64::from(i) + 0.37) / 1000.0).collect()
}

/// Values and the gradient of their sum for one row of inputs, in training.
fn run<T: Real>(activation: &dyn Activation<T>, x: &[T]) -> (Vec<T>, Vec<T>) {
    let graph = Graph::new();
    let input = graph.input("x", [1, x.len()]).keep_gradient();
    let y = activation.forward(input).keep();
    let plan = graph.plan(y.sum(..)).unwrap();
    let (params, mut ws, mut grads) = (plan.init(0).unwrap(), plan.workspace(), plan.grads());
    ws.set(input, x).unwrap();
    plan.forward(&params, &mut ws);
    plan.backward(&params, &mut ws, &mut grads);
    (ws.value(y).values().to_vec(), ws.gradient(input).values().to_vec())
}

fn extremes<T: Real>() {
    for text in texts() {
        let activation = by_name::<T>(&text).unwrap();
        let finite = [0.0, -0.0, 1.0, -1.0, 1e-30, 1e4, -1e4, 1e30, -1e30];
        for a in finite {
            for b in finite {
                let row = [a, b, a, b, a, b].map(T::from_f64);
                let (y, dx) = run(&*activation, &row);
                assert!(
                    !y.iter().any(|y| y.is_nan()),
                    "{text} of {a:e} and {b:e} in {}: {y:?}",
                    T::DTYPE
                );
                assert!(
                    !dx.iter().any(|dx| dx.is_nan()),
                    "{text}' at {a:e} and {b:e} in {}: {dx:?}",
                    T::DTYPE
                );
            }
        }
        let (y, _) = run(&*activation, &[T::NAN; 6]);
        assert!(y.iter().all(|y| y.is_nan()), "{text} of NaN in {}: {y:?}", T::DTYPE);
        if activation.pointwise().is_some() {
            let (y, dx) =
                run(&*activation, &[T::INFINITY, -T::INFINITY, T::NAN, T::ONE, T::NAN, T::ONE]);
            assert!(
                !y[0].is_nan() && !y[1].is_nan(),
                "{text} of an infinity in {}: {y:?}",
                T::DTYPE
            );
            assert!(
                !dx[0].is_nan() && !dx[1].is_nan(),
                "{text}' at an infinity in {}: {dx:?}",
                T::DTYPE
            );
            assert!(
                y[2].is_nan() && !y[3].is_nan() && !dx[3].is_nan(),
                "{text}: NaN stays in its place: {y:?} {dx:?}"
            );
        }
    }
}

#[test]
fn extreme_inputs_in_f32() {
    extremes::<f32>();
}

#[test]
fn extreme_inputs_in_f64() {
    extremes::<f64>();
}

// Zero times infinity (kind 4 of RELIABILITY.md): pytorch#49844.
#[test]
fn infinite_inputs_give_the_limits_of_values_and_derivatives() {
    let (mut tried, mut wrong) = (0, Vec::new());
    // Random in training.
    for text in texts().into_iter().filter(|text| text != "rrelu") {
        let (single, double) = (by_name::<f32>(&text).unwrap(), by_name::<f64>(&text).unwrap());
        let base = [0.3, -0.7, 1.1, 2.3, -1.9, 0.6];
        let signs = [1.0, -1.0].into_iter();
        let ones =
            (0..6).flat_map(|i| signs.clone().map(move |sign| vec![(i, sign)])).collect::<Vec<_>>();
        let pairs = ones
            .iter()
            .flat_map(|a| ones.iter().filter(|b| b[0].0 > a[0].0).map(|b| vec![a[0], b[0]]));
        for at in ones.iter().cloned().chain(pairs) {
            let filled = |size: f64, powers: [f64; 2]| {
                let mut row = base;
                at.iter()
                    .zip(powers)
                    .for_each(|(&(i, sign), power)| row[i] = sign * size.powf(power));
                row
            };
            let outcome = |row: [f64; 6]| {
                let (y, dx) = run(&*double, &row);
                [y, dx].concat()
            };
            let ways = [[1.0, 1.0], [1.0, 0.5], [0.5, 1.0]].map(|powers| {
                let [a, b, c] = [1e90, 1e100, 1e110].map(|far| outcome(filled(far, powers)));
                (0..a.len()).map(|i| limit([a[i], b[i], c[i]])).collect::<Vec<_>>()
            });
            let row = filled(f64::INFINITY, [1.0; 2]);
            let (y, dx) = run(&*single, &row.map(|x| x as f32));
            let narrow: Vec<f64> = y.into_iter().chain(dx).map(f64::from).collect();
            for (name, got, tolerance) in [("f64", outcome(row), 1e-9), ("f32", narrow, 1e-5)] {
                for (i, &got) in got.iter().enumerate() {
                    tried += 1;
                    let alike = ways.iter().all(|way| close(way[i], ways[0][i], 1e-7));
                    let expected = if alike { ways[0][i] } else { f64::NAN };
                    // Several infinite numbers of a softmax or a gated pair make all that depends
                    // on them NaN. Of equal ones a maxout takes the first.
                    let free = got.is_nan() || text.starts_with("maxout");
                    let given_up = at.len() == 2 && free && double.pointwise().is_none();
                    if !close(got, expected, tolerance) && !given_up {
                        wrong.push(format!(
                            "{text} in {name} at {row:?}: number {i} is {got:e}, not {expected:e}"
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 10_000, "{tried}");
}

#[test]
fn both_scalars_agree() {
    for text in texts() {
        let (single, double) = (by_name::<f32>(&text).unwrap(), by_name::<f64>(&text).unwrap());
        // An offset that is exact in both, so that both are on the same side of each kink.
        let x: Vec<f64> = (0..96).map(|i| f64::from(i - 48) * 0.25 + 0.0625).collect();
        let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let ((y, dx), (narrow_y, narrow_dx)) = (run(&*double, &x), run(&*single, &narrow));
        for (what, exact, got) in [("", y, narrow_y), ("'", dx, narrow_dx)] {
            for (i, (&exact, &got)) in exact.iter().zip(&got).enumerate() {
                let error = (f64::from(got) - exact).abs();
                assert!(
                    error <= 1e-6 * exact.abs().max(1.0),
                    "{text}{what} at place {i}: {got} and {exact}"
                );
            }
        }
    }
}

#[test]
fn the_range_is_tight() {
    for (text, activation, function) in functions() {
        let (low, high) = activation.properties().range;
        let far = [-1e30, -1e4, -100.0, 0.0, 100.0, 1e4, 1e30];
        let values: Vec<f64> = grid().into_iter().chain(far).map(|x| function.value(x)).collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(
            low <= least && most <= high,
            "{text}: values from {least} to {most}, range {low} to {high}"
        );
        let near = |bound: f64, seen: f64| {
            if bound.is_finite() { (bound - seen).abs() < 1e-2 } else { seen.abs() > 1e3 }
        };
        assert!(
            near(low, least) && near(high, most),
            "{text}: values from {least} to {most}, range {low} to {high}"
        );
    }
}

#[test]
fn the_lipschitz_constant_is_tight() {
    for (text, activation, function) in functions() {
        // That of an activation that is random in training is for the steepest draw.
        let lipschitz = activation.properties().lipschitz;
        let points = grid();
        let quotient = |a: f64, b: f64| ((function.value(b) - function.value(a)) / (b - a)).abs();
        let steepest = points.windows(2).map(|pair| quotient(pair[0], pair[1])).fold(0.0, f64::max);
        if lipschitz.is_finite() {
            let slopes =
                points.iter().map(|&x| derivative(&*function, x).abs()).fold(0.0, f64::max);
            assert!(
                steepest <= lipschitz * (1.0 + 1e-9),
                "{text}: a difference quotient of {steepest}"
            );
            assert!(slopes <= lipschitz * (1.0 + 1e-9), "{text}: a derivative of {slopes}");
            assert!(
                slopes >= 0.99 * lipschitz,
                "{text}: derivatives up to {slopes}, stated {lipschitz}"
            );
        } else {
            assert!(steepest > 10.0, "{text}: no jump is seen");
        }
    }
}

#[test]
fn kinks_are_where_the_derivative_jumps_and_nowhere_else() {
    for (text, activation, function) in functions() {
        let kinks = activation.properties().kinks;
        for &kink in &kinks {
            let (below, above) = (kink - 1e-9, kink + 1e-9);
            let slopes = [derivative(&*function, below), derivative(&*function, above)];
            // Of the derivative, or of the value itself.
            let jump = (slopes[1] - slopes[0]).abs()
                + (function.value(above) - function.value(below) - slopes[0] * (above - below))
                    .abs();
            assert!(jump > 1e-11, "{text}: nothing happens at {kink}");
            let at = derivative(&*function, kink);
            // The chosen subgradient is one of the sides'.
            assert!(
                slopes.iter().any(|slope| (slope - at).abs() < 1e-8),
                "{text}: {at} at {kink}, beside it {slopes:?}"
            );
        }
        for pair in grid().windows(2) {
            let between = kinks.iter().any(|kink| pair[0] <= *kink && *kink <= pair[1]);
            let jump = (derivative(&*function, pair[1]) - derivative(&*function, pair[0])).abs();
            assert!(
                between || jump < 0.02,
                "{text}: the derivative jumps by {jump} at {}",
                pair[0]
            );
        }
    }
}

#[test]
fn outside_of_the_responsive_interval_the_derivative_is_small() {
    for (text, activation, function) in functions() {
        let properties = activation.properties();
        let (low, high) = properties.responsive;
        // A function that jumps may be steep nevertheless.
        let steepest = if properties.lipschitz.is_finite() { properties.lipschitz } else { 1.0 };
        let responds = |x: f64| derivative(&*function, x).abs() >= 0.05 * steepest;
        assert!(
            grid().iter().all(|&x| (low < x && x < high) || !responds(x)),
            "{text}: {low} to {high} is too narrow"
        );
        for (bound, inwards) in [(low, 1e-6), (high, -1e-6)] {
            assert!(
                !bound.is_finite() || responds(bound + inwards),
                "{text}: {low} to {high} is too wide"
            );
            assert!(
                !bound.is_finite() || !responds(bound - inwards),
                "{text}: {low} to {high} is too narrow"
            );
        }
    }
}

/// Far out to one side the derivative vanishes, which neither `responsive` nor `can_die` says.
fn saturates_untold(function: &dyn Pointwise<f64>) -> Option<f64> {
    let known = function.properties();
    let steepest = if known.lipschitz.is_finite() { known.lipschitz } else { 1.0 };
    let (low, high) = known.responsive;
    [(-1e4, low), (1e4, high)].into_iter().find_map(|(far, bound)| {
        let flat = derivative(function, far).abs() < 1e-3 * steepest;
        (flat && bound.is_infinite() && !known.can_die).then_some(far)
    })
}

#[test]
fn what_saturates_says_so() {
    for (text, _, function) in functions() {
        let side = saturates_untold(&*function);
        assert_eq!(side, None, "{text} is flat there: state `responsive`, or that it can die");
    }
    /// The logistic function, of which nothing is stated.
    #[derive(Debug)]
    struct Untold;
    impl Pointwise<f64> for Untold {
        fn name(&self) -> &'static str {
            "untold"
        }
        fn value(&self, x: f64) -> f64 {
            1.0 / (1.0 + (-x).exp())
        }
        fn derivative(&self, y: f64) -> f64 {
            y * (1.0 - y)
        }
        fn derivative_reads(&self) -> DerivativeReads {
            DerivativeReads::Output
        }
    }
    assert_eq!(saturates_untold(&Untold), Some(-1e4));
}

#[test]
fn only_what_is_flat_to_one_side_can_die() {
    for (text, activation, function) in functions() {
        let flat = |x: f64| derivative(&*function, x) == 0.0;
        assert_eq!(activation.properties().can_die, flat(-12.0) || flat(12.0), "{text}");
    }
}

#[test]
fn gains() {
    // PyTorch's where it has one, else 1 / sqrt(E[f(z)^2]) integrated in 30 digits.
    let expected = [
        ("sigmoid", 1.0),
        ("tanh", 5.0 / 3.0),
        ("relu", 2.0_f64.sqrt()),
        ("leaky_relu", (2.0 / 1.0001_f64).sqrt()),
        ("prelu", (2.0 / 1.0625_f64).sqrt()),
        ("elu", 1.245_198_300_700_71),
        ("identity", 1.0),
        ("softmax", 1.0),
        ("log_softmax", 1.0),
        ("log_sigmoid", 1.041_866_835_535_3),
        ("hard_sigmoid", 1.897_840_424_729_56),
        ("hard_tanh", 1.392_036_140_448_31),
        ("tanhshrink", 2.338_367_530_102_12),
        ("softsign", 2.337_533_363_108_54),
        ("softplus", 1.041_866_835_535_3),
        ("relu6", 1.414_213_565_095_07),
        ("rrelu", (2.0 / (1.0 + (1.0 / 64.0 + 1.0 / 24.0 + 1.0 / 9.0) / 3.0_f64)).sqrt()),
        ("selu", 0.75),
        ("celu", 1.245_198_300_700_71),
        ("gelu", 1.533_530_441_195_54),
        ("silu", 1.676_532_470_331_09),
        ("mish", 1.486_847_581_273_21),
        ("hard_swish", 1.736_657_212_766_54),
        ("hard_shrink", 1.015_796_354_719_73),
        ("soft_shrink", 1.544_360_528_280_13),
        ("threshold", 2.0_f64.sqrt()),
        ("softmin", 1.0),
        ("glu", 1.846_228_545_338_61),
        ("maxout", 1.0),
        ("parametric", 0.75),
    ];
    for (text, activation, function) in functions() {
        let kind = activation.kind();
        if !expected.iter().any(|(known, _)| *known == kind) {
            let known = activation.properties();
            let gain = second_moment_gain(&*function, &known.kinks);
            let off = (known.gain / gain - 1.0).abs();
            assert!(off < 1e-8, "{text}: {}, not 1 / sqrt(E[f(z)^2]) = {gain}", known.gain);
        }
    }
    for (name, gain) in expected {
        let got = by_name::<f32>(name).unwrap().properties().gain;
        assert!((got / gain - 1.0).abs() < 1e-8, "{name}: {got}, not {gain}");
    }
    let others = [
        ("gelu(approximate=tanh)", 1.533_580_521_666_15),
        ("threshold(threshold=1)", 1.579_903_081_761_05),
    ];
    for (text, gain) in others {
        let got = by_name::<f32>(text).unwrap().properties().gain;
        assert!((got / gain - 1.0).abs() < 1e-8, "{text}: {got}, not {gain}");
    }
}

#[test]
fn the_output_is_narrower_by_the_divisor() {
    for text in texts() {
        let activation = by_name::<f64>(&text).unwrap();
        let divisor = activation.divisor();
        let x = Tensor::from_fn([2, 3 * divisor], |i| (i as f64).sin());
        let graph = Graph::<f64>::new();
        let y = activation.forward(graph.input("x", x.shape()));
        graph.check_error().unwrap();
        assert_eq!(y.shape(), Shape::new(&[2, 3]), "{text}");
    }
}

#[test]
fn swish_is_silu() {
    for text in ["swish", " swish ", "swish()", "Swish", "SiLU"] {
        assert_eq!(by_name::<f32>(text).unwrap().kind(), "silu");
    }
    let error = by_name::<f32>("swishy").unwrap_err().to_string();
    assert!(error.starts_with("there is no activation `swishy`; there are: sigmoid, "), "{error}");
}
