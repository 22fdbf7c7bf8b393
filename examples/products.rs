//! The matrix products of large networks in each precision: their speed, and their largest error as
//! a part of `sum |a b|`.
//!
//! ```console
//! cargo run --release --example products                # on one thread
//! cargo run --release --example products -- --threads 2
//! ```
//!
//! Forward `x w`, weight gradient `x^T g`, input gradient `g w^T`, for each batch, inputs and
//! outputs. On processors without matrix units the three precisions are the same.

use std::time::Instant;

use chainrule::prelude::*;
use chainrule::tensor::gemm::{Mat, MatMut, Put, gemm_on};
use chainrule::tensor::parallel::Pool;

const SHAPES: [[usize; 3]; 4] =
    [[128, 784, 512], [128, 512, 256], [256, 2048, 2048], [1024, 1024, 1024]];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let threads = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => 1,
        ["--threads", number] => number.parse()?,
        _ => return Err("only --threads NUMBER is taken".into()),
    };
    let pool = Pool::new(threads);
    println!(
        "GFLOP/s and largest error: forward, weight gradient, input gradient, on {threads} threads"
    );
    for [batch, inputs, outputs] in SHAPES {
        let random =
            |len: usize, seed| Tensor::<f32>::uniform([len], -1.0..1.0, &mut generator(seed));
        let (x, w, g) =
            (random(batch * inputs, 0)?, random(inputs * outputs, 1)?, random(batch * outputs, 2)?);
        let x = Factor { values: x.values(), rows: batch, columns: inputs, turned: false };
        let w = Factor { values: w.values(), rows: inputs, columns: outputs, turned: false };
        let g = Factor { values: g.values(), rows: batch, columns: outputs, turned: false };
        let turned = |factor| Factor { turned: true, ..factor };
        let products = [
            (x, w, [batch, inputs, outputs]),
            (turned(x), g, [inputs, batch, outputs]),
            (g, turned(w), [batch, outputs, inputs]),
        ];
        for precision in Precision::ALL {
            print!("{:16} {:4}", format!("{batch}x{inputs}x{outputs}"), precision.name());
            for (a, b, sides) in products {
                let (speed, error) = measure(&pool, precision, a, b, sides);
                print!("  {speed:6.0} {error:.1e}");
            }
            println!();
        }
    }
    Ok(())
}

/// A row-major matrix, and whether its transpose is meant.
#[derive(Clone, Copy)]
struct Factor<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    turned: bool,
}

impl Factor<'_> {
    /// With these values in place of its own.
    fn with<'a, T>(&self, values: &'a [T]) -> Mat<'a, T> {
        let mat = Mat::new(values, self.rows, self.columns);
        if self.turned { mat.t() } else { mat }
    }
}

/// Operations in a nanosecond, at best, and the largest error.
fn measure(
    pool: &Pool,
    precision: Precision,
    a: Factor<'_>,
    b: Factor<'_>,
    [rows, inner, columns]: [usize; 3],
) -> (f64, f64) {
    let mut c = vec![0.0; rows * columns];
    let mut best = f64::INFINITY;
    let begun = Instant::now();
    while begun.elapsed().as_secs_f64() < 0.05 {
        let (start, c) = (Instant::now(), MatMut::new(&mut c, rows, columns));
        gemm_on(pool, precision, Put::Set, c, a.with(a.values), b.with(b.values), |_, _| {});
        best = best.min(start.elapsed().as_secs_f64());
    }
    let in_double = |change: fn(f64) -> f64| {
        let wide = |values: &[f32]| values.iter().map(|&x| change(x.into())).collect::<Vec<f64>>();
        let (wide_a, wide_b) = (wide(a.values), wide(b.values));
        let mut c = vec![0.0; rows * columns];
        let out = MatMut::new(&mut c, rows, columns);
        gemm_on(pool, precision, Put::Set, out, a.with(&wide_a), b.with(&wide_b), |_, _| {});
        c
    };
    let (exact, sizes) = (in_double(|x| x), in_double(f64::abs));
    let errors = c
        .iter()
        .zip(&exact)
        .zip(&sizes)
        .map(|((&c, exact), size)| (f64::from(c) - exact).abs() / size);
    (2e-9 * (rows * inner * columns) as f64 / best, errors.fold(0.0, f64::max))
}
