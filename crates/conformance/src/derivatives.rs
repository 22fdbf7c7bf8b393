//! Every entry of every list against central differences, in shapes that are easily got wrong.

use std::slice::from_ref;

use chainrule::graph::{GradcheckError, Gradchecked};
use chainrule::nn::{activation, loss};
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
    vec![Family { name: "activations", check: activations }, Family { name: "losses", check: losses }]
}

impl Family {
    /// Checks every entry.
    #[must_use]
    pub fn run(&self) -> Checked {
        let outcomes = (self.check)().into_iter().map(|(name, outcome)| {
            let outcome = outcome
                .map_err(|error| error.to_string())
                .and_then(|checked| if checked.compared > 0 { Ok(()) } else { Err("nothing was compared".to_owned()) });
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

fn activations() -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for activation in activation::all::<f64>() {
        for (seed, shape) in (0..).zip(shapes()) {
            let x = away_from(&activation.properties().kinks, shape, seed);
            let what = format!("{} of {shape}", activation.kind());
            outcomes.push((what, gradcheck(&[x], |_, x| activation.forward(x[0]))));
        }
    }
    outcomes
}

fn losses() -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for loss in loss::all::<f64>() {
        for (seed, shape) in (20..).zip(shapes()) {
            for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
                let what = format!("{} of {shape}, {reduction:?}", loss.name());
                let prediction = away_from(&[], shape, seed);
                let target = Tensor::uniform(shape, 0.05..0.95, &mut generator(seed + 100)).expect("a sound range");
                let checked =
                    gradcheck(from_ref(&prediction), |graph, x| loss.forward(x[0], graph.constant(&target), reduction));
                outcomes.push((what, checked));
            }
        }
    }
    outcomes
}
