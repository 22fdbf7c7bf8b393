//! The limit: the same work as plain loops over slices, on faer's matrix kernels, without a graph,
//! without a plan, with everything fused that can be.

use std::ptr;

use chainrule::tensor::parallel::{Chunks, Pool};
use chainrule::tensor::{Aligned, Real, simd};
use private_gemm_x86 as kernels;

use super::{Hidden, Rule, Work};

/// A network as flat buffers.
pub struct Hand {
    work: Work,
    pool: Pool,
    layers: Vec<Layer>,
    input: Aligned<f32>,
    labels: Vec<usize>,
    step: i32,
}

struct Layer {
    inputs: usize,
    outputs: usize,
    weights: Moving,
    bias: Moving,
    /// The activations, then the gradient with respect to what went into the activation.
    output: Aligned<f32>,
    delta: Aligned<f32>,
}

/// Weights, their gradient, and what the optimizer remembers of it.
struct Moving {
    values: Aligned<f32>,
    gradient: Aligned<f32>,
    first: Aligned<f32>,
    second: Aligned<f32>,
}

impl Moving {
    fn new(len: usize, bound: f32, seed: &mut u32) -> Moving {
        let zeros = || Aligned::zeros(len);
        let mut moving =
            Moving { values: zeros(), gradient: zeros(), first: zeros(), second: zeros() };
        for value in moving.values.iter_mut() {
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *value = bound * ((*seed >> 8) as f32 / (1 << 23) as f32 - 1.0);
        }
        moving
    }

    fn update(&mut self, Work { rule, rate, .. }: Work, step: i32, pool: &Pool) {
        let threads = if self.values.len() < 100_000 { 1 } else { pool.threads() };
        let part = self.values.len().div_ceil(threads).next_multiple_of(64);
        let [values, first, second] = [&mut self.values, &mut self.first, &mut self.second]
            .map(|slice| Chunks::new(slice, part));
        let gradient = &self.gradient;
        pool.run(threads, |position| {
            let values = values.take(position);
            let gradient = &gradient[(position * part).min(gradient.len())..][..values.len()];
            let (first, second) = (first.take(position), second.take(position));
            let (rate1, scale2) = (
                (rate / (1.0 - 0.9_f64.powi(step))) as f32,
                (1.0 / (1.0 - 0.999_f64.powi(step)).sqrt()) as f32,
            );
            let rate = rate as f32;
            simd::dispatch(
                #[inline(always)]
                || match rule {
                    Rule::Sgd => {
                        for (w, g) in values.iter_mut().zip(gradient) {
                            *w -= rate * g;
                        }
                    }
                    Rule::Momentum => {
                        for ((w, g), v) in values.iter_mut().zip(gradient).zip(first) {
                            *v = 0.9 * *v + g;
                            *w -= rate * *v;
                        }
                    }
                    Rule::Adam => {
                        for (((w, g), m), v) in
                            values.iter_mut().zip(gradient).zip(first).zip(second)
                        {
                            *m = 0.9 * *m + 0.1 * g;
                            *v = 0.999 * *v + 0.001 * g * g;
                            *w -= rate1 * *m / (v.sqrt() * scale2 + 1e-8);
                        }
                    }
                },
            );
        });
    }
}

impl Hand {
    pub fn new(work: &Work, threads: usize) -> Hand {
        let (samples, labels) = work.data();
        let seed = &mut 1;
        let layer = |pair: &[usize]| {
            let &[inputs, outputs] = pair else { unreachable!("pairs") };
            // He's keeps the gradients at their size through any number of layers: numbers near
            // zero take longer.
            let gain: f32 = if work.activation == Hidden::Relu { 6.0 } else { 1.0 };
            let bound = (gain / inputs as f32).sqrt();
            Layer {
                inputs,
                outputs,
                weights: Moving::new(inputs * outputs, bound, seed),
                bias: Moving::new(outputs, 0.0, seed),
                output: Aligned::zeros(work.batch * outputs),
                delta: Aligned::zeros(work.batch * outputs),
            }
        };
        Hand {
            work: *work,
            pool: Pool::new(threads),
            layers: work.widths.windows(2).map(layer).collect(),
            input: Aligned::from_slice(&samples),
            labels: labels.iter().map(|&label| label as usize).collect(),
            step: 0,
        }
    }

    /// Forward only; gives the outputs.
    pub fn forward(&mut self) -> &[f32] {
        let (batch, last) = (self.work.batch, self.layers.len() - 1);
        for i in 0..=last {
            let (before, rest) = self.layers.split_at_mut(i);
            let Layer { inputs, outputs, weights, bias, output, .. } = &mut rest[0];
            let (x, weights, bias) = (
                before.last().map_or(&self.input, |layer| &layer.output),
                &weights.values,
                &bias.values,
            );
            let activation = (i < last).then_some(self.work.activation);
            if batch == 1 {
                let threads = if weights.len() < 100_000 { 1 } else { self.pool.threads() };
                let width = outputs.div_ceil(threads).next_multiple_of(64).min(*outputs);
                let chunks = Chunks::new(output, width);
                self.pool.run(outputs.div_ceil(width), |part| {
                    let (out, first) = (chunks.take(part), part * width);
                    one_row(
                        x,
                        (&weights[first..], *outputs),
                        &bias[first..first + out.len()],
                        out,
                        activation,
                    );
                });
                continue;
            }
            let rows = part_of(batch, 2 * batch * *inputs * *outputs, &self.pool);
            let chunks = Chunks::new(output, rows * *outputs);
            self.pool.run(batch.div_ceil(rows), |part| {
                let out = chunks.take(part);
                let count = out.len() / *outputs;
                let x = &x[part * rows * *inputs..][..count * *inputs];
                gemm(out, count, *outputs, (x, *inputs, 1), (weights, *outputs, 1), *inputs);
                bias_and_activation(out, bias, activation);
            });
        }
        &self.layers[last].output
    }

    /// A whole training step; gives the loss before it.
    pub fn train(&mut self) -> f32 {
        self.step += 1;
        self.forward();
        let (batch, last) = (self.work.batch, self.layers.len() - 1);
        let loss = softmax_cross_entropy(&mut self.layers[last], &self.labels);
        for i in (0..=last).rev() {
            let (before, rest) = self.layers.split_at_mut(i);
            let Layer { inputs, outputs, weights, bias, delta, .. } = &mut rest[0];
            let (inputs, outputs) = (*inputs, *outputs);
            if i == last {
                column_sums(delta, &mut bias.gradient);
            }
            let x = before.last().map_or(&self.input, |layer| &layer.output);
            let rows = part_of(inputs, 2 * batch * inputs * outputs, &self.pool);
            let chunks = Chunks::new(&mut weights.gradient, rows * outputs);
            self.pool.run(inputs.div_ceil(rows), |part| {
                let out = chunks.take(part);
                gemm(
                    out,
                    out.len() / outputs,
                    outputs,
                    (&x[part * rows..], 1, inputs),
                    (delta, outputs, 1),
                    batch,
                );
            });
            if let Some(before) = before.last_mut() {
                let rows = part_of(batch, 2 * batch * inputs * outputs, &self.pool);
                let chunks = Chunks::new(&mut before.delta, rows * inputs);
                self.pool.run(batch.div_ceil(rows), |part| {
                    let out = chunks.take(part);
                    let delta = &delta[part * rows * outputs..];
                    gemm(
                        out,
                        out.len() / inputs,
                        inputs,
                        (delta, outputs, 1),
                        (&weights.values, 1, outputs),
                        outputs,
                    );
                });
                activation_back(
                    &mut before.delta,
                    &before.output,
                    &mut before.bias.gradient,
                    self.work.activation,
                );
            }
        }
        for layer in &mut self.layers {
            layer.weights.update(self.work, self.step, &self.pool);
            layer.bias.update(self.work, self.step, &self.pool);
        }
        loss
    }
}

/// How many rows make a part.
fn part_of(rows: usize, work: usize, pool: &Pool) -> usize {
    let threads = if work < 4_000_000 { 1 } else { pool.threads() };
    rows.div_ceil(threads).next_multiple_of(16).min(rows)
}

/// `c = a b` on the raw kernels, for row-major `c: [m, n]` and factors given with their row and
/// column strides.
pub fn gemm(
    c: &mut [f32],
    m: usize,
    n: usize,
    a: (&[f32], usize, usize),
    b: (&[f32], usize, usize),
    k: usize,
) {
    let one = 1.0_f32;
    assert!(
        c.len() >= m * n
            && a.0.len() > (m - 1) * a.1 + (k - 1) * a.2
            && b.0.len() > (k - 1) * b.1 + (n - 1) * b.2
    );
    let set = if is_x86_feature_detected!("avx512f") {
        kernels::InstrSet::Avx512
    } else {
        kernels::InstrSet::Avx256
    };
    // SAFETY: the slices reach as far as the strides do, as was just asserted; `c` is borrowed
    // mutably.
    unsafe {
        kernels::gemm(
            kernels::DType::F32,
            kernels::IType::U64,
            set,
            m,
            n,
            k,
            c.as_mut_ptr().cast(),
            n as isize,
            1,
            ptr::null(),
            ptr::null(),
            kernels::DstKind::Full,
            kernels::Accum::Replace,
            a.0.as_ptr().cast(),
            a.1 as isize,
            a.2 as isize,
            false,
            ptr::null(),
            0,
            b.0.as_ptr().cast(),
            b.1 as isize,
            b.2 as isize,
            false,
            ptr::from_ref(&one).cast(),
            1,
        );
    }
}

/// `y = f(x w + b)` for one sample: short rows of the weights summed in registers, long ones four
/// at a time.
fn one_row(
    x: &[f32],
    (w, stride): (&[f32], usize),
    b: &[f32],
    y: &mut [f32],
    activation: Option<Hidden>,
) {
    simd::dispatch(
        #[inline(always)]
        || {
            y.copy_from_slice(b);
            let n = y.len();
            if n <= 128 {
                let mut first = 0;
                while n - first >= 64 {
                    columns::<64>(x, &w[first..], &mut y[first..], stride);
                    first += 64;
                }
                while n - first >= 8 {
                    columns::<8>(x, &w[first..], &mut y[first..], stride);
                    first += 8;
                }
                while n - first >= 2 {
                    columns::<2>(x, &w[first..], &mut y[first..], stride);
                    first += 2;
                }
                if first < n {
                    columns::<1>(x, &w[first..], &mut y[first..], stride);
                }
            } else {
                rows(x, w, y, stride);
            }
            for y in y.iter_mut() {
                *y = value(*y, activation);
            }
        },
    );
}

#[inline(always)]
fn columns<const N: usize>(x: &[f32], w: &[f32], y: &mut [f32], stride: usize) {
    let y = y.first_chunk_mut::<N>().expect("N columns are left");
    let mut sums = *y;
    for (x, w) in x.iter().zip(w.chunks(stride)) {
        let w = w.first_chunk::<N>().expect("each row is as long");
        for (sum, w) in sums.iter_mut().zip(w) {
            *sum = x.mul_add(*w, *sum);
        }
    }
    *y = sums;
}

#[inline(always)]
fn rows(x: &[f32], w: &[f32], y: &mut [f32], stride: usize) {
    let n = y.len();
    let (fours, rest) = x.as_chunks::<4>();
    for (x, w) in fours.iter().zip(w.chunks(4 * stride)) {
        let [w0, w1, w2, w3] =
            [&w[..n], &w[stride..][..n], &w[2 * stride..][..n], &w[3 * stride..][..n]];
        for ((((y, w0), w1), w2), w3) in y.iter_mut().zip(w0).zip(w1).zip(w2).zip(w3) {
            *y = x[3].mul_add(*w3, x[2].mul_add(*w2, x[1].mul_add(*w1, x[0].mul_add(*w0, *y))));
        }
    }
    if !rest.is_empty() {
        for (x, w) in rest.iter().zip(w[fours.len() * 4 * stride..].chunks(stride)) {
            for (y, w) in y.iter_mut().zip(w) {
                *y = x.mul_add(*w, *y);
            }
        }
    }
}

/// `z = f(z + bias)` for each row.
fn bias_and_activation(z: &mut [f32], bias: &[f32], activation: Option<Hidden>) {
    simd::dispatch(
        #[inline(always)]
        || match activation {
            None => {
                for row in z.chunks_exact_mut(bias.len()) {
                    for (z, b) in row.iter_mut().zip(bias) {
                        *z += b;
                    }
                }
            }
            Some(_) => {
                for row in z.chunks_exact_mut(bias.len()) {
                    for (z, b) in row.iter_mut().zip(bias) {
                        *z = value(*z + b, activation);
                    }
                }
            }
        },
    );
}

#[inline(always)]
fn value(z: f32, activation: Option<Hidden>) -> f32 {
    match activation {
        None => z,
        Some(Hidden::Relu) => {
            if z <= 0.0 {
                0.0
            } else {
                z + 0.0
            }
        }
        Some(Hidden::Sigmoid) => Real::sigmoid(z),
    }
}

/// `delta = delta * f'(y)`, and its sum over the rows.
fn activation_back(delta: &mut [f32], y: &[f32], bias: &mut [f32], activation: Hidden) {
    simd::dispatch(
        #[inline(always)]
        || {
            bias.fill(0.0);
            for (delta, y) in delta.chunks_exact_mut(bias.len()).zip(y.chunks_exact(bias.len())) {
                for ((d, y), b) in delta.iter_mut().zip(y).zip(bias.iter_mut()) {
                    *d = match activation {
                        Hidden::Relu => {
                            if *y <= 0.0 {
                                0.0
                            } else {
                                *d + 0.0
                            }
                        }
                        Hidden::Sigmoid => *d * y * (1.0 - y),
                    };
                    *b += *d;
                }
            }
        },
    );
}

fn column_sums(delta: &[f32], bias: &mut [f32]) {
    simd::dispatch(
        #[inline(always)]
        || {
            bias.fill(0.0);
            for delta in delta.chunks_exact(bias.len()) {
                for (b, d) in bias.iter_mut().zip(delta) {
                    *b += d;
                }
            }
        },
    );
}

/// The mean loss; the gradient with respect to the logits goes to `delta`.
fn softmax_cross_entropy(layer: &mut Layer, labels: &[usize]) -> f32 {
    let classes = layer.outputs;
    let (logits, p) = (&*layer.output, &mut *layer.delta);
    let scale = 1.0 / labels.len() as f32;
    simd::dispatch(
        #[inline(always)]
        || {
            let mut loss = 0.0;
            for ((x, p), &label) in
                logits.chunks_exact(classes).zip(p.chunks_exact_mut(classes)).zip(labels)
            {
                let mut max = f32::NEG_INFINITY;
                for &x in x {
                    max = if x > max { x } else { max };
                }
                for (p, &x) in p.iter_mut().zip(x) {
                    *p = x - max;
                }
                loss -= p[label];
            }
            for p in p.iter_mut() {
                *p = Real::exp(*p);
            }
            for (p, &label) in p.chunks_exact_mut(classes).zip(labels) {
                let sum: f32 = p.iter().sum();
                loss += Real::ln(sum);
                let factor = scale / sum;
                for p in p.iter_mut() {
                    *p *= factor;
                }
                p[label] -= scale;
            }
            loss * scale
        },
    )
}
