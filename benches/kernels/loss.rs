//! Mean softmax cross-entropy on class indices, forward and backward, against plain loops with the
//! standard library's functions.

use std::hint::black_box;

use chainrule::prelude::*;
use criterion::{BenchmarkId, Criterion, Throughput};

pub fn softmax_cross_entropy(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("softmax cross-entropy");
    for (samples, classes) in [(32, 10), (256, 1000)] {
        group.throughput(Throughput::Elements((samples * classes) as u64));
        let shape = format!("{samples}x{classes}");
        let logits: Tensor =
            Tensor::normal([samples, classes], 0.0, 2.0, &mut generator(1)).expect("sound");
        let labels: Vec<usize> = (0..samples).map(|i| i * 7 % classes).collect();

        let graph = Graph::new();
        let (x, y) =
            (graph.input("x", [samples, classes]), graph.class_input("y", samples, classes));
        let x = x.keep_gradient();
        let loss = CrossEntropy.forward(x, y, Reduction::Mean);
        let plan = graph.plan(loss).expect("sound");
        let (params, mut workspace, mut grads) =
            (plan.init(0).expect("sound"), plan.workspace(), plan.grads());
        workspace.set(x, logits.values()).expect("fits");
        workspace
            .set(y, &labels.iter().map(|&label| label as f32).collect::<Vec<_>>())
            .expect("fits");

        let mut gradient = vec![0.0; samples * classes];
        let mut both = || plain(logits.values(), &labels, &mut gradient);
        // Before anything is measured: a filter may leave out any of it.
        plan.forward(&params, &mut workspace);
        let (by_plan, by_hand) = (workspace.value(loss).values()[0], both());
        assert!((by_plan - by_hand).abs() < 1e-5 * by_hand, "{by_plan} is not {by_hand}");
        group.bench_function(BenchmarkId::new("chainrule forward", &shape), |bencher| {
            bencher.iter(|| plan.forward(&params, &mut workspace));
        });
        group.bench_function(BenchmarkId::new("chainrule backward", &shape), |bencher| {
            bencher.iter(|| plan.backward(&params, &mut workspace, &mut grads));
        });
        group.bench_function(BenchmarkId::new("plain loops, both", &shape), |bencher| {
            bencher.iter(|| black_box(both()))
        });
    }
    group.finish();
}

/// The mean loss, and its gradient with respect to the logits.
fn plain(logits: &[f32], labels: &[usize], gradient: &mut [f32]) -> f32 {
    let classes = logits.len() / labels.len();
    let scale = 1.0 / labels.len() as f32;
    let mut loss = 0.0;
    for ((x, p), &label) in
        logits.chunks_exact(classes).zip(gradient.chunks_exact_mut(classes)).zip(labels)
    {
        let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        p.iter_mut().zip(x).for_each(|(p, x)| *p = (x - max).exp());
        let sum: f32 = p.iter().sum();
        loss += sum.ln() - (x[label] - max);
        p.iter_mut().for_each(|p| *p *= scale / sum);
        p[label] -= scale;
    }
    loss * scale
}
