//! Defaults and values of PyTorch that a newcomer takes for granted.

use chainrule_graph::Graph;
use chainrule_nn::activation::{self, Elu, LeakyRelu, PRelu, Relu, Sigmoid, Tanh};
use chainrule_nn::loss::{CrossEntropy, Loss, MeanSquaredError, Reduction};
use chainrule_nn::{Activation, Layer, Linear, Model, Sequential};
use chainrule_tensor::{Shape, Tensor};

/// The output and the gradient with respect to the input, for an upstream gradient of ones.
fn run(layer: &dyn Layer<f64>, x: &Tensor<f64>) -> (Vec<f64>, Vec<f64>) {
    let graph = Graph::new();
    let input = graph.input("x", x.shape()).keep_gradient();
    let y = layer.forward(input);
    let plan = graph.plan_with_upstream(y).unwrap();
    let (params, mut workspace, mut grads) =
        (plan.init(0).unwrap(), plan.workspace(), plan.grads());
    workspace.set(input, x.values()).unwrap();
    plan.forward(&params, &mut workspace);
    plan.backward_with(&params, &mut workspace, &mut grads, &vec![1.0; y.shape().elements()]);
    (workspace.value(y).values().to_vec(), workspace.gradient(input).values().to_vec())
}

#[test]
fn derivatives_at_zero_are_the_chosen_ones() {
    let at_zero: [(&dyn Layer<f64>, f64, f64); 7] = [
        (&Sigmoid, 0.5, 0.25),
        (&Tanh, 0.0, 1.0),
        (&Relu, 0.0, 0.0),
        (&LeakyRelu::default(), 0.0, 0.01),
        (&PRelu::default(), 0.0, 0.25),
        (&Elu::default(), 0.0, 1.0),
        (&Elu { alpha: 0.5 }, 0.0, 0.5),
    ];
    for (layer, value, slope) in at_zero {
        for zero in [0.0, -0.0] {
            let (y, dx) = run(layer, &Tensor::from(vec![zero]));
            assert_eq!((y[0].abs(), dx[0]), (value, slope), "{}", layer.kind());
        }
    }
}

#[test]
fn activations_far_out_neither_overflow_nor_lose_their_sign() {
    type Case<'a> = (&'a dyn Layer<f64>, [f64; 2], [f64; 2]);
    let limits: [Case<'_>; 6] = [
        (&Sigmoid, [0.0, 1.0], [0.0, 0.0]),
        (&Tanh, [-1.0, 1.0], [0.0, 0.0]),
        (&Relu, [0.0, 1e8], [0.0, 1.0]),
        (&LeakyRelu::default(), [-1e6, 1e8], [0.01, 1.0]),
        (&PRelu::default(), [-0.25e8, 1e8], [0.25, 1.0]),
        (&Elu::default(), [-1.0, 1e8], [0.0, 1.0]),
    ];
    for (layer, values, slopes) in limits {
        let (y, dx) = run(layer, &Tensor::from(vec![-1e8, 1e8]));
        assert_eq!((y, dx), (values.to_vec(), slopes.to_vec()), "{}", layer.kind());
    }
}

#[test]
fn initialisation_gains() {
    let expected = [
        ("sigmoid", 1.0),
        ("tanh", 5.0 / 3.0),
        ("relu", 2.0_f64.sqrt()),
        ("leaky_relu", (2.0 / (1.0 + 0.01 * 0.01_f64)).sqrt()),
        ("prelu", (2.0 / (1.0 + 0.25 * 0.25_f64)).sqrt()),
        ("identity", 1.0),
    ];
    for (name, gain) in expected {
        let properties = activation::by_name::<f64>(name).unwrap().properties();
        assert!((properties.gain - gain).abs() < 1e-15, "{name}: {}", properties.gain);
    }
    let steep = Activation::<f64>::properties(&LeakyRelu { slope: 5.0_f64.sqrt() }).gain;
    assert!((steep - 1.0 / 3.0_f64.sqrt()).abs() < 1e-15);
}

#[test]
fn linear_layers_start_uniformly_within_one_over_the_root_of_their_inputs() {
    for inputs in [1, 7, 64, 400] {
        let bound = 1.0 / (inputs as f64).sqrt();
        let params = Sequential::double().linear(inputs, 300).init([inputs], 5).unwrap();
        for name in ["0.weight", "0.bias"] {
            let values = params.get(name).unwrap().values().to_vec();
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            let largest = values.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
            assert!(
                largest <= bound && largest > 0.97 * bound,
                "{name} of {inputs}: {largest} against {bound}"
            );
            // Five standard errors; the kurtosis of a uniform distribution is 9/5.
            assert!(
                mean.abs() < 5.0 * bound / (3.0 * count).sqrt(),
                "{name} of {inputs}: mean {mean}"
            );
            let spread = variance / (bound * bound / 3.0);
            assert!(
                (spread - 1.0).abs() < 5.0 * (0.8 / count).sqrt(),
                "{name} of {inputs}: variance {spread}"
            );
        }
    }
}

#[test]
fn a_linear_layer_is_x_times_w_plus_b() {
    let layer = Linear::new(2, 3);
    let mut params = layer.init([2], 0).unwrap();
    params.get_mut("weight").unwrap().copy_from_slice(&[1.0, 2.0, 3.0, 10.0, 20.0, 30.0]);
    params.get_mut("bias").unwrap().copy_from_slice(&[0.5, 0.0, -0.5]);
    let x: Tensor<f64> = Tensor::new([2, 1, 2], vec![1.0, 1.0, -1.0, 2.0]).unwrap();
    let y = layer.predict(&params, &x).unwrap();
    assert_eq!(y.shape(), Shape::new(&[2, 1, 3]));
    assert_eq!(y.values(), [11.5, 22.0, 32.5, 19.5, 38.0, 56.5]);
    let without = Linear::new(2, 3).without_bias();
    let params = Model::<f64>::init(&without, [2], 0).unwrap();
    assert_eq!(params.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>(), ["weight"]);
}

#[test]
fn parameters_and_summaries_of_nested_models() {
    let block = || Sequential::new().linear(4, 4).prelu();
    let model = Sequential::new().layer(block()).layer(block()).linear(4, 2);
    let params = model.init([4], 0).unwrap();
    let names: Vec<_> = params.iter().map(|(name, _)| name.to_owned()).collect();
    let expected = [
        "0.0.weight",
        "0.0.bias",
        "0.1.slope",
        "1.0.weight",
        "1.0.bias",
        "1.1.slope",
        "2.weight",
        "2.bias",
    ];
    assert_eq!(names, expected);
    assert_ne!(
        params.get("0.0.weight").unwrap().values(),
        params.get("1.0.weight").unwrap().values()
    );
    let summary = model.summary([4]).unwrap();
    let rows: Vec<_> =
        summary.rows().iter().map(|row| (row.path.as_str(), row.parameters)).collect();
    assert_eq!(
        rows,
        [("0", 21), ("0.0", 20), ("0.1", 1), ("1", 21), ("1.0", 20), ("1.1", 1), ("2", 10)]
    );
    assert_eq!(summary.parameters(), 52);
}

/// The gradient of the mean loss with respect to logits, for a sample whose right class has
/// probability `p` of two.
fn gradient_at(p: f64, brier: bool) -> f64 {
    let graph = Graph::<f64>::new();
    let logits = graph.input("logits", [1, 2]).keep_gradient();
    let target = graph.constant(&Tensor::from_rows([[1.0, 0.0]]));
    let loss = if brier {
        MeanSquaredError.forward(activation::Softmax.forward(logits), target, Reduction::Mean)
    } else {
        CrossEntropy.forward(logits, target, Reduction::Mean)
    };
    let plan = graph.plan(loss).unwrap();
    let (params, mut workspace, mut grads) =
        (plan.init(0).unwrap(), plan.workspace(), plan.grads());
    workspace.set(logits, &[(p / (1.0 - p)).ln(), 0.0]).unwrap();
    plan.forward(&params, &mut workspace);
    plan.backward(&params, &mut workspace, &mut grads);
    workspace.gradient(logits).values()[0].abs()
}

#[test]
fn confidently_wrong_the_squared_error_teaches_little_and_the_cross_entropy_much() {
    let p = 1e-6;
    // Both squares give (1 - p) p (1 - p), times 2, over two elements; against 1 - p.
    assert!((gradient_at(p, true) / (2.0 * p * (1.0 - p).powi(2)) - 1.0).abs() < 1e-9);
    assert!((gradient_at(p, false) - (1.0 - p)).abs() < 1e-12);
    // Undecided, they differ by a factor of two only.
    assert!((gradient_at(0.5, false) / gradient_at(0.5, true) - 2.0).abs() < 1e-12);
}

#[test]
fn cross_entropy_is_the_log_softmax_at_the_class() {
    let x =
        Tensor::from_rows([[2.0, -1.0, 0.5, 0.0], [1e3, 0.0, -1e3, 1e3], [-5.0, -5.0, -5.0, -5.0]]);
    let (log_probabilities, _) = run(&activation::LogSoftmax, &x);
    let graph = Graph::<f64>::new();
    let loss = CrossEntropy.forward(
        graph.constant(&x),
        graph.constant(&Tensor::from(vec![3.0, 1.0, 2.0])),
        Reduction::None,
    );
    let plan = graph.plan_forward(&[loss]).unwrap();
    let mut workspace = plan.workspace();
    plan.forward(&plan.init(0).unwrap(), &mut workspace);
    for (row, class) in [3, 1, 2].into_iter().enumerate() {
        let (got, expected) =
            (workspace.value(loss).values()[row], -log_probabilities[row * 4 + class]);
        assert!((got - expected).abs() <= 1e-15 * expected, "{got} is not {expected}");
    }
}

#[test]
fn softmax_and_log_softmax_pull_back_as_defined() {
    // y (g - sum g y) and g - softmax sum g, for g of ones: nothing, and 1 - 4 y.
    let x = Tensor::from_rows([[2.0, -1.0, 0.5, 0.0]]);
    let (y, dx) = run(&activation::Softmax, &x);
    // The probabilities sum to 1 but for rounding.
    assert!(dx.iter().all(|dx| dx.abs() < 1e-15), "{dx:?}");
    let (log, dx) = run(&activation::LogSoftmax, &x);
    for i in 0..4 {
        assert!((log[i] - y[i].ln()).abs() < 1e-14);
        assert!((dx[i] - (1.0 - 4.0 * y[i])).abs() < 1e-14);
    }
}
