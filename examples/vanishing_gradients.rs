//! Why deep networks of sigmoids did not learn: what is left of a gradient in each layer on its way back.
//!
//! A sigmoid's derivative is at most 1/4, so that 20 of them leave at most `4^-20` of a gradient, whatever the weights do
//! not make up for. The derivative of tanh reaches 1, that of ReLU is 1 for half of the units; with weights drawn to
//! match, the gradient keeps its size.
//!
//! ```console
//! cargo run --release --example vanishing_gradients
//! ```

use chainrule::insight::gain;
use chainrule::nn::activation;
use chainrule::prelude::*;

type Error = Box<dyn std::error::Error>;

/// The root of the mean square of the gradient with respect to what comes out of each linear layer, from the first to the last.
/// Weights are drawn by He's rule with the usual gain of the activation.
pub fn gradient_by_layer(name: &str, depth: usize, width: usize) -> Result<Vec<f64>, Error> {
    let rule = init::He::normal().for_activation(&*activation::by_name::<f64>(name)?);
    let linear = |outputs| Linear::to(outputs).weight_init(rule).bias_init(0.0);
    let mut model = Sequential::<f64>::default();
    for _ in 1..depth {
        model = model.layer(linear(width)).layer(activation::by_name(name)?);
    }
    let model = model.layer(linear(1));
    let draw = |width, seed| Tensor::normal([64, width], 0.0, 1.0, &mut generator(seed));
    let data = Dataset::new(draw(width, 1)?, Targets::Values(draw(1, 2)?))?;
    let report = gain::report(&model, &MeanSquaredError, &model.init([width], 0)?, &data)?;
    let linear = report.layers.into_iter().filter(|layer| layer.kind == "linear");
    Ok(linear.filter_map(|layer| layer.gradient).collect())
}

fn main() -> Result<(), Error> {
    let names = ["sigmoid", "tanh", "relu"];
    println!("the gradient at each layer of 20, from the loss back:");
    println!("layer {}", names.map(|name| format!("{name:>10}")).join(""));
    let by_layer = names.map(|name| gradient_by_layer(name, 20, 64));
    let [sigmoid, tanh, relu] = by_layer;
    let by_layer = [sigmoid?, tanh?, relu?];
    for layer in (0..20).rev() {
        println!("{:5} {}", layer + 1, by_layer.each_ref().map(|layers| format!("{:10.1e}", layers[layer])).join(""));
    }

    println!("\nwhat is left of it in the first layer, by depth:");
    for depth in [5, 10, 20, 40] {
        let mut row = format!("{depth:5} ");
        for name in names {
            let layers = gradient_by_layer(name, depth, 64)?;
            let left = layers[0] / layers[depth - 1];
            row += &format!("{left:10.1e}");
            match name {
                "sigmoid" => assert!(left < 0.35_f64.powi(depth as i32 - 1), "{left}"),
                _ => assert!(left > 1e-2 && left < 1e2, "{name}: {left}"),
            }
        }
        println!("{row}");
    }
    Ok(())
}
