//! A step of each optimizer over the 535,818 weights of W3, on one thread, against plain loops.

use std::hint::black_box;
use std::sync::Arc;

use chainrule::prelude::*;
use chainrule::tensor::parallel::Pool;
use chainrule::train::optimizer::State;
use criterion::{BenchmarkId, Criterion, Throughput};

const WEIGHTS: usize = 535_818;

pub fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("optimizer");
    group.throughput(Throughput::Elements(WEIGHTS as u64));
    let random = |seed| {
        Tensor::<f32>::normal([WEIGHTS], 0.0, 0.01, &mut generator(seed))
            .expect("sound")
            .into_values()
    };
    let gradient = random(1);
    let rate = 1e-6;
    let optimizers: [(&str, Box<dyn Optimizer>); 3] = [
        ("sgd", Box::new(Sgd::new(rate))),
        ("momentum", Box::new(Sgd::new(rate).momentum(0.9))),
        ("adam", Box::new(Adam::new(rate))),
    ];
    for (name, optimizer) in optimizers {
        let mut weights = random(2);
        let mut state = State::new(optimizer.as_ref(), WEIGHTS);
        state.on(Arc::new(Pool::new(1)));
        group.bench_function(BenchmarkId::new("chainrule", name), |bencher| {
            bencher.iter(|| {
                state.step(optimizer.as_ref(), &mut weights, &gradient);
                black_box(&weights);
            });
        });
        let (mut first, mut second) = (vec![0.0; WEIGHTS], vec![0.0; WEIGHTS]);
        let mut step = 0;
        group.bench_function(BenchmarkId::new("plain loop", name), |bencher| {
            bencher.iter(|| {
                step += 1;
                let slots = [&mut first[..], &mut second[..]];
                match name {
                    "sgd" => sgd(rate as f32, &mut weights, &gradient),
                    "momentum" => momentum(rate as f32, &mut weights, &gradient, slots),
                    _ => adam(rate, step, &mut weights, &gradient, slots),
                }
                black_box(&weights);
            });
        });
    }
    group.finish();
}

fn sgd(rate: f32, weights: &mut [f32], gradient: &[f32]) {
    weights.iter_mut().zip(gradient).for_each(|(w, g)| *w -= rate * g);
}

fn momentum(rate: f32, weights: &mut [f32], gradient: &[f32], [velocity, _]: [&mut [f32]; 2]) {
    for ((w, g), v) in weights.iter_mut().zip(gradient).zip(velocity) {
        *v = 0.9 * *v + g;
        *w -= rate * *v;
    }
}

fn adam(
    rate: f64,
    step: i32,
    weights: &mut [f32],
    gradient: &[f32],
    [first, second]: [&mut [f32]; 2],
) {
    let rate = (rate / (1.0 - 0.9_f64.powi(step))) as f32;
    let scale = (1.0 / (1.0 - 0.999_f64.powi(step)).sqrt()) as f32;
    for (((w, g), m), v) in weights.iter_mut().zip(gradient).zip(first).zip(second) {
        *m = 0.9 * *m + 0.1 * g;
        *v = 0.999 * *v + 0.001 * g * g;
        *w -= rate * *m / (v.sqrt() * scale + 1e-8);
    }
}
