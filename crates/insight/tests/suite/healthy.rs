//! Healthy trainings raise nothing at a severity of warning or above: several data sets, seeds and
//! activations.

use crate::common;

use chainrule_nn::init::{Glorot, He};
use chainrule_nn::loss::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError};
use chainrule_nn::{Linear, Residual, Sequential, activation};
use chainrule_train::optimizer::{Adam, AdamW, RmsProp, Sgd};
use common::{Experiment, bad, circles, clouds, curve, digits, labels, show};

const KINDS: [&str; 14] = [
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "prelu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "softsign",
    "hard_swish",
    "relu6",
];

fn network(inputs: usize, widths: &[usize], kind: &str, outputs: usize) -> Sequential {
    let (mut model, mut from) = (Sequential::new(), inputs);
    for &width in widths {
        let linear = Linear::new(from, width);
        let linear = match kind {
            "sigmoid" | "tanh" | "softsign" => linear.weight_init(Glorot::uniform()).bias_init(0.0),
            "relu" | "leaky_relu" | "prelu" => linear.weight_init(He::normal()).bias_init(0.0),
            // As PyTorch does by default.
            _ => linear,
        };
        model = model.layer(linear).layer(activation::by_name(kind).unwrap());
        from = width;
    }
    model.linear(from, outputs)
}

#[track_caller]
fn healthy(name: &str, run: impl Fn(u64) -> Experiment) {
    let alarms = (0..3).filter_map(|seed| {
        let findings = Experiment { seed, ..run(seed) }.findings();
        (!bad(&findings).is_empty()).then(|| format!("\n{name}, seed {seed}: {}", show(&findings)))
    });
    let alarms: String = alarms.collect();
    assert!(alarms.is_empty(), "{alarms}");
}

#[test]
fn circles_with_every_usual_activation() {
    for kind in KINDS {
        healthy(kind, |seed| {
            Experiment::new(
                network(2, &[16, 16], kind, 2),
                CrossEntropy,
                Adam::new(0.02),
                circles(128, seed),
            )
            .epochs(if kind == "sigmoid" { 50 } else { 20 })
            .validated(circles(80, seed + 100))
        });
    }
}

#[test]
fn regression_with_every_usual_activation() {
    for kind in KINDS {
        healthy(kind, |seed| {
            Experiment::new(
                network(3, &[24, 24], kind, 1),
                MeanSquaredError,
                Adam::new(0.01),
                curve(200, seed),
            )
            .epochs(if kind == "sigmoid" { 25 } else { 8 })
            .validated(curve(120, seed + 100))
        });
    }
}

#[test]
fn digits_with_several_optimizers() {
    let run = |kind: &'static str,
               optimizer: fn() -> Box<dyn chainrule_train::optimizer::Optimizer>| {
        healthy(kind, |_| {
            Experiment::new(network(64, &[32], kind, 10), CrossEntropy, optimizer(), digits(0, 500))
                .epochs(8)
                .validated(digits(600, 900))
        });
    };
    run("relu", || Box::new(Adam::new(0.005)));
    run("tanh", || Box::new(Sgd::new(0.1).momentum(0.9)));
    run("gelu", || Box::new(AdamW::new(0.005)));
    run("sigmoid", || Box::new(RmsProp::new(0.003)));
    run("elu", || Box::new(Sgd::new(0.1)));
}

#[test]
fn clouds_and_labels() {
    healthy("clouds", |seed| {
        Experiment::new(
            network(8, &[24, 24, 24], "relu", 4),
            CrossEntropy,
            Sgd::new(0.05),
            clouds(&[60, 50, 70, 40], 8, 0.6, seed),
        )
    });
    healthy("overlapping clouds", |seed| {
        Experiment::new(
            network(4, &[16], "tanh", 3),
            CrossEntropy,
            Adam::new(0.01),
            clouds(&[60, 60, 60], 4, 1.0, seed),
        )
    });
    healthy("labels", |seed| {
        Experiment::new(
            network(4, &[16], "relu", 3),
            BinaryCrossEntropy,
            Adam::new(0.01),
            labels(200, seed),
        )
        .validated(labels(100, seed + 100))
    });
}

#[test]
fn deep_networks_that_are_built_for_it() {
    healthy("normalised", |seed| {
        let block = |model: Sequential, from| {
            model.layer(Linear::new(from, 24).without_bias()).batch_norm().relu()
        };
        let model =
            (0..5).fold(block(Sequential::new(), 6), |model, _| block(model, 24)).linear(24, 3);
        Experiment::new(model, CrossEntropy, Adam::new(0.003), clouds(&[60, 60, 60], 6, 0.6, seed))
    });
    healthy("residual", |seed| {
        let block =
            || Residual::new(Sequential::new().layer_norm().linear(24, 24).gelu().linear(24, 24));
        let model = (0..5)
            .fold(Sequential::new().linear(6, 24), |model, _| model.layer(block()))
            .linear(24, 3);
        Experiment::new(model, CrossEntropy, Adam::new(0.003), clouds(&[60, 60, 60], 6, 0.6, seed))
    });
    healthy("he", |seed| {
        let data = clouds(&[60, 60, 60], 6, 0.6, seed);
        Experiment::new(network(6, &[32; 6], "relu", 3), CrossEntropy, Adam::new(0.002), data)
    });
    healthy("dropout", |seed| {
        let model = Sequential::new()
            .linear(6, 48)
            .relu()
            .dropout(0.3)
            .linear(48, 48)
            .relu()
            .dropout(0.3)
            .linear(48, 3);
        Experiment::new(model, CrossEntropy, Adam::new(0.005), clouds(&[60, 60, 60], 6, 0.6, seed))
    });
}
