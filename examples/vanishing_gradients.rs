//! Why deep networks of sigmoids did not learn: what is left of a gradient in each layer on its way
//! back.
//!
//! A sigmoid's derivative is at most 1/4, so that 20 of them leave at most `4^-20` of a gradient,
//! whatever the weights do not make up for. The derivative of tanh reaches 1, that of ReLU is 1 for
//! half of the units. With weights drawn to match, the gradient keeps its size, or grows by a few
//! per cent a layer.
//!
//! ```console
//! cargo run --release --example vanishing_gradients
//! ```

mod support;

use chainrule::insight::gain;
use chainrule::nn::activation;
use chainrule::prelude::*;
use chainrule_plot::Curves;

type Error = Box<dyn std::error::Error>;

/// The activations compared.
pub const NAMES: [&str; 3] = ["sigmoid", "tanh", "relu"];

/// The norm of the gradient with respect to what comes out of each linear layer, from the first to
/// the last. Weights are drawn by He's rule with the usual gain of the activation.
pub fn gradient_by_layer(name: &str, depth: usize, width: usize) -> Result<Vec<f64>, Error> {
    let rule = init::He::normal().for_activation(&*activation::by_name::<f64>(name)?);
    let linear = |outputs| Linear::to(outputs).weight_init(rule).bias_init(0.0);
    let mut model = Sequential::double();
    for _ in 1..depth {
        model = model.layer(linear(width)).layer(activation::by_name(name)?);
    }
    let model = model.layer(linear(1));
    let draw = |width, seed| Tensor::normal([64, width], 0.0, 1.0, &mut generator(seed));
    let data = Dataset::new(draw(width, 1)?, Targets::Values(draw(1, 2)?))?;
    let report = gain::report(&model, &MeanSquaredError, &model.init([width], 0)?, &data)?;
    let linear = report.layers.into_iter().filter(|layer| layer.kind == "linear");
    // The report has the root of the mean square.
    Ok(linear
        .filter_map(|layer| Some(layer.gradient? * (layer.output.elements() as f64).sqrt()))
        .collect())
}

/// The part of the last layer's gradient that is left in the first one, for each of the [`NAMES`].
pub fn left(depth: usize, width: usize) -> Result<[f64; 3], Error> {
    let mut left = [0.0; 3];
    for (left, name) in left.iter_mut().zip(NAMES) {
        let layers = gradient_by_layer(name, depth, width)?;
        *left = layers[0] / layers[depth - 1];
    }
    Ok(left)
}

fn main() -> Result<(), Error> {
    println!("what is left of the last layer's gradient in the first one, by depth:");
    println!("      {}", NAMES.map(|name| format!("{name:>10}")).join(""));
    let depths = [2, 3, 5, 10, 20, 40];
    let rows = depths.map(|depth| left(depth, 64));
    let mut by_depth: [Vec<(f64, f64)>; 3] = Default::default();
    for (depth, row) in depths.into_iter().zip(rows) {
        let row = row?;
        println!("{depth:5} {}", row.map(|left| format!("{left:10.1e}")).join(""));
        by_depth.iter_mut().zip(row).for_each(|(curve, left)| curve.push((depth as f64, left)));
        let [sigmoid, others @ ..] = row;
        assert!(sigmoid < 0.35_f64.powi(depth as i32 - 1), "{sigmoid}");
        assert!(others.iter().all(|left| (1e-2..1e2).contains(left)), "{others:?}");
    }

    let title = "The gradient on its way back through 20 layers";
    let mut layers = Curves::new(title).labels("layer", "gradient norm").log_y();
    let mut depth = Curves::new("What is left of it in the first layer")
        .labels("layers", "share left")
        .log_x()
        .log_y();
    for (name, curve) in NAMES.into_iter().zip(by_depth) {
        layers = layers.curve(name, &gradient_by_layer(name, 20, 64)?);
        depth = depth.points(name, curve);
    }
    let [sigmoid, tanh, relu] = left(20, 64)?;
    println!(
        "Through 20 layers a gradient keeps {sigmoid:.0e} of its norm behind sigmoids, {tanh:.2} \
         behind tanh and \
         {relu:.2} behind ReLUs."
    );
    support::save(
        "vanishing_gradients",
        &support::Panels::new("Vanishing gradients", 2).panel(layers).panel(depth),
    )
}
