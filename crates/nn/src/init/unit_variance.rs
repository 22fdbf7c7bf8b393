use std::str::FromStr;

use chainrule_graph::{Graph, Initialiser, NodeId, Params};
use chainrule_tensor::{Real, Tensor, random, reduce};

use super::Orthogonal;
use crate::config::{Aliases, Family, settings};
use crate::{ConfigError, Layer, PredictError};

settings! {
    "unit_variance":
        "orthonormal, then divided by the deviation of what comes out for some inputs, layer by \
         layer: needs data";

    /// Layer-sequential unit variance: first values from data instead of a formula.
    ///
    /// The weights of every [`Linear`](crate::Linear) layer become orthonormal. Then, layer by
    /// layer from the input on, they are divided by the standard deviation of what comes out for a
    /// batch of inputs. That ends when the variance over all samples and outputs is 1 within
    /// `tolerance`. Biases and all other layers stay as they are; layers behave as in evaluation.
    ///
    /// ```
    /// use chainrule_nn::init::UnitVariance;
    /// use chainrule_nn::{Model, Sequential};
    /// use chainrule_tensor::{Tensor, random::generator};
    ///
    /// let deep = (0..10).fold(Sequential::new(), |model, _| model.linear(20, 20).tanh());
    /// let mut params = deep.init([20], 0)?;
    /// let inputs = Tensor::normal([100, 20], 0.0, 3.0, &mut generator(1))?;
    /// let report = UnitVariance::default().apply(&deep, &mut params, &inputs)?;
    /// assert_eq!(report.len(), 10);
    /// assert!(report.iter().all(|layer| (layer.variance - 1.0).abs() < 0.1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// As text: `"unit_variance(tolerance=0.02)".parse::<UnitVariance>()`, or `lsuv`.
    ///
    /// Source: Mishkin and Matas, "All you need is a good init", 2016.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct UnitVariance {
        /// How far the variance may be from 1; 0.1 in the paper.
        pub tolerance: f64 = 0.1, above(0.0);
        /// The most divisions for a layer.
        pub attempts: usize = 10;
        ..
        /// The seed of the orthonormal weights; 0 by default.
        pub seed: u64 = 0;
    }
}

/// The effect of [`UnitVariance`] on one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitVarianceLayer {
    /// The layer's path, such as `2`.
    pub path: String,
    /// The variance of what came out with orthonormal weights.
    pub orthonormal: f64,
    /// The variance in the end: not within the tolerance where the attempts did not suffice, as
    /// with an output that does not depend on the weights.
    pub variance: f64,
    /// How often the weights were divided.
    pub divisions: usize,
}

impl FromStr for UnitVariance {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let entries = vec![Box::new(UnitVariance::default())];
        let family = Family::new("initialiser from data", |_: &Self| "unit_variance", entries);
        family.with_aliases(Self::ALIASES).only(text)
    }
}

impl UnitVariance {
    /// Its other names.
    pub const ALIASES: Aliases =
        &[("lsuv", "unit_variance"), ("layer_sequential_unit_variance", "unit_variance")];

    /// Rewrites the weights of the linear layers among `params`, and reports on each, in order. A
    /// model without linear layers inside of another one, such as
    /// [`Sequential`](crate::Sequential), gets an empty report.
    ///
    /// # Errors
    /// As [`Model::predict`](crate::Model::predict). The parameters then are as they were.
    pub fn apply<T: Real>(
        &self,
        model: &dyn Layer<T>,
        params: &mut Params<T>,
        inputs: &Tensor<T>,
    ) -> Result<Vec<UnitVarianceLayer>, PredictError> {
        if inputs.shape().is_empty() {
            return Err(PredictError::NoBatch);
        }
        let graph = Graph::with_params(params).evaluating();
        let x = graph.input("input", inputs.shape());
        let output = model.forward(x);
        let linear: Vec<(String, NodeId)> = graph
            .layers()
            .into_iter()
            .filter(|layer| layer.kind == "linear")
            .map(|layer| (layer.path, layer.value))
            .collect();
        for (_, value) in &linear {
            let _ = graph.named(*value).keep();
        }
        let plan = graph.plan_forward(&[output])?;
        let mut workspace = plan.workspace();
        workspace.input_mut(x).copy_from_slice(inputs.values());

        for (position, (path, _)) in linear.iter().enumerate() {
            let name = format!("{path}.weight");
            let Some(shape) = params.get(&name).map(|weight| weight.shape()) else { continue };
            let mut drawn = vec![0.0; shape.elements()];
            let mut generator = random::generator(self.seed.wrapping_add(position as u64));
            if Orthogonal::default().fill(shape, &mut drawn, &mut generator).is_ok() {
                rewrite(params, &name, |i, _| T::from_f64(drawn[i]));
            }
        }
        let mut variance = |params: &Params<T>, value: NodeId| {
            plan.forward(params, &mut workspace);
            variance(workspace.value(value).values())
        };
        let mut report = Vec::new();
        for (path, value) in linear {
            let orthonormal = variance(params, value);
            let mut layer =
                UnitVarianceLayer { path, orthonormal, variance: orthonormal, divisions: 0 };
            let name = format!("{}.weight", layer.path);
            while (layer.variance - 1.0).abs() >= self.tolerance
                && layer.variance > 0.0
                && layer.variance.is_finite()
                && layer.divisions < self.attempts
            {
                let deviation = T::from_f64(layer.variance.sqrt());
                rewrite(params, &name, |_, w| w / deviation);
                layer.divisions += 1;
                layer.variance = variance(params, value);
            }
            report.push(layer);
        }
        Ok(report)
    }
}

fn rewrite<T: Real>(params: &mut Params<T>, name: &str, f: impl Fn(usize, T) -> T) {
    let weights = params.get_mut(name).into_iter().flatten();
    weights.enumerate().for_each(|(i, w)| *w = f(i, *w));
}

/// The variance of all values together.
fn variance<T: Real>(values: &[T]) -> f64 {
    let n = values.len() as f64;
    let mean = reduce::sum(values) / n;
    values.iter().map(|x| (x.to_f64() - mean).powi(2)).sum::<f64>() / n
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Linear, Model, Sequential};

    fn inputs() -> Tensor<f64> {
        Tensor::normal([200, 12], 1.0, 5.0, &mut random::generator(1)).unwrap()
    }

    #[test]
    fn every_linear_layer_gets_unit_variance_in_order() {
        let model = Sequential::double()
            .linear(12, 30)
            .relu()
            .batch_norm()
            .linear(30, 30)
            .relu()
            .linear(30, 4);
        let mut params = model.init([12], 3).unwrap();
        let before = params.clone();
        let settings = UnitVariance { tolerance: 0.01, ..UnitVariance::default() };
        let report = settings.apply(&model, &mut params, &inputs()).unwrap();
        assert_eq!(
            report.iter().map(|layer| layer.path.as_str()).collect::<Vec<_>>(),
            ["0", "3", "5"]
        );
        for layer in &report {
            assert!((layer.variance - 1.0).abs() < 0.01 && layer.divisions > 0, "{layer:?}");
        }
        assert!(report[0].orthonormal > 9.0, "{:?}", report[0]);
        // The first layer's weights are orthonormal rows, all of one length.
        let w = params.get("0.weight").unwrap();
        let length =
            |row: usize| w.values()[row * 30..(row + 1) * 30].iter().map(|w| w * w).sum::<f64>();
        assert!((1..12).all(|row| (length(row) / length(0) - 1.0).abs() < 1e-12));
        assert_eq!(params.get("0.bias").unwrap().values(), before.get("0.bias").unwrap().values());
        // What the report says is what a prediction has.
        let output = model.predict(&params, &inputs()).unwrap();
        assert_eq!(variance(output.values()), report[2].variance);
        let mut again = before.clone();
        assert_eq!(settings.apply(&model, &mut again, &inputs()).unwrap(), report);
    }

    #[test]
    fn settings_are_read_from_text() {
        let expected = UnitVariance { tolerance: 0.02, attempts: 3, seed: 0 };
        assert_eq!(
            "unit_variance(tolerance=0.02, attempts=3)".parse::<UnitVariance>().unwrap(),
            expected
        );
        assert_eq!("LSUV".parse::<UnitVariance>().unwrap(), UnitVariance::default());
        let error = "lsuv(tolerance=0)".parse::<UnitVariance>().unwrap_err().to_string();
        assert_eq!(error, "unit_variance: tolerance must be finite and above 0, but it is 0");
    }

    #[test]
    fn a_layer_that_gives_one_value_is_left_and_reported() {
        let model = Sequential::double().layer(Linear::new(12, 3).bias_init(2.0));
        let mut params = model.init([12], 0).unwrap();
        let report =
            UnitVariance::default().apply(&model, &mut params, &Tensor::zeros([5, 12])).unwrap();
        assert_eq!((report[0].variance, report[0].divisions), (0.0, 0));
        let none = UnitVariance::default().apply(&model, &mut params, &Tensor::scalar(1.0));
        assert!(matches!(none, Err(PredictError::NoBatch)));
        assert!(
            UnitVariance::default().apply(&model, &mut params, &Tensor::zeros([5, 3])).is_err()
        );
    }
}
