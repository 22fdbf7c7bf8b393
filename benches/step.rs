//! A whole training step and its parts, through the public API and as hand-written loops; and
//! inference of one sample.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use support::hand::Hand;
use support::{INFERENCES, Inference, TrainingStep, WORKS};

fn steps(criterion: &mut Criterion) {
    for work in &WORKS {
        for threads in [1, 2] {
            let mut group = criterion.benchmark_group(format!("{} on {threads}", work.name));
            if work.name == "W4" {
                group.sample_size(10);
            }
            let (mut step, mut hand) = (TrainingStep::new(work, threads), Hand::new(work, threads));
            let first = (step.step(), hand.train());
            for _ in 0..20 {
                step.step();
                hand.train();
            }
            assert!(
                step.step() < first.0 && hand.train() < first.1,
                "{}: the loss does not fall",
                work.name
            );
            group.bench_function("step", |bencher| bencher.iter(|| step.step()));
            group.bench_function("hand-written loops", |bencher| bencher.iter(|| hand.train()));
            if threads == 1 {
                group.bench_function("forward", |bencher| bencher.iter(|| step.forward()));
                group.bench_function("backward", |bencher| bencher.iter(|| step.backward()));
                group.bench_function("update", |bencher| bencher.iter(|| step.update()));
            }
            group.finish();
        }
    }
}

fn inference(criterion: &mut Criterion) {
    for work in &INFERENCES {
        let mut group = criterion.benchmark_group(work.name);
        let (mut inference, mut hand) = (Inference::new(work, 1), Hand::new(work, 1));
        group.bench_function("one sample", |bencher| bencher.iter(|| inference.run()[0]));
        group.bench_function("hand-written loops", |bencher| bencher.iter(|| hand.forward()[0]));
        group.finish();
    }
}

criterion_group!(benches, steps, inference);
criterion_main!(benches);
