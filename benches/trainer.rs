//! What the trainer adds to bare steps: shuffling, reading batches, metrics, callbacks, checks of the gradient.

mod support;

use chainrule::data::Batches;
use chainrule::prelude::*;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{Step, WORKS};

const STEPS: usize = 100;

fn epoch(criterion: &mut Criterion) {
    let work = WORKS[0];
    let samples = STEPS * work.batch;
    let inputs = Tensor::normal([samples, work.features()], 0.0, 1.0, &mut generator(0)).expect("sound");
    let indices = (0..samples).map(|i| (i * 7 % work.classes()) as u32).collect();
    let data = Dataset::new(inputs, Targets::Classes { indices, classes: work.classes() }).expect("sound");

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
            let mut trainer = Trainer::new(&model, CrossEntropy, work.optimizer())
                .epochs(EPOCHS)
                .batch_size(work.batch)
                .threads(1)
                .metric(Accuracy::new())
                .callback(Progress::new(|event| _ = std::hint::black_box(event)));
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

criterion_group!(benches, epoch);
criterion_main!(benches);
