use std::sync::Arc;

use chainrule_graph::{Initialiser, Var};
use chainrule_tensor::Real;

use super::{Layer, Listed, checked};
use crate::config::settings;
use crate::init::{He, Uniform};

settings! {
    "linear": "x w + b";

    /// A fully connected layer: `y = x w + b` for `x: [.., inputs]`, with parameters
    /// `weight: [inputs, outputs]` and `bias: [outputs]`.
    ///
    /// [`Linear::to`] takes as many inputs as the last axis has. By default both parameters are
    /// drawn as in PyTorch, uniformly from `+-1 / sqrt(inputs)`. Note that PyTorch stores weights
    /// as `[outputs, inputs]`.
    ///
    /// ```
    /// use chainrule_nn::init::He;
    /// use chainrule_nn::{Linear, Model};
    ///
    /// let layer = Linear::new(64, 10).weight_init(He::normal()).bias_init(0.0);
    /// let params: chainrule_graph::Params = layer.init([64], 7)?;
    /// assert_eq!(params.count(), 650);
    /// assert_eq!(params.get("bias").unwrap().values(), [0.0; 10]);
    /// # Ok::<(), chainrule_graph::BuildError>(())
    /// ```
    #[derive(Clone, Debug)]
    pub struct Linear {
        /// The number of inputs; `None` for as many as there are.
        inputs: Option<usize> = None, at_least(1);
        /// The number of outputs.
        outputs: usize = 1, at_least(1);
        /// Adds a bias.
        bias: bool = true;
        ..
        /// `None` for the default.
        weight_init: Option<Arc<dyn Initialiser>> = None;
        bias_init: Option<Arc<dyn Initialiser>> = None;
    }
}

impl Linear {
    /// The layer from `inputs` features to `outputs` features.
    #[must_use]
    pub fn new(inputs: usize, outputs: usize) -> Self {
        Linear { inputs: Some(inputs), ..Linear::to(outputs) }
    }

    /// The layer from as many features as there are to `outputs` features.
    #[must_use]
    pub fn to(outputs: usize) -> Self {
        Linear { outputs, ..Linear::default() }
    }

    /// How the weights get their first values.
    #[must_use]
    pub fn weight_init(mut self, initialiser: impl Initialiser + 'static) -> Self {
        self.weight_init = Some(Arc::new(initialiser));
        self
    }

    /// How the bias gets its first values.
    #[must_use]
    pub fn bias_init(mut self, initialiser: impl Initialiser + 'static) -> Self {
        self.bias_init = Some(Arc::new(initialiser));
        self.bias = true;
        self
    }

    /// The layer without a bias: `y = x w`.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }
}

impl<T: Real> Layer<T> for Linear {
    fn kind(&self) -> &str {
        "linear"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        checked(graph, self);
        let inputs = self.inputs.unwrap_or(x.features());
        let weight_init = self.weight_init.clone().unwrap_or_else(|| Arc::new(default_weights()));
        let weight = graph.param("weight", [inputs, self.outputs], weight_init);
        if !self.bias {
            return x.matmul(weight);
        }
        let bias_init = self.bias_init.clone().unwrap_or_else(|| Arc::new(default_bias(inputs)));
        x.affine(weight, graph.param("bias", [self.outputs], bias_init))
    }
}

/// Uniformly from `+-1 / sqrt(inputs)`: `sqrt(3) gain / sqrt(fan in)` is the bound of He's uniform
/// rule.
pub(super) fn default_weights() -> He {
    He::uniform().gain(1.0 / 3.0_f64.sqrt())
}

/// Uniformly from `+-1 / sqrt(inputs)`.
pub(super) fn default_bias(inputs: usize) -> Uniform {
    let bound = 1.0 / (inputs.max(1) as f64).sqrt();
    Uniform::new(-bound, bound)
}

impl<T: Real> Listed<T> for Linear {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;
    use crate::layer::check::mistake;
    use chainrule_graph::Params;

    #[test]
    fn the_number_of_inputs_can_be_left_open() {
        let (fixed, open): (Params<f64>, Params<f64>) =
            (Linear::new(5, 3).init([5], 1).unwrap(), Linear::to(3).init([5], 1).unwrap());
        assert_eq!(open.values(), fixed.values());
        assert_eq!(
            mistake(&Linear::to(0), [2, 5]),
            "linear: outputs must be at least 1, but it is 0"
        );
    }
}
