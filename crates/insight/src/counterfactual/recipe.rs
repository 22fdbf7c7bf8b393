use std::fmt;

use chainrule_nn::{Linear, Sequential, activation};
use chainrule_tensor::Real;

use super::{CounterfactualError, init};

/// All that makes a training, by name: hidden layers of one width, an activation behind each, and a linear output.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The number of hidden layers, at least 1; 2 by default.
    pub depth: usize,
    /// The number of units in each; 32 by default. An activation that divides its features, such as maxout, leaves a
    /// part of them.
    pub width: usize,
    /// The activation behind each; `relu` by default.
    pub activation: String,
    /// The initialiser of all weights; `he_normal` by default. Biases begin at zero.
    pub initialiser: String,
    /// The loss; `cross_entropy` by default.
    pub loss: String,
    /// The optimizer; `sgd` by default, so that nothing hides the size of gradients.
    pub optimizer: String,
    /// The learning rate; 0.1 by default.
    pub learning_rate: f64,
    /// How often to go through the data; 10 by default.
    pub epochs: usize,
    /// How many samples make a step; 32 by default.
    pub batch_size: usize,
    /// The seed of first weights and of the order of samples; 0 by default.
    pub seed: u64,
}

impl Default for Recipe {
    fn default() -> Self {
        Recipe {
            depth: 2,
            width: 32,
            activation: "relu".to_owned(),
            initialiser: "he_normal".to_owned(),
            loss: "cross_entropy".to_owned(),
            optimizer: "sgd".to_owned(),
            learning_rate: 0.1,
            epochs: 10,
            batch_size: 32,
            seed: 0,
        }
    }
}

/// The one thing that is changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Knob {
    /// Another activation.
    Activation(String),
    /// Another initialiser.
    Initialiser(String),
    /// Another loss.
    Loss(String),
    /// Another optimizer, at the same learning rate.
    Optimizer(String),
    /// Another learning rate.
    LearningRate(f64),
    /// Another number of hidden layers, with as many parameters.
    Depth(usize),
    /// Another width, with another number of parameters.
    Width(usize),
    /// Another seed: how much chance alone changes.
    Seed(u64),
}

impl fmt::Display for Knob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Knob::Activation(name) => write!(f, "activation {name}"),
            Knob::Initialiser(name) => write!(f, "initialiser {name}"),
            Knob::Loss(name) => write!(f, "loss {name}"),
            Knob::Optimizer(name) => write!(f, "optimizer {name}"),
            Knob::LearningRate(rate) => write!(f, "learning rate {rate}"),
            Knob::Depth(depth) => write!(f, "depth {depth}"),
            Knob::Width(width) => write!(f, "width {width}"),
            Knob::Seed(seed) => write!(f, "seed {seed}"),
        }
    }
}

impl Recipe {
    /// The recipe with one thing changed, for samples of `inputs` features and this many outputs.
    ///
    /// # Errors
    /// A depth of 0.
    pub fn with(&self, knob: &Knob, inputs: usize, outputs: usize) -> Result<Recipe, CounterfactualError> {
        let mut changed = self.clone();
        match knob {
            Knob::Activation(name) => changed.activation.clone_from(name),
            Knob::Initialiser(name) => changed.initialiser.clone_from(name),
            Knob::Loss(name) => changed.loss.clone_from(name),
            Knob::Optimizer(name) => changed.optimizer.clone_from(name),
            Knob::LearningRate(rate) => changed.learning_rate = *rate,
            Knob::Depth(depth) => {
                changed.depth = *depth;
                changed.check()?;
                let goal = self.weights(inputs, outputs, self.width);
                let widths = 1..=goal;
                let miss = |width: &usize| changed.weights(inputs, outputs, *width).abs_diff(goal);
                changed.width = widths.min_by_key(miss).unwrap_or(1);
            }
            Knob::Width(width) => changed.width = *width,
            Knob::Seed(seed) => changed.seed = *seed,
        }
        changed.check()?;
        Ok(changed)
    }

    /// The number of weights and biases at this width.
    fn weights(&self, inputs: usize, outputs: usize, width: usize) -> usize {
        (inputs + 1) * width + (self.depth - 1) * (width + 1) * width + (width + 1) * outputs
    }

    fn check(&self) -> Result<(), CounterfactualError> {
        for (what, count) in [("depth", self.depth), ("width", self.width)] {
            if count == 0 {
                return Err(CounterfactualError::Setting(format!("the {what} must be at least 1, but it is 0")));
            }
        }
        Ok(())
    }

    /// The model.
    pub(super) fn model<T: Real>(&self, outputs: usize) -> Result<Sequential<T>, CounterfactualError> {
        self.check()?;
        let initialiser = init::by_name(&self.initialiser)?;
        let linear = |outputs| Linear::to(outputs).weight_init(initialiser.clone()).bias_init(0.0);
        let mut model = Sequential::default();
        for _ in 0..self.depth {
            let activation = activation::by_name::<T>(&self.activation)?;
            model = model.layer(linear(self.width)).layer(activation);
        }
        Ok(model.layer(linear(outputs)))
    }
}
