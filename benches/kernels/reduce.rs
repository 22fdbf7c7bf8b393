//! Reductions against plain loops. The library's sums are gathered in `f64`; a plain loop adds in
//! `f32`, with an error that grows with the length.

use std::hint::black_box;

use chainrule::prelude::*;
use chainrule::tensor::gemm::Put;
use chainrule::tensor::reduce;
use criterion::{BenchmarkId, Criterion, Throughput};

pub fn reductions(criterion: &mut Criterion) {
    for (rows, columns) in [(32, 10), (256, 1000)] {
        let a: Tensor =
            Tensor::normal([rows, columns], 0.0, 2.0, &mut generator(1)).expect("sound");
        let (shape, values) = (a.shape(), a.values());
        let name = format!("{rows}x{columns}");
        let mut group = criterion.benchmark_group("reduce");
        group.throughput(Throughput::Elements(values.len() as u64));

        group.bench_function(BenchmarkId::new("sum of all, chainrule", &name), |bencher| {
            bencher.iter(|| black_box(reduce::sum(values)));
        });
        group.bench_function(BenchmarkId::new("sum of all, plain loop", &name), |bencher| {
            bencher.iter(|| black_box(values.iter().sum::<f32>()));
        });

        let mut of_columns = vec![0.0; columns];
        group.bench_function(BenchmarkId::new("mean over rows, chainrule", &name), |bencher| {
            bencher.iter(|| {
                reduce::mean(Put::Set, &mut of_columns, [1, columns].into(), values, shape);
                black_box(&of_columns);
            });
        });
        group.bench_function(BenchmarkId::new("mean over rows, plain loop", &name), |bencher| {
            bencher.iter(|| {
                of_columns.fill(0.0);
                for row in values.chunks_exact(columns) {
                    of_columns.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
                }
                of_columns.iter_mut().for_each(|sum| *sum /= rows as f32);
                black_box(&of_columns);
            });
        });

        let mut of_rows = vec![0.0; rows];
        group.bench_function(BenchmarkId::new("mean of each row, chainrule", &name), |bencher| {
            bencher.iter(|| {
                reduce::mean(Put::Set, &mut of_rows, [rows, 1].into(), values, shape);
                black_box(&of_rows);
            });
        });
        group.bench_function(BenchmarkId::new("mean of each row, plain loop", &name), |bencher| {
            bencher.iter(|| {
                for (mean, row) in of_rows.iter_mut().zip(values.chunks_exact(columns)) {
                    *mean = row.iter().sum::<f32>() / columns as f32;
                }
                black_box(&of_rows);
            });
        });

        group.bench_function(
            BenchmarkId::new("log-sum-exp of each row, chainrule", &name),
            |bencher| {
                bencher.iter(|| {
                    reduce::log_sum_exp(&mut of_rows, [rows, 1].into(), values, shape);
                    black_box(&of_rows);
                });
            },
        );
        group.bench_function(
            BenchmarkId::new("log-sum-exp of each row, plain loop", &name),
            |bencher| {
                bencher.iter(|| {
                    for (out, row) in of_rows.iter_mut().zip(values.chunks_exact(columns)) {
                        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                        *out = max + row.iter().map(|x| (x - max).exp()).sum::<f32>().ln();
                    }
                    black_box(&of_rows);
                });
            },
        );
        group.finish();
    }
}
