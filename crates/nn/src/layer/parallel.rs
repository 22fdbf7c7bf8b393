use chainrule_graph::Var;
use chainrule_tensor::Real;

use super::{Layer, Listed, nested};
use crate::Configure;

/// Several layers on the same input, their outputs one behind the other along the last axis:
/// `y = [f_0(x), f_1(x), ..]`. Parameters carry the layer's position in front, as in
/// [`Sequential`](crate::Sequential).
///
/// As text, `parallel[linear(outputs=4), identity]`. No layer at all, or outputs that differ in
/// another axis than the last, are mistakes that planning reports.
///
/// ```
/// use chainrule_nn::activation::Identity;
/// use chainrule_nn::{Linear, Model, Parallel};
///
/// // Eight learned features beside the four raw ones.
/// let model = Parallel::new().layer(Linear::new(4, 8)).layer(Identity);
/// assert_eq!(model.summary([4])?.rows().len(), 2);
/// # Ok::<(), chainrule_graph::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Parallel<T: Real = f32> {
    layers: Vec<Box<dyn Layer<T>>>,
    /// That of the deepest of them.
    depth: usize,
}

impl<T: Real> Default for Parallel<T> {
    fn default() -> Self {
        Parallel { layers: Vec::new(), depth: 0 }
    }
}

impl Parallel {
    /// No layer yet, in `f32`.
    #[must_use]
    pub fn new() -> Self {
        Parallel::default()
    }
}

impl<T: Real> Parallel<T> {
    /// Adds a layer beside the others. Layers may lie at most [`MAX_DEPTH`](super::MAX_DEPTH) deep
    /// in each other.
    #[must_use]
    pub fn layer(mut self, layer: impl Layer<T> + 'static) -> Self {
        let (layer, depth) = nested(layer);
        self.layers.push(layer);
        self.depth = self.depth.max(depth);
        self
    }
}

impl<T: Real> Layer<T> for Parallel<T> {
    fn kind(&self) -> &str {
        "parallel"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        let graph = x.graph();
        let branches = self.layers.iter().enumerate();
        let outputs: Vec<Var<'g, T>> = branches
            .map(|(position, layer)| {
                graph.layer(&position.to_string(), layer.kind(), || layer.forward(x))
            })
            .collect();
        let Some(last) = outputs.first().and_then(|output| output.shape().rank().checked_sub(1))
        else {
            graph.fail("parallel: needs at least one layer, and outputs with at least one axis");
            return x;
        };
        graph.concat(last, &outputs)
    }

    fn depth(&self) -> usize {
        1 + self.depth
    }
}

impl<T: Real> Configure for Parallel<T> {
    fn formula(&self) -> &'static str {
        "[f_0(x), f_1(x), ..]"
    }
}

impl<T: Real> Listed<T> for Parallel<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Linear;
    use crate::activation::Identity;
    use crate::layer::check::{evaluated, mistake};
    use chainrule_tensor::Tensor;

    #[test]
    fn outputs_stand_side_by_side() {
        let x = Tensor::from_rows([[1.0, -2.0], [3.0, 4.0]]);
        let layer = Parallel::default().layer(Linear::new(2, 1).without_bias()).layer(Identity);
        let y = evaluated(&layer, &x, |params| {
            params.get_mut("0.weight").unwrap().copy_from_slice(&[1.0, 10.0])
        });
        assert_eq!(y, Tensor::from_rows([[-19.0, 1.0, -2.0], [43.0, 3.0, 4.0]]));
    }

    #[test]
    fn without_layers_there_is_nothing_to_put_side_by_side() {
        let message = "parallel: needs at least one layer, and outputs with at least one axis";
        assert_eq!(mistake(&Parallel::default(), [2, 3]), message);
    }
}
