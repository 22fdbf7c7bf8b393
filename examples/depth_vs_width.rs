//! What depth can represent that width cannot afford, and what can be represented but not learned.
//!
//! The tent `t(x) = 2x` below 1/2 and `2 - 2x` above, applied `k` times, is a zigzag of `2^k` straight pieces. `k` hidden
//! layers of two ReLUs are it exactly: `t(x) = 2 relu(x) - 4 relu(x - 1/2)`. One hidden layer of `m` ReLUs has at most
//! `m + 1` pieces, so it needs at least `2^k - 1` units; `2^k` do. And yet gradient descent does not find the narrow deep
//! network.
//!
//! Source: Telgarsky, "Benefits of depth in neural networks", 2016.
//!
//! ```console
//! cargo run --release --example depth_vs_width
//! ```

use chainrule::prelude::*;

type Error = Box<dyn std::error::Error>;

/// The tent applied `k` times at points between 0 and 1, four to a piece, at which it is exact in binary.
pub fn zigzag(k: usize) -> (Tensor<f64>, Tensor<f64>) {
    let pieces = 1 << k;
    let x = Tensor::from_fn([4 * pieces + 1, 1], |i| i as f64 / (4 * pieces) as f64);
    let tent = |x: f64| if x < 0.5 { 2.0 * x } else { 2.0 - 2.0 * x };
    let y = x.map(|x| (0..k).fold(x, |x, _| tent(x)));
    (x, y)
}

fn model(widths: &[usize]) -> Sequential<f64> {
    let hidden = |model: Sequential<f64>, &width| model.layer(Linear::to(width)).relu();
    widths.iter().fold(Sequential::default(), hidden).layer(Linear::to(1))
}

/// The root of the mean squared error, and the number of straight pieces among the points.
pub fn judged(model: &Sequential<f64>, params: &Params<f64>, k: usize) -> Result<(f64, usize), Error> {
    let (x, y) = zigzag(k);
    let given = model.predict(params, &x)?;
    let squares = given.values().iter().zip(y.values()).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let slopes: Vec<f64> = given.values().windows(2).map(|pair| pair[1] - pair[0]).collect();
    let kinks = slopes.windows(2).filter(|pair| (pair[1] - pair[0]).abs() > 1e-12).count();
    Ok(((squares / x.values().len() as f64).sqrt(), kinks + 1))
}

/// A model of these hidden widths with these weights and biases, layer by layer.
fn built(widths: &[usize], layers: &[(Vec<f64>, Vec<f64>)]) -> Result<(Sequential<f64>, Params<f64>), Error> {
    let model = model(widths);
    let mut params = model.init([1], 0)?;
    for (position, (weight, bias)) in layers.iter().enumerate() {
        for (name, values) in [("weight", weight), ("bias", bias)] {
            let name = format!("{}.{name}", 2 * position);
            params.get_mut(&name).ok_or("there is no such layer")?.copy_from_slice(values);
        }
    }
    Ok((model, params))
}

/// `k` hidden layers of two units: each is the tent of the one before.
pub fn deep(k: usize) -> Result<(Sequential<f64>, Params<f64>), Error> {
    let mut layers = vec![(vec![1.0, 1.0], vec![0.0, -0.5])];
    layers.resize(k, (vec![2.0, 2.0, -4.0, -4.0], vec![0.0, -0.5]));
    layers.push((vec![2.0, -4.0], vec![0.0]));
    built(&vec![2; k], &layers)
}

/// One hidden layer with a unit at the beginning of each of the first `units` pieces.
pub fn shallow(k: usize, units: usize) -> Result<(Sequential<f64>, Params<f64>), Error> {
    let slope = 2.0_f64.powi(k as i32);
    let begins = (0..units).map(|unit| -(unit as f64) / slope).collect();
    let turns = (0..units).map(|unit| if unit == 0 { slope } else { 2.0 * slope * (-1.0_f64).powi(unit as i32) });
    built(&[units], &[(vec![1.0; units], begins), (turns.collect(), vec![0.0])])
}

/// The errors that learning reaches from random weights, one for each seed.
pub fn learned(widths: &[usize], k: usize, seeds: u64, iterations: usize) -> Result<Vec<f64>, Error> {
    let (model, (x, y)) = (model(widths), zigzag(k));
    let data = Dataset::new(x, Targets::Values(y))?;
    let run = |seed| {
        let mut params = model.init([1], seed)?;
        Lbfgs::new(iterations).fit(&model, &MeanSquaredError, &mut params, &data)?;
        Ok(judged(&model, &params, k)?.0)
    };
    (0..seeds).map(run).collect()
}

fn main() -> Result<(), Error> {
    println!("{:>2} {:>7} {:>26} {:>26}", "k", "pieces", "parameters, k layers of 2", "one layer of 2^k units");
    for k in 1..=10 {
        let ((model, few), (wide_model, many)) = (deep(k)?, shallow(k, 1 << k)?);
        println!("{k:>2} {:>7} {:>26} {:>26}", 1 << k, few.count(), many.count());
        assert_eq!([judged(&model, &few, k)?, judged(&wide_model, &many, k)?], [(0.0, 1 << k); 2], "both are exact");
    }
    for (what, widths) in
        [("four layers of 2", &[2; 4][..]), ("one layer of 64", &[64]), ("two layers of 32", &[32; 2])]
    {
        let errors = learned(widths, 4, 5, 1000)?;
        let best = errors.iter().fold(f64::INFINITY, |best, &error| error.min(best));
        println!("learned for k = 4 by {what}: at best of 5 seeds {best:.3}; a constant has 0.29");
        assert_eq!(best > 0.15, widths[0] == 2, "{what}: {errors:?}");
    }
    Ok(())
}
