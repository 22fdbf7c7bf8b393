//! Early stopping, the best weights, progress, and a callback of one's own.

use crate::common;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chainrule_graph::Params;
use chainrule_nn::loss::CrossEntropy;
use chainrule_nn::{Model, Sequential};
use chainrule_train::callback::{
    BatchEnd, BestWeights, Callback, EarlyStopping, EpochEnd, FitPlan, Flow, Monitor,
};
use chainrule_train::callback::{Progress, ProgressEvent, WeightAverage};
use chainrule_train::metric::Accuracy;
use chainrule_train::optimizer::{ScheduleFree, Sgd};
use chainrule_train::schedule::ReduceOnPlateau;
use chainrule_train::{History, StopReason, Trainer};
use common::{Log, Scripted, classes, classifier};

/// The epoch after which early stopping ends a training whose metric follows the script, and the
/// number of epochs done.
fn stopped(
    script: &[f64],
    monitor: Monitor,
    patience: usize,
    margin: f64,
) -> (Option<usize>, usize) {
    let (model, train, validation) = (classifier(), classes(40, 0), classes(20, 1));
    let mut params = model.init([2], 0).unwrap();
    let mut stopping = EarlyStopping::new(monitor, patience).margin(margin);
    let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(script.len());
    let history = trainer
        .metric(Scripted::new(script))
        .callback(&mut stopping)
        .fit(&mut params, &train, Some(&validation))
        .unwrap();
    let reason = if stopping.stopped_after().is_some() {
        StopReason::Callback
    } else {
        StopReason::Finished
    };
    assert_eq!(history.stop, reason);
    (stopping.stopped_after(), history.epochs.len())
}

#[test]
fn early_stopping_waits_for_the_patience_since_the_last_improvement() {
    let (highest, lowest) = (Monitor::highest("scripted"), Monitor::lowest("scripted"));
    let falling = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4];
    let peak = [0.1, 0.5, 0.4, 0.6, 0.3, 0.2, 0.5, 0.9];
    assert_eq!(stopped(&falling, lowest.clone(), 1, 0.0), (None, 6));
    assert_eq!(stopped(&falling, highest.clone(), 1, 0.0), (Some(2), 2));
    assert_eq!(stopped(&falling, highest.clone(), 3, 0.0), (Some(4), 4));
    assert_eq!(stopped(&peak, highest.clone(), 1, 0.0), (Some(3), 3));
    // A new best at epoch 4 starts the count anew.
    assert_eq!(stopped(&peak, highest.clone(), 2, 0.0), (Some(6), 6));
    assert_eq!(stopped(&peak, highest.clone(), 4, 0.0), (None, 8));
    // No patience at all is a patience of one.
    assert_eq!(stopped(&peak, highest, 0, 0.0), (Some(3), 3));
}

#[test]
fn equal_values_steps_within_the_margin_and_nan_are_no_improvement() {
    let highest = || Monitor::highest("scripted");
    assert_eq!(stopped(&[0.5, 0.5, 0.5, 0.9], highest(), 2, 0.0), (Some(3), 3));
    let creeping = [0.50, 0.52, 0.54, 0.56, 0.58];
    assert_eq!(stopped(&creeping, highest(), 2, 0.0), (None, 5));
    // Against the best so far, not against the last: 0.54 and 0.58 are more than 0.03 above it.
    assert_eq!(stopped(&creeping, highest(), 2, 0.03), (None, 5));
    assert_eq!(stopped(&creeping, highest(), 2, 0.1), (Some(3), 3));
    assert_eq!(stopped(&[0.5, f64::NAN, f64::NAN, 0.9], highest(), 2, 0.0), (Some(3), 3));
    assert_eq!(stopped(&[f64::NAN, 0.5, 0.6], highest(), 2, 0.0), (None, 3));
}

/// The words of a callback after a training.
trait Tells: Callback {
    fn told(&self) -> String;
}

impl Tells for EarlyStopping {
    fn told(&self) -> String {
        format!("{:?}", self.stopped_after())
    }
}

impl Tells for BestWeights {
    fn told(&self) -> String {
        format!("{:?}", self.best())
    }
}

impl Tells for WeightAverage {
    fn told(&self) -> String {
        format!("{:?}", self.values())
    }
}

#[test]
fn of_equally_good_epochs_the_first_or_the_last_is_kept() {
    let (model, train, validation) = (classifier(), classes(40, 0), classes(20, 1));
    for (last, expected) in [(false, 2), (true, 4)] {
        let best = BestWeights::new(Monitor::highest("scripted"));
        let mut best = if last { best.last_of_equals() } else { best };
        let mut params = model.init([2], 0).unwrap();
        Trainer::new(&model, CrossEntropy, Sgd::new(0.1))
            .epochs(5)
            .metric(Scripted::new(&[0.1, 0.5, 0.4, 0.5, 0.3]))
            .callback(&mut best)
            .fit(&mut params, &train, Some(&validation))
            .unwrap();
        assert_eq!(best.best(), Some((expected, 0.5)), "{last}");
    }
}

/// Kind "once more": each callback in a second training, also of another model, says and does what
/// a new one would. The first one was finished, stopped, interrupted, or failed
/// (keras-team/keras#20521).
#[test]
fn every_callback_begins_anew_in_each_training() {
    let all: [fn() -> Box<dyn Tells>; 3] = [
        || Box::new(EarlyStopping::new(Monitor::loss(), 1).margin(0.02)),
        || Box::new(BestWeights::new(Monitor::loss())),
        || Box::new(WeightAverage::new(0.9)),
    ];
    let (model, train) = (classifier(), classes(40, 0));
    let deep = Sequential::new().linear(2, 3).relu().linear(3, 5).tanh().linear(5, 3);
    let fit = |model: &Sequential, rate: f64, stop: bool, callback: &mut Box<dyn Tells>| {
        let mut params = model.init([2], 0).unwrap();
        let trainer =
            Trainer::new(model, CrossEntropy, Sgd::new(rate)).epochs(6).callback(&mut **callback);
        let result =
            trainer.stop_when(Arc::new(AtomicBool::new(stop))).fit(&mut params, &train, None);
        (
            result.map(|history| history.epochs.len()).map_err(|error| error.to_string()),
            params.values().to_vec(),
        )
    };
    for new in all {
        let mut fresh = new();
        let expected = (fit(&model, 0.1, false, &mut fresh), fresh.told());
        assert!(expected.0.0.is_ok());
        for (before, rate, stop) in
            [(&model, 0.1, false), (&deep, 0.1, false), (&model, 0.1, true), (&model, 1e38, false)]
        {
            let mut used = new();
            let earlier = fit(before, rate, stop, &mut used).0;
            assert_eq!((earlier.is_err(), earlier == Ok(0)), (rate > 1.0, stop), "{used:?}");
            assert_eq!((fit(&model, 0.1, false, &mut used), used.told()), expected, "{used:?}");
        }
    }
}

/// Kind "once more": one trainer with all callbacks fits twice as two trainers would.
#[test]
fn a_trainer_fits_twice_as_two_trainers_would() {
    let (model, train) = (classifier(), classes(40, 0));
    let trainer = || {
        Trainer::new(&model, CrossEntropy, Sgd::new(0.1).momentum(0.9))
            .epochs(4)
            .metric(Accuracy::new())
            .reduce_on_plateau(
                ReduceOnPlateau { patience: 0, ..ReduceOnPlateau::default() },
                Monitor::highest("accuracy"),
            )
            .callback(WeightAverage::new(0.9))
            .callback(BestWeights::new(Monitor::highest("accuracy")))
            .callback(EarlyStopping::new(Monitor::loss(), 2))
    };
    let scores = |history: History| -> Vec<_> {
        history
            .epochs
            .into_iter()
            .map(|record| (record.epoch, record.train, record.learning_rate))
            .collect()
    };
    let (mut params, mut twice) = (model.init([2], 0).unwrap(), model.init([2], 0).unwrap());
    let mut one = trainer();
    for _ in 0..2 {
        let apart = scores(trainer().fit(&mut params, &train, None).unwrap());
        assert_eq!(scores(one.fit(&mut twice, &train, None).unwrap()), apart);
        assert_eq!(twice.values(), params.values());
        one.evaluate(&twice, &train).unwrap();
    }
}

/// Notes the weights after each epoch.
#[derive(Debug, Default)]
struct Weights(Vec<Vec<f32>>);

impl Callback for Weights {
    fn epoch_end(&mut self, epoch: &EpochEnd<'_, f32>) -> Flow {
        self.0.push(epoch.params.values().to_vec());
        Flow::Continue
    }
}

#[test]
fn the_best_weights_are_those_after_the_best_epoch() {
    let (model, train, validation) = (classifier(), classes(40, 0), classes(20, 1));
    for (script, monitor, expected) in [
        ([0.1, 0.7, 0.3, 0.7, 0.2], Monitor::highest("scripted"), Some((2, 0.7))),
        ([0.4, 0.7, 0.3, 0.7, 0.2], Monitor::lowest("scripted"), Some((5, 0.2))),
        ([f64::NAN, 0.7, f64::NAN, 0.6, 0.8], Monitor::lowest("scripted"), Some((4, 0.6))),
        ([f64::NAN; 5], Monitor::lowest("scripted"), None),
    ] {
        let mut params = model.init([2], 0).unwrap();
        let (mut best, mut weights) = (BestWeights::new(monitor), Weights::default());
        Trainer::new(&model, CrossEntropy, Sgd::new(0.5))
            .epochs(5)
            .metric(Scripted::new(&script))
            .callback(&mut best)
            .callback(&mut weights)
            .fit(&mut params, &train, Some(&validation))
            .unwrap();
        assert_eq!(best.best(), expected);
        let epoch = expected.map_or(5, |(epoch, _)| epoch);
        assert_eq!(params.values(), weights.0[epoch - 1]);
        assert_ne!(weights.0[3], weights.0[4], "the weights move");
    }
}

#[test]
fn what_is_watched_comes_from_validation_if_there_is_any() {
    let (model, train, validation) = (classifier(), classes(90, 0), classes(33, 1));
    for validation in [Some(&validation), None] {
        let mut params = model.init([2], 0).unwrap();
        let mut best = BestWeights::new(Monitor::loss());
        let history = Trainer::new(&model, CrossEntropy, Sgd::new(0.5))
            .epochs(4)
            .callback(&mut best)
            .fit(&mut params, &train, validation)
            .unwrap();
        let losses = history
            .epochs
            .iter()
            .map(|record| record.validation.as_ref().unwrap_or(&record.train).loss);
        assert_eq!(best.best().unwrap().1, losses.fold(f64::INFINITY, f64::min));
    }
}

#[test]
fn progress_tells_everything_in_order() {
    let (model, train, validation) = (classifier(), classes(10, 0), classes(4, 1));
    let log = Log::default();
    let tell = |event: ProgressEvent<'_>| {
        log.push(match event {
            ProgressEvent::Start(FitPlan { epochs, batches, samples, .. }) => {
                format!("{epochs} epochs of {batches} batches, {samples} samples")
            }
            ProgressEvent::Batch(BatchEnd { epoch, batch, samples, loss, .. }) => {
                assert!(loss.is_finite());
                format!("epoch {epoch}, batch {batch} of {samples}")
            }
            ProgressEvent::Epoch(record) => {
                assert!(record.samples_per_second > 0.0 && record.seconds > 0.0);
                format!("epoch {}, validated: {}", record.epoch, record.validation.is_some())
            }
            ProgressEvent::End => "end".to_owned(),
            other => format!("{other:?}"),
        });
    };
    let mut params = model.init([2], 0).unwrap();
    let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(2).batch_size(4);
    trainer.callback(Progress::new(tell)).fit(&mut params, &train, Some(&validation)).unwrap();
    let epoch = |k: usize| {
        [(1, 4), (2, 4), (3, 2)]
            .map(|(batch, samples)| format!("epoch {k}, batch {batch} of {samples}"))
            .into_iter()
            .chain([format!("epoch {k}, validated: true")])
    };
    let mut expected = vec!["2 epochs of 3 batches, 10 samples".to_owned()];
    expected.extend(epoch(1).chain(epoch(2)));
    expected.push("end".to_owned());
    assert_eq!(log.lines(), expected);
}

#[test]
fn the_loss_told_after_a_batch_is_the_mean_so_far_and_ends_as_that_of_the_epoch() {
    let (model, train) = (classifier(), classes(10, 0));
    let mut last = f64::NAN;
    let tell = |event: ProgressEvent<'_>| match event {
        ProgressEvent::Batch(batch) => last = batch.loss,
        ProgressEvent::Epoch(record) => assert_eq!(record.train.loss, last),
        _ => {}
    };
    let mut params = model.init([2], 0).unwrap();
    let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(3).batch_size(4);
    trainer
        .metric(Accuracy::new())
        .callback(Progress::new(tell))
        .fit(&mut params, &train, None)
        .unwrap();
    assert!(last.is_finite());
}

/// Stops after an epoch, and puts a number into the parameters when all is over.
#[derive(Debug)]
struct StopAfter {
    epoch: usize,
    ended: usize,
}

impl Callback for StopAfter {
    fn epoch_end(&mut self, epoch: &EpochEnd<'_, f32>) -> Flow {
        if epoch.record.epoch == self.epoch { Flow::Stop } else { Flow::Continue }
    }
    fn end(&mut self, params: &mut Params) {
        self.ended += 1;
        params.get_mut("0.bias").unwrap()[0] = 42.0;
    }
}

#[test]
fn a_callback_of_ones_own_stops_and_the_others_still_see_the_epoch() {
    let (model, train) = (classifier(), classes(10, 0));
    let mut params = model.init([2], 0).unwrap();
    let (mut stop, mut weights) = (StopAfter { epoch: 3, ended: 0 }, Weights::default());
    let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(8);
    let history =
        trainer.callback(&mut stop).callback(&mut weights).fit(&mut params, &train, None).unwrap();
    assert_eq!((history.stop, history.epochs.len()), (StopReason::Callback, 3));
    assert_eq!(history.last().unwrap().epoch, 3);
    assert_eq!((stop.ended, weights.0.len()), (1, 3));
    assert_eq!(params.get("0.bias").unwrap().values()[0], 42.0);
}

#[test]
fn an_optimizer_that_averages_is_validated_and_ends_with_its_average_and_trains_as_without() {
    let (model, train, validation) = (classifier(), classes(40, 0), classes(20, 1));
    let free = ScheduleFree { weight_decay: 0.1, ..ScheduleFree::new(0.05) };
    let trainer = || Trainer::new(&model, CrossEntropy, free).epochs(3).batch_size(8).freeze("0.*");
    let start = model.init([2], 0).unwrap();
    let (mut params, mut alone) = (start.clone(), start.clone());
    let mut best = BestWeights::new(Monitor::loss());
    let history =
        trainer().callback(&mut best).fit(&mut params, &train, Some(&validation)).unwrap();
    let validated: Vec<f64> =
        history.epochs.iter().map(|e| e.validation.as_ref().unwrap().loss).collect();
    let kept = trainer().evaluate(&params, &validation).unwrap().loss;
    assert_eq!(kept, validated.iter().copied().fold(f64::INFINITY, f64::min));
    trainer().fit(&mut alone, &train, None).unwrap();
    assert_eq!(trainer().evaluate(&alone, &validation).unwrap().loss, validated[2]);
    assert_eq!(alone.get("0.weight").unwrap().values(), start.get("0.weight").unwrap().values());
    assert_ne!(alone.get("2.weight").unwrap().values(), start.get("2.weight").unwrap().values());
}
