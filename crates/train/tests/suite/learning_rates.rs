//! The learning rate of a training and all that moves it: schedules, plateaus, and the search for a
//! rate to begin with.

use crate::common;

use chainrule_data::{Dataset, Targets};
use chainrule_nn::loss::{CrossEntropy, MeanSquaredError};
use chainrule_nn::{Model, Sequential};
use chainrule_tensor::Tensor;
use chainrule_train::callback::{Callback, Monitor, StepEnd};
use chainrule_train::optimizer::{Adam, Lookahead, Sgd};
use chainrule_train::schedule::{
    Exponential, FlatCosine, Interval, Lambda, RangeTest, ReduceOnPlateau, Schedule,
};
use chainrule_train::{TrainError, Trainer};
use common::{Scripted, classes, classifier};

/// Notes the learning rate of every step.
#[derive(Debug, Default)]
struct Rates(Vec<f64>);

impl Callback for Rates {
    fn step_end(&mut self, step: &StepEnd<'_, f32>) {
        self.0.push(step.learning_rate);
        assert_eq!(step.step, self.0.len() as u64);
    }
}

/// The rates of 3 epochs of 2 batches, at a base of 0.5.
fn rates(arrange: impl for<'a> Fn(Trainer<'a>) -> Trainer<'a>) -> Vec<f64> {
    let (model, train) = (classifier(), classes(20, 0));
    let (mut params, mut rates) = (model.init([2], 0).unwrap(), Rates::default());
    let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.5)).epochs(3).batch_size(10);
    let history =
        arrange(trainer).callback(&mut rates).fit(&mut params, &train, Some(&train)).unwrap();
    assert_eq!(history.last().unwrap().learning_rate, *rates.0.last().unwrap());
    rates.0
}

#[test]
fn a_schedule_counts_epochs_unless_it_is_to_count_steps() {
    let halving = || Exponential { gamma: 0.5 };
    assert_eq!(rates(|trainer| trainer), [0.5; 6]);
    assert_eq!(rates(|trainer| trainer.schedule(halving())), [0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
    let by_step = rates(|trainer| trainer.schedule(halving()).schedule_by(Interval::Step));
    assert_eq!(by_step, [0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625]);
}

#[test]
fn a_plateau_lowers_the_rate_of_the_next_epoch_and_the_base_of_a_schedule() {
    let plateau = ReduceOnPlateau { factor: 0.1, patience: 0, ..ReduceOnPlateau::default() };
    // Of this metric more is better: the second epoch is worse.
    let alone = rates(|trainer| {
        trainer
            .metric(Scripted::new(&[0.5, 0.4, 0.6]))
            .reduce_on_plateau(plateau, Monitor::highest("scripted"))
    });
    assert_eq!(alone, [0.5, 0.5, 0.5, 0.5, 0.05, 0.05]);
    let both = rates(|trainer| {
        let trainer =
            trainer.metric(Scripted::new(&[0.5, 0.4, 0.6])).schedule(Exponential { gamma: 0.5 });
        trainer.reduce_on_plateau(plateau, Monitor::highest("scripted"))
    });
    assert_eq!(both, [0.5, 0.5, 0.25, 0.25, 0.05 * 0.25, 0.05 * 0.25]);
}

#[test]
fn the_rate_is_that_of_the_steps() {
    let (model, train) = (classifier(), classes(20, 0));
    let trained = |trainer: Trainer<'_>| {
        let mut params = model.init([2], 0).unwrap();
        trainer.epochs(1).batch_size(20).fit(&mut params, &train, None).unwrap();
        params.values().to_vec()
    };
    let half =
        trained(Trainer::new(&model, CrossEntropy, Sgd::new(0.5)).schedule(Lambda::new(|_| 0.5)));
    assert_eq!(half, trained(Trainer::new(&model, CrossEntropy, Sgd::new(0.25))));
}

/// The optimizer's own rate, and this momentum.
#[derive(Debug)]
struct Momentum(f64);

impl Schedule for Momentum {
    fn name(&self) -> &'static str {
        "momentum"
    }
    fn learning_rate(&self, base: f64, _: u64) -> f64 {
        base
    }
    fn momentum(&self, _: u64) -> Option<f64> {
        Some(self.0)
    }
}

#[test]
fn the_momentum_of_a_schedule_is_that_of_the_steps() {
    let (model, train) = (classifier(), classes(20, 0));
    let trained = |trainer: Trainer<'_>| {
        let mut params = model.init([2], 0).unwrap();
        trainer
            .epochs(3)
            .batch_size(5)
            .fit(&mut params, &train, None)
            .map(|_| params.values().to_vec())
    };
    let sgd = |momentum: f64| Trainer::new(&model, CrossEntropy, Sgd::new(0.1).momentum(momentum));
    let scheduled = trained(sgd(0.9).schedule(Momentum(0.5))).unwrap();
    assert_eq!(scheduled, trained(sgd(0.5)).unwrap());
    assert_ne!(scheduled, trained(sgd(0.9)).unwrap());
    let wrapped = |momentum: f64| {
        Trainer::new(&model, CrossEntropy, Lookahead::new(Sgd::new(0.1).momentum(momentum)))
    };
    assert_eq!(
        trained(wrapped(0.9).schedule(Momentum(0.5))).unwrap(),
        trained(wrapped(0.5)).unwrap()
    );
    // What has no momentum goes without.
    assert_eq!(trained(sgd(0.0).schedule(Momentum(0.5))).unwrap(), trained(sgd(0.0)).unwrap());
    let error = trained(sgd(0.9).schedule(Momentum(1.0))).unwrap_err().to_string();
    assert_eq!(error, "schedule `momentum` gives a momentum of 1 at t = 0: it must lie in [0, 1)");
}

#[test]
fn decay_and_dropout_follow_schedules_of_their_own() {
    use chainrule_train::Group;
    let (plain, train) = (classifier(), classes(20, 0));
    let trained = |trainer: Trainer<'_>| {
        let mut params = plain.init([2], 0).unwrap();
        let fitted = trainer.epochs(3).batch_size(5).fit(&mut params, &train, None);
        fitted.map(|_| params.values().to_vec())
    };
    let decays = |decay: f64| {
        let groups = [Group::new("*.weight").weight_decay(decay)];
        Trainer::new(&plain, CrossEntropy, Sgd::new(0.1)).groups(groups)
    };
    let halved = trained(decays(0.5).decay_schedule(Lambda::new(|_| 0.5))).unwrap();
    assert_eq!(halved, trained(decays(0.25)).unwrap());
    assert_ne!(halved, trained(decays(0.5)).unwrap());
    let none = trained(
        Trainer::new(&plain, CrossEntropy, Sgd::new(0.1)).decay_schedule(Lambda::new(|_| 0.5)),
    );
    assert!(none.unwrap_err().to_string().contains("no group has a weight decay"));

    // Two models with the same parameters.
    let model = |p: f64| Sequential::new().linear(2, 40).tanh().dropout(p).linear(40, 3);
    let dropped = |p: f64, part: Option<f64>| {
        let model = model(p);
        let mut params = model.init([2], 0).unwrap();
        let trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(2).batch_size(5);
        let mut trainer = match part {
            Some(part) => trainer.dropout_schedule(Lambda::new(move |_| part)),
            None => trainer,
        };
        trainer.fit(&mut params, &train, None).map(|_| params.values().to_vec())
    };
    assert_eq!(dropped(0.5, Some(0.5)).unwrap(), dropped(0.25, None).unwrap());
    assert_ne!(dropped(0.5, Some(0.5)).unwrap(), dropped(0.5, None).unwrap());
    let error = dropped(0.5, Some(2.0)).unwrap_err().to_string();
    assert!(error.contains("of dropout gives a factor of 2 at t = 0: it must lie in [0, 1]"));
}

#[test]
fn a_schedule_over_the_whole_training_counts_the_steps_that_are_made() {
    let (model, train) = (classifier(), classes(20, 0));
    let mut rates = Rates::default();
    let mut params = model.init([2], 0).unwrap();
    Trainer::new(&model, CrossEntropy, Sgd::new(0.5))
        .epochs(4)
        .batch_size(8)
        .drop_last()
        .schedule(FlatCosine::default())
        .schedule_by(Interval::Step)
        .callback(&mut rates)
        .fit(&mut params, &train, None)
        .unwrap();
    // Two whole batches in each epoch, the last one left out.
    let half = 0.5_f64.sqrt() / 2.0;
    let expected = [1.0, 1.0, 1.0, 1.0, 1.0, 0.5 + half, 0.5, 0.5 - half].map(|part| part * 0.5);
    assert_eq!(rates.0.len(), 8);
    for (rate, expected) in rates.0.iter().zip(expected) {
        assert!((rate - expected).abs() < 1e-12, "{:?}", rates.0);
    }
}

#[test]
fn settings_and_rates_that_make_no_sense_are_named() {
    let (model, train) = (classifier(), classes(20, 0));
    let error = |arrange: &dyn Fn(Trainer<'static>) -> Trainer<'static>,
                 model: &'static Sequential| {
        let mut params = model.init([2], 0).unwrap();
        let trainer = Trainer::new(model, CrossEntropy, Sgd::new(0.5)).epochs(3).batch_size(10);
        arrange(trainer).fit(&mut params, &train, None).unwrap_err().to_string()
    };
    let model: &'static Sequential = Box::leak(Box::new(model));
    assert_eq!(
        error(&|trainer| trainer.schedule(Exponential { gamma: -1.0 }), model),
        "exponential: gamma must be finite and not negative, but it is -1"
    );
    assert_eq!(
        error(
            &|trainer| trainer.schedule(Lambda::new(|step| 1.0 - step as f64 * f64::INFINITY)),
            model
        ),
        "schedule `lambda` gives a learning rate of NaN at t = 0: it must be finite and not \
         negative"
    );
    let plateau = ReduceOnPlateau { factor: 2.0, ..ReduceOnPlateau::default() };
    assert_eq!(
        error(&|trainer| trainer.reduce_on_plateau(plateau, Monitor::loss()), model),
        "reduce_on_plateau: factor must lie in [0, 1), but it is 2"
    );
}

#[test]
fn a_range_test_finds_a_rate_that_trains_and_leaves_the_parameters_alone() {
    let (model, train) = (classifier(), classes(400, 0));
    let params = model.init([2], 0).unwrap();
    let test = RangeTest { start: 1e-6, end: 100.0, smoothing: 0.9, ..RangeTest::default() };
    let mut trainer = Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).batch_size(20).epochs(5);
    let report = trainer.range_test(&params, &train, &test).unwrap();
    assert_eq!(params.values(), model.init([2], 0).unwrap().values());
    assert_eq!(report, trainer.range_test(&params, &train, &test).unwrap());
    assert_eq!(report.rates.len(), report.losses.len());
    let rate = report.suggestion().unwrap();
    assert!((0.01..30.0).contains(&rate), "{rate}");

    let mut fitted = params.clone();
    let mut trainer = Trainer::new(&model, CrossEntropy, Sgd::new(rate)).batch_size(20).epochs(5);
    let history = trainer.fit(&mut fitted, &train, None).unwrap();
    assert!(history.last().unwrap().train.loss < 0.6, "{rate}: {history:?}");
}

#[test]
fn a_range_test_ends_where_the_loss_is_no_longer_finite() {
    let model = Sequential::new().linear(1, 1);
    let data = Dataset::new(Tensor::ones([8, 1]), Targets::Values(Tensor::zeros([8, 1]))).unwrap();
    let params = model.init([1], 0).unwrap();
    let mut trainer = Trainer::new(&model, MeanSquaredError, Sgd::new(0.1)).batch_size(8);
    let test =
        RangeTest { start: 1.0, end: 1e30, divergence: f64::INFINITY, ..RangeTest::default() };
    let report = trainer.range_test(&params, &data, &test).unwrap();
    assert!(report.diverged && report.rates.len() < 50, "{report:?}");
    assert!(report.losses.iter().all(|loss| loss.is_finite()));

    let backwards = RangeTest { start: 1.0, end: 0.1, ..test };
    let error = trainer.range_test(&params, &data, &backwards).unwrap_err();
    assert!(matches!(error, TrainError::Setting(_)));
    let message =
        "range test: the rates must rise from above 0 to a finite end, but they go from 1 to 0.1";
    assert_eq!(error.to_string(), message);
    let nowhere =
        Trainer::new(&model, MeanSquaredError, Adam::new(-1.0)).range_test(&params, &data, &test);
    assert!(nowhere.is_err());
}
