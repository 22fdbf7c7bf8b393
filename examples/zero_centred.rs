//! Why tanh beats the sigmoid: its outputs lie around zero.
//!
//! Sigmoids are all positive, so that one sample moves all weights into a unit of the next layer in the same direction,
//! up or down together: the gradient can only zigzag. To show that it is the shift and nothing else, the sigmoid is
//! compared with itself moved down by 1/2, which has the same derivatives everywhere.
//!
//! Source: LeCun, Bottou, Orr and Mueller, "Efficient BackProp", 1998, section 4.4.
//!
//! ```console
//! cargo run --release --example zero_centred
//! ```

use chainrule::prelude::*;

type Error = Box<dyn std::error::Error>;

/// The sigmoid moved down: `1 / (1 + e^-x) - 1/2`.
#[derive(Debug)]
struct Centred;

impl Layer<f32> for Centred {
    fn kind(&self) -> &str {
        "centred_sigmoid"
    }
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.map(Sigmoid) - 0.5
    }
}

/// A model with two hidden layers of the sigmoid, the sigmoid moved down, or tanh.
fn model(activation: &str) -> Sequential {
    let linear = |outputs| Linear::to(outputs).weight_init(init::Glorot::normal()).bias_init(0.0);
    (0..2)
        .fold(Sequential::new(), |model: Sequential, _| match activation {
            "sigmoid" => model.layer(linear(32)).sigmoid(),
            "sigmoid - 1/2" => model.layer(linear(32)).layer(Centred),
            _ => model.layer(linear(32)).tanh(),
        })
        .layer(linear(10))
}

/// The activations compared.
pub const ACTIVATIONS: [&str; 3] = ["sigmoid", "sigmoid - 1/2", "tanh"];

/// Of the units of the second hidden layer, the share all of whose incoming weights a single sample moves in one
/// direction.
pub fn moved_together(activation: &str, data: &Dataset, samples: usize) -> Result<f64, Error> {
    let model = model(activation);
    let params = model.init([64], 0)?;
    let graph = Graph::with_params(&params);
    let (x, class) = (graph.input("x", [1, 64]), graph.class_input("class", 1, 10));
    let plan = graph.plan(CrossEntropy.forward(model.forward(x), class, Reduction::Mean))?;
    let (mut workspace, mut grads) = (plan.workspace(), plan.grads());
    let mut together = 0;
    for sample in 0..samples {
        let [inputs, targets] = workspace.inputs_mut([x.id(), class.id()]);
        data.gather(&[sample], inputs, targets);
        plan.forward(&params, &mut workspace);
        plan.backward(&params, &mut workspace, &mut grads);
        let gradient = grads.get("2.weight").ok_or("a weight without a gradient")?;
        let alike = |unit: &usize| {
            let signs: Vec<bool> = (0..32).map(|i| gradient.row(i)[*unit] > 0.0).collect();
            signs.iter().all(|sign| *sign == signs[0])
        };
        together += (0..32).filter(alike).count();
    }
    Ok(together as f64 / (32 * samples) as f64)
}

/// The training loss after each epoch of plain gradient descent.
pub fn losses(activation: &str, data: &Dataset, epochs: usize) -> Result<Vec<f64>, Error> { losses_at(activation, data, epochs, 0.1) }
pub fn losses_at(activation: &str, data: &Dataset, epochs: usize, rate: f64) -> Result<Vec<f64>, Error> {
    let model = model(activation);
    let mut params = model.init([64], 0)?;
    let history = Trainer::new(&model, CrossEntropy, Sgd::new(rate)).epochs(epochs).fit(&mut params, data, None)?;
    Ok(history.epochs.iter().map(|record| record.train.loss).collect())
}

fn main() -> Result<(), Error> {
    let data = Digits::load()?.dataset();
    let mut ends = Vec::new();
    for activation in ACTIVATIONS {
        let (together, losses) = (moved_together(activation, &data, 100)?, losses(activation, &data, 20)?);
        let shown: Vec<String> = losses.iter().step_by(4).map(|loss| format!("{loss:.3}")).collect();
        println!(
            "{activation:>14}: {:3.0} % move together, loss {} .. {:.3}",
            100.0 * together,
            shown.join(" "),
            losses[19]
        );
        ends.push((together, losses[19]));
    }
    assert!(ends[0].0 == 1.0 && ends[1].0 < 0.01 && ends[2].0 < 0.01, "a sigmoid moves all weights of a unit together");
    assert!(ends[1].1 < 0.8 * ends[0].1, "moved down, with the same derivatives, it learns faster");
    assert!(ends[2].1 < ends[1].1, "tanh is steeper as well");
    Ok(())
}
