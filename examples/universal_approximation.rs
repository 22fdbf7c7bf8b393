//! One hidden layer approximates any continuous function, the closer the wider it is.
//!
//! By construction first: a ReLU for each knot of a polygon through the function, with the change
//! of slope there as its weight. For a smooth function the error is at most `h^2 / 8 max |f''|`,
//! with `h` the distance of the knots. A kink costs nothing if it is a knot, and little otherwise.
//! A step is not continuous: its mean error falls, its largest stays. Then by learning from a
//! random start, which is another matter. It chooses its own knots, and does better than equal
//! distances with few units, but with many it does not get as close as they would allow.
//!
//! ```console
//! cargo run --release --example universal_approximation
//! ```

mod support;

use chainrule::prelude::*;
use chainrule_plot::Curves;

type Error = Box<dyn std::error::Error>;

/// A function with its name.
type Named = (&'static str, fn(f64) -> f64);

/// The functions, on `[-1, 1]`.
pub const FUNCTIONS: [Named; 3] = [
    ("sin 3x", |x| (3.0 * x).sin()),
    ("|x - 0.1|", |x| (x - 0.1).abs()),
    ("step at 0.1", |x| f64::from(u8::from(x > 0.1))),
];

/// A hidden layer of ReLUs with its weights.
pub type Network = (Sequential<f64>, Params<f64>);

fn model(width: usize) -> Sequential<f64> {
    Sequential::default().linear(1, width).relu().linear(width, 1)
}

/// The polygon with `width + 1` corners at equal distances.
pub fn constructed(width: usize, f: fn(f64) -> f64) -> Result<Network, Error> {
    let mut params = model(width).init([1], 0)?;
    let h = 2.0 / width as f64;
    let knot = |i: usize| -1.0 + h * i as f64;
    let slope = |i: usize| (f(knot(i + 1)) - f(knot(i))) / h;
    for i in 0..width {
        let change = if i == 0 { slope(0) } else { slope(i) - slope(i - 1) };
        for (name, value) in [("0.weight", 1.0), ("0.bias", -knot(i)), ("2.weight", change)] {
            params.get_mut(name).ok_or("there is such a weight")?[i] = value;
        }
    }
    params.get_mut("2.bias").ok_or("there is a bias")?[0] = f(-1.0);
    Ok((model(width), params))
}

/// The error of a network that learned from 200 points.
pub fn learned(width: usize, f: fn(f64) -> f64, iterations: usize) -> Result<Network, Error> {
    let x = Tensor::from_fn([200, 1], |i| (i as f64 + 0.5) / 100.0 - 1.0);
    let data = Dataset::new(x.clone(), Targets::Values(x.map(f)))?;
    let mut params = model(width).init([1], 0)?;
    Lbfgs::new(iterations).fit(&model(width), &MeanSquaredError, &mut params, &data)?;
    Ok((model(width), params))
}

/// `count + 1` points of a network at equal distances.
fn points((model, params): &Network, count: usize) -> Result<Vec<(f64, f64)>, Error> {
    let x = Tensor::from_fn([count + 1, 1], |i| 2.0 * i as f64 / count as f64 - 1.0);
    let y = model.predict(params, &x)?;
    Ok(x.values().iter().copied().zip(y.values().iter().copied()).collect())
}

/// The largest error and the root of the mean squared one on a fine grid.
pub fn errors(network: &Network, f: fn(f64) -> f64) -> Result<(f64, f64), Error> {
    let errors: Vec<f64> = points(network, 4000)?.iter().map(|&(x, y)| (y - f(x)).abs()).collect();
    let squares = errors.iter().map(|error| error * error).sum::<f64>();
    Ok((
        errors.iter().fold(0.0, |largest, &error| error.max(largest)),
        (squares / errors.len() as f64).sqrt(),
    ))
}

fn main() -> Result<(), Error> {
    println!("by width: largest and root mean squared error, constructed, then learned");
    let (mut by_width, mut pictures, mut widest) = (Vec::new(), Vec::new(), Vec::new());
    for (name, f) in FUNCTIONS {
        println!("{name}");
        let mut curves: [Vec<(f64, f64)>; 3] = Default::default();
        let fine = (0..=400).map(|i| f64::from(i) / 200.0 - 1.0).map(|x| (x, f(x)));
        let mut picture = Curves::new(format!("{name}, learned"))
            .labels("x", "y")
            .points("the function", fine.collect());
        for width in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] {
            let (built, found) = (constructed(width, f)?, learned(width, f, 200)?);
            let ((largest, mean), (largest_found, mean_found)) =
                (errors(&built, f)?, errors(&found, f)?);
            println!(
                "{width:5} {largest:9.1e} {mean:9.1e}   {largest_found:9.1e} {mean_found:9.1e}"
            );
            let h = 2.0 / width as f64;
            match name {
                "sin 3x" => assert!(largest <= h * h / 8.0 * 9.0 + 1e-12),
                "step at 0.1" => assert!(largest > 0.4, "a step stays a step"),
                _ => assert!(largest <= h / 2.0),
            }
            for (curve, error) in curves.iter_mut().zip([largest, mean, mean_found]) {
                curve.push((width as f64, error));
            }
            if [2, 8, 64].contains(&width) {
                picture = picture.points(format!("{width} units"), points(&found, 400)?);
            }
        }
        let [_, mean, found] = &curves;
        assert!(mean[9].1 < 0.15 * mean[2].1 && found[6].1 < 0.5 * found[1].1, "wider is closer");
        let best = found.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
        widest.push(format!("{name} {:.0e} and {:.0e} ({})", mean[9].1, best.1, best.0));
        let [largest, mean, found] = curves;
        let figure = Curves::new(format!("{name}, error"))
            .labels("units", "error (root mean square)")
            .log_x()
            .log_y();
        let figure = figure
            .points("constructed", mean)
            .points("constructed, largest error", largest)
            .points("learned", found);
        by_width.push(figure);
        pictures.push(picture);
    }
    println!(
        "Root mean squared error of 512 constructed units, and the least that is learned (by so \
         many): {}.",
        widest.join(", ")
    );
    let panels = support::Panels::new("One hidden layer of ReLUs, by its width", 3);
    support::save(
        "universal_approximation",
        &by_width.into_iter().chain(pictures).fold(panels, |all, next| all.panel(next)),
    )
}
