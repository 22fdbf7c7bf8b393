//! The network: linear layers with an activation between them.

use chainrule::graph::Properties;
use chainrule::nn::{ConfigError, activation};
use chainrule::prelude::*;
use serde_json::json;

/// A classifier of digits: hidden layers of some widths, which are those behind the activation, and one output for each
/// class.
#[derive(Debug)]
pub struct Network {
    hidden: Vec<usize>,
    activation: String,
    model: Sequential,
}

impl Network {
    /// The network with these hidden layers, each followed by the activation of this name.
    ///
    /// Weights and biases start as [`fitting`] has it.
    ///
    /// # Errors
    /// [`ConfigError`] if there is no such activation.
    pub fn new(hidden: Vec<usize>, activation: &str) -> Result<Self, ConfigError> {
        let found = activation::by_name::<f32>(activation)?;
        let (properties, divisor) = (found.properties(), found.divisor());
        let mut model = Sequential::new();
        let mut inputs = Digits::PIXELS;
        for &width in &hidden {
            model = model
                .layer(fitting(Linear::new(inputs, width * divisor), &properties))
                .layer(activation::by_name(activation)?);
            inputs = width;
        }
        let output = Linear::new(inputs, Digits::CLASSES).weight_init(init::Glorot::uniform()).bias_init(0.0);
        Ok(Network { hidden, activation: activation.to_owned(), model: model.layer(output) })
    }

    /// The layers, from 64 pixels to 10 logits.
    pub fn model(&self) -> &Sequential {
        &self.model
    }

    /// The widths of the hidden layers.
    pub fn hidden(&self) -> &[usize] {
        &self.hidden
    }

    /// What the hidden layers apply.
    pub fn activation(&self) -> &str {
        &self.activation
    }

    /// What a file must say of the network so that it can be built again: a JSON object.
    pub fn description(&self, seed: u64) -> String {
        json!({
            "network": "linear layers with an activation between them; the outputs are logits",
            "inputs": Digits::PIXELS,
            "input_scale": 1.0 / f64::from(Digits::INK),
            "hidden": self.hidden,
            "activation": self.activation,
            "outputs": Digits::CLASSES,
            "seed": seed,
        })
        .to_string()
    }
}

/// The layer with first values that fit the activation behind it.
///
/// Weights start by He's rule, which keeps the size of values where the activation lets large ones pass, or by
/// Glorot's, which minds the gradients too where it is bounded; biases start at 0.
pub fn fitting(linear: Linear, activation: &Properties) -> Linear {
    if activation.range.1.is_infinite() {
        linear.weight_init(init::He::normal().gain(activation.gain)).bias_init(0.0)
    } else {
        linear.weight_init(init::Glorot::uniform().gain(activation.gain)).bias_init(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_alternate_and_end_in_logits() {
        let kinds = |hidden: &[usize]| -> Vec<String> {
            let network = Network::new(hidden.to_vec(), "tanh").unwrap();
            network.model().layers().iter().map(|layer| layer.kind().to_owned()).collect()
        };
        assert_eq!(kinds(&[]), ["linear"]);
        assert_eq!(kinds(&[8, 4]), ["linear", "tanh", "linear", "tanh", "linear"]);
    }

    #[test]
    fn weights_start_at_the_size_that_suits_the_activation() {
        let deviation = |activation: &str| {
            let params = Network::new(vec![200], activation).unwrap().model().init([64], 0).unwrap();
            let weights = params.get("0.weight").unwrap();
            assert!(params.get("0.bias").unwrap().values().iter().all(|&bias| bias == 0.0));
            (weights.values().iter().map(|w| w * w).sum::<f32>() / weights.values().len() as f32).sqrt()
        };
        let close = |got: f32, expected: f32| assert!((got / expected - 1.0).abs() < 0.03, "{got} {expected}");
        close(deviation("relu"), (2.0_f32 / 64.0).sqrt());
        close(deviation("tanh"), 5.0 / 3.0 * (2.0_f32 / 264.0).sqrt());
    }

    #[test]
    fn the_description_has_the_same_text_each_time() {
        assert_eq!(
            Network::new(vec![64, 32], "elu").unwrap().description(7),
            r#"{"activation":"elu","hidden":[64,32],"input_scale":0.0625,"inputs":64,"network":"linear layers with an activation between them; the outputs are logits","outputs":10,"seed":7}"#
        );
    }
}
