//! After the workspace is made, training allocates nothing: what the calling thread does. The threads of a pool are
//! counted in `no_allocation_on_threads.rs`.
//!
//! The fallback for other processors, nalgebra's product, allocates a packing buffer at each call; there this promise
//! does not hold.
#![cfg(all(feature = "fast-gemm", target_arch = "x86_64"))]

mod support;

use chainrule::prelude::*;
use chainrule::train::callback::{BatchEnd, Callback, FitPlan};
use support::counting::{Count, of_thread as count};
use support::training::{Training, classes, inputs};

#[track_caller]
fn assert_steps_allocate_nothing(mut training: Training) {
    training.step();
    let (before, steps) = (count(), training.state.steps());
    for _ in 0..3 {
        training.step();
    }
    assert_eq!(count() - before, Count::default());
    assert_eq!(training.state.steps(), steps + 3);
    assert!(training.loss().is_finite());
}

#[test]
fn the_counter_counts() {
    let before = count();
    drop(std::hint::black_box(vec![0_u8; 100]));
    assert_eq!(count() - before, Count { pages: 0, others: 1 });
}

#[test]
fn a_small_network() {
    let model = Sequential::new().linear(64, 64).relu().linear(64, 10);
    assert_steps_allocate_nothing(Training::new(&model, &CrossEntropy, &classes(32, 64), Sgd::new(0.1)));
}

#[test]
fn a_deep_network_with_momentum() {
    let hidden = (0..8).fold(Sequential::new(), |model, _| model.linear(64, 64).sigmoid());
    let sgd = Sgd::new(0.1).momentum(0.9);
    assert_steps_allocate_nothing(Training::new(&hidden.linear(64, 10), &CrossEntropy, &classes(32, 64), sgd));
}

#[test]
fn a_wide_network_with_adam() {
    let model = Sequential::new().linear(784, 512).relu().linear(512, 256).relu().linear(256, 10);
    assert_steps_allocate_nothing(Training::new(&model, &CrossEntropy, &classes(128, 784), Adam::new(0.001)));
}

#[test]
fn every_activation_and_every_loss() {
    for activation in chainrule::nn::activation::all::<f32>() {
        let model = Sequential::new().linear(7, 6).layer(activation).linear(6, 10);
        assert_steps_allocate_nothing(Training::new(&model, &CrossEntropy, &classes(5, 7), Adam::new(0.01)));
    }
    let model = Sequential::new().linear(7, 6).layer(PRelu::per_channel()).linear(6, 3);
    let zeros_and_ones = Tensor::from_fn([5, 3], |i| f32::from(u8::from(i % 2 == 0)));
    let targets = [Targets::Values, Targets::Labels, Targets::Probabilities].map(|kind| kind(zeros_and_ones.clone()));
    let losses: [&dyn Loss; 3] = [&MeanSquaredError, &BinaryCrossEntropy, &CrossEntropy];
    for (loss, targets) in losses.into_iter().zip(targets) {
        let data = Dataset::new(inputs(5, 7), targets).unwrap();
        assert_steps_allocate_nothing(Training::new(&model, loss, &data, Adam::new(0.01)));
    }
}

#[test]
fn another_thread_allocates_its_packing_pages_once() {
    let model = Sequential::new().linear(64, 64).relu().linear(64, 10);
    let mut training = Training::new(&model, &CrossEntropy, &classes(32, 64), Sgd::new(0.1));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let before = count();
            training.step();
            let first = count() - before;
            assert!(first.pages <= 1, "{first:?}");
            assert_steps_allocate_nothing(training);
        });
    });
}

/// Notes the counter after each batch, in room that it has made beforehand.
#[derive(Debug, Default)]
struct Snapshots {
    after_batch: Vec<(usize, Count)>,
}

impl Callback for Snapshots {
    fn start(&mut self, plan: &FitPlan) {
        self.after_batch = Vec::with_capacity(plan.epochs * plan.batches);
    }
    fn batch_end(&mut self, batch: &BatchEnd) {
        self.after_batch.push((batch.epoch, count()));
    }
}

/// The allocations of a whole training, and those between the ends of two batches of one epoch.
fn fit(samples: usize) -> (Count, Vec<Count>) {
    let model = Sequential::new().linear(20, 16).prelu().linear(16, 10);
    let mut params = model.init([20], 0).unwrap();
    let (train, validation) = (classes(samples, 20), classes(50, 20));
    let mut snapshots = Snapshots::default();
    let mut batches = 0;
    let mut trainer = Trainer::new(&model, CrossEntropy, Adam::new(0.01))
        .epochs(3)
        .batch_size(16)
        .rule(ClipNorm { max_norm: 1.0 })
        .rule(ClipValue { max_value: 0.1 })
        .metric(Accuracy::new())
        .callback(EarlyStopping::new(Monitor::loss(), 5))
        .callback(BestWeights::new(Monitor::highest("accuracy")))
        .callback(Progress::new(|event| batches += usize::from(matches!(event, ProgressEvent::Batch(_)))))
        .callback(&mut snapshots);
    let before = count();
    trainer.fit(&mut params, &train, Some(&validation)).unwrap();
    let all = count() - before;
    drop(trainer);
    assert_eq!(batches, 3 * samples.div_ceil(16));
    assert_eq!(snapshots.after_batch.len(), batches);
    let pairs = snapshots.after_batch.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    (all, pairs.map(|pair| pair[1].1 - pair[0].1).collect())
}

#[test]
fn batches_of_a_training_allocate_nothing_with_metrics_rules_and_callbacks() {
    fit(40);
    for samples in [40, 72, 424] {
        let (_, between) = fit(samples);
        assert_eq!(between.len(), 3 * (samples.div_ceil(16) - 1));
        assert!(between.iter().all(|&count| count == Count::default()), "{samples} samples: {between:?}");
    }
}

#[test]
fn what_a_training_allocates_does_not_depend_on_the_number_of_batches() {
    fit(40);
    // All leave a last batch of 8 samples, so that there are as many plans.
    let (few, many, most) = (fit(40).0, fit(168).0, fit(1000).0);
    assert!(few.others > 0);
    assert_eq!(few, many);
    assert_eq!(few, most);
}
