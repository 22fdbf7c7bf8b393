//! Losses and metrics over whole data sets, against the same numbers worked out by hand from the
//! predictions.

use crate::common;

use chainrule_data::{Dataset, Targets};
use chainrule_graph::Params;
use chainrule_nn::loss::{BinaryCrossEntropy, CrossEntropy, MeanSquaredError};
use chainrule_nn::{Model, Sequential};
use chainrule_tensor::Tensor;
use chainrule_tensor::random::generator;
use chainrule_train::Trainer;
use chainrule_train::callback::{Callback, EpochEnd, Flow};
use chainrule_train::metric::{
    Accuracy, ConfusionMatrix, Listed, MultiLabelAccuracy, TopKAccuracy, by_name,
};
use chainrule_train::optimizer::Sgd;
use common::{classes, classifier};

/// Sizes of batch with and without a smaller last one, for 23 samples.
const BATCHES: [usize; 5] = [1, 4, 22, 23, 100];

fn indices(data: &Dataset) -> &[u32] {
    let Targets::Classes { indices, .. } = data.targets() else { panic!("not classes") };
    indices
}

/// The mean cross-entropy and the accuracy, in `f64`.
fn by_hand(model: &Sequential, params: &Params, data: &Dataset) -> (f64, f64) {
    let logits = model.predict(params, data.inputs()).unwrap();
    let (mut loss, mut right) = (0.0, 0);
    for (row, &class) in indices(data).iter().enumerate() {
        let x: Vec<f64> = logits.row(row).iter().map(|&x| f64::from(x)).collect();
        loss += x.iter().map(|x| x.exp()).sum::<f64>().ln() - x[class as usize];
        right += usize::from(x.iter().all(|&other| other <= x[class as usize]));
    }
    (loss / data.len() as f64, right as f64 / data.len() as f64)
}

#[test]
fn evaluation_weighs_every_sample_alike_whatever_the_batches() {
    let (model, data) = (classifier(), classes(23, 0));
    let params = model.init([2], 0).unwrap();
    let (loss, accuracy) = by_hand(&model, &params, &data);
    assert!(accuracy > 0.0 && accuracy < 1.0);
    for batch_size in BATCHES {
        let mut trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).batch_size(batch_size);
        trainer = trainer.metric(Accuracy::new());
        let scores = trainer.evaluate(&params, &data).unwrap();
        assert!(
            (scores.loss - loss).abs() < 1e-6,
            "batches of {batch_size}: {} is not {loss}",
            scores.loss
        );
        assert_eq!(scores.metric("accuracy"), Some(accuracy), "batches of {batch_size}");
        // Nothing is left over for the next.
        assert_eq!(trainer.evaluate(&params, &data).unwrap(), scores);
    }
}

#[test]
fn element_wise_losses_are_means_over_samples_and_outputs() {
    let model = Sequential::new().linear(2, 3);
    let params = model.init([2], 0).unwrap();
    let inputs: Tensor = Tensor::normal([23, 2], 0.0, 1.0, &mut generator(0)).unwrap();
    let targets = Tensor::from_fn([23, 3], |i| (i % 4) as f32 / 3.0);
    let predicted = model.predict(&params, &inputs).unwrap();
    let mean = |f: &dyn Fn(f64, f64) -> f64| {
        let pairs = predicted.values().iter().zip(targets.values());
        pairs.map(|(&p, &t)| f(f64::from(p), f64::from(t))).sum::<f64>() / 69.0
    };
    let squared = mean(&|p, t| (p - t).powi(2));
    let binary = mean(&|p, t| {
        -t * (1.0 / (1.0 + (-p).exp())).ln() - (1.0 - t) * (1.0 - 1.0 / (1.0 + (-p).exp())).ln()
    });
    let values = Dataset::new(inputs.clone(), Targets::Values(targets.clone())).unwrap();
    let labels = Dataset::new(inputs.clone(), Targets::Labels(targets.clone())).unwrap();
    for batch_size in BATCHES {
        let mut trainer =
            Trainer::new(&model, MeanSquaredError, Sgd::new(0.1)).batch_size(batch_size);
        assert!((trainer.evaluate(&params, &values).unwrap().loss - squared).abs() < 1e-6);
        let trainer =
            Trainer::new(&model, BinaryCrossEntropy, Sgd::new(0.1)).batch_size(batch_size);
        let mut trainer = trainer
            .metric(MultiLabelAccuracy::per_label())
            .metric(MultiLabelAccuracy::exact_match());
        let scores = trainer.evaluate(&params, &labels).unwrap();
        assert!((scores.loss - binary).abs() < 1e-6);
        let right = |i: usize| (predicted.values()[i] >= 0.0) == (targets.values()[i] >= 0.5);
        let single = (0..69).filter(|&i| right(i)).count() as f64 / 69.0;
        let exact =
            (0..23).filter(|row| (0..3).all(|label| right(row * 3 + label))).count() as f64 / 23.0;
        assert_eq!(scores.metrics, [("label_accuracy", single), ("exact_match", exact)]);
    }
}

/// Notes the parameters after each epoch.
#[derive(Debug, Default)]
struct Weights(Vec<Params>);

impl Callback for Weights {
    fn epoch_end(&mut self, epoch: &EpochEnd<'_, f32>) -> Flow {
        self.0.push(epoch.params.clone());
        Flow::Continue
    }
}

#[test]
fn validation_scores_are_those_of_the_weights_after_the_epoch() {
    let (model, train, validation) = (classifier(), classes(50, 0), classes(23, 1));
    let mut params = model.init([2], 0).unwrap();
    let mut weights = Weights::default();
    let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.5))
        .epochs(3)
        .batch_size(8)
        .metric(Accuracy::new());
    let history =
        trainer.callback(&mut weights).fit(&mut params, &train, Some(&validation)).unwrap();
    assert_eq!(history.epochs.len(), 3);
    for (record, params) in history.epochs.iter().zip(&weights.0) {
        let (loss, accuracy) = by_hand(&model, params, &validation);
        let scores = record.validation.as_ref().unwrap();
        assert!((scores.loss - loss).abs() < 1e-6);
        assert_eq!(scores.metric("accuracy"), Some(accuracy));
    }
}

#[test]
fn training_scores_are_gathered_before_each_step_and_weighted_by_the_batch() {
    // A learning rate of 0 keeps the weights, so that the unequal batches of an epoch are those of
    // one model.
    let (model, train, validation) = (classifier(), classes(23, 0), classes(9, 1));
    let mut params = model.init([2], 0).unwrap();
    let (loss, accuracy) = by_hand(&model, &params, &train);
    let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.0))
        .epochs(2)
        .batch_size(8)
        .metric(Accuracy::new());
    let mut trainer = trainer;
    for record in trainer.fit(&mut params, &train, Some(&validation)).unwrap().epochs {
        assert!((record.train.loss - loss).abs() < 1e-6);
        assert_eq!(record.train.metric("accuracy"), Some(accuracy));
        assert_ne!(record.validation.unwrap().loss, record.train.loss);
    }
    // A single batch is seen before its step: the first record is that of the first weights.
    let mut trainer =
        Trainer::new(&model, CrossEntropy, Sgd::new(0.5)).epochs(1).batch_size(23).in_order();
    let record = trainer.fit(&mut params, &train, None).unwrap();
    assert!((record.last().unwrap().train.loss - loss).abs() < 1e-6);
    assert!(by_hand(&model, &params, &train).0 < loss - 1e-3);
}

#[test]
fn metrics_by_name_are_told_what_the_targets_are() {
    let model = Sequential::new().linear(2, 3);
    let params = model.init([2], 0).unwrap();
    let inputs: Tensor = Tensor::normal([23, 2], 0.0, 1.0, &mut generator(0)).unwrap();
    let targets = Tensor::from_fn([23, 3], |i| f32::from(u8::from(i % 4 == 0)));
    let predicted = model.predict(&params, &inputs).unwrap();
    let data = Dataset::new(inputs, Targets::Labels(targets.clone())).unwrap();
    let of_label = |label| {
        let decisions =
            (0..23).map(|row| (predicted.row(row)[label] >= 0.0, targets.row(row)[label] == 1.0));
        let count = |wanted: &dyn Fn(bool, bool) -> bool| {
            decisions.clone().filter(|&(p, t)| wanted(p, t)).count() as f64
        };
        2.0 * count(&|p, t| p && t) / (count(&|p, _| p) + count(&|_, t| t))
    };
    let f1 = || by_name("f1(class=1)").unwrap();
    let trainer = Trainer::new(&model, BinaryCrossEntropy, Sgd::new(0.1)).batch_size(4);
    let mut matrix = ConfusionMatrix::default();
    let scores = trainer
        .metric_as("f1_of_1", f1())
        .metric(by_name("f1").unwrap())
        .evaluate(&params, &data)
        .unwrap();
    let mean = (of_label(0) + of_label(1) + of_label(2)) / 3.0;
    assert_eq!(scores.metrics[0], ("f1_of_1", of_label(1)));
    assert!((scores.metrics[1].1 - mean).abs() < 1e-15);

    let (model, data) = (classifier(), classes(23, 0));
    let params = model.init([2], 0).unwrap();
    let trainer = || Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).batch_size(4);
    let scores =
        trainer().metric(&mut matrix).metric(Accuracy::new()).evaluate(&params, &data).unwrap();
    assert_eq!(scores.metrics[0].1, scores.metrics[1].1);
    assert_eq!(matrix.samples(), 23);
    let message =
        |metric| trainer().metric(metric).evaluate(&params, &data).unwrap_err().to_string();
    assert!(message(by_name("f1(average=samples)").unwrap()).contains("f1"));
    let none: Box<dyn Listed<f32>> = Box::new(TopKAccuracy::new(0));
    assert_eq!(message(none), "top_k_accuracy: k must be at least 1, but it is 0");
}
