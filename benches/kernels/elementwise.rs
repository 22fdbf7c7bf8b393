//! Element-wise kernels: elementary functions against the standard library's, bias with activation
//! and transposition against plain loops.

use std::hint::black_box;

use chainrule::prelude::*;
use chainrule::tensor::gemm::Put;
use chainrule::tensor::{elementwise, transpose};
use criterion::{BenchmarkId, Criterion, Throughput};

fn uniform(len: usize, low: f64, high: f64) -> Vec<f32> {
    Tensor::uniform([len], low..high, &mut generator(1)).expect("a sound range").into_values()
}

pub fn functions(criterion: &mut Criterion) {
    let len = 65_536;
    let mut group = criterion.benchmark_group("functions");
    group.throughput(Throughput::Elements(len as u64));
    // A macro, since a function pointer would keep the loops from being vectorised.
    macro_rules! compare {
        ($name:literal, $low:literal..$high:literal, $own:expr, $standard:expr) => {
            let (x, mut y) = (uniform(len, $low, $high), vec![0.0; len]);
            group.bench_function(BenchmarkId::new("chainrule", $name), |bencher| {
                bencher.iter(|| {
                    elementwise::map(
                        Put::Set,
                        &mut y,
                        &x,
                        #[inline(always)]
                        |x: f32| $own(x),
                    );
                    black_box(&y);
                });
            });
            group.bench_function(BenchmarkId::new("standard library", $name), |bencher| {
                bencher.iter(|| {
                    y.iter_mut().zip(&x).for_each(|(y, &x)| *y = $standard(x));
                    black_box(&y);
                });
            });
        };
    }
    compare!("exp", -10.0..10.0, Real::exp, f32::exp);
    compare!("ln", 0.001..1000.0, Real::ln, f32::ln);
    compare!("tanh", -5.0..5.0, Real::tanh, f32::tanh);
    compare!("sigmoid", -10.0..10.0, Real::sigmoid, |x: f32| 1.0 / (1.0 + (-x).exp()));
    group.finish();
}

/// The work of an affine operation before and behind its products.
pub fn bias_and_activation(criterion: &mut Criterion) {
    let (rows, columns) = (128, 512);
    let mut group = criterion.benchmark_group("bias and activation");
    group.throughput(Throughput::Elements((rows * columns) as u64));
    let bias = uniform(columns, -1.0, 1.0);
    // Filled anew each time, on both sides: what it holds would converge otherwise.
    let fresh = uniform(rows * columns, -2.0, 2.0);
    let (mut z, mut sums) = (fresh.clone(), vec![0.0; columns]);
    group.bench_function("copy alone", |bencher| {
        bencher.iter(|| {
            z.copy_from_slice(&fresh);
            black_box(&z);
        });
    });
    macro_rules! compare {
        ($name:literal, $activation:expr, $value:expr, $pull_back:expr) => {
            group.bench_function(
                BenchmarkId::new("chainrule", concat!($name, " forward")),
                |bencher| {
                    bencher.iter(|| {
                        z.copy_from_slice(&fresh);
                        Pointwise::<f32>::bias_map(&$activation, &mut z, &bias);
                        black_box(&z);
                    });
                },
            );
            group.bench_function(
                BenchmarkId::new("plain loop", concat!($name, " forward")),
                |bencher| {
                    bencher.iter(|| {
                        z.copy_from_slice(&fresh);
                        for row in z.chunks_exact_mut(columns) {
                            row.iter_mut().zip(&bias).for_each(|(z, b)| *z = $value(*z + b));
                        }
                        black_box(&z);
                    });
                },
            );
            let y: Vec<f32> = fresh.iter().map(|&z| $value(z)).collect();
            group.bench_function(
                BenchmarkId::new("chainrule", concat!($name, " backward")),
                |bencher| {
                    bencher.iter(|| {
                        z.copy_from_slice(&fresh);
                        sums.fill(0.0);
                        Pointwise::<f32>::bias_map_back(&$activation, &mut z, &y, &mut sums);
                        black_box((&z, &sums));
                    });
                },
            );
            group.bench_function(
                BenchmarkId::new("plain loop", concat!($name, " backward")),
                |bencher| {
                    bencher.iter(|| {
                        z.copy_from_slice(&fresh);
                        sums.fill(0.0);
                        for (row, y) in z.chunks_exact_mut(columns).zip(y.chunks_exact(columns)) {
                            for ((g, y), sum) in row.iter_mut().zip(y).zip(&mut sums) {
                                *g = $pull_back(*g, *y);
                                *sum += *g;
                            }
                        }
                        black_box((&z, &sums));
                    });
                },
            );
        };
    }
    let relu_back = |g: f32, y: f32| if y <= 0.0 { 0.0 } else { g };
    compare!("relu", Relu, |z: f32| if z <= 0.0 { 0.0 } else { z }, relu_back);
    let sigmoid_back = |g: f32, y: f32| g * y * (1.0 - y);
    compare!("sigmoid", Sigmoid, |z: f32| 1.0 / (1.0 + (-z).exp()), sigmoid_back);
    group.finish();
}

pub fn transposition(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transpose");
    for (rows, columns) in [(64, 64), (784, 512)] {
        group.throughput(Throughput::Elements((rows * columns) as u64));
        let (a, mut out) = (uniform(rows * columns, -1.0, 1.0), vec![0.0; rows * columns]);
        let shape = format!("{rows}x{columns}");
        group.bench_function(BenchmarkId::new("chainrule", &shape), |bencher| {
            bencher.iter(|| {
                transpose(Put::Set, &mut out, &a, rows, columns);
                black_box(&out);
            });
        });
        group.bench_function(BenchmarkId::new("plain loop", &shape), |bencher| {
            bencher.iter(|| {
                for (j, column) in out.chunks_exact_mut(rows).enumerate() {
                    column.iter_mut().enumerate().for_each(|(i, out)| *out = a[i * columns + j]);
                }
                black_box(&out);
            });
        });
    }
    group.finish();
}
