//! The peak of one core, in fused multiplications and additions of `f32`. Beside it stands the
//! share that products reach, at the shapes of the benchmarked networks and at larger ones.
//!
//! The peak and the products are measured in turn; printed are medians over the rounds.

mod support;

use std::hint::black_box;
use std::time::Instant;

use chainrule::prelude::*;
use chainrule::tensor::gemm::{Mat, MatMut, Put, gemm};
use support::median;

/// Samples, inputs and outputs of a layer.
const LAYERS: [[usize; 3]; 7] = [
    [32, 64, 64],
    [128, 784, 512],
    [128, 512, 256],
    [256, 1024, 2048],
    [256, 2048, 2048],
    [2048, 256, 2048],
    [1024, 1024, 1024],
];

/// How long each is measured in a round.
const BLOCK: f64 = 0.01;
const ROUNDS: usize = 15;

fn main() {
    let mut peaks = peaks();
    let best = peaks.len() - 1;
    let mut layers: Vec<Layer> = LAYERS.iter().map(|&sides| Layer::new(sides)).collect();
    let mut rates_of_peaks = vec![Vec::new(); peaks.len()];
    let mut rates = vec![[const { Vec::new() }; 3]; layers.len()];
    let mut shares = rates.clone();
    for _ in 0..ROUNDS {
        for (layer, (rates, shares)) in layers.iter_mut().zip(rates.iter_mut().zip(&mut shares)) {
            for ((_, work), rates) in peaks.iter_mut().zip(&mut rates_of_peaks) {
                rates.push(rate(work));
            }
            let peak = *rates_of_peaks[best].last().expect("just measured");
            for (which, (rates, shares)) in rates.iter_mut().zip(shares).enumerate() {
                let rate = rate(&mut || layer.multiply(which));
                rates.push(rate);
                shares.push(rate / peak);
            }
        }
    }
    for ((name, _), rates) in peaks.iter().zip(rates_of_peaks) {
        println!("peak of one core, {name}: {:.0} GFLOP/s", median(rates));
    }
    println!(
        "samples x inputs x outputs: GFLOP/s and share of the peak, forward, weight gradient, \
         input gradient"
    );
    for (sides, (rates, shares)) in LAYERS.iter().zip(rates.into_iter().zip(shares)) {
        let [samples, inputs, outputs] = sides;
        print!("{:16}", format!("{samples}x{inputs}x{outputs}"));
        for (rates, shares) in rates.into_iter().zip(shares) {
            print!(" {:5.0} {:.3}", median(rates), median(shares));
        }
        println!();
    }
}

/// 10^9 operations a second of work that gives the number of its operations.
fn rate(work: &mut dyn FnMut() -> f64) -> f64 {
    work();
    let (begun, mut done) = (Instant::now(), 0.0);
    loop {
        done += work();
        let seconds = begun.elapsed().as_secs_f64();
        if seconds > BLOCK {
            return done / seconds * 1e-9;
        }
    }
}

struct Layer {
    sides: [usize; 3],
    x: Vec<f32>,
    w: Vec<f32>,
    g: Vec<f32>,
    out: [Vec<f32>; 3],
}

impl Layer {
    fn new(sides: [usize; 3]) -> Layer {
        let [samples, inputs, outputs] = sides;
        let random = |len: usize, seed: u64| {
            Tensor::<f32>::uniform([len], -1.0..1.0, &mut generator(seed))
                .expect("a sound range")
                .into_values()
        };
        let lengths = [samples * outputs, inputs * outputs, samples * inputs];
        let [g, w, x] = lengths;
        Layer {
            sides,
            x: random(x, 0),
            w: random(w, 1),
            g: random(g, 2),
            out: lengths.map(|len| vec![0.0; len]),
        }
    }

    /// `x w`, `x^T g` or `g w^T`; gives the number of operations.
    fn multiply(&mut self, which: usize) -> f64 {
        let [samples, inputs, outputs] = self.sides;
        let x = Mat::new(&self.x, samples, inputs);
        let w = Mat::new(&self.w, inputs, outputs);
        let g = Mat::new(&self.g, samples, outputs);
        let (a, b, rows, columns) = match which {
            0 => (x, w, samples, outputs),
            1 => (x.t(), g, inputs, outputs),
            _ => (g, w.t(), samples, inputs),
        };
        let out = &mut self.out[which];
        gemm(Put::Set, MatMut::new(out, rows, columns), a, b);
        black_box(out);
        2.0 * (samples * inputs * outputs) as f64
    }
}

/// Work that gives the number of its operations.
type Work = Box<dyn FnMut() -> f64>;

/// Sums that wait for nothing but themselves, with each set of vector instructions that this
/// processor has, the widest last; where it has none of them, one by one.
fn peaks() -> Vec<(&'static str, Work)> {
    let mut all: Vec<(&'static str, Work)> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the instructions.
            all.push(("AVX2", Box::new(|| unsafe { avx2() })));
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: as above.
            all.push(("AVX-512", Box::new(|| unsafe { avx512() })));
        }
    }
    if all.is_empty() {
        all.push(("plain loops", Box::new(sums::<32>)));
    }
    all
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2() -> f64 {
    sums::<{ 12 * 8 }>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512() -> f64 {
    sums::<{ 24 * 16 }>()
}

/// `N` sums, which stay in registers.
#[inline(always)]
fn sums<const N: usize>() -> f64 {
    const TIMES: usize = 100_000;
    let (factor, mut sums) = (black_box(0.5_f32), [1.0_f32; N]);
    for _ in 0..TIMES {
        for sum in &mut sums {
            *sum = sum.mul_add(factor, factor);
        }
    }
    black_box(sums);
    (2 * N * TIMES) as f64
}
