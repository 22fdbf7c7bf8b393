//! Functions that depth can represent and width cannot afford, and some that are not learned.
//!
//! The tent `t(x) = 2x` below 1/2 and `2 - 2x` above, applied `k` times, is a zigzag of `2^k`
//! straight pieces. `k` hidden layers of two ReLUs are it exactly, since
//! `t(x) = 2 relu(x) - 4 relu(x - 1/2)`: `6k + 1` parameters. One hidden layer of `m` ReLUs has at
//! most `m + 1` pieces, so it needs `2^k - 1` units at least; `2^k` do.
//!
//! With fewer it is not close either. Of the `2^(k-1)` teeth, `m` kinks bend at most `m`. Over each
//! other tooth the network is a straight line, whose mean squared error is 1/12 at least, that of
//! the constant 1/2. At an equal number of parameters, `m = 2k`, that leaves hardly anything to be
//! had but the constant.
//!
//! And yet gradient descent does not find the narrow deep network from random weights. It does not
//! even where it finds it again from nearby, and where a network of sixty times as many parameters
//! is found.
//!
//! Source: Telgarsky, "Benefits of depth in neural networks", 2016.
//!
//! ```console
//! cargo run --release --example depth_vs_width
//! ```

mod support;

use chainrule::prelude::*;
use chainrule_plot::Curves;

type Error = Box<dyn std::error::Error>;

/// A network with its weights.
pub type Network = (Sequential<f64>, Params<f64>);

/// The tent applied `k` times at points between 0 and 1, four to a piece, at which it is exact in
/// binary.
pub fn zigzag(k: usize) -> (Tensor<f64>, Tensor<f64>) {
    let pieces = 1 << k;
    let x = Tensor::from_fn([4 * pieces + 1, 1], |i| i as f64 / (4 * pieces) as f64);
    let tent = |x: f64| if x < 0.5 { 2.0 * x } else { 2.0 - 2.0 * x };
    let y = x.map(|x| (0..k).fold(x, |x, _| tent(x)));
    (x, y)
}

fn model(widths: &[usize]) -> Sequential<f64> {
    let hidden = |model: Sequential<f64>, &width| {
        model.layer(Linear::to(width).weight_init(init::He::normal())).relu()
    };
    widths.iter().fold(Sequential::default(), hidden).layer(Linear::to(1))
}

/// The root of the mean squared error, and the number of straight pieces among the points.
pub fn judged((model, params): &Network, k: usize) -> Result<(f64, usize), Error> {
    let (x, y) = zigzag(k);
    let given = model.predict(params, &x)?;
    let squares = given.values().iter().zip(y.values()).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let slopes: Vec<f64> = given.values().windows(2).map(|pair| pair[1] - pair[0]).collect();
    let kinks = slopes.windows(2).filter(|pair| (pair[1] - pair[0]).abs() > 1e-12).count();
    Ok(((squares / x.values().len() as f64).sqrt(), kinks + 1))
}

/// A model of these hidden widths with these weights and biases, layer by layer.
fn built(widths: &[usize], layers: &[(Vec<f64>, Vec<f64>)]) -> Result<Network, Error> {
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
pub fn deep(k: usize) -> Result<Network, Error> {
    let mut layers = vec![(vec![1.0, 1.0], vec![0.0, -0.5])];
    layers.resize(k, (vec![2.0, 2.0, -4.0, -4.0], vec![0.0, -0.5]));
    layers.push((vec![2.0, -4.0], vec![0.0]));
    built(&vec![2; k], &layers)
}

/// One hidden layer with a unit at the beginning of each of the first `units` pieces.
pub fn shallow(k: usize, units: usize) -> Result<Network, Error> {
    let slope = 2.0_f64.powi(k as i32);
    let begins = (0..units).map(|unit| -(unit as f64) / slope).collect();
    let turns = (0..units)
        .map(|unit| if unit == 0 { slope } else { 2.0 * slope * (-1.0_f64).powi(unit as i32) });
    built(&[units], &[(vec![1.0; units], begins), (turns.collect(), vec![0.0])])
}

/// The root of the mean squared error over `[0, 1]` that no hidden layer of so many ReLUs can go
/// below.
pub fn bound(k: usize, units: usize) -> f64 {
    let teeth = 2.0_f64.powi(k as i32 - 1);
    ((1.0 - units as f64 / teeth).max(0.0) / 12.0).sqrt()
}

/// The outcome of gradient descent from random weights, one network for each seed.
pub fn learned(
    widths: &[usize],
    k: usize,
    seeds: u64,
    epochs: usize,
) -> Result<Vec<Network>, Error> {
    (0..seeds)
        .map(|seed| trained((model(widths), model(widths).init([1], seed)?), k, epochs))
        .collect()
}

/// The outcome of gradient descent from the exact weights, each changed by about this share of
/// itself.
pub fn found_again(share: f64, k: usize, seeds: u64, epochs: usize) -> Result<Vec<Network>, Error> {
    let near = |seed| {
        let (model, mut params) = deep(k)?;
        let noise = Tensor::normal([params.count()], 1.0, share, &mut generator(seed))?;
        params
            .values_mut()
            .iter_mut()
            .zip(noise.values())
            .for_each(|(weight, factor)| *weight *= factor);
        trained((model, params), k, epochs)
    };
    (0..seeds).map(near).collect()
}

fn trained((model, mut params): Network, k: usize, epochs: usize) -> Result<Network, Error> {
    let (x, y) = zigzag(k);
    let (batch, data) = (x.values().len(), Dataset::new(x, Targets::Values(y))?);
    Trainer::new(&model, MeanSquaredError, Adam::new(0.01)).epochs(epochs).batch_size(batch).fit(
        &mut params,
        &data,
        None,
    )?;
    Ok((model, params))
}

/// The networks with their errors, the best first.
pub fn ranked(networks: Vec<Network>, k: usize) -> Result<Vec<(f64, Network)>, Error> {
    let judge = |network| Ok((judged(&network, k)?.0, network));
    let mut ranked = networks.into_iter().map(judge).collect::<Result<Vec<_>, Error>>()?;
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(ranked)
}

fn main() -> Result<(), Error> {
    println!("{:>37} {:>25}", "parameters, exact:", "error at 6k + 1 of them:");
    println!(
        "{:>2} {:>7} {:>13} {:>12} {:>12} {:>12}",
        "k", "pieces", "k layers of 2", "one of 2^k", "k layers", "one layer"
    );
    let (mut deep_size, mut wide_size, mut least, mut constant) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for k in 1..=10 {
        let (narrow, wide) = (deep(k)?, shallow(k, 1 << k)?);
        let (few, many, least_error) = (narrow.1.count(), wide.1.count(), bound(k, 2 * k));
        println!(
            "{k:>2} {:>7} {few:>13} {many:>12} {:>12} {:>12}",
            1 << k,
            0,
            format!(">= {least_error:.3}")
        );
        assert_eq!([judged(&narrow, k)?, judged(&wide, k)?], [(0.0, 1 << k); 2], "both are exact");
        assert_eq!(shallow(k, 2 * k)?.1.count(), few);
        deep_size.push((k as f64, few as f64));
        wide_size.push((k as f64, many as f64));
        least.push((k as f64, least_error));
        constant.push((k as f64, bound(k, 0)));
    }

    let k = 3;
    let narrow = ranked(learned(&[2; 3], k, 10, 3000)?, k)?;
    let large = ranked(learned(&[32; 2], k, 10, 3000)?, k)?;
    let again = ranked(found_again(0.01, k, 10, 3000)?, k)?;
    for (what, networks) in [
        ("three layers of 2 from random weights", &narrow),
        ("three layers of 2 from near the exact weights", &again),
        ("two layers of 32 from random weights", &large),
    ] {
        let parameters = networks[0].1.1.count();
        println!(
            "k = 3, {what} ({parameters} parameters): error {:.4} at best, {:.4} in the middle of \
             10 seeds",
            networks[0].0, networks[5].0
        );
    }
    assert!(narrow[5].0 > 0.2, "what can be represented is not learned");
    assert!(
        again[5].0 < 0.03 && large[5].0 < 0.05,
        "it can be found again, and learned by a large network"
    );
    println!(
        "Ten folds take 61 parameters in depth and 3073 in width, and 61 in width leave {:.3} of \
         the constant's {:.3}; \
         but from random weights three layers of 2 learn three folds with an error of {:.2} at \
         best.",
        bound(10, 20),
        bound(10, 0),
        narrow[0].0
    );

    let size = Curves::new("Parameters of an exact network").labels("folds k", "parameters");
    let size = size
        .points("k layers of 2 units", deep_size)
        .points("one layer of 2ᵏ units", wide_size)
        .log_y();
    let error = Curves::new("With 6k + 1 parameters").labels("folds k", "root mean squared error");
    let zero = constant.iter().map(|point| (point.0, 0.0)).collect();
    let error = error
        .points("k layers of 2: exact", zero)
        .points("one layer: at least", least)
        .points("a constant", constant);
    let (x, y) = zigzag(k);
    let along =
        |y: &Tensor<f64>| x.values().iter().copied().zip(y.values().iter().copied()).collect();
    let at = |network: &Network| Ok::<_, Error>(along(&network.0.predict(&network.1, &x)?));
    let picture = Curves::new("Three folds, learned from random weights")
        .labels("x", "y")
        .points("the zigzag", along(&y))
        .points("three layers of 2, best of ten", at(&narrow[0].1)?)
        .points("two layers of 32, median", at(&large[5].1)?);
    let panels =
        support::Panels::new("Depth against width", 3).panel(size).panel(error).panel(picture);
    support::save("depth_vs_width", &panels)
}
