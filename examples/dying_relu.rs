//! Units that stop learning: behind a large negative bias, and after one step that is too large.
//!
//! A ReLU below zero for every sample has the derivative zero for every sample: no gradient will ever bring it back. An
//! activation with any slope there recovers: leaky, parametric and exponential units, and all that merely saturate.
//!
//! ```console
//! cargo run --release --example dying_relu
//! ```

use chainrule::nn::{activation, config};
use chainrule::prelude::*;

type Error = Box<dyn std::error::Error>;

const UNITS: usize = 16;

/// `y = sin 3x` on 64 points, to be learned by one hidden layer.
fn data() -> Result<Dataset<f64>, Error> {
    let x = Tensor::from_fn([64, 1], |i| i as f64 / 32.0 - 1.0);
    let y = x.map(|x| (3.0 * x).sin());
    Ok(Dataset::new(x, Targets::Values(y))?)
}

fn model(name: &str, bias: f64) -> Result<Sequential<f64>, config::ConfigError> {
    let hidden = Linear::new(1, UNITS).bias_init(bias);
    Ok(Sequential::default().layer(hidden).layer(activation::by_name(name)?).linear(UNITS, 1))
}

/// How many hidden units get a gradient of exactly zero from all data together.
pub fn dead(name: &str, params: &Params<f64>) -> Result<usize, Error> {
    let (data, model) = (data()?, model(name, 0.0)?);
    let graph = Graph::with_params(params);
    let prediction = model.forward(graph.constant(data.inputs()));
    let Targets::Values(y) = data.targets() else { unreachable!("the targets are values") };
    let plan = graph.plan(MeanSquaredError.forward(prediction, graph.constant(y), Reduction::Mean))?;
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    plan.forward(params, &mut workspace);
    plan.backward(params, &mut workspace, &mut grads);
    let gradient = grads.get("0.bias").ok_or("a bias without a gradient")?;
    Ok(gradient.values().iter().filter(|gradient| **gradient == 0.0).count())
}

/// The dead units before and after training, and the loss in the end, from this bias.
pub fn from_bias(name: &str, bias: f64, epochs: usize) -> Result<(usize, usize, f64), Error> {
    let model = model(name, bias)?;
    let mut params = model.init([1], 0)?;
    let before = dead(name, &params)?;
    let mut trainer = Trainer::new(&model, MeanSquaredError, Adam::new(0.05)).epochs(epochs).batch_size(64);
    trainer.fit(&mut params, &data()?, None)?;
    let loss = trainer.evaluate(&params, &data()?)?.loss;
    Ok((before, dead(name, &params)?, loss))
}

/// The dead units after one step of this learning rate from an ordinary start, and after training on with a small one.
pub fn after_step(name: &str, rate: f64, epochs: usize) -> Result<(usize, usize), Error> {
    let (model, data) = (model(name, 0.0)?, data()?);
    let mut params = model.init([1], 0)?;
    let train = |rate, epochs, params: &mut Params<f64>| {
        Trainer::new(&model, MeanSquaredError, Sgd::new(rate)).epochs(epochs).batch_size(64).fit(params, &data, None)
    };
    train(rate, 1, &mut params)?;
    let before = dead(name, &params)?;
    train(1e-4, epochs, &mut params)?;
    Ok((before, dead(name, &params)?))
}

fn main() -> Result<(), Error> {
    println!("{:>12} {:>22} {:>10} {:>12}", "from a bias", "dead units before", "after", "loss");
    for known in activation::all::<f64>() {
        if known.for_outputs() || known.divisor() != 1 {
            continue;
        }
        let (before, after, loss) = from_bias(known.kind(), -4.0, 1500)?;
        println!("{:>12} {before:>22} {after:>10} {loss:>12.1e}", known.kind());
        if ["relu", "leaky_relu", "prelu", "elu"].contains(&known.kind()) {
            assert_eq!(before == UNITS && after == UNITS, known.kind() == "relu");
        }
    }
    println!("\n{:>12} {:>22} {:>10}", "from a step", "dead units before", "after");
    for name in ["relu", "leaky_relu", "prelu", "elu"] {
        let (before, after) = after_step(name, 20.0, 200)?;
        println!("{name:>12} {before:>22} {after:>10}");
        assert!(if name == "relu" { before > 0 && after >= before } else { after == 0 }, "{name}");
    }
    Ok(())
}
