//! A training that goes on from a snapshot has the bits of one that was never stopped.

use crate::common;

use chainrule_data::Dataset;
use chainrule_graph::Params;
use chainrule_nn::{Model, Sequential, loss::CrossEntropy};
use chainrule_train::callback::{BestWeights, EarlyStopping, Monitor, WeightAverage};
use chainrule_train::metric::Accuracy;
use chainrule_train::optimizer::{self, Sgd};
use chainrule_train::schedule::{Cosine, Interval, ReduceOnPlateau};
use chainrule_train::{EpochRecord, Snapshot, StopReason, Trainer};
use common::classes;

const EPOCHS: usize = 4;

/// A model with all that changes from step to step: dropout, and statistics.
fn model() -> Sequential {
    Sequential::new().linear(2, 6).batch_norm().tanh().dropout(0.3).linear(6, 3)
}

fn data() -> [Dataset; 2] {
    [classes(50, 1), classes(20, 2)]
}

/// Trains for some epochs, from a snapshot or not; gives the snapshot after each.
fn train<'a>(
    set_up: &dyn Fn() -> Trainer<'a>,
    model: &Sequential,
    epochs: usize,
    resume: Option<Snapshot>,
) -> (Params, Vec<EpochRecord>, StopReason, Vec<Snapshot>) {
    let [train, validation] = data();
    // What the parameters are before a training goes on makes no difference.
    let mut params = model.init([2], if resume.is_some() { 9 } else { 0 }).unwrap();
    let snapshots = std::sync::Mutex::new(Vec::new());
    let mut trainer = set_up().epochs(epochs).batch_size(8).seed(5).metric(Accuracy::new());
    if let Some(snapshot) = resume {
        trainer = trainer.resume(snapshot);
    }
    let history = trainer
        .snapshots(|snapshot| snapshots.lock().unwrap().push(snapshot))
        .fit(&mut params, &train, Some(&validation))
        .unwrap();
    let mut epochs = history.epochs;
    // Time is all that may differ.
    epochs.iter_mut().for_each(|epoch| (epoch.seconds, epoch.samples_per_second) = (0.0, 0.0));
    (params, epochs, history.stop, snapshots.into_inner().unwrap())
}

fn assert_resumes<'a>(what: &str, set_up: &dyn Fn() -> Trainer<'a>) {
    let model = model();
    let (straight, records, stop, snapshots) = train(set_up, &model, EPOCHS, None);
    assert_eq!(snapshots.len(), records.len(), "{what}");
    for snapshot in snapshots {
        let done = snapshot.epochs.len();
        let (resumed, again, why, _) = train(set_up, &model, EPOCHS, Some(snapshot));
        assert_eq!(straight.values(), resumed.values(), "{what}, after {done} epochs");
        assert_eq!(straight.statistic_values(), resumed.statistic_values(), "{what}, {done}");
        assert_eq!(stop, why, "{what}, {done}");
        let scores = |records: &[EpochRecord]| {
            records.iter().map(|r| (r.train.clone(), r.validation.clone())).collect::<Vec<_>>()
        };
        assert_eq!(scores(&records), scores(&again), "{what}, {done}");
    }
}

#[test]
fn with_every_optimizer() {
    let model = model();
    for listed in optimizer::all::<f32>() {
        let text = listed.name();
        let set_up = || {
            let optimizer = optimizer::by_name::<f32>(text).unwrap();
            Trainer::new(&model, CrossEntropy, optimizer)
        };
        assert_resumes(text, &set_up);
    }
}

#[test]
fn with_schedules_plateaus_and_accumulation() {
    let model = model();
    let sgd = || Trainer::new(&model, CrossEntropy, Sgd::new(0.1).momentum(0.9));
    let accuracy = || Monitor::highest("accuracy");
    assert_resumes("cosine by step", &|| {
        sgd().schedule(Cosine::new(40)).schedule_by(Interval::Step)
    });
    assert_resumes("cosine by epoch, accumulated", &|| {
        sgd().schedule(Cosine::new(EPOCHS)).accumulate(3)
    });
    let plateau = ReduceOnPlateau { patience: 0, ..ReduceOnPlateau::default() };
    assert_resumes("plateau", &|| sgd().reduce_on_plateau(plateau, accuracy()));
}

#[test]
fn with_every_callback_that_remembers() {
    let model = model();
    let sgd = || Trainer::new(&model, CrossEntropy, Sgd::new(0.3));
    let loss = Monitor::loss;
    assert_resumes("best weights", &|| sgd().callback(BestWeights::new(loss())));
    assert_resumes("stopping early", &|| sgd().callback(EarlyStopping::new(loss(), 2).margin(0.3)));
    assert_resumes("average", &|| sgd().callback(WeightAverage::new(0.9)));
    assert_resumes("all of them", &|| {
        sgd()
            .callback(WeightAverage::new(0.9).bias_corrected())
            .callback(BestWeights::new(Monitor::highest("accuracy")))
            .callback(EarlyStopping::new(loss(), 3))
    });
}

#[test]
fn a_snapshot_of_another_training_is_refused_and_nothing_changes() {
    let (model, [data, _]) = (model(), data());
    let sgd = || Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(2);
    let mut last = None;
    let mut params = model.init([2], 0).unwrap();
    sgd().snapshots(|snapshot| last = Some(snapshot)).fit(&mut params, &data, None).unwrap();
    let snapshot = last.unwrap();
    let other = Sequential::new().linear(2, 3);
    let momentum = Sgd::new(0.1).momentum(0.9);
    let (weights, fewer) = (snapshot.weights.len(), other.init([2], 0).unwrap().values().len());
    for (mut trainer, why) in [
        (
            Trainer::new(&model, CrossEntropy, optimizer::Adam::new(0.1)),
            "it was trained by the optimizer `sgd`, and this one is `adam`",
        ),
        (
            Trainer::new(&model, CrossEntropy, momentum),
            &format!("its optimizer remembers [] values, but [{weights}] are needed"),
        ),
        (
            Trainer::new(&other, CrossEntropy, Sgd::new(0.1)),
            &format!("it has {weights} weights, but the model has {fewer}"),
        ),
        (sgd().epochs(1), "it has 2 epochs behind it, and 1 are asked for"),
        (
            sgd().callback(WeightAverage::new(0.9)),
            "callbacks that remember must be the same; it has none, and the trainer has \
             weight_average",
        ),
    ] {
        let mut params = if why.ends_with(&format!("has {fewer}")) {
            other.init([2], 3)
        } else {
            model.init([2], 3)
        }
        .unwrap();
        let before = params.clone();
        trainer = trainer.resume(snapshot.clone());
        let error = trainer.fit(&mut params, &data, None).unwrap_err().to_string();
        assert_eq!(error, format!("this training cannot go on from the snapshot: {why}"));
        assert_eq!(params.values(), before.values(), "{why}");
    }
}

#[test]
fn a_training_that_is_over_gives_its_history_again() {
    let (model, [data, _]) = (model(), data());
    let sgd = || Trainer::new(&model, CrossEntropy, Sgd::new(0.1)).epochs(2);
    let (mut last, mut params) = (None, model.init([2], 0).unwrap());
    let history =
        sgd().snapshots(|snapshot| last = Some(snapshot)).fit(&mut params, &data, None).unwrap();
    let mut again = model.init([2], 1).unwrap();
    let repeated = sgd().resume(last.unwrap()).fit(&mut again, &data, None).unwrap();
    assert_eq!((history, params.values()), (repeated, again.values()));
}
