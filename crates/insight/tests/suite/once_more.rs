//! Kind "once more": the same instruments over one training after the other
//! (keras-team/keras#20521).

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chainrule_data::{Dataset, Targets};
use chainrule_insight::finding::{self, Evidence};
use chainrule_insight::recording::Recording;
use chainrule_insight::{Diagnosis, Instruments, Log};
use chainrule_nn::loss::MeanSquaredError;
use chainrule_nn::{Model, Sequential};
use chainrule_tensor::Tensor;
use chainrule_train::optimizer::Sgd;
use chainrule_train::{EpochRecord, History, TrainError, Trainer};

fn data() -> Dataset {
    let inputs: Tensor = Tensor::from_fn([32, 2], |i| (i as f32 * 0.7).sin());
    let targets =
        Targets::Values(Tensor::from_fn([32, 1], |i| inputs.row(i)[0] - inputs.row(i)[1]));
    Dataset::new(inputs, targets).unwrap()
}

fn shallow() -> Sequential {
    Sequential::new().linear(2, 3).relu().linear(3, 1)
}

fn deep() -> Sequential {
    Sequential::new().linear(2, 5).tanh().layer_norm().linear(5, 4).sigmoid().linear(4, 1)
}

/// 12 steps in 3 epochs.
fn fit(
    model: &Sequential,
    learning_rate: f64,
    stop: bool,
    instruments: &mut Instruments,
) -> Result<History, TrainError> {
    let mut params = model.init([2], 0).unwrap();
    let trainer =
        Trainer::new(model, MeanSquaredError, Sgd::new(learning_rate)).epochs(3).batch_size(8);
    let trainer = trainer.stop_when(Arc::new(AtomicBool::new(stop)));
    trainer.callback(instruments).fit(&mut params, &data(), Some(&data()))
}

/// The log without the times of epochs, which differ.
fn timeless(log: &Log) -> Log {
    let mut log = log.clone();
    for record in &mut log.epochs {
        (record.seconds, record.samples_per_second) = (0.0, 0.0);
    }
    log
}

#[test]
fn each_training_has_a_log_of_its_own() {
    let settings: [fn() -> Instruments; 3] = [
        || Instruments::new().every(1),
        || Instruments::new().every(2).window(2),
        || Instruments::new().every(1).at_most(5),
    ];
    for new in settings {
        let mut fresh = new();
        fit(&shallow(), 0.1, false, &mut fresh).unwrap();
        let expected = timeless(fresh.log());
        assert!(expected.records.len() <= 12 && expected.epochs.len() == 3);
        for (model, rate, stop) in [
            (shallow(), 0.1, false),
            (deep(), 0.1, false),
            (shallow(), 0.1, true),
            (deep(), 1e30, false),
        ] {
            let mut used = new();
            assert_eq!(fit(&model, rate, stop, &mut used).is_err(), rate > 1.0);
            let fitted = fit(&shallow(), 0.1, false, &mut used);
            assert_eq!(timeless(used.log()), expected, "{rate} {stop}");

            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("run.json");
            let recording = Recording::of(&fitted).log(used.into_log());
            recording.save(&path).unwrap();
            assert_eq!(Recording::load(&path).unwrap(), recording);
            let _ = Diagnosis::<f32>::new().all_findings(&Evidence::new().recording(&recording));
        }
    }
}

/// A log put together by hand from two trainings is not saved, since it could not be loaded; nor
/// does any rule panic at epochs and steps that begin anew.
#[test]
fn logs_of_two_models_are_refused_by_save_and_read_by_every_rule() {
    let mut logs = [shallow(), deep()].map(|model| {
        let mut instruments = Instruments::new().every(1).window(2);
        fit(&model, 0.1, false, &mut instruments).unwrap();
        instruments.into_log()
    });
    let Log { records, windows, epochs, .. } = logs[1].clone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    for part in ["records", "windows"] {
        let mut log = logs[0].clone();
        match part {
            "records" => log.records.extend(records.clone()),
            _ => log.windows.extend(windows.clone()),
        }
        let error = Recording { log, ..Recording::default() }.save(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("`recording.log.{part}[")), "{error}");
        assert!(
            error.ends_with("was put together from several trainings, which have a recording each"),
            "{error}"
        );
        assert!(!path.exists());
    }

    // The same model twice: all entries are there, but steps and epochs come again.
    let (again, log) = (logs[0].clone(), &mut logs[0]);
    log.records.extend(again.records);
    log.windows.extend(again.windows);
    log.epochs.extend(again.epochs);
    log.epochs.extend(epochs);
    // Best in the last of the first training's epochs, and worse from there on, with numbers that
    // go back.
    let losses = [3.0, 2.0, 0.1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    for (record, loss) in log.epochs.iter_mut().zip(losses) {
        record.train.loss = loss;
        if let Some(scores) = &mut record.validation {
            scores.loss = loss;
        }
    }
    let numbered = |numbers: [usize; 9]| -> Log {
        let record =
            |(record, epoch): (&EpochRecord, usize)| EpochRecord { epoch, ..record.clone() };
        Log { epochs: log.epochs.iter().zip(numbers).map(record).collect(), ..log.clone() }
    };
    for numbers in
        [[1, 2, 3, 1, 2, 3, 1, 2, 1], [9, 8, 7, 6, 5, 4, 3, 2, 1], [0; 9], [usize::MAX; 9]]
    {
        let recording = Recording { log: numbered(numbers), ..Recording::default() };
        for rule in finding::all::<f32>() {
            let _ = rule.find(&Evidence::new().recording(&recording));
        }
    }
}
