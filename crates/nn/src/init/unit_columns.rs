use chainrule_graph::{Graph, NodeId, Params};
use chainrule_tensor::random::{self, generator};
use chainrule_tensor::{Real, Tensor};

use super::{FromData, Normal};
use crate::config::settings;
use crate::{Layer, PredictError};

settings! {
    "unit_columns": "normal, each column divided by the deviation of what comes out for some \
                     inputs; biases minus mixtures of that, layer by layer: needs data";

    /// First values from data for each unit. Weights are drawn normally with deviation 1, and
    /// divided by the (population) deviation of what the unit gives for a batch of inputs. The bias
    /// is minus a random mean of what it gives for a few of them.
    ///
    /// It goes from the input on through the [`Linear`](crate::Linear) and
    /// [`NtkLinear`](crate::NtkLinear) layers, so that each sees what the ones before it give with
    /// their new values. The mean has weights drawn from an exponential distribution and divided by
    /// their sum ("he+5"): a unit's kink lies where the data are, and not all kinks lie together.
    /// Layers behave as in training, dropout included. Weights of a unit that gives the same for
    /// all inputs stay as they are drawn.
    ///
    /// ```
    /// use chainrule_nn::init::{FromData, UnitColumns};
    /// use chainrule_nn::{Model, NtkLinear, Sequential};
    /// use chainrule_tensor::{Tensor, random::generator};
    ///
    /// let model = Sequential::new().layer(NtkLinear::to(8)).selu().layer(NtkLinear::to(2));
    /// let mut params = model.init([3], 0)?;
    /// let inputs = Tensor::normal([64, 3], 5.0, 2.0, &mut generator(1))?;
    /// UnitColumns::default().initialise(&model, &mut params, &inputs, 0)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Sources: for the weights Mishkin and Matas, "All you need is a good init", 2016; for the
    /// biases Steinwart, "A Sober Look at Neural Network Initializations", 2019, and Holzmüller,
    /// Grinsztajn and Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
    /// Tabular Data", 2024.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct UnitColumns {
        /// The number of inputs that a bias mixes.
        pub samples: usize = 5, at_least(1);
    }
}

impl<T: Real> FromData<T> for UnitColumns {
    fn name(&self) -> &'static str {
        "unit_columns"
    }

    fn initialise(
        &self,
        model: &dyn Layer<T>,
        params: &mut Params<T>,
        inputs: &Tensor<T>,
        seed: u64,
    ) -> Result<(), PredictError> {
        let rows = match inputs.shape().first() {
            None | Some(0) => return Err(PredictError::NoBatch),
            Some(&rows) => rows,
        };
        let graph = Graph::with_params(params);
        let x = graph.input("input", inputs.shape());
        let output = model.forward(x);
        let layers: Vec<(String, NodeId)> = graph
            .layers()
            .into_iter()
            .filter(|layer| matches!(&*layer.kind, "linear" | "ntk_linear"))
            .map(|layer| (layer.path, layer.value))
            .collect();
        for (_, value) in &layers {
            let _ = graph.named(*value).keep();
        }
        let plan = graph.plan_forward(&[output])?;
        let mut workspace = plan.workspace();
        workspace.seed(seed);
        workspace.input_mut(x).copy_from_slice(inputs.values());

        for (path, _) in &layers {
            let weight = format!("{path}.weight");
            if params.get(&weight).is_some() {
                params.draw(&weight, &Normal::default(), seed)?;
            }
            params.get_mut(&format!("{path}.bias")).into_iter().for_each(|bias| bias.fill(T::ZERO));
        }
        let mut generator = generator(seed);
        let mut mixture = vec![0.0; self.samples];
        for (path, value) in &layers {
            plan.forward(params, &mut workspace);
            let given = workspace.value(*value);
            let units = given.shape().last().copied().unwrap_or(1);
            // More axes than those of the batch and of the units are as many more rows.
            let given = given.values();
            let rows = given.len().checked_div(units).unwrap_or(rows);
            let deviations = deviations(given, units);
            if let Some(weight) = params.get_mut(&format!("{path}.weight")) {
                for row in weight.chunks_exact_mut(units.max(1)) {
                    row.iter_mut().zip(&deviations).for_each(|(w, d)| *w /= T::from_f64(*d));
                }
            }
            let Some(bias) = params.get_mut(&format!("{path}.bias")) else { continue };
            for (unit, bias) in bias.iter_mut().enumerate() {
                // An exponential number is minus the logarithm of a uniform one.
                random::uniform(&mut mixture, 0.0..1.0, &mut generator)
                    .expect("the range is sound");
                mixture.iter_mut().for_each(|share| *share = -(1.0 - *share).ln());
                let sum: f64 = mixture.iter().sum();
                let mut mean = 0.0;
                for share in &mixture {
                    let mut place = [0.0];
                    random::uniform(&mut place, 0.0..rows as f64, &mut generator)
                        .expect("the range is sound");
                    let row = (place[0] as usize).min(rows - 1);
                    mean += share * given[row * units + unit].to_f64();
                }
                let mean = if sum > 0.0 { mean / sum } else { 0.0 };
                *bias = T::from_f64(-mean / deviations[unit]);
            }
        }
        Ok(())
    }
}

/// The population deviation of each unit; 1 for one that gives the same for all rows.
fn deviations<T: Real>(given: &[T], units: usize) -> Vec<f64> {
    let rows = (given.len() / units.max(1)).max(1) as f64;
    let mut means = vec![0.0; units];
    for row in given.chunks_exact(units.max(1)) {
        means.iter_mut().zip(row).for_each(|(mean, x)| *mean += x.to_f64() / rows);
    }
    let mut squares = vec![0.0; units];
    for row in given.chunks_exact(units.max(1)) {
        for ((square, x), mean) in squares.iter_mut().zip(row).zip(&means) {
            *square += (x.to_f64() - mean).powi(2) / rows;
        }
    }
    let root = |square: &f64| if *square > 0.0 { square.sqrt() } else { 1.0 };
    squares.iter().map(root).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, NtkLinear, Sequential};

    fn model() -> Sequential<f64> {
        Sequential::default().layer(NtkLinear::to(20)).selu().linear(20, 30).layer(NtkLinear::to(3))
    }

    fn inputs() -> Tensor<f64> {
        Tensor::normal([200, 4], 3.0, 5.0, &mut generator(1)).unwrap()
    }

    fn drawn(seed: u64) -> Params<f64> {
        let mut params = model().init([4], 0).unwrap();
        UnitColumns::default().initialise(&model(), &mut params, &inputs(), seed).unwrap();
        params
    }

    #[test]
    fn every_unit_of_every_layer_has_deviation_one() {
        let params = drawn(7);
        let layers = [
            Sequential::<f64>::default().layer(NtkLinear::to(20)),
            Sequential::default().layer(NtkLinear::to(20)).selu().linear(20, 30),
            model(),
        ];
        for layer in &layers {
            let own = layer.init([4], 0).unwrap();
            let mut part = own.clone();
            for (name, _) in own.iter() {
                part.get_mut(name).unwrap().copy_from_slice(params.get(name).unwrap().values());
            }
            let given = layer.predict(&part, &inputs()).unwrap();
            let units = given.shape()[1];
            for (unit, deviation) in deviations(given.values(), units).iter().enumerate() {
                assert!((deviation - 1.0).abs() < 1e-9, "{unit} of {units}: {deviation}");
                // The bias takes away what lies among the unit's values.
                let of_unit = given.values().iter().skip(unit).step_by(units);
                let (least, most) = of_unit
                    .fold((f64::MAX, f64::MIN), |(least, most), x| (least.min(*x), most.max(*x)));
                assert!(least < 0.0 && most > 0.0, "{unit} of {units}: {least} to {most}");
            }
        }
    }

    #[test]
    fn the_seed_decides_and_a_constant_unit_stays() {
        assert_eq!(drawn(7).values(), drawn(7).values());
        assert_ne!(drawn(7).values(), drawn(8).values());
        let layer = NtkLinear::to(3);
        let mut params: Params<f64> = layer.init([2], 0).unwrap();
        let zeros = Tensor::zeros([5, 2]);
        UnitColumns::default().initialise(&layer, &mut params, &zeros, 1).unwrap();
        assert!(params.values().iter().all(|w| w.is_finite()));
        let none =
            UnitColumns::default().initialise(&layer, &mut params, &Tensor::zeros([0, 2]), 1);
        assert!(matches!(none, Err(PredictError::NoBatch)));
    }
}
