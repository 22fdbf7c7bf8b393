//! Gathering the samples of one batch after the other into a workspace's inputs, against a plain
//! loop.

use std::hint::black_box;

use chainrule::prelude::*;
use criterion::{BenchmarkId, Criterion, Throughput};

pub fn batches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("gather");
    for (samples, features, batch) in [(1797, 64, 32), (10_000, 784, 128)] {
        group.throughput(Throughput::Elements((batch * features) as u64));
        let inputs: Tensor =
            Tensor::uniform([samples, features], 0.0..1.0, &mut generator(1)).expect("sound");
        let indices: Vec<u32> = (0..samples).map(|i| (i % 10) as u32).collect();
        let data = Dataset::new(inputs, Targets::Classes { indices: indices.clone(), classes: 10 })
            .expect("sound");
        // Far apart, as after shuffling, and others each time: those of a batch read before are in
        // the nearest cache.
        let order: Vec<usize> = (0..samples).map(|i| i * 7919 % samples).collect();
        let (mut x, mut y) = (vec![0.0; batch * features], vec![0.0; batch]);
        let name = format!("{batch}x{features}");
        group.bench_function(BenchmarkId::new("chainrule", &name), |bencher| {
            let mut batches = order.chunks_exact(batch).cycle();
            bencher.iter(|| {
                data.gather(batches.next().expect("endless"), &mut x, &mut y);
                black_box((&x, &y));
            });
        });
        group.bench_function(BenchmarkId::new("plain loop", &name), |bencher| {
            let mut batches = order.chunks_exact(batch).cycle();
            bencher.iter(|| {
                let (values, rows) = (data.inputs().values(), batches.next().expect("endless"));
                for ((x, y), &row) in x.chunks_exact_mut(features).zip(&mut y).zip(rows) {
                    x.copy_from_slice(&values[row * features..][..features]);
                    *y = indices[row] as f32;
                }
                black_box((&x, &y));
            });
        });
    }
    group.finish();
}
