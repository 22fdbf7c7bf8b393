use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::{BatchNorm, Dropout, Flatten, Layer, LayerNorm, Linear, Listed, nested};
use crate::Configure;
use crate::activation::{
    Elu, Gelu, Identity, LeakyRelu, LogSoftmax, Mish, PRelu, Relu, Selu, Sigmoid, Silu, Softmax,
    Softplus, Tanh,
};

/// Layers one after the other. Parameters carry the layer's position in front: `0.weight`,
/// `0.bias`, `2.weight`.
///
/// [`Sequential::new`] starts a model in `f32`, [`Sequential::double`] one in `f64`, and
/// `Sequential::default()` one of the type that the code around it asks for.
///
/// ```
/// use chainrule_nn::{Model, Sequential};
///
/// let model = Sequential::new().linear(64, 32).relu().linear(32, 10);
/// let params = model.init([64], 0)?;
/// assert_eq!(params.count(), 64 * 32 + 32 + 32 * 10 + 10);
/// # Ok::<(), chainrule_graph::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Sequential<T: Real = f32> {
    layers: Vec<Box<dyn Layer<T>>>,
    /// That of the deepest of them.
    depth: usize,
}

impl<T: Real> Default for Sequential<T> {
    fn default() -> Self {
        Sequential { layers: Vec::new(), depth: 0 }
    }
}

impl Sequential {
    /// No layer yet: the identity, in `f32`.
    #[must_use]
    pub fn new() -> Self {
        Sequential::default()
    }
}

impl Sequential<f64> {
    /// No layer yet, in `f64`: for models whose numbers need more digits, and for gradient checks.
    ///
    /// ```
    /// use chainrule_nn::{Model, Sequential};
    /// use chainrule_tensor::Tensor;
    ///
    /// let model = Sequential::double().linear(2, 3).tanh();
    /// let params = model.init([2], 0)?;
    /// let outputs: Tensor<f64> = model.predict(&params, &Tensor::from_rows([[0.5, -1.0]]))?;
    /// assert_eq!(outputs.shape(), [1, 3].into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn double() -> Self {
        Sequential::default()
    }
}

impl<T: Real> Sequential<T> {
    /// Adds any layer. Layers may lie at most [`MAX_DEPTH`](super::MAX_DEPTH) deep in each other.
    #[must_use]
    pub fn layer(mut self, layer: impl Layer<T> + 'static) -> Self {
        let (layer, depth) = nested(layer);
        self.layers.push(layer);
        self.depth = self.depth.max(depth);
        self
    }

    /// Adds a [`Linear`] layer with its default initialisation.
    #[must_use]
    pub fn linear(self, inputs: usize, outputs: usize) -> Self {
        self.layer(Linear::new(inputs, outputs))
    }

    /// Adds a [`Sigmoid`].
    #[must_use]
    pub fn sigmoid(self) -> Self {
        self.layer(Sigmoid)
    }

    /// Adds a [`Tanh`].
    #[must_use]
    pub fn tanh(self) -> Self {
        self.layer(Tanh)
    }

    /// Adds a [`Relu`].
    #[must_use]
    pub fn relu(self) -> Self {
        self.layer(Relu)
    }

    /// Adds a [`LeakyRelu`] with its default slope.
    #[must_use]
    pub fn leaky_relu(self) -> Self {
        self.layer(LeakyRelu::default())
    }

    /// Adds a [`PRelu`] with one learned slope.
    #[must_use]
    pub fn prelu(self) -> Self {
        self.layer(PRelu::default())
    }

    /// Adds an [`Elu`] with its default scale.
    #[must_use]
    pub fn elu(self) -> Self {
        self.layer(Elu::default())
    }

    /// Adds a [`Selu`].
    #[must_use]
    pub fn selu(self) -> Self {
        self.layer(Selu)
    }

    /// Adds a [`Gelu`] in its exact form.
    #[must_use]
    pub fn gelu(self) -> Self {
        self.layer(Gelu::default())
    }

    /// Adds a [`Silu`], also known as swish.
    #[must_use]
    pub fn silu(self) -> Self {
        self.layer(Silu)
    }

    /// Adds a [`Mish`].
    #[must_use]
    pub fn mish(self) -> Self {
        self.layer(Mish)
    }

    /// Adds a [`Softplus`] with its default settings.
    #[must_use]
    pub fn softplus(self) -> Self {
        self.layer(Softplus::default())
    }

    /// Adds an [`Identity`].
    #[must_use]
    pub fn identity(self) -> Self {
        self.layer(Identity)
    }

    /// Adds a [`Softmax`]; not in front of a loss on logits.
    #[must_use]
    pub fn softmax(self) -> Self {
        self.layer(Softmax)
    }

    /// Adds a [`LogSoftmax`]; not in front of a loss on logits.
    #[must_use]
    pub fn log_softmax(self) -> Self {
        self.layer(LogSoftmax)
    }

    /// Adds a [`BatchNorm`] with its default settings.
    #[must_use]
    pub fn batch_norm(self) -> Self {
        self.layer(BatchNorm::default())
    }

    /// Adds a [`LayerNorm`] with its default settings.
    #[must_use]
    pub fn layer_norm(self) -> Self {
        self.layer(LayerNorm::default())
    }

    /// Adds a [`Dropout`] that drops each element with probability `p`.
    #[must_use]
    pub fn dropout(self, p: f64) -> Self {
        self.layer(Dropout { p })
    }

    /// Adds a [`Flatten`].
    #[must_use]
    pub fn flatten(self) -> Self {
        self.layer(Flatten)
    }

    /// The layers in order.
    #[must_use]
    pub fn layers(&self) -> &[Box<dyn Layer<T>>] {
        &self.layers
    }
}

impl<T: Real> Layer<T> for Sequential<T> {
    fn kind(&self) -> &str {
        "sequential"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        self.layers.iter().enumerate().fold(x, |x, (position, layer)| {
            x.graph().layer(&position.to_string(), layer.kind(), || layer.forward(x))
        })
    }

    fn depth(&self) -> usize {
        1 + self.depth
    }
}

impl<T: Real> Configure for Sequential<T> {
    fn formula(&self) -> &'static str {
        "f_n(.. f_1(f_0(x)))"
    }
}

impl<T: Real> Listed<T> for Sequential<T> {}
