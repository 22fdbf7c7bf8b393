//! What the trainer adds to bare steps: shuffling, reading batches, metrics, callbacks, checks of the gradient.

mod support;

use std::hint::black_box;
use std::time::Instant;

use chainrule::data::Batches;
use chainrule::insight::Instruments;
use chainrule::prelude::*;
use chainrule::train::callback::{Callback, EpochEnd, Flow};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{Step, WORKS, Work};

const STEPS: usize = 100;

/// Samples for as many steps as an epoch has.
fn data(work: &Work) -> Dataset {
    let samples = STEPS * work.batch;
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
    let (data, samples) = (data(&work), STEPS * work.batch);
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

    group.bench_function("an epoch of the trainer with instruments", |bencher| {
        bencher.iter_custom(|times| {
            let mut trainer = trainer(&model, &work, EPOCHS).callback(Instruments::new());
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

/// The two in turn, a block of bare steps after each epoch, since other work on the machine slows both: prints the
/// median of the ratios of neighbours.
fn overhead(_: &mut Criterion) {
    const EPOCHS: usize = 2000;
    let work = WORKS[0];
    let data = data(&work);
    let mut blocks = Blocks { bare: Step::new(&work, 1), seconds: Vec::with_capacity(EPOCHS) };
    let model = work.model();
    let mut params = model.init([work.features()], 0).expect("sound");
    let mut trainer = trainer(&model, &work, EPOCHS).callback(&mut blocks);
    let history = trainer.fit(&mut params, &data, None).expect("sound");
    drop(trainer);
    let pairs = history.epochs.iter().zip(&blocks.seconds);
    let mut ratios: Vec<f64> = pairs.map(|(epoch, bare)| epoch.seconds / bare).collect();
    ratios.sort_by(f64::total_cmp);
    let [low, median, high] = [1, 2, 3].map(|quarter| 100.0 * (ratios[ratios.len() * quarter / 4] - 1.0));
    println!("W1: the trainer adds {median:.1} % to bare steps (quartiles {low:.1} % and {high:.1} %)");
}

/// Makes bare steps at the end of each epoch, which its time leaves out.
#[derive(Debug)]
struct Blocks {
    bare: Step,
    seconds: Vec<f64>,
}

impl Callback for Blocks {
    fn epoch_end(&mut self, _: &EpochEnd<'_, f32>) -> Flow {
        let begun = Instant::now();
        black_box((0..STEPS).map(|_| self.bare.step()).sum::<f32>());
        self.seconds.push(begun.elapsed().as_secs_f64());
        Flow::Continue
    }
}

criterion_group!(benches, epoch, overhead);
criterion_main!(benches);
