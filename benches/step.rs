//! A whole training step, and its parts: forward, backward, update.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use support::{Step, WORKS};

fn steps(criterion: &mut Criterion) {
    for work in &WORKS {
        let mut group = criterion.benchmark_group(work.name);
        let mut step = Step::new(work);
        let first = step.step();
        for _ in 0..50 {
            step.step();
        }
        assert!(step.step() < first, "{}: the loss does not fall", work.name);
        group.bench_function("step", |bencher| bencher.iter(|| step.step()));
        group.bench_function("forward", |bencher| bencher.iter(|| step.forward()));
        group.bench_function("backward", |bencher| bencher.iter(|| step.backward()));
        group.bench_function("update", |bencher| bencher.iter(|| step.update()));
        group.finish();
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
