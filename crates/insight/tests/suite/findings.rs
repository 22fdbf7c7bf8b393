//! Each kind of finding: a network that has the fault raises exactly it, a healthy twin raises
//! nothing, and the remedy makes it go away.

use crate::common;

use chainrule_insight::{Diagnosis, Evidence, Finding, Instruments, Kind, Log, Severity};
use chainrule_nn::Loss;
use chainrule_nn::activation;
use chainrule_nn::init::{Glorot, He, Normal};
use chainrule_nn::loss::{
    BinaryCrossEntropy, BinaryCrossEntropyOnProbabilities, CrossEntropy, MeanSquaredError,
    PoissonNll,
};
use chainrule_nn::{Layer, Linear, Model, Sequential};
use chainrule_tensor::Tensor;
use chainrule_train::optimizer::{Adam, Optimizer, Sgd};
use chainrule_train::{Group, Trainer};
use common::{Experiment, bad, check, circles, clouds, curve, digits, labels, show};

use chainrule_data::{Dataset, StandardScaler, Targets};
use chainrule_graph::{Initialiser, Var};

/// `depth` hidden layers of this width, activation and initialisation, and a linear output.
fn deep(
    inputs: usize,
    width: usize,
    depth: usize,
    kind: &str,
    init: impl Initialiser + Clone + 'static,
) -> Sequential {
    stack(inputs, width, depth, kind, init, 2)
}

fn stack(
    inputs: usize,
    width: usize,
    depth: usize,
    kind: &str,
    init: impl Initialiser + Clone + 'static,
    outputs: usize,
) -> Sequential {
    let hidden = (0..depth).fold(Sequential::new(), |model, layer| {
        let from = if layer == 0 { inputs } else { width };
        let linear = Linear::new(from, width).weight_init(init.clone()).bias_init(0.0);
        model.layer(linear).layer(activation::by_name(kind).unwrap())
    });
    hidden.linear(width, outputs)
}

/// `sin x` as a layer.
#[derive(Debug)]
struct Sine;

impl Layer for Sine {
    fn kind(&self) -> &str {
        "sine"
    }
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.sin()
    }
}

fn two_clouds() -> Dataset {
    clouds(&[80, 80], 6, 0.5, 3)
}

#[test]
fn vanishing_gradients() {
    let run = |kind: &str, depth, init: He| {
        Experiment::new(deep(6, 16, depth, kind, init), CrossEntropy, Sgd::new(0.1), two_clouds())
    };
    let found = check(
        Kind::VanishingGradients,
        run("sigmoid", 8, He::normal().gain(1.0)),
        run("sigmoid", 2, He::normal().gain(1.0)),
        run("relu", 8, He::normal()),
    );
    assert_eq!(found[0].layer.as_deref(), Some("0"));
    assert!(found[0].evidence.contains("per layer"), "{}", found[0]);
    assert!(
        found[0].remedy.contains("exchange sigmoid, whose derivative is at most 0.25"),
        "{}",
        found[0]
    );
}

#[test]
fn a_signal_that_comes_too_late() {
    let model = deep(6, 16, 8, "sigmoid", He::normal().gain(1.0));
    let mut params = model.init([6], 1).unwrap();
    let mut instruments = Instruments::new().every(4);
    Trainer::new(&model, CrossEntropy, Sgd::new(0.1))
        .callback(&mut instruments)
        .fit(&mut params, &two_clouds(), None)
        .unwrap();
    let mut log = instruments.into_log();
    let quarter = log.records.len().div_ceil(4);
    for record in &mut log.records[quarter..] {
        record
            .layers
            .iter_mut()
            .flat_map(|layer| &mut layer.pre_activation_gradients)
            .for_each(|seen| seen.norm = 1.0);
    }
    let findings = |log: &Log| Diagnosis::<f32>::new().findings(&Evidence::new().log(log));
    let found = findings(&log);
    assert_eq!(
        (bad(&found), found[0].severity),
        (vec![Kind::VanishingGradients], Severity::Warning)
    );
    assert!(
        found[0].evidence.starts_with("over the first quarter of the training"),
        "{}",
        found[0]
    );
    // Late, but not too late.
    for record in &mut log.records[quarter..] {
        record.loss = 0.1;
    }
    assert!(!bad(&findings(&log)).contains(&Kind::VanishingGradients));
}

/// A log of ten epochs.
fn log_of(model: &Sequential, optimizer: impl Optimizer) -> Log {
    let mut params = model.init([6], 1).unwrap();
    let mut instruments = Instruments::new().every(4).window(8);
    let trainer = Trainer::new(model, CrossEntropy, optimizer).batch_size(16).seed(1);
    trainer.callback(&mut instruments).fit(&mut params, &two_clouds(), None).unwrap();
    instruments.into_log()
}

/// Comparisons with numbers that may be negative or zero (pytorch#47513): each rule that compares
/// the loss with its beginning judges courses above, below and through zero alike.
#[test]
fn a_loss_below_zero_is_judged_by_its_size() {
    let relu = |bias| {
        let layer = |from| Linear::new(from, 16).weight_init(He::normal()).bias_init(bias);
        let kind = || activation::by_name("relu").unwrap();
        Sequential::new().layer(layer(6)).layer(kind()).layer(layer(16)).layer(kind()).linear(16, 2)
    };
    let tanh = |deviation| deep(6, 16, 2, "tanh", Normal::new(0.0, deviation));
    let sigmoids = deep(6, 16, 8, "sigmoid", He::normal().gain(1.0));
    let (mut saturated, mut late) =
        (log_of(&tanh(3.0), Sgd::new(0.05)), log_of(&sigmoids, Sgd::new(0.1)));
    for layer in &mut saturated.windows[0].layers {
        layer.saturated.fill(0);
    }
    let quarter = late.records.len().div_ceil(4);
    for record in &mut late.records[quarter..] {
        record
            .layers
            .iter_mut()
            .flat_map(|layer| &mut layer.pre_activation_gradients)
            .for_each(|seen| seen.norm = 1.0);
    }
    let one = deep(6, 16, 1, "tanh", Glorot::normal());
    let mut restless = log_of(&one, Sgd::new(0.1));
    for seen in restless.records.iter_mut().flat_map(|record| &mut record.parameters) {
        seen.update_norm = seen.weight_norm;
    }
    let logs = [
        (Kind::SaturatedUnits, saturated),
        (Kind::VanishingGradients, late),
        (Kind::DyingRelu, log_of(&relu(-4.0), Adam::new(0.005))),
        (Kind::LearningRateTooHigh, restless),
        (Kind::LearningRateTooLow, log_of(&one, Sgd::new(1e-6))),
    ];
    let severity = |log: &Log, kind: Kind, first: f64, last: f64| {
        let mut log = log.clone();
        log.records.iter_mut().for_each(|record| record.loss = last);
        log.windows.iter_mut().for_each(|window| window.loss = last);
        (log.records[0].loss, log.windows[0].loss) = (first, first);
        let findings = Diagnosis::<f32>::new().findings(&Evidence::new().log(&log));
        findings.iter().find(|finding| finding.kind == kind).map(|finding| finding.severity)
    };
    for (kind, log) in &logs {
        assert!(log.windows.len() > 1, "{kind}");
        let [stuck, learned] = [0.98, 0.1].map(|last| severity(log, *kind, 1.0, last));
        assert!(stuck > learned, "{kind}: {stuck:?} and {learned:?}");
        for (first, last) in [(-1.0, -1.02), (-1.0, -0.98), (-50.0, -52.0), (-0.01, -0.0102)] {
            assert_eq!(severity(log, *kind, first, last), stuck, "{kind}: from {first} to {last}");
        }
        for (first, last) in [(-1.0, -1.9), (1.0, -0.5), (0.01, -3.0), (-50.0, -90.0)] {
            assert_eq!(
                severity(log, *kind, first, last),
                learned,
                "{kind}: from {first} to {last}"
            );
        }
    }
    // Far above its beginning, whatever the steps.
    let calm = log_of(&one, Sgd::new(0.1));
    for (first, last, found) in
        [(1.0, 3.1, true), (1.0, 2.9, false), (-1.0, 1.1, true), (-1.0, 0.9, false)]
    {
        let high = severity(&calm, Kind::LearningRateTooHigh, first, last);
        assert_eq!(high.is_some(), found, "from {first} to {last}");
    }
}

#[test]
fn exploding_gradients() {
    // Bounded, so that the variance stays on the way forward, and steep, so that it grows on the
    // way back.
    let run = |gain, rate| {
        let hidden = (0..10).fold(Sequential::new(), |model, layer| {
            let from = if layer == 0 { 6 } else { 24 };
            model
                .layer(
                    Linear::new(from, 24).weight_init(Glorot::normal().gain(gain)).bias_init(0.0),
                )
                .layer(Sine)
        });
        let model = hidden.linear(24, 2);
        Experiment::new(model, CrossEntropy, Sgd::new(rate), two_clouds()).epochs(4)
    };
    let found = check(Kind::ExplodingGradients, run(4.0, 0.02), run(1.0, 0.02), run(1.2, 0.02));
    assert!(found[0].evidence.contains("times the norm"), "{}", found[0]);
}

#[test]
fn saturated_units() {
    let run = |deviation| {
        let model = deep(6, 16, 2, "tanh", Normal::new(0.0, deviation));
        Experiment::new(model, CrossEntropy, Sgd::new(0.05), clouds(&[80, 80], 6, 2.0, 3)).epochs(4)
    };
    let found = check(Kind::SaturatedUnits, run(3.0), run(0.3), run(0.25));
    assert!(found[0].evidence.contains("tanh values over steps 1 to"), "{}", found[0]);
}

#[test]
fn dying_relu() {
    let run = |kind: &str, bias: f64| {
        let layer = |from| Linear::new(from, 16).weight_init(He::normal()).bias_init(bias);
        let kind = || activation::by_name(kind).unwrap();
        let model = Sequential::new()
            .layer(layer(6))
            .layer(kind())
            .layer(layer(16))
            .layer(kind())
            .linear(16, 2);
        Experiment::new(model, CrossEntropy, Adam::new(0.005), two_clouds())
    };
    let found =
        check(Kind::DyingRelu, run("relu", -4.0), run("relu", 0.0), run("leaky_relu", -4.0));
    assert!(
        found[0].evidence.starts_with("inactive on all 160 rows of the data: "),
        "{}",
        found[0]
    );
}

#[test]
fn still_layers() {
    let run = |group: Option<Group>| {
        let model = deep(6, 16, 2, "tanh", Glorot::normal());
        Experiment {
            groups: group.into_iter().collect(),
            ..Experiment::new(model, CrossEntropy, Adam::new(0.01), two_clouds())
        }
    };
    let slow = Group::new("2.*").learning_rate(1e-6);
    let found = check(
        Kind::StillLayers,
        run(Some(slow)),
        run(None),
        run(Some(Group::new("2.*").learning_rate(0.5))),
    );
    assert_eq!(found[0].layer.as_deref(), Some("2.weight"));
    let frozen = run(Some(Group::new("2.*").frozen())).findings();
    assert_eq!((bad(&frozen), frozen[0].severity), (vec![], Severity::Info), "{}", show(&frozen));
}

#[test]
fn learning_rate_too_high() {
    let run = |rate| {
        Experiment::new(
            deep(6, 16, 1, "tanh", Glorot::normal()),
            CrossEntropy,
            Sgd::new(rate),
            clouds(&[80, 80], 6, 2.0, 3),
        )
    };
    let found = check(Kind::LearningRateTooHigh, run(60.0), run(0.1), run(0.5));
    assert!(found[0].evidence.starts_with("the loss began at"), "{}", found[0]);
}

#[test]
fn learning_rate_too_low() {
    let run = |rate| {
        Experiment::new(
            deep(6, 16, 1, "tanh", Glorot::normal()),
            CrossEntropy,
            Sgd::new(rate),
            two_clouds(),
        )
    };
    let found = check(Kind::LearningRateTooLow, run(1e-6), run(0.1), run(0.05));
    assert!(found[0].evidence.starts_with("a step at 1.0e-6 changes"), "{}", found[0]);
}

#[test]
fn bad_initialisation() {
    let run = |depth, init: Normal| {
        Experiment::new(
            deep(6, 16, depth, "relu", init),
            CrossEntropy,
            Adam::new(0.003),
            two_clouds(),
        )
    };
    let he = |model| Experiment::new(model, CrossEntropy, Adam::new(0.003), two_clouds());
    let found = check(
        Kind::BadInitialisation,
        run(5, Normal::new(0.0, 0.01)),
        he(deep(6, 16, 5, "relu", He::uniform())),
        he(deep(6, 16, 5, "relu", He::normal())),
    );
    assert!(found[0].evidence.ends_with("the initial weights are too small"), "{}", found[0]);
    let large = run(5, Normal::new(0.0, 2.0)).findings();
    assert_eq!(bad(&large), [Kind::BadInitialisation], "{}", show(&large));
}

#[test]
fn symmetry_not_broken() {
    let run = |model| Experiment::new(model, CrossEntropy, Adam::new(0.01), two_clouds());
    let found = check(
        Kind::SymmetryNotBroken,
        run(deep(6, 16, 2, "tanh", 0.1)),
        run(deep(6, 16, 2, "tanh", Glorot::uniform())),
        run(deep(6, 16, 2, "tanh", Normal::new(0.0, 0.3))),
    );
    assert!(
        found[0].evidence.ends_with("16 of its 16 units do the same as another one"),
        "{}",
        found[0]
    );
    let zeros = run(deep(6, 16, 2, "relu", 0.0)).findings();
    assert_eq!(bad(&zeros), [Kind::SymmetryNotBroken], "{}", show(&zeros));
}

#[test]
fn unscaled_inputs() {
    let scaled = |factor: f32| {
        let data = two_clouds();
        Dataset::new(data.inputs().map(|x| factor * (x + 2.0)), data.targets().clone()).unwrap()
    };
    let raw = scaled(60.0);
    let (_, inputs) = StandardScaler::fit_transform(raw.inputs()).unwrap();
    let remedied = Dataset::new(inputs, raw.targets().clone()).unwrap();
    let run = |data| {
        Experiment::new(
            deep(6, 16, 2, "tanh", Glorot::normal()),
            CrossEntropy,
            Sgd::new(0.05),
            data,
        )
    };
    let found = check(Kind::UnscaledData, run(raw), run(two_clouds()), run(remedied));
    assert!(found[0].evidence.starts_with("the inputs have a root mean square of"), "{}", found[0]);
}

#[test]
fn unscaled_and_constant_targets() {
    let with = |f: fn(f32) -> f32| {
        let data = curve(160, 4);
        let Targets::Values(targets) = data.targets() else { unreachable!() };
        Dataset::new(data.inputs().clone(), Targets::Values(targets.map(f))).unwrap()
    };
    let run = |data| {
        Experiment::new(
            stack(3, 16, 2, "tanh", Glorot::normal(), 1),
            MeanSquaredError,
            Adam::new(0.01),
            data,
        )
    };
    let raw = with(|t| 1e4 * t + 3e5);
    let Targets::Values(targets) = raw.targets() else { unreachable!() };
    let (_, targets) = StandardScaler::fit_transform(targets).unwrap();
    let remedied = Dataset::new(raw.inputs().clone(), Targets::Values(targets)).unwrap();
    check(Kind::UnscaledData, run(raw), run(with(|t| t)), run(remedied));
    let constant = run(with(|_| 2.0)).findings();
    assert_eq!((bad(&constant), constant[0].severity), (vec![Kind::UnscaledData], Severity::Error));
}

#[test]
fn class_imbalance() {
    let run = |data, loss: CrossEntropy| {
        Experiment::new(deep(6, 16, 1, "relu", He::normal()), loss, Adam::new(0.01), data)
    };
    let rare = || clouds(&[240, 12], 6, 0.5, 3);
    let weighted = CrossEntropy { weights: vec![1.0, 20.0], ..CrossEntropy };
    let found = check(
        Kind::ClassImbalance,
        run(rare(), CrossEntropy),
        run(two_clouds(), CrossEntropy),
        run(rare(), weighted),
    );
    assert!(
        found[0].evidence.starts_with(
            "class 0 has 240 samples and class 1 has 12; in the loss it counts 20 times"
        ),
        "{}",
        found[0]
    );
    let repeated: Vec<usize> = (0..240).chain((0..240).map(|i| 240 + i % 12)).collect();
    let findings = run(rare().select(&repeated).unwrap(), CrossEntropy).findings();
    assert_eq!(bad(&findings), [], "{}", show(&findings));
}

#[test]
fn overfitting() {
    let run = |train, epochs| {
        let model = stack(64, 48, 1, "relu", He::normal(), 10);
        Experiment::new(model, CrossEntropy, Adam::new(0.01), train)
            .epochs(epochs)
            .validated(digits(1200, 1400))
    };
    // A third of the labels is wrong.
    let noisy = |to: usize| {
        let data = digits(0, to);
        let Targets::Classes { indices, classes } = data.targets() else { unreachable!() };
        let indices = indices
            .iter()
            .enumerate()
            .map(|(i, &class)| if i % 3 == 0 { (i as u32 / 3) % 10 } else { class });
        let targets = Targets::Classes { indices: indices.collect(), classes: *classes };
        Dataset::new(data.inputs().clone(), targets).unwrap()
    };
    // The remedy: stopped early.
    let found =
        check(Kind::Overfitting, run(noisy(120), 40), run(digits(0, 600), 12), run(noisy(120), 7));
    assert!(found[0].evidence.contains("validation data was best in epoch"), "{}", found[0]);
}

#[test]
fn underfitting() {
    let run =
        |model| Experiment::new(model, CrossEntropy, Adam::new(0.02), circles(160, 5)).epochs(15);
    let found = check(
        Kind::Underfitting,
        run(Sequential::new().linear(2, 2)),
        run(deep(2, 16, 2, "tanh", Glorot::normal())),
        run(deep(2, 16, 1, "tanh", Glorot::normal())),
    );
    assert!(found[0].evidence.contains("the best constant answer has 0.693"), "{}", found[0]);
}

#[test]
fn non_finite_values() {
    // Counts, with a model whose outputs are the logarithms of rates.
    let counts = || {
        let data = curve(96, 4);
        let Targets::Values(targets) = data.targets() else { unreachable!() };
        Dataset::new(
            data.inputs().clone(),
            Targets::Values(targets.map(|t| (t + 2.0).max(0.0).round())),
        )
        .unwrap()
    };
    let run = |rate| {
        let model = Sequential::new()
            .layer(Linear::new(3, 1).weight_init(Normal::new(0.0, 0.1)).bias_init(0.0));
        Experiment::new(model, PoissonNll::default(), Sgd::new(rate), counts())
    };
    let found = check(Kind::NonFinite, run(30.0), run(0.01), run(0.1));
    assert!(found[0].evidence.contains("the loss became inf in epoch 1, step"), "{}", found[0]);
}

/// The findings of model, loss and data before any training.
fn beforehand(model: &Sequential, loss: &dyn Loss, data: &Dataset) -> Vec<Finding> {
    Diagnosis::new()
        .without("class_imbalance")
        .unwrap()
        .findings(&Evidence::new().model(model).loss(loss).data(data))
}

#[test]
fn a_loss_that_squashes_twice() {
    let ends =
        |kind: &str| Sequential::new().linear(6, 2).layer(activation::by_name(kind).unwrap());
    for (kind, severity) in
        [("softmax", Severity::Error), ("sigmoid", Severity::Error), ("tanh", Severity::Warning)]
    {
        let found = beforehand(&ends(kind), &CrossEntropy, &two_clouds());
        assert_eq!(
            (bad(&found), found[0].severity),
            (vec![Kind::UnsuitedLoss], severity),
            "{}",
            show(&found)
        );
        let expected = format!(
            "cross_entropy takes logits and squashes them itself, but the model already ends in \
             {kind}. Remedy: leave \
             the {kind} at the output out"
        );
        assert!(found[0].to_string().contains(&expected), "{}", found[0]);
    }
    for kind in ["identity", "leaky_relu"] {
        assert_eq!(beforehand(&ends(kind), &CrossEntropy, &two_clouds()), []);
    }
    // The trainer takes a tanh in front of the loss; the diagnosis of the run tells.
    let run = |model| Experiment::new(model, CrossEntropy, Adam::new(0.05), two_clouds());
    let plain = || deep(6, 16, 1, "relu", He::normal());
    check(Kind::UnsuitedLoss, run(plain().tanh()), run(plain()), run(plain().identity()));
    let binary =
        beforehand(&Sequential::new().linear(4, 3).sigmoid(), &BinaryCrossEntropy, &labels(60, 1));
    assert_eq!((bad(&binary), binary[0].severity), (vec![Kind::UnsuitedLoss], Severity::Error));
    assert_eq!(
        beforehand(&Sequential::new().linear(4, 3), &BinaryCrossEntropy, &labels(60, 1)),
        []
    );
}

#[test]
fn a_softmax_for_labels_that_do_not_exclude_each_other() {
    let data = labels(200, 2);
    let Targets::Labels(values) = data.targets() else { unreachable!() };
    let as_probabilities =
        Dataset::new(data.inputs().clone(), Targets::Probabilities(values.clone())).unwrap();
    let model = || Sequential::new().linear(4, 16).relu().linear(16, 3);
    let run = |data: &Dataset, multi: bool| match multi {
        true => Experiment::new(model(), BinaryCrossEntropy, Adam::new(0.01), data.clone()),
        false => Experiment::new(model(), CrossEntropy, Adam::new(0.01), data.clone()),
    };
    let classes = clouds(&[60, 60, 60], 4, 0.5, 3).one_hot().unwrap();
    let found = check(
        Kind::UnsuitedLoss,
        run(&as_probabilities, false),
        run(&classes, false),
        run(&data, true),
    );
    assert!(
        found[0]
            .evidence
            .starts_with("the loss applies a softmax, which gives probabilities that sum to 1")
    );
    let softmax =
        beforehand(&model().softmax(), &BinaryCrossEntropyOnProbabilities::default(), &data);
    assert!(softmax[0].evidence.starts_with("the model ends in a softmax"), "{}", show(&softmax));
}

#[test]
fn a_squared_error_on_classes() {
    let one_hot = || two_clouds().one_hot().unwrap();
    let model = || deep(6, 16, 1, "tanh", Glorot::normal());
    let found = check(
        Kind::UnsuitedLoss,
        Experiment::new(model().softmax(), MeanSquaredError, Adam::new(0.02), one_hot()),
        Experiment::new(
            stack(3, 16, 1, "tanh", Glorot::normal(), 1),
            MeanSquaredError,
            Adam::new(0.02),
            curve(160, 4),
        ),
        Experiment::new(model(), CrossEntropy, Adam::new(0.02), one_hot()),
    );
    assert!(
        found[0]
            .evidence
            .starts_with("mse on class probabilities: where the model is confidently wrong")
    );
    assert!(found[0].remedy.starts_with("take cross_entropy on the logits"), "{}", found[0]);
    let refused = beforehand(&model(), &MeanSquaredError, &two_clouds());
    assert_eq!((bad(&refused), refused[0].severity), (vec![Kind::UnsuitedLoss], Severity::Error));
    // Soft answers are another matter.
    let soft = Targets::Probabilities(Tensor::full([160, 2], 0.5));
    let soft = Dataset::new(two_clouds().inputs().clone(), soft).unwrap();
    assert_eq!(beforehand(&model().softmax(), &MeanSquaredError, &soft), []);
}

#[test]
fn targets_that_the_last_activation_cannot_reach() {
    let model = |kind: &str| {
        let hidden = stack(3, 16, 1, "tanh", Glorot::normal(), 1);
        hidden.layer(activation::by_name(kind).unwrap())
    };
    let found = beforehand(&model("relu"), &MeanSquaredError, &curve(160, 4));
    assert_eq!((bad(&found), found[0].severity), (vec![Kind::UnsuitedLoss], Severity::Error));
    assert!(
        found[0].evidence.starts_with("the model ends in relu, which gives 0 to inf, but"),
        "{}",
        found[0]
    );
    assert_eq!(beforehand(&model("identity"), &MeanSquaredError, &curve(160, 4)), []);
}

#[test]
fn rare_labels_count_by_their_weights() {
    let data = labels(400, 6);
    let Targets::Labels(values) = data.targets() else { unreachable!() };
    // The last label is 1 for one sample in a hundred.
    let rare = Tensor::from_fn([400, 3], |i| {
        if i % 3 == 2 { f32::from(u8::from(i / 3 % 100 == 0)) } else { values.values()[i] }
    });
    let rare = Dataset::new(data.inputs().clone(), Targets::Labels(rare)).unwrap();
    let judge = |loss: &dyn Loss, data: &Dataset| {
        Diagnosis::new().findings(&Evidence::new().loss(loss).data(data))
    };
    let found = judge(&BinaryCrossEntropy, &rare);
    assert_eq!(bad(&found), [Kind::ClassImbalance], "{}", show(&found));
    assert!(
        found[0].evidence.starts_with(
            "1 of 3 labels are hardly ever 1: for label 2, 1 makes up 1 % of the loss"
        )
    );
    let weighted =
        chainrule_nn::loss::by_name::<f32>("binary_cross_entropy(pos_weights=[1, 1, 50])").unwrap();
    assert_eq!(bad(&judge(&weighted, &rare)), []);
    assert_eq!(bad(&judge(&BinaryCrossEntropy, &data)), []);
}

#[test]
fn inputs_on_scales_of_their_own() {
    let with = |factor: f32| {
        let data = two_clouds();
        let scaled = Tensor::from_fn([160, 6], |i| {
            data.inputs().values()[i] * if i % 6 == 0 { factor } else { 1.0 }
        });
        Dataset::new(scaled, data.targets().clone()).unwrap()
    };
    let judge = |data: &Dataset| Diagnosis::new().findings(&Evidence::new().data(data));
    let found = judge(&with(1e-5));
    assert_eq!(bad(&found), [Kind::UnscaledData], "{}", show(&found));
    assert!(found[0].evidence.starts_with("the inputs have deviations from"), "{}", found[0]);
    assert_eq!(judge(&with(0.1)), []);
    let constant = judge(&with(0.0));
    assert_eq!((bad(&constant), constant[0].severity), (vec![], Severity::Info));
}
