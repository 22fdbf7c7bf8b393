//! Every entry of every list against central differences, in shapes that are easily got wrong.

use std::slice::from_ref;

use chainrule::graph::{Gradcheck, GradcheckError, Gradchecked};
use chainrule::nn::{activation, init, layer, loss};
use chainrule::prelude::*;

use crate::Checked;

/// The derivatives of one list.
#[derive(Debug)]
pub struct Family {
    /// The list.
    pub name: &'static str,
    check: fn() -> Vec<Outcome>,
}

type Outcome = (String, Result<Gradchecked, GradcheckError>);

/// Every list whose entries have derivatives.
#[must_use]
pub fn families() -> Vec<Family> {
    vec![
        Family { name: "activations", check: activations },
        Family { name: "losses", check: losses },
        Family { name: "layers", check: layers },
    ]
}

impl Family {
    /// Checks every entry.
    #[must_use]
    pub fn run(&self) -> Checked {
        let outcomes = (self.check)().into_iter().map(|(name, outcome)| {
            let outcome = outcome.map_err(|error| error.to_string()).and_then(|checked| {
                if checked.compared > 0 { Ok(()) } else { Err("nothing was compared".to_owned()) }
            });
            (name, outcome)
        });
        Checked::new(self.name, "central differences in f64".to_owned(), outcomes)
    }
}

/// One sample, one feature, odd sizes, and samples with several axes.
fn shapes() -> [Shape; 6] {
    [&[1, 1][..], &[1, 5], &[7, 1], &[3, 13], &[2, 3, 5], &[1, 2, 1, 3]].map(Shape::new)
}

/// Values from -3 to 3 without order, none of them within 1e-3 of a kink.
fn away_from(kinks: &[f64], shape: Shape, seed: u64) -> Tensor<f64> {
    let drawn = Tensor::uniform(shape, -3.0..3.0, &mut generator(seed)).expect("a sound range");
    drawn.map(|x: f64| if kinks.iter().any(|kink| (x - kink).abs() < 1e-3) { x + 0.01 } else { x })
}

/// Each alone, away from its kinks, and behind a linear layer, into which it is fused where it can
/// be.
fn activations() -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for activation in activation::all::<f64>() {
        for (seed, shape) in (0..).zip(shapes()) {
            let last = shape.rank() - 1;
            let shape = shape.with_length(last, shape[last] * activation.divisor());
            let x = away_from(&activation.properties().kinks, shape, seed);
            let what = format!("{} of {shape}", activation.kind());
            outcomes.push((what, gradcheck(&[x], |_, x| activation.forward(x[0]))));
        }
        for (bias, shape) in [(true, [1, 3]), (true, [5, 3]), (false, [5, 3])] {
            let linear =
                Linear::new(3, 4 * activation.divisor()).weight_init(init::Normal::default());
            let linear = if bias {
                linear.bias_init(init::Normal::default())
            } else {
                linear.without_bias()
            };
            // The seed is such that no unit lies at a kink: a difference across one would fail the
            // check.
            let x = away_from(&[], shape.into(), 11);
            let what =
                format!("{} behind a linear layer, bias {bias}, of {shape:?}", activation.kind());
            outcomes.push((
                what,
                gradcheck(&[x], |_, x| activation.forward(Layer::<f64>::forward(&linear, x[0]))),
            ));
        }
    }
    outcomes
}

/// With each form of target and each reduction; by the prediction, and by both where the target is
/// continuous.
fn losses() -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for loss in loss::all::<f64>() {
        let domain = loss.domain();
        for (seed, shape) in (20..).zip(shapes()) {
            for &form in domain.targets {
                for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
                    let what = format!("{} of {shape} with {form}, {reduction:?}", loss.name());
                    let (prediction, target) = domain.draw(form, shape, &mut generator(seed));
                    let checked = gradcheck(from_ref(&prediction), |graph, x| {
                        loss.forward(x[0], graph.constant(&target), reduction)
                    });
                    outcomes.push((what.clone(), checked));
                    if form.is_continuous() {
                        let checked = gradcheck(&[prediction, target], |_, x| {
                            loss.forward(x[0], x[1], reduction)
                        });
                        outcomes.push((format!("{what}, by the target too"), checked));
                    }
                }
            }
        }
    }
    outcomes
}

/// By input and parameters, in training and in evaluation.
fn layers() -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for layer in layer::all::<f64>() {
        for sample in layer.samples() {
            for (training, size) in [(true, 2), (true, 5), (false, 3)] {
                let of = |shape: Shape| Shape::new(&[&[size], &shape[..]].concat());
                let settings = Gradcheck { training, ..Gradcheck::default() };
                let checked = match (sample, sample.fixed::<f64>(size)) {
                    (layer::Sample::Values(shape), _) => {
                        settings.check(&[away_from(&[], of(shape), 9)], |_, x| layer.forward(x[0]))
                    }
                    (layer::Sample::Columns { values, codes }, Some(fixed)) => {
                        let x = away_from(&[], Shape::new(&[size, values]), 9);
                        settings.check(&[x], |graph, x| {
                            let codes =
                                graph.constant(&fixed).slice(1, values..values + codes.len());
                            layer.forward(graph.concat(1, &[x[0], codes]))
                        })
                    }
                    (_, Some(fixed)) => {
                        settings.check(&[], |graph, _| layer.forward(graph.constant(&fixed)))
                    }
                    (other, None) => unreachable!("{other:?} is new"),
                };
                outcomes.push((
                    format!("{} of {sample:?}, training {training}", layer.kind()),
                    checked,
                ));
            }
        }
    }
    outcomes
}
