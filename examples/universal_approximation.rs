//! One hidden layer approximates any continuous function, the closer the wider it is.
//!
//! By construction first: a ReLU for each knot of a polygon through the function, with the change of slope there as its
//! weight. For a smooth function the error is at most `h^2 / 8 max |f''|`, with `h` the distance of the knots. A kink costs nothing if it
//! is a knot, and little otherwise. A step is not continuous: its mean error falls, its largest stays. Then by
//! learning from a random start, which is another matter: it gets close, but not as close as the width would allow.
//!
//! ```console
//! cargo run --release --example universal_approximation
//! ```

use chainrule::prelude::*;

type Error = Box<dyn std::error::Error>;

/// A function with its name.
type Named = (&'static str, fn(f64) -> f64);

/// The functions, on `[-1, 1]`.
pub const FUNCTIONS: [Named; 3] = [
    ("sin 3x", |x| (3.0 * x).sin()),
    ("|x - 0.1|", |x| (x - 0.1).abs()),
    ("step at 0.1", |x| f64::from(u8::from(x > 0.1))),
];

/// The largest and the root of the mean squared error on a fine grid.
fn errors(model: &Sequential<f64>, params: &Params<f64>, f: fn(f64) -> f64) -> Result<(f64, f64), Error> {
    let x = Tensor::from_fn([4001, 1], |i| i as f64 / 2000.0 - 1.0);
    let y = model.predict(params, &x)?;
    let errors: Vec<f64> = x.values().iter().zip(y.values()).map(|(&x, y)| (y - f(x)).abs()).collect();
    let squares = errors.iter().map(|error| error * error).sum::<f64>();
    Ok((errors.iter().fold(0.0, |largest, &error| error.max(largest)), (squares / errors.len() as f64).sqrt()))
}

fn model(width: usize) -> Sequential<f64> {
    Sequential::default().linear(1, width).relu().linear(width, 1)
}

/// The errors of the polygon with `width + 1` corners at equal distances.
pub fn constructed(width: usize, f: fn(f64) -> f64) -> Result<(f64, f64), Error> {
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
    errors(&model(width), &params, f)
}

/// The errors after learning from 200 points.
pub fn learned(width: usize, f: fn(f64) -> f64, iterations: usize) -> Result<(f64, f64), Error> {
    let x = Tensor::from_fn([200, 1], |i| (i as f64 + 0.5) / 100.0 - 1.0);
    let data = Dataset::new(x.clone(), Targets::Values(x.map(f)))?;
    let mut params = model(width).init([1], 0)?;
    Lbfgs::new(iterations).fit(&model(width), &MeanSquaredError, &mut params, &data)?;
    errors(&model(width), &params, f)
}

fn main() -> Result<(), Error> {
    println!("largest and mean error by width, constructed and learned");
    for (name, f) in FUNCTIONS {
        println!("{name}");
        for width in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] {
            let ((largest, mean), (largest_learned, mean_learned)) = (constructed(width, f)?, learned(width, f, 200)?);
            println!("{width:5} {largest:9.1e} {mean:9.1e}   {largest_learned:9.1e} {mean_learned:9.1e}");
            let h = 2.0 / width as f64;
            match name {
                "sin 3x" => assert!(largest <= h * h / 8.0 * 9.0 + 1e-12),
                "step at 0.1" => assert!(largest > 0.4, "a step stays a step"),
                _ => assert!(largest <= h / 2.0),
            }
        }
        let (narrow, wide) = (constructed(4, f)?.1, constructed(512, f)?.1);
        assert!(wide < 0.15 * narrow && learned(64, f, 200)?.1 < 0.5 * learned(2, f, 200)?.1);
    }
    Ok(())
}
