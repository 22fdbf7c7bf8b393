use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::{Layer, Listed, Sequential, nested};
use crate::Configure;

/// `y = x + inner(x)` around any layer whose output has the shape of its input; the gradient is
/// `g + inner'(x) g`, so that it also has a way around the layer. The inner layer's parameters
/// carry `inner.` in front.
///
/// As text, `residual[layer_norm, linear(outputs=8), relu]` is the one around these layers in
/// sequence. Another shape behind the inner layer is a mistake that planning reports.
///
/// ```
/// use chainrule_nn::{Linear, Model, Residual, Sequential};
///
/// let block = Sequential::new().linear(8, 8).relu().linear(8, 8);
/// let model = Sequential::new().linear(4, 8).layer(Residual::new(block)).linear(8, 2);
/// let params = model.init([4], 0)?;
/// assert!(params.get("1.inner.0.weight").is_some());
/// # Ok::<(), chainrule_graph::BuildError>(())
/// ```
///
/// Source: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2016.
#[derive(Debug)]
pub struct Residual<T: Real = f32> {
    inner: Box<dyn Layer<T>>,
    depth: usize,
}

impl<T: Real> Residual<T> {
    /// Around this layer. Layers may lie at most [`MAX_DEPTH`](super::MAX_DEPTH) deep in each
    /// other.
    #[must_use]
    pub fn new(inner: impl Layer<T> + 'static) -> Self {
        let (inner, depth) = nested(inner);
        Residual { inner, depth }
    }
}

impl<T: Real> From<Sequential<T>> for Residual<T> {
    fn from(layers: Sequential<T>) -> Self {
        Residual::new(layers)
    }
}

impl<T: Real> Layer<T> for Residual<T> {
    fn kind(&self) -> &str {
        "residual"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        let y = graph.layer("inner", self.inner.kind(), || self.inner.forward(x));
        // Broadcasting would let some other shapes pass.
        if y.shape() != x.shape() {
            graph.fail(format!(
                "residual: the inner layer gives {} for {}; the shape must stay as it is",
                y.shape(),
                x.shape()
            ));
        }
        x + y
    }

    fn depth(&self) -> usize {
        1 + self.depth
    }
}

impl<T: Real> Configure for Residual<T> {
    fn formula(&self) -> &'static str {
        "x + inner(x)"
    }
}

impl<T: Real> Listed<T> for Residual<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Linear;
    use crate::layer::check::{evaluated, mistake};
    use chainrule_tensor::Tensor;

    #[test]
    fn the_input_is_added() {
        let x = Tensor::from_rows([[1.0, -2.0]]);
        let y = evaluated(&Residual::new(Linear::new(2, 2)), &x, |params| {
            params.get_mut("inner.weight").unwrap().copy_from_slice(&[1.0, 2.0, 3.0, 4.0]);
            params.get_mut("inner.bias").unwrap().copy_from_slice(&[0.5, 0.0]);
        });
        assert_eq!(y.values(), [1.0 + (1.0 - 6.0 + 0.5), -2.0 + (2.0 - 8.0)]);
    }

    #[test]
    fn another_shape_is_a_mistake() {
        assert_eq!(
            mistake(&Residual::new(Linear::new(3, 1)), [5, 3]),
            "residual: the inner layer gives [5, 1] for [5, 3]; the shape must stay as it is"
        );
    }
}
