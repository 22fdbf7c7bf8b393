use std::sync::Arc;

use chainrule_graph::{Initialiser, Var};
use chainrule_tensor::Real;

use super::Layer;
use crate::init::{He, Uniform};

/// A fully connected layer: `y = x w + b` for `x: [.., inputs]`, with parameters `weight: [inputs, outputs]` and
/// `bias: [outputs]`.
///
/// By default both are drawn as in PyTorch, uniformly from `+-1 / sqrt(inputs)`. Note that PyTorch stores weights as
/// `[outputs, inputs]`.
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
    inputs: usize,
    outputs: usize,
    weight_init: Arc<dyn Initialiser>,
    /// `None` for a layer without bias.
    bias_init: Option<Arc<dyn Initialiser>>,
}

impl Linear {
    /// The layer from `inputs` features to `outputs` features.
    #[must_use]
    pub fn new(inputs: usize, outputs: usize) -> Self {
        let bound = 1.0 / (inputs as f64).sqrt();
        Linear {
            inputs,
            outputs,
            // sqrt(3) gain / sqrt(fan in) is the bound of He's uniform rule.
            weight_init: Arc::new(He::uniform().gain(1.0 / 3.0_f64.sqrt())),
            bias_init: Some(Arc::new(Uniform::new(-bound, bound))),
        }
    }

    /// How the weights get their first values.
    #[must_use]
    pub fn weight_init(mut self, initialiser: impl Initialiser + 'static) -> Self {
        self.weight_init = Arc::new(initialiser);
        self
    }

    /// How the bias gets its first values.
    #[must_use]
    pub fn bias_init(mut self, initialiser: impl Initialiser + 'static) -> Self {
        self.bias_init = Some(Arc::new(initialiser));
        self
    }

    /// The layer without a bias: `y = x w`.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias_init = None;
        self
    }
}

impl<T: Real> Layer<T> for Linear {
    fn kind(&self) -> &str {
        "linear"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        if self.inputs == 0 || self.outputs == 0 {
            graph.fail(format!("linear: {} inputs and {} outputs; both must be at least 1", self.inputs, self.outputs));
        }
        let weight = graph.param("weight", [self.inputs, self.outputs], Arc::clone(&self.weight_init));
        match &self.bias_init {
            Some(init) => x.affine(weight, graph.param("bias", [self.outputs], Arc::clone(init))),
            None => x.matmul(weight),
        }
    }
}
