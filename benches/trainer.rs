//! The price of the trainer on top of bare steps: shuffling, reading batches, metrics, callbacks,
//! checks of the gradient.

mod support;

use std::hint::black_box;
use std::time::Instant;

use chainrule::data::Batches;
use chainrule::insight::Instruments;
use chainrule::prelude::*;
use chainrule::tensor::reduce::all_finite;
use chainrule::tensor::simd;
use chainrule::train::callback::{Callback, EpochEnd, Flow, StepEnd, TraceEvent};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{TrainingStep, WORKS, Work};

const STEPS: usize = 100;

fn data(work: &Work, samples: usize) -> Dataset {
    let inputs =
        Tensor::normal([samples, work.features()], 0.0, 1.0, &mut generator(0)).expect("sound");
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
    let mut bare = TrainingStep::new(&work, 1);
    group.bench_function("bare steps", |bencher| {
        bencher.iter(|| (0..STEPS).map(|_| bare.step()).sum::<f32>())
    });

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

/// Some epochs, as many bare steps, and as many epochs written by hand in turn, since other work on
/// the machine slows all of them. Prints the medians of the ratios of neighbours. With as many
/// samples as the handwritten digits have, and with more than the second cache of most processors
/// holds.
fn overhead(_: &mut Criterion) {
    const PAIRS: usize = 200;
    let work = WORKS[0];
    for steps in [56, STEPS] {
        let samples = steps * work.batch;
        let (data, model) = (data(&work, samples), work.model());
        let mut params = model.init([work.features()], 0).expect("sound");
        let mut others = Others {
            bare: TrainingStep::new(&work, 1),
            by_hand: ByHand::new(&work, &data),
            steps,
            epoch: 0,
            seconds: Seconds::default(),
        };
        let history = trainer(&model, &work, PAIRS * Others::EPOCHS)
            .callback(&mut others)
            .fit(&mut params, &data, None)
            .expect("sound");
        let blocks = history.epochs.chunks(Others::EPOCHS);
        let trainer: Vec<f64> =
            blocks.map(|block| block.iter().map(|epoch| epoch.seconds).sum()).collect();
        let Seconds { bare, by_hand } = &others.seconds;
        for (what, with, without) in [
            ("the trainer adds to bare steps", &trainer, bare),
            ("a loop written by hand adds to them", by_hand, bare),
            ("the trainer adds to that loop", &trainer, by_hand),
        ] {
            let pairs = with.iter().copied().zip(without.iter().copied());
            let [low, median, high] = percent_added(pairs);
            println!(
                "W1, {samples} samples: {what} {median:.1} % (quartiles {low:.1} % and {high:.1} %)"
            );
        }
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
        let history = trainer(&model, &work, 2 * pairs)
            .callback(&mut in_turn)
            .fit(&mut params, &data, None)
            .expect("sound");
        let (pairs, _) = history.epochs.as_chunks::<2>();
        let [low, median, high] =
            percent_added(pairs.iter().map(|[with, without]| (with.seconds, without.seconds)));
        println!(
            "{}: instruments add {median:.1} % (quartiles {low:.1} % and {high:.1} %)",
            work.name
        );
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

/// Makes as many bare steps after some epochs as these had, and as many epochs by hand, which their
/// time leaves out. Some, since the first steps after the others find nothing of theirs in the near
/// caches.
#[derive(Debug)]
struct Others {
    bare: TrainingStep,
    by_hand: ByHand,
    steps: usize,
    epoch: usize,
    seconds: Seconds,
}

#[derive(Debug, Default)]
struct Seconds {
    bare: Vec<f64>,
    by_hand: Vec<f64>,
}

impl Others {
    const EPOCHS: usize = 20;
}

impl Callback for Others {
    fn epoch_end(&mut self, _: &EpochEnd<'_, f32>) -> Flow {
        self.epoch += 1;
        if self.epoch.is_multiple_of(Self::EPOCHS) {
            let begun = Instant::now();
            black_box((0..Self::EPOCHS * self.steps).map(|_| self.bare.step()).sum::<f32>());
            self.seconds.bare.push(begun.elapsed().as_secs_f64());
            let begun = Instant::now();
            (0..Self::EPOCHS).for_each(|_| self.by_hand.epoch());
            self.seconds.by_hand.push(begun.elapsed().as_secs_f64());
        }
        Flow::Continue
    }
}

/// The trainer's work around its steps, written out for W1 alone and without callbacks: a plain
/// loop with a random order, accuracy and the check for finite gradients.
#[derive(Debug)]
struct ByHand {
    step: TrainingStep,
    batches: Batches,
    samples: Vec<f32>,
    labels: Vec<f32>,
    loss: f64,
    hits: u64,
}

impl ByHand {
    const FEATURES: usize = 64;
    const CLASSES: usize = 10;

    fn new(work: &Work, data: &Dataset) -> ByHand {
        assert_eq!((work.features(), work.classes()), (Self::FEATURES, Self::CLASSES));
        let (mut samples, mut labels) =
            (vec![0.0; data.len() * Self::FEATURES], vec![0.0; data.len()]);
        data.gather(&(0..data.len()).collect::<Vec<_>>(), &mut samples, &mut labels);
        let batches = Batches::shuffled(data.len(), work.batch, 0).expect("sound");
        ByHand { step: TrainingStep::new(work, 1), batches, samples, labels, loss: 0.0, hits: 0 }
    }

    fn epoch(&mut self) {
        let ByHand { step, samples, labels, .. } = self;
        let (rows, _) = samples.as_chunks::<{ Self::FEATURES }>();
        for batch in self.batches.epoch() {
            let [x, y] = step.batch();
            simd::dispatch(
                #[inline(always)]
                || {
                    let (x, _) = x.as_chunks_mut::<{ Self::FEATURES }>();
                    for ((x, y), &row) in x.iter_mut().zip(y).zip(batch) {
                        (*x, *y) = (rows[row], labels[row]);
                    }
                },
            );
            step.forward();
            let loss = step.loss();
            assert!(loss.is_finite());
            self.loss += f64::from(loss);
            step.backward();
            assert!(all_finite(step.gradient()));
            let [outputs, labels] = step.outputs();
            self.hits += hits(outputs, labels);
            step.update();
        }
        black_box((self.loss, self.hits));
    }
}

/// How many of the largest outputs are at the label.
fn hits(outputs: &[f32], labels: &[f32]) -> u64 {
    simd::dispatch(
        #[inline(always)]
        || {
            let (rows, _) = outputs.as_chunks::<{ ByHand::CLASSES }>();
            let mut hits = 0;
            for (row, &label) in rows.iter().zip(labels) {
                let (mut best, mut most) = (0, row[0]);
                for (class, &x) in row.iter().enumerate() {
                    if x > most {
                        (best, most) = (class as i32, x);
                    }
                }
                hits += u64::from(best == label as i32);
            }
            hits
        },
    )
}

criterion_group!(benches, epoch, overhead, instruments);
criterion_main!(benches);
