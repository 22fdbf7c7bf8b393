//! Data sets, their targets, splits, batches and scalers.

use chainrule::data::Batches;
use chainrule::prelude::*;

use crate::draw::{Draw, is_tried};

pub fn data(draw: &mut Draw) {
    match draw.below(4) {
        0 => batches(draw),
        1 => scalers(draw),
        _ => datasets(draw),
    }
}

/// Targets for so many samples, or for others.
pub fn targets(draw: &mut Draw, samples: usize) -> Targets {
    let samples = if draw.once_in(10) { draw.length() } else { samples };
    let shape = if draw.once_in(8) { draw.small_shape() } else { [samples, draw.length()].into() };
    let unit =
        |draw: &mut Draw| if draw.once_in(40) { draw.number() as f32 } else { draw.unit() as f32 };
    match draw.below(4) {
        0 => Targets::Values(draw.tensor(shape)),
        1 => Targets::Probabilities(Tensor::from_fn(shape, |_| unit(draw))),
        2 => Targets::Labels(Tensor::from_fn(shape, |_| unit(draw))),
        _ => {
            let classes = if draw.once_in(4) { draw.count() } else { 1 + draw.below(4) };
            let most = classes.clamp(1, 4) + usize::from(draw.once_in(10));
            Targets::Classes {
                indices: (0..samples).map(|_| draw.below(most) as u32).collect(),
                classes,
            }
        }
    }
}

fn datasets(draw: &mut Draw) {
    let inputs = draw.small_tensor::<f32>();
    let samples = inputs.shape().first().copied().unwrap_or(0);
    let targets = targets(draw, samples);
    let classes = targets.outputs();
    if is_tried([samples.max(17), classes].into(), 8) && is_tried([1, classes].into(), 8) {
        let _ = (targets.one_hot_smoothed(draw.number()), targets.class_counts());
    }
    let _ = (targets.shape(draw.count()), targets.width(), targets.kind());
    let inputs = inputs.map(|x| if x.is_finite() { x } else { 0.0 });
    let Ok(data) = Dataset::new(inputs, targets) else { return };
    let (fraction, seed) = (draw.number(), draw.bits());
    let _ = data.split(fraction, seed);
    if classes < 1000 {
        let _ = data.split_stratified(draw.unit(), seed);
    }
    let rows = [draw.below(4), draw.count()];
    let _ = (data.select(&rows), data.select(&[]), data.input_shape(draw.count()));
    let (mut inputs, mut targets) =
        (vec![0.0; draw.below(3) * data.input_width()], vec![0.0; draw.length()]);
    data.gather(&rows[..draw.below(3)], &mut inputs, &mut targets);
}

fn batches(draw: &mut Draw) {
    let (samples, size) = (draw.count_of(8), draw.count());
    let batches = if draw.once_in(2) {
        Batches::in_order(samples, size)
    } else {
        Batches::shuffled(samples.min(10_000), size, draw.bits())
    };
    let Ok(batches) = batches else { return };
    let mut batches =
        if draw.once_in(2) { batches } else { batches.drop_last().unwrap_or_else(|_| small()) };
    let rows: usize = batches.epoch().take(100).map(<[usize]>::len).sum();
    assert!(rows <= batches.samples() && batches.count() <= batches.samples());
}

fn small() -> Batches {
    Batches::in_order(3, 2).expect("there are some")
}

fn scalers(draw: &mut Draw) {
    let (x, y) = (draw.small_tensor::<f32>(), draw.small_tensor::<f32>());
    if let Ok(scaler) = StandardScaler::fit(&x) {
        let _ = (scaler.transform(&y), scaler.inverse_transform(&x));
    }
    if let Ok(scaler) = MinMaxScaler::fit_range(&x, draw.number(), draw.number()) {
        let _ = (scaler.transform(&y), scaler.inverse_transform(&x));
    }
}
