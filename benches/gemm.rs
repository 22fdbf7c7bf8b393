//! The matrix product at the shapes of the benchmarked networks: forward `x w`, weight gradient `x^T g`, input gradient
//! `g w^T`.

use std::hint::black_box;

use chainrule::prelude::*;
use chainrule::tensor::gemm::{Mat, MatMut, Put, gemm};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn products(criterion: &mut Criterion) {
    for (batch, inputs, outputs) in [(32, 64, 64), (32, 64, 10), (128, 784, 512), (128, 512, 256), (256, 2048, 2048)] {
        let random = |len: usize, seed: u64| {
            Tensor::<f32>::uniform([len], -1.0..1.0, &mut generator(seed)).expect("a sound range").into_values()
        };
        let (x, w, g) = (random(batch * inputs, 0), random(inputs * outputs, 1), random(batch * outputs, 2));
        let (mut y, mut dw, mut dx) =
            (vec![0.0; batch * outputs], vec![0.0; inputs * outputs], vec![0.0; batch * inputs]);
        let mut group = criterion.benchmark_group("gemm");
        // Multiplications and additions: divide by the time for operations per second.
        group.throughput(Throughput::Elements(2 * (batch * inputs * outputs) as u64));
        let shape = format!("{batch}x{inputs}x{outputs}");
        group.bench_function(BenchmarkId::new("forward", &shape), |bencher| {
            bencher.iter(|| {
                gemm(
                    Put::Set,
                    MatMut::new(&mut y, batch, outputs),
                    Mat::new(&x, batch, inputs),
                    Mat::new(&w, inputs, outputs),
                );
                black_box(&y);
            });
        });
        group.bench_function(BenchmarkId::new("weight gradient", &shape), |bencher| {
            bencher.iter(|| {
                gemm(
                    Put::Set,
                    MatMut::new(&mut dw, inputs, outputs),
                    Mat::new(&x, batch, inputs).t(),
                    Mat::new(&g, batch, outputs),
                );
                black_box(&dw);
            });
        });
        group.bench_function(BenchmarkId::new("input gradient", &shape), |bencher| {
            bencher.iter(|| {
                gemm(
                    Put::Set,
                    MatMut::new(&mut dx, batch, inputs),
                    Mat::new(&g, batch, outputs),
                    Mat::new(&w, inputs, outputs).t(),
                );
                black_box(&dx);
            });
        });
        group.finish();
    }
}

criterion_group!(benches, products);
criterion_main!(benches);
