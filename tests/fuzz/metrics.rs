//! Metrics with random settings, fed with batches of random shapes.

use chainrule::nn::TargetKind;
use chainrule::tensor::{Shape, Tensor};
use chainrule::train::metric::{self, ConfusionMatrix, Metric as _};

use crate::draw::Draw;
use crate::settings::text;

pub fn metrics(draw: &mut Draw) {
    if draw.once_in(12) {
        return matrix(draw);
    }
    let mut all = metric::all::<f64>();
    let at = draw.below(all.len());
    let name = all[at].name();
    let text = text(draw, name, &mut *all[at]);
    // A number of bins that memory holds, but not this test.
    let large =
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<usize>().ok());
    if large.into_iter().any(|n| !crate::draw::is_tried(n.into(), 24)) {
        return;
    }
    let Ok(mut chosen) = metric::by_name::<f64>(&text) else { return };
    let kinds =
        [TargetKind::Classes, TargetKind::Probabilities, TargetKind::Labels, TargetKind::Values];
    let kind = draw.of(&kinds);
    if chosen.prepare(kind).is_err() || !chosen.accepts(kind) {
        return;
    }
    for _ in 0..1 + draw.below(3) {
        let outputs = draw.small_tensor::<f64>();
        let (samples, _) = outputs.shape().as_rows();
        let shape = match draw.below(3) {
            0 => outputs.shape(),
            1 => Shape::from(samples.min(4096)),
            _ => draw.small_shape(),
        };
        let classes = Tensor::from_fn(shape, |_| {
            if draw.once_in(9) { draw.number() } else { draw.below(4) as f64 }
        });
        chosen.update(outputs.view(), classes.view());
        let _ = (chosen.value(), format!("{chosen:?}").len());
        if draw.once_in(4) {
            chosen.reset();
        }
    }
}

/// The bytes that a confusion matrix keeps of each class.
const PER_CLASS: usize = 32;

fn matrix(draw: &mut Draw) {
    let mut matrix = ConfusionMatrix::new(draw.count_of(PER_CLASS));
    for _ in 0..draw.below(5) {
        let class = draw.count_of(PER_CLASS);
        let predicted = if draw.once_in(4) { None } else { Some(draw.below(9)) };
        matrix.add(class, predicted);
    }
    let class = draw.count();
    let _ = (matrix.samples(), matrix.accuracy());
    if matrix.classes() < 50 {
        let _ = matrix.to_string();
    }
    let _ = (matrix.precision(class), matrix.count(class, class));
}
