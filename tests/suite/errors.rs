//! Mistakes of newcomers: each mistake is answered with what is wrong and what to do.

use chainrule::data::DataError;
use chainrule::insight::non_finite;
use chainrule::prelude::*;
use chainrule::train::TrainError;

fn inputs(samples: usize, features: usize) -> Tensor {
    Tensor::uniform([samples, features], 0.0..1.0, &mut generator(0)).unwrap()
}

fn classes(samples: usize, classes: usize) -> Targets {
    Targets::Classes { indices: (0..samples).map(|i| (i % classes) as u32).collect(), classes }
}

fn model() -> Sequential {
    Sequential::new().linear(4, 3).relu().linear(3, 2)
}

/// The outcome of training `model` with these targets for six samples of four features.
fn train(model: &Sequential, loss: impl Loss, targets: Targets) -> Result<History, TrainError> {
    let data = Dataset::new(inputs(6, 4), targets).unwrap();
    Trainer::new(model, loss, Sgd::new(0.1)).batch_size(4).fit(
        &mut model.init([4], 0).unwrap(),
        &data,
        None,
    )
}

#[track_caller]
fn assert_says<V, E: std::fmt::Display>(result: Result<V, E>, expected: &str) {
    match result {
        Ok(_) => panic!("no error where one was expected: {expected}"),
        Err(error) => {
            let message = error.to_string();
            assert!(
                message.starts_with(expected),
                "\n  expected: {expected}\n  message:  {message}"
            );
        }
    }
}

#[test]
fn inputs_of_another_width_than_the_model() {
    let expected = "affine: x [6, 5] has 5 features, but the weights [4, 3] take 4 in layer `0`";
    let params = model().init([4], 0).unwrap();
    assert_says(model().predict(&params, &inputs(6, 5)), expected);
    let data = Dataset::new(inputs(6, 5), classes(6, 2)).unwrap();
    let mut params = params;
    let mut trainer_model = model();
    assert_says(
        Trainer::new(&trainer_model, CrossEntropy, Sgd::new(0.1)).fit(&mut params, &data, None),
        expected,
    );
    trainer_model = Sequential::new().linear(4, 3).linear(5, 2);
    assert_says(
        trainer_model.init([4], 0),
        "affine: x [1, 3] has 3 features, but the weights [5, 2] take 5 in layer `1`",
    );
}

#[test]
fn more_inputs_than_targets() {
    let expected =
        "Dataset: the inputs have 6 samples, the targets 5: give one target for each input";
    assert_says(Dataset::new(inputs(6, 4), classes(5, 2)), expected);
}

#[test]
fn labels_that_are_no_class() {
    let targets = Targets::Classes { indices: vec![0, 1, 2], classes: 2 };
    assert_says(
        Dataset::new(inputs(3, 4), targets),
        "Dataset: row 2 has class 2, but with 2 classes the index must be below 2",
    );
}

#[test]
fn another_number_of_outputs_than_classes() {
    let expected = "the data have 3 classes, but the model gives 2 outputs; a classifier needs one \
                    for each class";
    assert_says(train(&model(), CrossEntropy, classes(6, 3)), expected);
}

#[test]
fn another_number_of_outputs_than_targets() {
    let three = || inputs(6, 3);
    assert_says(
        train(&model(), MeanSquaredError, Targets::Values(three())),
        "mse: prediction [4, 2] and target [4, 3] must have the same shape; reshape one of them if \
         they mean the same",
    );
    assert_says(
        train(&model(), CrossEntropy, Targets::Probabilities(three())),
        "cross_entropy: for logits [4, 2] the target must be class indices [4] or probabilities \
         [4, 2], but it is [4, 3]",
    );
    assert_says(
        train(&model(), BinaryCrossEntropy, Targets::Labels(three())),
        "bce_with_logits: prediction [4, 2] and target [4, 3] must have the same shape; reshape \
         one of them if they mean the same",
    );
}

#[test]
fn a_loss_for_other_targets() {
    let two = || inputs(6, 2);
    let cases: [(Box<dyn Loss>, Targets, &str); 8] = [
        (
            Box::new(chainrule::nn::loss::Hinge::default()),
            Targets::Labels(two()),
            "loss `hinge` cannot be used with multi-label targets as targets: it takes -1 or 1, \
             given as values; made for them: \
             bce_with_logits, label_accuracy, exact_match",
        ),
        (
            Box::new(chainrule::nn::loss::KlDivergence { log_target: true }),
            Targets::Probabilities(two()),
            "loss `kl_divergence` cannot be used with class probabilities as targets: it takes \
             log-probabilities, given as values; made for them: \
             cross_entropy, mse, accuracy",
        ),
        (
            Box::new(MeanSquaredError),
            classes(6, 2),
            "loss `mse` cannot be used with class indices as targets; made for them: \
             cross_entropy, accuracy",
        ),
        (
            Box::new(CrossEntropy),
            Targets::Values(two()),
            "loss `cross_entropy` cannot be used with values as targets; made for them: mse",
        ),
        (
            Box::new(CrossEntropy),
            Targets::Labels(two()),
            "loss `cross_entropy` cannot be used with multi-label targets as targets; made for \
             them: bce_with_logits, \
             label_accuracy, exact_match",
        ),
        (
            Box::new(BinaryCrossEntropy),
            classes(6, 2),
            "loss `bce_with_logits` cannot be used with class indices as targets; made for them: \
             cross_entropy, accuracy",
        ),
        (
            Box::new(BinaryCrossEntropy),
            Targets::Values(two()),
            "loss `bce_with_logits` cannot be used with values as targets; made for them: mse",
        ),
        (
            Box::new(BinaryCrossEntropy),
            Targets::Probabilities(two()),
            "loss `bce_with_logits` cannot be used with class probabilities as targets; made for \
             them: cross_entropy, mse, accuracy",
        ),
    ];
    for (loss, targets, expected) in cases {
        assert_says(train(&model(), loss, targets), expected);
    }
}

#[test]
fn a_metric_for_outputs_that_do_not_stand_beside_the_targets() {
    // Two guesses for each sample, of which the loss takes the mean.
    #[derive(Debug)]
    struct Twice;
    impl Layer for Twice {
        fn kind(&self) -> &str {
            "twice"
        }
        fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
            x.graph().concat(0, &[x, x * 2.0])
        }
    }
    let model = Sequential::new().linear(4, 2).layer(Twice);
    let loss =
        || CustomLoss::new("mean", |prediction: Var<'_>, _: Var<'_>| prediction.square().mean(..));
    let data = Dataset::new(inputs(6, 4), classes(6, 2)).unwrap();
    let mut params = model.init([4], 0).unwrap();
    assert!(
        Trainer::new(&model, loss(), Sgd::new(0.1)).epochs(1).fit(&mut params, &data, None).is_ok()
    );
    let mut trainer = Trainer::new(&model, loss(), Sgd::new(0.1)).metric(Accuracy::new());
    let expected = "metrics compare each output with its target, but the model gives [12, 2] where \
                    the targets need \
                    [6, 2]; train without metrics";
    assert_says(trainer.fit(&mut params, &data, None), expected);
    assert_says(trainer.evaluate(&params, &data), expected);
}

#[test]
fn a_metric_for_other_targets() {
    let model = model();
    let data = Dataset::new(inputs(6, 4), Targets::Values(inputs(6, 2))).unwrap();
    let mut trainer = Trainer::new(&model, MeanSquaredError, Sgd::new(0.1)).metric(Accuracy::new());
    let expected = "metric `accuracy` cannot be used with values as targets; made for them: mse";
    assert_says(trainer.fit(&mut model.init([4], 0).unwrap(), &data, None), expected);
}

#[test]
fn probabilities_given_to_a_loss_on_logits() {
    let end = |op: &str| {
        format!("leave the {op} out, the loss applies its own; use it for predictions only")
    };
    for (model, op) in [
        (Sequential::new().linear(4, 2).softmax(), "softmax"),
        (Sequential::new().linear(4, 2).log_softmax(), "log_softmax"),
    ] {
        let expected =
            format!("cross_entropy takes logits, but the model already ends in {op}: {}", end(op));
        assert_says(train(&model, CrossEntropy, classes(6, 2)), &expected);
    }
    let expected = format!(
        "bce_with_logits takes logits, but the model already ends in sigmoid: {}",
        end("sigmoid")
    );
    let model = Sequential::new().linear(4, 2).sigmoid();
    assert_says(train(&model, BinaryCrossEntropy, Targets::Labels(inputs(6, 2))), &expected);
    // Not a mistake: the Brier score takes probabilities.
    let model = Sequential::new().linear(4, 2).softmax();
    assert!(train(&model, MeanSquaredError, Targets::Probabilities(inputs(6, 2))).is_ok());
}

#[test]
fn settings_that_make_no_sense() {
    let (model, data) = (model(), Dataset::new(inputs(6, 4), classes(6, 2)).unwrap());
    let mut params = model.init([4], 0).unwrap();
    let before = params.values().to_vec();
    let mut refused = |mut trainer: Trainer<'_>, expected: &str| {
        assert_says(trainer.fit(&mut params, &data, None), expected);
        assert_eq!(params.values(), before);
    };
    let with = |sgd: Sgd| Trainer::new(&model, CrossEntropy, sgd);
    refused(with(Sgd::new(0.1)).batch_size(0), "Batches: batch_size must be at least 1, not 0");
    refused(
        with(Sgd::new(f64::NAN)),
        "sgd: learning_rate must be finite and not negative, but it is NaN",
    );
    refused(
        with(Sgd::new(-0.1)),
        "sgd: learning_rate must be finite and not negative, but it is -0.1",
    );
    refused(with(Sgd::new(0.1).momentum(1.5)), "sgd: momentum must lie in [0, 1), but it is 1.5");
    refused(
        with(Sgd::new(0.1)).rule(ClipNorm { max_norm: -1.0 }),
        "clipping: the largest norm must be above 0, but it is -1",
    );
    let params = model.init([4], 0).unwrap();
    let evaluated = with(Sgd::new(0.1)).batch_size(0).evaluate(&params, &data);
    assert_says(evaluated, "the batch size must be at least 1, but it is 0");
}

#[test]
fn numbers_that_are_none_in_the_inputs() {
    for (value, text) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let mut spoilt = inputs(6, 4);
        spoilt.values_mut()[9] = value;
        let expected = format!(
            "Dataset: inputs have {text} in row 2, column 1: remove the sample or put a number \
             there"
        );
        assert_says(Dataset::new(spoilt.clone(), classes(6, 2)), &expected);
        // Prediction takes what it is given: the spoilt row shows it, the others do not.
        let params = model().init([4], 0).unwrap();
        let predicted = model().predict(&params, &spoilt).unwrap();
        let identity = Sequential::new().linear(4, 3);
        let linear = identity.predict(&identity.init([4], 0).unwrap(), &spoilt).unwrap();
        assert!(linear.row(2).iter().all(|x| !x.is_finite()));
        assert!(
            (0..6)
                .filter(|&row| row != 2)
                .all(|row| predicted.row(row).iter().all(|x| x.is_finite()))
        );
    }
}

#[test]
fn nan_passes_every_activation() {
    for activation in chainrule::nn::activation::all::<f32>() {
        let width = 3 * activation.divisor();
        let params = activation.init([width], 0).unwrap();
        let rows = Tensor::from_fn([2, width], |i| if i < width { f32::NAN } else { 0.5 });
        let y = activation.predict(&params, &rows).unwrap();
        assert!(y.row(0).iter().all(|y| y.is_nan()), "{}", activation.kind());
        assert!(y.row(1).iter().all(|y| y.is_finite()), "{}", activation.kind());
    }
    assert_eq!(Activation::<f32>::properties(&Relu).kinks, [0.0]);
}

#[test]
fn nan_passes_every_loss() {
    for loss in chainrule::nn::loss::all::<f64>() {
        let domain = loss.domain();
        for &form in domain.targets {
            let (mut prediction, target) =
                domain.draw(form, Shape::new(&[4, 3]), &mut generator(2));
            let width = prediction.shape()[1];
            prediction.values_mut()[width..][..width].fill(f64::NAN);
            for reduction in [Reduction::None, Reduction::Mean] {
                let graph = Graph::new();
                let (p, t) =
                    (graph.input("p", prediction.shape()), graph.input("t", target.shape()));
                let value = loss.forward(p, t, reduction);
                let plan = graph.plan_forward(&[value]).unwrap();
                let (params, mut workspace) = (plan.init(0).unwrap(), plan.workspace());
                workspace.set(p, prediction.values()).unwrap();
                workspace.set(t, target.values()).unwrap();
                plan.forward(&params, &mut workspace);
                let values = workspace.value(value).values().to_vec();
                let per_row = values.len() / 4;
                let spoilt = if reduction == Reduction::None {
                    &values[per_row..][..per_row]
                } else {
                    &values
                };
                assert!(
                    spoilt.iter().all(|x| x.is_nan()),
                    "{} with {form}: {values:?}",
                    loss.name()
                );
                if reduction == Reduction::None {
                    assert!(
                        values[..per_row].iter().all(|x| x.is_finite()),
                        "{} with {form}: {values:?}",
                        loss.name()
                    );
                }
            }
        }
    }
}

#[test]
fn no_data() {
    let expected = |shape: &str| {
        format!(
            "Dataset: inputs of shape {shape} hold no values: give at least one sample with at \
             least one value"
        )
    };
    assert_says(Dataset::new(Tensor::<f32>::zeros([0, 4]), classes(0, 2)), &expected("[0, 4]"));
    assert_says(Dataset::new(Tensor::<f32>::zeros([6, 0]), classes(6, 2)), &expected("[6, 0]"));
    assert!(matches!(
        Dataset::new(Tensor::<f32>::zeros([0, 0]), classes(0, 2)),
        Err(DataError::Empty { .. })
    ));
}

#[test]
fn layers_without_features() {
    let said = |inputs, outputs, which| {
        let message = format!("linear: {which} must be at least 1, but it is 0 in layer `0`");
        assert_says(Sequential::new().linear(inputs, outputs).init([inputs], 0), &message);
        assert_says(Sequential::new().linear(inputs, outputs).summary([inputs]), &message);
    };
    said(0, 3, "inputs");
    said(3, 0, "outputs");
    said(0, 0, "inputs");
}

#[test]
fn predictions_for_shapes_that_are_no_batch() {
    let params = model().init([4], 0).unwrap();
    let predict = |inputs: &Tensor| model().predict(&params, inputs);
    assert_says(
        predict(&Tensor::ones(Shape::SCALAR)),
        "predict: the inputs have no batch axis; give them as [samples, features]",
    );
    assert_says(
        predict(&Tensor::ones([4])),
        "predict: for inputs of shape [4] the model gives [2], not one output for each sample",
    );
    assert_eq!(predict(&Tensor::zeros([0, 4])).unwrap().shape(), [0, 2].into());
    assert_eq!(predict(&Tensor::zeros([1, 4])).unwrap().shape(), [1, 2].into());
}

#[test]
fn parameters_of_another_model() {
    let other = Sequential::new().linear(4, 8).init([4], 0).unwrap();
    let expected =
        "parameter `0.weight` is asked for with shape [4, 3], but it has shape [4, 8] in layer `0`";
    assert_says(model().predict(&other, &inputs(2, 4)), expected);
    let shorter = Sequential::new().linear(4, 3).init([4], 0).unwrap();
    let expected =
        "there is no parameter `2.weight`; the parameters given are: 0.weight, 0.bias in layer `2`";
    assert_says(model().predict(&shorter, &inputs(2, 4)), expected);
}

#[test]
fn a_loss_that_explodes_keeps_finite_parameters_and_is_traced_to_its_layer() {
    let data = Dataset::new(inputs(64, 4), Targets::Values(inputs(64, 2))).unwrap();
    let run = |model: &Sequential, rate: f64| {
        let mut params = model.init([4], 0).unwrap();
        let initial = params.values().to_vec();
        let mut trainer =
            Trainer::new(model, MeanSquaredError, Sgd::new(rate)).epochs(5).batch_size(16);
        let error = trainer.fit(&mut params, &data, None).unwrap_err();
        assert!(params.values().iter().all(|x| x.is_finite()), "learning rate {rate}");
        assert_ne!(params.values(), initial, "the good steps before are kept");
        error
    };
    let (deep, shallow) =
        (Sequential::new().linear(4, 8).linear(8, 2), Sequential::new().linear(4, 2));
    assert_says(
        Err::<(), _>(run(&deep, 1e20)),
        "the loss became inf in epoch 1, step 2: it began with inf in operation `affine` of layer \
         `1`, on the way forward",
    );
    // The outputs are still finite, their squares are not.
    let TrainError::NonFiniteLoss { origin, .. } = run(&shallow, 1e10) else {
        panic!("another error")
    };
    let origin = origin.unwrap();
    assert!(
        origin.to_string().starts_with("it began with inf in operation `mse`, on the way forward"),
        "{origin}"
    );
    // Slower: an epoch has 4 steps.
    let TrainError::NonFiniteLoss { epoch, step, .. } = run(&shallow, 100.0) else {
        panic!("another error")
    };
    assert!(epoch > 1 && step.div_ceil(4) == epoch as u64, "epoch {epoch}, step {step}");
}

#[test]
fn the_sample_that_makes_a_loss_explode_is_named_by_its_place_in_the_data() {
    let mut x = inputs(40, 4);
    x.values_mut()[23 * 4 + 1] = 1e25;
    let data = Dataset::new(x, Targets::Values(inputs(40, 2))).unwrap();
    let model = Sequential::new().linear(4, 2);
    let mut params = model.init([4], 0).unwrap();
    let mut trainer = Trainer::new(&model, MeanSquaredError, Sgd::new(1e-3)).batch_size(8).seed(3);
    let error = trainer.fit(&mut params, &data, None).unwrap_err();
    let message = error.to_string();
    let TrainError::NonFiniteLoss { samples, origin, .. } = error else { panic!("{message}") };
    let origin = origin.unwrap();
    assert!(samples.len() == 8 && samples.contains(&23), "{samples:?}");
    assert_eq!((&*origin.samples, origin.batch), (&[23][..], Some(8)));
    assert!(
        message.contains("operation `mse`, on the way forward")
            && message.contains("; sample 23 is to blame")
    );
    // What was given is finite, and shows what is wrong.
    assert!(
        origin.given[0].max.max(-origin.given[0].min) > 1e22 && origin.given[0].max.is_finite(),
        "{message}"
    );
    // The same step again, by itself.
    let found =
        non_finite::find(&model, &MeanSquaredError, &params, &data, &samples, 3).unwrap().unwrap();
    assert_eq!(found.report.samples, [23]);
    let finite: Vec<usize> = samples.into_iter().filter(|&sample| sample != 23).collect();
    assert!(
        non_finite::find(&model, &MeanSquaredError, &params, &data, &finite, 3).unwrap().is_none()
    );
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
        DerivativeReads::Nothing
    }
}

#[test]
fn a_gradient_that_explodes_names_the_parameter_and_changes_nothing() {
    let model = Sequential::new().linear(4, 3).tanh().linear(3, 2);
    let mut params = model.init([4], 0).unwrap();
    let before = params.values().to_vec();
    let data = Dataset::new(inputs(6, 4), Targets::Values(inputs(6, 2))).unwrap();
    let cliff = CustomLoss::new("cliff", |prediction: Var<'_>, target: Var<'_>| {
        (prediction - target).map(Cliff)
    });
    let error =
        Trainer::new(&model, cliff, Sgd::new(0.1)).fit(&mut params, &data, None).unwrap_err();
    let TrainError::NonFiniteGradient { epoch: 1, step: 1, loss, ref parameter, value, .. } = error
    else {
        panic!("{error:?}")
    };
    assert!(loss.is_finite());
    assert_eq!((parameter.as_str(), value), ("2.bias", f64::INFINITY));
    assert_says(
        Err::<(), _>(error),
        &format!(
            "the gradient of parameter `2.bias` became inf in epoch 1, step 1, while the loss was \
             {loss}: it began with inf in operation `cliff`"
        ),
    );
    assert_eq!(params.values(), before);
}

#[test]
fn large_gradients_whose_sum_would_overflow_are_no_mistake() {
    let model: Sequential<f64> = Sequential::default().linear(2, 2);
    let mut params = model.init([2], 0).unwrap();
    params.values_mut().fill(0.0);
    let data = Dataset::new(Tensor::ones([1, 2]), Targets::Values(Tensor::zeros([1, 2]))).unwrap();
    // Each of six gradients is 0.75e308; the largest number is 1.8e308.
    let steep =
        CustomLoss::new("steep", |prediction: Var<'_, f64>, _: Var<'_, f64>| prediction * 1.5e308);
    let mut trainer = Trainer::new(&model, steep, Sgd::new(1e-310)).epochs(1);
    let history = trainer.fit(&mut params, &data, None).unwrap();
    assert_eq!(history.epochs.len(), 1);
}

/// Losses over batches and settings of 0: a rate of learning that was not at work is not blamed.
#[test]
fn the_advice_fits_the_cause() {
    let data = Dataset::new(inputs(8, 4), Targets::Values(Tensor::zeros([8, 2]))).unwrap();
    let advice = |model: &Sequential, optimizer: Adam| {
        let mut params = model.init([4], 0).unwrap();
        for name in ["0.weight", "0.bias"] {
            params.get_mut(name).unwrap().fill(0.0);
        }
        let mut trainer = Trainer::new(model, MeanSquaredError, optimizer);
        trainer.fit(&mut params, &data, None).unwrap_err().to_string()
    };
    // Gradients of 0, divided by the root of their squares.
    let message = advice(&Sequential::new().linear(4, 2), Adam { epsilon: 0.0, ..Adam::new(0.1) });
    assert!(
        message.contains("is NaN in epoch 1, after step 1")
            && message.contains("an epsilon above 0"),
        "{message}"
    );
    // Constant features, divided by their deviation.
    let model =
        Sequential::new().linear(4, 2).layer(BatchNorm { epsilon: 0.0, ..BatchNorm::default() });
    let message = advice(&model, Adam::new(0.1));
    assert!(
        message.contains("step 1: it began with NaN in operation `batch_moments`"),
        "{message}"
    );
    assert!(message.contains("an epsilon of 0") && !message.contains("learning rate"), "{message}");
}

#[test]
fn parameters_that_overflow_are_reported() {
    let model = Sequential::new().linear(4, 2);
    let data = Dataset::new(inputs(8, 4), Targets::Values(inputs(8, 2))).unwrap();
    let run = |params: &mut Params, rate: f64, batch_size: usize| {
        let sgd = Sgd::new(rate);
        Trainer::new(&model, MeanSquaredError, sgd)
            .batch_size(batch_size)
            .fit(params, &data, None)
            .unwrap_err()
    };
    // One batch: at the end of the epoch. Two: at the next step.
    for batch_size in [8, 4] {
        let error = run(&mut model.init([4], 0).unwrap(), 1e300, batch_size);
        let TrainError::NonFiniteParameter { epoch: 1, step: 1, ref parameter, value } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!((parameter.as_str(), value.abs()), ("0.weight", f64::INFINITY));
    }
    let mut params = model.init([4], 0).unwrap();
    params.get_mut("0.bias").unwrap()[1] = f32::NAN;
    assert_says(
        Err::<(), _>(run(&mut params, 0.1, 4)),
        "parameter `0.bias` is NaN in epoch 1, after step 0: start from finite parameters",
    );
}
