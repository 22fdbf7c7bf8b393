//! A parametric ReLU finds the slope that the data have. `y = x` above zero and `s x` below, with
//! `s` to be learned from 0.25 on, also where it is negative, as for `|x|`, or 1, as for a straight
//! line.
//!
//! ```console
//! cargo run --release --example prelu_learns_its_slope
//! ```

mod support;

use chainrule::prelude::*;
use chainrule_plot::Curves;

type Error = Box<dyn std::error::Error>;

/// The slope after each epoch, the first value before them.
pub fn slopes(truth: f32, epochs: usize) -> Result<Vec<f32>, Error> {
    let x = Tensor::normal([256, 1], 0.0, 1.0, &mut generator(0))?;
    let y = x.map(|x| if x > 0.0 { x } else { truth * x });
    let data = Dataset::new(x, Targets::Values(y))?;
    let model = Sequential::new().prelu();
    let mut params = model.init([1], 0)?;
    let mut slopes = vec![params.values()[0]];
    for epoch in 0..epochs {
        let mut trainer =
            Trainer::new(&model, MeanSquaredError, Sgd::new(0.1)).epochs(1).seed(epoch as u64);
        trainer.fit(&mut params, &data, None)?;
        slopes.push(params.values()[0]);
    }
    Ok(slopes)
}

fn main() -> Result<(), Error> {
    println!("slope of the data: slope learned, by epoch");
    let mut figure = Curves::new("The slope of a parametric ReLU, by that of the data")
        .labels("epoch", "slope below zero");
    let mut farthest: f32 = 0.0;
    for truth in [1.0, 0.4, 0.1, 0.0, -1.0] {
        let slopes = slopes(truth, 20)?;
        let shown: Vec<String> =
            slopes.iter().step_by(4).map(|slope| format!("{slope:7.4}")).collect();
        println!("{truth:5}: {}", shown.join(" "));
        assert!((slopes[20] - truth).abs() < 1e-3, "{} is not {truth}", slopes[20]);
        farthest = farthest.max((slopes[20] - truth).abs());
        let points =
            slopes.iter().enumerate().map(|(epoch, &slope)| (epoch as f64, f64::from(slope)));
        figure = figure.points(format!("slope {truth}"), points.collect());
    }
    println!(
        "From 0.25 on, the slope comes within {farthest:.0e} of each of five slopes from -1 to 1 \
         in 20 epochs."
    );
    support::save("prelu_learns_its_slope", &figure)
}
