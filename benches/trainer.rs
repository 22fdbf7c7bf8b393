//! What the trainer adds to bare steps: shuffling, reading batches, metrics, callbacks, checks of the gradient.

mod support;

use std::hint::black_box;
use std::time::Instant;

use chainrule::data::Batches;
use chainrule::insight::Instruments;
use chainrule::prelude::*;
use chainrule::train::callback::{Callback, EpochEnd, Flow, StepEnd, TraceEvent};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{Step, WORKS, Work};

const STEPS: usize = 100;

fn data(work: &Work, samples: usize) -> Dataset {
    let inputs = Tensor::normal([samples, work.features()], 0.0, 1.0, &mut generator(0)).expect("sound");
    let indices = (0..samples).map(|i| (i * 7 % work.classes()) as u32).collect();
    Dataset::new(inputs, Targets::Classes { indices, classes: work.classes() }).expect("sound")
}

/// A trainer with what is usual: a metric, and a callback that is told of each batch.
fn trainer<'a>(model: &'a Sequential, work: &Work, epochs: usize) -> Trainer<'a> {
    Trainer::new(model, CrossEntropy, work.optimizer())
        .epochs(epochs)
        .batch_size(work.batch)
        .threads(1)
        .metric(Accuracy::new())
        .callback(Progress::new(|event| _ = black_box(event)))
}

fn epoch(criterion: &mut Criterion) {
    let work = WORKS[0];
    let samples = STEPS * work.batch;
    let data = data(&work, samples);
    let mut group = criterion.benchmark_group("W1, 100 steps");
    group.throughput(Throughput::Elements(STEPS as u64));
    let mut bare = Step::new(&work, 1);
    group.bench_function("bare steps", |bencher| bencher.iter(|| (0..STEPS).map(|_| bare.step()).sum::<f32>()));

    let model = work.model();
    let mut params = model.init([work.features()], 0).expect("sound");
    // Several epochs, since planning comes once for each call of `fit`.
    const EPOCHS: usize = 50;
    group.bench_function("an epoch of the trainer", |bencher| {
        bencher.iter_custom(|times| {
            let mut trainer = trainer(&model, &work, EPOCHS);
            let seconds = (0..times).map(|_| {
                let history = trainer.fit(&mut params, &data, None).expect("sound");
                history.epochs.iter().map(|epoch| epoch.seconds).sum::<f64>() / EPOCHS as f64
            });
            std::time::Duration::from_secs_f64(seconds.sum())
        });
    });

    let mut batches = Batches::shuffled(samples, work.batch, 0).expect("sound");
    let (mut x, mut y) = (vec![0.0; work.batch * work.features()], vec![0.0; work.batch]);
    group.bench_function("shuffling and reading alone", |bencher| {
        bencher.iter(|| batches.epoch().for_each(|batch| data.gather(batch, &mut x, &mut y)));
    });
    group.finish();
}

/// The two in turn, some epochs and as many bare steps, since other work on the machine slows both: prints the median
/// of the ratios of neighbours. With as many samples as the handwritten digits have, and with more than the second cache
/// of most processors holds.
fn overhead(_: &mut Criterion) {
    const PAIRS: usize = 200;
    let work = WORKS[0];
    for steps in [56, STEPS] {
        let samples = steps * work.batch;
        let (data, model) = (data(&work, samples), work.model());
        let mut params = model.init([work.features()], 0).expect("sound");
        let mut bare = BareSteps { step: Step::new(&work, 1), steps, epoch: 0, seconds: Vec::with_capacity(PAIRS) };
        let mut trainer = trainer(&model, &work, PAIRS * BareSteps::EPOCHS).callback(&mut bare);
        let history = trainer.fit(&mut params, &data, None).expect("sound");
        drop(trainer);
        let blocks = history.epochs.chunks(BareSteps::EPOCHS);
        let seconds = blocks.map(|block| block.iter().map(|epoch| epoch.seconds).sum::<f64>());
        let [low, median, high] = percent_added(seconds.zip(bare.seconds));
        println!("W1, {samples} samples: the trainer adds {median:.1} % (quartiles {low:.1} % and {high:.1} %)");
    }
}

/// The quartiles of what the first of each pair takes more than the second.
fn percent_added(pairs: impl Iterator<Item = (f64, f64)>) -> [f64; 3] {
    let mut ratios: Vec<f64> = pairs.map(|(with, without)| with / without).collect();
    ratios.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| 100.0 * (ratios[ratios.len() * quarter / 4] - 1.0))
}

/// Epochs with and without instruments in turn, at their default rate.
fn instruments(_: &mut Criterion) {
    const PAIRS: usize = 1000;
    for work in [WORKS[0], WORKS[3]] {
        let pairs = if work.batch > 32 { PAIRS / 100 } else { PAIRS };
        let (data, model) = (data(&work, STEPS * work.batch), work.model());
        let mut params = model.init([work.features()], 0).expect("sound");
        let mut in_turn = InTurn { instruments: Instruments::new(), epoch: 1 };
        let mut trainer = trainer(&model, &work, 2 * pairs).callback(&mut in_turn);
        let history = trainer.fit(&mut params, &data, None).expect("sound");
        drop(trainer);
        let (pairs, _) = history.epochs.as_chunks::<2>();
        let [low, median, high] = percent_added(pairs.iter().map(|[with, without]| (with.seconds, without.seconds)));
        println!("{}: instruments add {median:.1} % (quartiles {low:.1} % and {high:.1} %)", work.name);
    }
}

/// Instruments in odd epochs.
#[derive(Debug)]
struct InTurn {
    instruments: Instruments,
    epoch: usize,
}

impl Callback for InTurn {
    fn wants_trace(&self, step: u64) -> bool {
        !self.epoch.is_multiple_of(2) && Callback::<f32>::wants_trace(&self.instruments, step)
    }

    fn traced(&mut self, event: &TraceEvent<'_, f32>) {
        self.instruments.traced(event);
    }

    fn step_end(&mut self, step: &StepEnd<'_, f32>) {
        self.instruments.step_end(step);
    }

    fn epoch_end(&mut self, _: &EpochEnd<'_, f32>) -> Flow {
        self.epoch += 1;
        Flow::Continue
    }
}

/// Makes as many bare steps after some epochs as these had, which their time leaves out. Some, since the first steps
/// after the others find nothing of theirs in the near caches.
#[derive(Debug)]
struct BareSteps {
    step: Step,
    steps: usize,
    epoch: usize,
    seconds: Vec<f64>,
}

impl BareSteps {
    const EPOCHS: usize = 20;
}

impl Callback for BareSteps {
    fn epoch_end(&mut self, _: &EpochEnd<'_, f32>) -> Flow {
        self.epoch += 1;
        if self.epoch.is_multiple_of(Self::EPOCHS) {
            let begun = Instant::now();
            black_box((0..Self::EPOCHS * self.steps).map(|_| self.step.step()).sum::<f32>());
            self.seconds.push(begun.elapsed().as_secs_f64());
        }
        Flow::Continue
    }
}

criterion_group!(benches, epoch, overhead, instruments);
criterion_main!(benches);
