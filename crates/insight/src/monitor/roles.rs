use std::collections::HashMap;

use chainrule_graph::{Pointwise, Properties, WatchedOp};
use chainrule_nn::activation;
use chainrule_tensor::Real;

use super::LayerInfo;

/// The part that an operation of the plan plays in a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role {
    /// The layer's place among the layers.
    pub(super) layer: usize,
    /// True if it makes the layer's pre-activations from weights.
    pub(super) weights: bool,
    /// True if it makes the layer's activations.
    pub(super) activation: bool,
}

/// Which operations belong to which layers: found in the first observed pass, and then looked up.
#[derive(Debug, Default)]
pub(super) struct Roles {
    by_position: HashMap<usize, Role>,
}

impl Roles {
    pub(super) fn of<T: Real>(&self, op: WatchedOp<'_, T>) -> Option<Role> {
        self.by_position.get(&op.position()).copied()
    }

    /// Adds the next operation of the model.
    pub(super) fn add<T: Real>(&mut self, op: WatchedOp<'_, T>, layers: &mut Vec<LayerInfo>) {
        let (activation, weights) = (activation_of(op), has_weights(op));
        if activation.is_none() && !weights {
            return;
        }
        let before =
            op.position().checked_sub(1).and_then(|before| self.by_position.get(&before).copied());
        let continued = before
            .filter(|before| !weights && before.weights && !before.activation && op.continues());
        let layer = continued.map_or(layers.len(), |before| before.layer);
        if continued.is_none() {
            let name = if op.is_fused() {
                op.name().split(" + ").next().unwrap_or_default()
            } else {
                op.name()
            };
            layers.push(LayerInfo {
                path: op.first_layer().to_owned(),
                op: name.to_owned(),
                activation: None,
                properties: Properties::default(),
                units: op.shape().as_rows().1,
                weighted: weights,
                output: false,
            });
        }
        let is_activation = activation.is_some();
        if let Some((name, properties)) = activation {
            (layers[layer].activation, layers[layer].properties) = (Some(name), properties);
        }
        self.by_position.insert(op.position(), Role { layer, weights, activation: is_activation });
    }
}

/// The activation that an operation is or ends in: one of the list that keeps the shape, or a
/// function of one's own that states its properties.
fn activation_of<T: Real>(op: WatchedOp<'_, T>) -> Option<(String, Properties)> {
    if let Some(function) = op.function() {
        let (name, properties) = (Pointwise::name(&**function), function.properties());
        let known = activation::all::<T>().iter().any(|activation| activation.kind() == name);
        return (known || properties.lipschitz.is_finite()).then(|| (name.to_owned(), properties));
    }
    let known =
        activation::all::<T>().into_iter().find(|activation| activation.kind() == op.name())?;
    let keeps = op.input_shapes().first() == Some(&op.shape());
    (keeps && !known.for_outputs()).then(|| (op.name().to_owned(), known.properties()))
}

/// Returns true if it is a product, or has a matrix of parameters.
fn has_weights<T: Real>(op: WatchedOp<'_, T>) -> bool {
    let name = op.name().split(" + ").next().unwrap_or_default();
    let matrices = op.input_shapes().iter().enumerate().filter(|(_, shape)| shape.rank() >= 2);
    matches!(name, "affine" | "matmul")
        || matrices.into_iter().any(|(input, _)| op.parameter(input).is_some())
}
