//! The matrix product at the shapes of the benchmarked networks: forward `x w`, weight gradient
//! `x^T g`, input gradient `g w^T`; against faer's kernels (`private-gemm-x86`) and against
//! nalgebra's product.

mod support;

use std::hint::black_box;

use chainrule::prelude::*;
use chainrule::tensor::gemm::{Mat, MatMut, Put, gemm};
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use nalgebra::{DMatrixView, DMatrixViewMut, Dyn, MatrixView};
use support::hand::gemm as raw;

fn products(criterion: &mut Criterion) {
    for (batch, inputs, outputs) in [
        (32, 64, 64),
        (32, 64, 10),
        (1, 784, 512),
        (8, 512, 512),
        (128, 784, 512),
        (128, 512, 256),
        (256, 2048, 2048),
    ] {
        let random = |len: usize, seed: u64| {
            Tensor::<f32>::uniform([len], -1.0..1.0, &mut generator(seed))
                .expect("a sound range")
                .into_values()
        };
        let (x, w, g) =
            (random(batch * inputs, 0), random(inputs * outputs, 1), random(batch * outputs, 2));
        let mut group = criterion.benchmark_group("gemm");
        // Multiplications and additions: divide by the time for operations per second.
        group.throughput(Throughput::Elements(2 * (batch * inputs * outputs) as u64));
        let shape = format!("{batch}x{inputs}x{outputs}");
        let (x, w, g) =
            (Factor(&x, batch, inputs), Factor(&w, inputs, outputs), Factor(&g, batch, outputs));
        compare(&mut group, "forward", &shape, (x, false), (w, false));
        compare(&mut group, "weight gradient", &shape, (x, true), (g, false));
        compare(&mut group, "input gradient", &shape, (g, false), (w, true));
        group.finish();
    }
}

/// A row-major matrix: its values, rows and columns.
#[derive(Clone, Copy)]
struct Factor<'a>(&'a [f32], usize, usize);

/// The product of two matrices, each transposed where that is said, by each library.
fn compare(
    group: &mut BenchmarkGroup<'_, WallTime>,
    what: &str,
    shape: &str,
    (a, ta): (Factor<'_>, bool),
    (b, tb): (Factor<'_>, bool),
) {
    let (m, k) = if ta { (a.2, a.1) } else { (a.1, a.2) };
    let n = if tb { b.1 } else { b.2 };
    let mut c = vec![0.0; m * n];
    group.bench_function(BenchmarkId::new(what, shape), |bencher| {
        bencher.iter(|| {
            let (left, right) = (Mat::new(a.0, a.1, a.2), Mat::new(b.0, b.1, b.2));
            let (left, right) =
                (if ta { left.t() } else { left }, if tb { right.t() } else { right });
            gemm(Put::Set, MatMut::new(&mut c, m, n), left, right);
            black_box(&c);
        });
    });
    // Row and column strides.
    let strides = |x: Factor<'_>, transposed: bool| if transposed { (1, x.2) } else { (x.2, 1) };
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        let ((a_row, a_column), (b_row, b_column)) = (strides(a, ta), strides(b, tb));
        group.bench_function(
            BenchmarkId::new(format!("{what}, faer's kernels"), shape),
            |bencher| {
                bencher.iter(|| {
                    raw(&mut c, m, n, (a.0, a_row, a_column), (b.0, b_row, b_column), k);
                    black_box(&c);
                });
            },
        );
    }
    // Where a side is short, nalgebra 0.35 reads past the end of strided columns.
    if m.min(n).min(k) > 5 {
        group.bench_function(BenchmarkId::new(format!("{what}, nalgebra"), shape), |bencher| {
            bencher.iter(|| {
                // Column-major: a row-major matrix is seen as its transpose, hence `c^T = b^T a^T`.
                let mut c = DMatrixViewMut::from_slice(&mut c, n, m);
                c.gemm(1.0, &transposed(b, tb), &transposed(a, ta), 0.0);
                black_box(&c);
            });
        });
    }
}

fn transposed<'a>(x: Factor<'a>, is_transposed: bool) -> MatrixView<'a, f32, Dyn, Dyn, Dyn, Dyn> {
    if is_transposed {
        DMatrixView::from_slice_with_strides(x.0, x.1, x.2, x.2, 1)
    } else {
        DMatrixView::from_slice_with_strides(x.0, x.2, x.1, 1, x.2)
    }
}

criterion_group!(benches, products);
criterion_main!(benches);
