use chainrule_tensor::{Real, Tensor};

use super::Replay;

/// The rows of a value of `batch` samples that are not finite.
pub(super) fn rows<T: Real>(values: &[T], batch: usize) -> Vec<usize> {
    let width = (values.len() / batch.max(1)).max(1);
    let rows = values.chunks(width).enumerate();
    rows.filter(|(_, row)| row.iter().any(|x| !x.is_finite())).map(|(row, _)| row).collect()
}

/// The fewest samples, of the largest magnitudes, without which the operation's result is finite:
/// their rows are replaced by those of the smallest sample. `by_sample` says which operands have a
/// row for each sample; the upstream gradient is another one if it has as many rows.
pub(super) fn largest<T: Real>(replay: &Replay<T>, by_sample: &[bool], batch: usize) -> Vec<usize> {
    let mut weights = vec![1.0_f64; batch];
    let mut weigh = |tensor: &Tensor<T>| {
        let width = (tensor.values().len() / batch.max(1)).max(1);
        for (weight, row) in weights.iter_mut().zip(tensor.values().chunks(width)) {
            *weight *= row.iter().fold(0.0, |largest: f64, x| largest.max(x.to_f64().abs()));
        }
    };
    let inputs = replay.inputs.iter().zip(by_sample).filter(|(_, by_sample)| **by_sample);
    inputs.for_each(|(input, _)| weigh(input));
    let upstream_too =
        replay.upstream.as_ref().is_some_and(|upstream| upstream.shape().first() == Some(&batch));
    replay.upstream.iter().filter(|_| upstream_too).for_each(&mut weigh);
    if batch < 2 || !(upstream_too || by_sample.contains(&true)) {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..batch).collect();
    order.sort_unstable_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
    let smallest = order[batch - 1];
    let finite_without = |count: usize| {
        let mut changed = replay.clone();
        let inputs = changed.inputs.iter_mut().zip(by_sample).filter(|(_, by_sample)| **by_sample);
        let upstream = changed.upstream.iter_mut().filter(|_| upstream_too);
        for tensor in inputs.map(|(input, _)| input).chain(upstream) {
            let width = tensor.values().len() / batch;
            for &row in &order[..count] {
                tensor
                    .values_mut()
                    .copy_within(smallest * width..(smallest + 1) * width, row * width);
            }
        }
        changed.is_finite()
    };
    if !finite_without(batch - 1) {
        return Vec::new();
    }
    // Halving: without more samples it stays finite.
    let (mut few, mut enough) = (0, batch - 1);
    while enough - few > 1 {
        let middle = (few + enough) / 2;
        if finite_without(middle) { enough = middle } else { few = middle }
    }
    let mut samples = order[..enough].to_vec();
    samples.sort_unstable();
    samples
}
