//! Several batches that make one step, and averages of the weights.

use crate::common;

use chainrule_data::{Dataset, Targets};
use chainrule_graph::Params;
use chainrule_nn::loss::{CrossEntropy, MeanSquaredError};
use chainrule_nn::{Loss, Model, Sequential};
use chainrule_tensor::Tensor;
use chainrule_tensor::random::generator;
use chainrule_train::callback::{
    BestWeights, Callback, EpochEnd, Flow, Monitor, StepEnd, WeightAverage,
};
use chainrule_train::optimizer::{Adam, Sgd};
use chainrule_train::{ClipNorm, Trainer};
use common::{Scripted, classes, classifier};

/// Weights after 3 epochs in order, in batches of this size, this many for a step.
fn trained(
    loss: impl Loss<f64>,
    targets: Targets<f64>,
    batch_size: usize,
    accumulate: usize,
) -> Vec<f64> {
    let inputs = Tensor::normal([23, 4], 0.0, 1.0, &mut generator(0)).unwrap();
    let data = Dataset::new(inputs, targets).unwrap();
    let model = Sequential::double().linear(4, 5).tanh().linear(5, 3);
    let mut params = model.init([4], 0).unwrap();
    let trainer =
        Trainer::new(&model, loss, Adam::new(0.01)).epochs(3).batch_size(batch_size).in_order();
    trainer
        .rule(ClipNorm { max_norm: 0.5 })
        .accumulate(accumulate)
        .fit(&mut params, &data, None)
        .unwrap();
    params.values().to_vec()
}

#[test]
fn batches_that_make_one_step_are_as_one_large_batch_to_rounding() {
    let indices = || Targets::Classes { indices: (0..23).map(|i| i * 7 % 3).collect(), classes: 3 };
    let values = || Targets::Values(Tensor::from_fn([23, 3], |i| (i % 5) as f64));
    // 23 samples in steps of 8: the last step has 7, in batches of 4 and 3, or of 2, 2, 2 and 1.
    for (batch_size, accumulate) in [(8, 1), (4, 2), (2, 4), (1, 8)] {
        for (large, small) in [
            (
                trained(CrossEntropy, indices(), 8, 1),
                trained(CrossEntropy, indices(), batch_size, accumulate),
            ),
            (
                trained(MeanSquaredError, values(), 8, 1),
                trained(MeanSquaredError, values(), batch_size, accumulate),
            ),
        ] {
            for (large, small) in large.iter().zip(&small) {
                assert!(
                    (large - small).abs() < 1e-13,
                    "{batch_size} x {accumulate}: {small} is not {large}"
                );
            }
        }
    }
    // More batches than an epoch has make one step for each epoch.
    let (whole, more) =
        (trained(CrossEntropy, indices(), 23, 1), trained(CrossEntropy, indices(), 4, usize::MAX));
    assert!(whole.iter().zip(&more).all(|(whole, more)| (whole - more).abs() < 1e-13));
}

#[test]
fn a_step_of_no_batches_is_refused() {
    let (model, data) = (classifier(), classes(10, 0));
    let mut params = model.init([2], 0).unwrap();
    let error = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).accumulate(0).fit(
        &mut params,
        &data,
        None,
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "a step needs at least 1 batch, but it is to have 0"
    );
}

/// Notes the weights after every step, and those that each epoch ends with.
#[derive(Debug, Default)]
struct Notes {
    steps: Vec<Vec<f32>>,
    epochs: Vec<Vec<f32>>,
}

impl Callback for Notes {
    fn step_end(&mut self, step: &StepEnd<'_, f32>) {
        self.steps.push(step.params.values().to_vec());
    }
    fn epoch_end(&mut self, epoch: &EpochEnd<'_, f32>) -> Flow {
        self.epochs.push(epoch.params.values().to_vec());
        Flow::Continue
    }
}

/// A training of 3 epochs with 4 steps each.
fn averaged(average: &mut WeightAverage) -> (Notes, Params) {
    let (model, data) = (classifier(), classes(40, 0));
    let (mut params, mut notes) = (model.init([2], 0).unwrap(), Notes::default());
    let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.5)).epochs(3).batch_size(10);
    let history = trainer
        .callback(&mut notes)
        .callback(average)
        .fit(&mut params, &data, Some(&data))
        .unwrap();
    // The validation is that of the average.
    let mut judge = Trainer::new(&model, CrossEntropy, Sgd::new(0.5)).batch_size(10);
    let loss = judge.evaluate(&params, &data).unwrap().loss;
    assert_eq!(history.last().unwrap().validation.as_ref().unwrap().loss, loss);
    (notes, params)
}

fn assert_near(a: &[f32], b: &[f32]) {
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} and {b:?}");
}

#[test]
fn the_average_of_the_weights_is_validated_and_stays() {
    let mut average = WeightAverage::new(0.8);
    let (notes, params) = averaged(&mut average);
    let mut expected = notes.steps[0].clone();
    for (step, weights) in notes.steps.iter().enumerate() {
        for (expected, w) in expected.iter_mut().zip(weights) {
            *expected = 0.8 * *expected + 0.2 * w;
        }
        if step % 4 == 3 {
            assert_near(&notes.epochs[step / 4], &expected);
        }
    }
    assert_near(params.values(), &expected);
    assert_eq!(average.values(), Some(params.values()));
    // Training itself goes on from the weights, not from their average.
    let (plain, _) = averaged(&mut WeightAverage::new(0.0));
    assert_eq!(notes.steps, plain.steps);
    assert_ne!(notes.epochs, plain.epochs);
}

#[test]
fn a_corrected_average_weighs_all_steps_by_their_age() {
    let (notes, params) = averaged(&mut WeightAverage::new(0.9).bias_corrected());
    let mut expected = vec![0.0; params.values().len()];
    for weights in &notes.steps {
        expected
            .iter_mut()
            .zip(weights)
            .for_each(|(expected, w)| *expected = 0.9 * *expected + 0.1 * w);
    }
    let correction = 1.0 - 0.9_f32.powi(12);
    expected.iter_mut().for_each(|expected| *expected /= correction);
    assert_near(params.values(), &expected);
}

#[test]
fn the_best_weights_are_those_that_were_validated() {
    let (model, data) = (classifier(), classes(40, 0));
    let (mut params, mut notes) = (model.init([2], 0).unwrap(), Notes::default());
    Trainer::new(&model, CrossEntropy, Sgd::new(0.5))
        .epochs(3)
        .batch_size(10)
        .metric(Scripted::new(&[0.1, 0.3, 0.2]))
        .callback(WeightAverage::new(0.8))
        .callback(&mut notes)
        .callback(BestWeights::new(Monitor::highest("scripted")))
        .fit(&mut params, &data, Some(&data))
        .unwrap();
    assert_eq!(params.values(), notes.epochs[1]);
    let mut trainer =
        Trainer::new(&model, CrossEntropy, Sgd::new(0.5)).callback(WeightAverage::new(1.0));
    let error = trainer.fit(&mut params, &data, None).unwrap_err();
    assert_eq!(error.to_string(), "average of weights: the decay must lie in [0, 1), but it is 1");
}
