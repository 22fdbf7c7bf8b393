//! The files of a training, against its history and what the instruments have seen.

use crate::common;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chainrule_data::{Dataset, Digits};
use chainrule_graph::Var;
use chainrule_insight::monitor::Record;
use chainrule_insight::{Instruments, Log};
use chainrule_nn::{Layer, Model, Sequential, loss::CrossEntropy};
use chainrule_tensorboard::{EventError, TensorBoard};
use chainrule_train::callback::EpochEnd;
use chainrule_train::optimizer::{Adam, Sgd};
use chainrule_train::{History, Trainer, metric::Accuracy};
use common::{Value, events_in, scalars, tags};

const EPOCHS: usize = 3;

fn digits() -> (Dataset, Dataset) {
    let digits = Digits::load().unwrap().dataset();
    let part = |range: Range<usize>| digits.select(&range.collect::<Vec<_>>()).unwrap();
    (part(0..100), part(100..150))
}

/// The history, and the bits of the weights.
fn train(tensorboard: Option<&mut TensorBoard<'_>>, accumulate: usize) -> (History, Vec<u32>) {
    let (data, validation) = digits();
    let model = Sequential::new().linear(64, 8).relu().linear(8, 10);
    let mut params = model.init([64], 0).unwrap();
    let mut trainer =
        Trainer::new(&model, CrossEntropy, Adam::new(0.01)).epochs(EPOCHS).metric(Accuracy::new());
    trainer = trainer.batch_size(32).accumulate(accumulate);
    if let Some(tensorboard) = tensorboard {
        trainer = trainer.callback(tensorboard);
    }
    let history = trainer.fit(&mut params, &data, Some(&validation)).unwrap();
    (history, params.values().iter().map(|w| w.to_bits()).collect())
}

fn observed(folder: &Path, accumulate: usize) -> (History, Log) {
    let mut instruments = Instruments::new().every(2);
    let mut tensorboard = TensorBoard::create(folder).unwrap().instruments(&mut instruments);
    let (history, weights) = train(Some(&mut tensorboard), accumulate);
    tensorboard.finish().unwrap();
    assert_eq!(weights, train(None, accumulate).1, "the training is the same without it");
    (history, instruments.into_log())
}

#[test]
fn scores_stand_by_epoch_in_two_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut tensorboard = TensorBoard::create(folder.path()).unwrap();
    let (history, weights) = train(Some(&mut tensorboard), 1);
    tensorboard.finish().unwrap();
    assert_eq!(weights, train(None, 1).1);
    for (run, validated) in [("training", false), ("validation", true)] {
        let events = events_in(&folder.path().join(run));
        let scores = |i: usize| {
            if validated {
                history.epochs[i].validation.as_ref().unwrap()
            } else {
                &history.epochs[i].train
            }
        };
        let expected = |value: &dyn Fn(usize) -> f64| {
            (0..EPOCHS).map(|i| (i as u64 + 1, value(i) as f32)).collect::<Vec<_>>()
        };
        assert_eq!(scalars(&events, "epoch/loss"), expected(&|i| scores(i).loss));
        assert_eq!(
            scalars(&events, "epoch/accuracy"),
            expected(&|i| scores(i).metric("accuracy").unwrap())
        );
    }
}

/// The mean over the steps of an epoch, each weighted by its samples, is the loss of the epoch.
#[test]
fn the_loss_of_a_step_is_that_of_its_samples_alone() {
    for (accumulate, samples) in [(1, vec![32, 32, 32, 4]), (3, vec![96, 4])] {
        let folder = tempfile::tempdir().unwrap();
        let (history, log) = observed(folder.path(), accumulate);
        let events = events_in(&folder.path().join("training"));
        let losses = scalars(&events, "step/loss");
        assert_eq!(
            losses.iter().map(|(step, _)| *step).collect::<Vec<_>>(),
            (1..=(3 * samples.len() as u64)).collect::<Vec<_>>()
        );
        for (epoch, losses) in history.epochs.iter().zip(losses.chunks(samples.len())) {
            let sum: f64 = losses
                .iter()
                .zip(&samples)
                .map(|((_, loss), &n)| f64::from(*loss) * f64::from(n))
                .sum();
            assert!((sum / 100.0 - epoch.train.loss).abs() < 1e-6, "{sum}");
        }
        if accumulate == 1 {
            for record in &log.records {
                assert!((f64::from(losses[record.step as usize - 1].1) - record.loss).abs() < 1e-6);
            }
        }
        assert!(scalars(&events, "step/learning_rate").iter().all(|(_, rate)| *rate == 0.01));
    }
}

#[test]
fn all_that_the_instruments_see_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (_, log) = observed(folder.path(), 1);
    let events = events_in(&folder.path().join("training"));
    let of = |value: &dyn Fn(&Record) -> f64| -> Vec<(u64, f32)> {
        log.records.iter().map(|record| (record.step, value(record) as f32)).collect()
    };
    assert_eq!(log.records.len(), 6);
    assert_eq!(scalars(&events, "step/gradient_norm"), of(&|record| record.gradient_norm));
    assert_eq!(
        scalars(&events, "gradient_norm/2.weight"),
        of(&|record| record.parameters[2].gradient_norm)
    );
    assert_eq!(
        scalars(&events, "update_ratio/0.weight"),
        of(&|record| record.parameters[0].update_ratio().unwrap())
    );
    assert_eq!(scalars(&events, "sparsity/0"), of(&|record| record.layers[0].sparsity()));
    let histograms = |tag: &str| -> Vec<(u64, Value)> {
        let of_tag =
            events.iter().filter(|event| event.value.as_ref().is_some_and(|(name, _)| name == tag));
        of_tag.map(|event| (event.step, event.value.clone().unwrap().1)).collect()
    };
    let activations = histograms("activations/0");
    assert_eq!(activations.len(), log.records.len());
    for ((step, value), record) in activations.into_iter().zip(&log.records) {
        let seen = record.layers[0].activations.as_ref().unwrap();
        let Value::Histogram([low, high, number, sum, _], limits, counts) = value else {
            panic!("a histogram")
        };
        assert_eq!(
            (step, low, high, number),
            (record.step, seen.histogram.low, seen.histogram.high, seen.count as f64)
        );
        assert!((sum / number - seen.mean).abs() < 1e-12);
        assert_eq!(limits, seen.histogram.edges().skip(1).collect::<Vec<_>>());
        assert_eq!(counts, seen.histogram.counts.iter().map(|&n| f64::from(n)).collect::<Vec<_>>());
    }
    // The norm of the gradient, from the sum of squares of its histogram.
    let gradients = histograms("weight_gradients/0.weight");
    for ((_, value), record) in gradients.iter().zip(&log.records) {
        let Value::Histogram([_, _, number, _, squares], ..) = value else { panic!("a histogram") };
        assert_eq!(*number, 512.0);
        assert!((squares.sqrt() / record.parameters[0].gradient_norm - 1.0).abs() < 1e-6);
    }
    assert_eq!((gradients.len(), histograms("weights/0.weight").len()), (6, EPOCHS));
    let groups: Vec<&str> = tags(&events).into_iter().filter(|tag| tag.ends_with("/0")).collect();
    let expected = [
        "saturated/0",
        "sparsity/0",
        "pre_activations/0",
        "activations/0",
        "pre_activation_gradients/0",
        "activation_gradients/0",
    ];
    assert_eq!(groups, expected);
}

/// Applies one layer twice.
#[derive(Debug)]
struct Twice(Sequential);

impl Layer for Twice {
    fn kind(&self) -> &str {
        "twice"
    }
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let shared = |x: Var<'g>| x.graph().scope("shared", || self.0.forward(x));
        shared(shared(x))
    }
}

#[test]
fn a_layer_that_is_applied_twice_has_two_names() {
    let folder = tempfile::tempdir().unwrap();
    let model =
        Sequential::new().layer(Twice(Sequential::new().linear(64, 64).tanh())).linear(64, 10);
    let mut params = model.init([64], 0).unwrap();
    let mut instruments = Instruments::new().bins(4);
    let mut tensorboard = TensorBoard::create(folder.path()).unwrap().instruments(&mut instruments);
    Trainer::new(&model, CrossEntropy, Adam::new(0.01))
        .epochs(1)
        .callback(&mut tensorboard)
        .fit(&mut params, &digits().0, None)
        .unwrap();
    tensorboard.finish().unwrap();
    let events = events_in(&folder.path().join("training"));
    let layers: Vec<&str> =
        tags(&events).into_iter().filter(|tag| tag.starts_with("activations/")).collect();
    assert_eq!(layers, ["activations/0.shared.0", "activations/0.shared.0 (2)"]);
    assert!(!folder.path().join("validation").exists(), "nothing was validated");
}

#[test]
fn pictures_are_drawn_of_each_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 8, 8);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[0; 64]).unwrap();
    let mut epochs = Vec::new();
    let mut tensorboard =
        TensorBoard::create(folder.path()).unwrap().bins(0).image("first_layer", |end| {
            assert_eq!(end.params.get("0.weight").unwrap().values().len(), 512);
            epochs.push(end.record.epoch as u64);
            Ok::<_, String>(png.clone())
        });
    train(Some(&mut tensorboard), 1);
    tensorboard.finish().unwrap();
    let events = events_in(&folder.path().join("training"));
    let expected = Value::Image(8, 8, 1, png);
    let seen = events
        .iter()
        .filter_map(|event| event.value.as_ref().map(|(tag, value)| (event.step, tag, value)));
    let steps: Vec<u64> = seen
        .filter(|(_, tag, value)| *tag == "first_layer" && **value == expected)
        .map(|(step, ..)| step)
        .collect();
    assert_eq!((steps, epochs), (vec![1, 2, 3], vec![1, 2, 3]));
    assert!(
        !tags(&events).iter().any(|tag| tag.starts_with("weights/")),
        "no histograms without bins"
    );
}

/// Kind "names that do nothing" (keras-team/keras#6954): of two pictures under one tag TensorBoard
/// shows one.
#[test]
fn two_pictures_of_one_tag_are_refused_before_the_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let picture = |_: &EpochEnd<'_, f32>| Err::<Vec<u8>, _>("nothing was trained");
    let tensorboard = TensorBoard::create(folder.path()).unwrap();
    let tensorboard =
        tensorboard.image("weights", picture).image("other", picture).image("weights", picture);
    let model = Sequential::new().linear(64, 8).relu().linear(8, 10);
    let mut params = model.init([64], 0).unwrap();
    let mut trainer = Trainer::new(&model, CrossEntropy, Adam::new(0.01)).callback(tensorboard);
    let error = trainer.fit(&mut params, &digits().0, None).unwrap_err().to_string();
    assert_eq!(
        error,
        "TensorBoard: two pictures have the tag `weights`; give each a tag of its own"
    );
}

#[test]
fn an_error_ends_the_writing_and_not_the_training() {
    let folder = tempfile::tempdir().unwrap();
    let mut asked = 0;
    let mut tensorboard = TensorBoard::create(folder.path()).unwrap().image("confusion", |_| {
        asked += 1;
        Err::<Vec<u8>, _>("no font")
    });
    let (history, weights) = train(Some(&mut tensorboard), 1);
    assert_eq!(tensorboard.finish().unwrap_err().to_string(), "cannot write `confusion`: no font");
    assert_eq!((history.epochs.len(), asked), (EPOCHS, 1));
    assert_eq!(weights, train(None, 1).1);
    let events = events_in(&folder.path().join("training"));
    assert_eq!(scalars(&events, "epoch/loss").len(), 1, "what was written before is there");
}

#[test]
fn a_folder_with_another_training_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    TensorBoard::<f32>::create(folder.path()).unwrap().finish().unwrap();
    let before = events_in(&folder.path().join("training"));
    let error = TensorBoard::<f32>::create(folder.path()).unwrap_err();
    assert!(matches!(error, EventError::Occupied { .. }));
    let expected = format!(
        "{} already holds events of another training; give each training a folder of its own",
        folder.path().display()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(events_in(&folder.path().join("training")), before);
}

/// Kind "once more": a second training is refused before its first step, whatever became of the
/// first, and the files stay as they are. Instruments go on to another one (keras-team/keras#9935).
#[test]
fn a_second_training_is_refused_and_instruments_may_be_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let (data, validation) = digits();
    let model = Sequential::new().linear(64, 8).relu().linear(8, 10);
    let mut instruments = Instruments::new().every(1);
    let mut logs = Vec::new();
    for (run, rate, stop) in
        [("finished", 0.01, false), ("interrupted", 0.01, true), ("failed", 1e38, false)]
    {
        let folder = folder.path().join(run);
        let mut params = model.init([64], 0).unwrap();
        let mut tensorboard = TensorBoard::create(&folder).unwrap().instruments(&mut instruments);
        let stop = Arc::new(AtomicBool::new(stop));
        {
            let mut trainer = Trainer::new(&model, CrossEntropy, Sgd::new(rate))
                .epochs(3)
                .callback(&mut tensorboard)
                .stop_when(Arc::clone(&stop));
            assert_eq!(
                trainer.fit(&mut params, &data, Some(&validation)).is_err(),
                run == "failed"
            );
            let (before, weights) = (events_in(&folder.join("training")), params.clone());
            stop.store(false, Ordering::Relaxed);
            let error = trainer.fit(&mut params, &data, None).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "TensorBoard: {} already holds the events of a training, and the steps of \
                     another one begin anew; create another `TensorBoard`, with a folder of its \
                     own, for each training",
                    folder.display()
                )
            );
            assert_eq!(
                (events_in(&folder.join("training")), params.values()),
                (before, weights.values())
            );
            trainer.evaluate(&params, &validation).unwrap();
        }
        tensorboard.finish().unwrap();
        let norms = scalars(&events_in(&folder.join("training")), "step/gradient_norm");
        assert_eq!(norms.len(), instruments.log().records.len(), "{run}");
        logs.push(norms);
    }
    assert_eq!(logs[0].len(), 12);
}
