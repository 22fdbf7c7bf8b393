//! The growth of pasture fitted by a curve, with a standard error for each parameter.
//!
//! The data are Rat42 of NIST's Statistical Reference Datasets, by D. Ratkowsky, 1983.

use chainrule::train::{LeastSquares, LeastSquaresError};

fn main() -> Result<(), LeastSquaresError> {
    let time = [9.0, 14.0, 21.0, 28.0, 42.0, 57.0, 63.0, 70.0, 79.0];
    let weight = [8.93, 10.80, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08];

    // A logistic curve: where it ends, where it begins, and how fast it grows.
    let start = [("limit", 100.0), ("offset", 1.0), ("rate", 0.1)];
    let fit = LeastSquares::default().bound("rate", 0.0, f64::INFINITY).fit_curve(
        &start,
        &[&time],
        &weight,
        None,
        |b, x| b[0] * (b[2] * x[0] - b[1]).sigmoid(),
    )?;
    println!("{fit}");
    println!("residual standard deviation {:.6}", fit.residual_deviation());
    Ok(())
}
