use std::fmt;
use std::sync::Arc;

use chainrule_tensor::{Real, Shape};

use crate::graph::{Graph, NodeId, Source};
use crate::pointwise::Pointwise;

/// A value of a [`Graph`] under recording: a small handle, free to copy, with the usual operators.
///
/// Operators between variables broadcast as in NumPy; those with a number apply it to each element.
/// The operations are methods, and functions of one's own come in through [`map`](Var::map) and
/// [`Graph::apply`].
///
/// ```
/// use chainrule_graph::Graph;
///
/// let graph = Graph::<f32>::new();
/// let x = graph.input("x", [32, 64]);
/// let centred = x - x.mean(0);
/// let loss = (centred.square() * 0.5).sum(..);
/// assert_eq!(centred.shape(), [32, 64].into());
/// assert_eq!(loss.shape(), [].into());
/// ```
pub struct Var<'g, T: Real = f32> {
    graph: &'g Graph<T>,
    index: u32,
}

impl<'g, T: Real> Var<'g, T> {
    pub(crate) fn new(graph: &'g Graph<T>, index: u32) -> Self {
        Var { graph, index }
    }

    /// The graph that it belongs to.
    #[must_use]
    pub fn graph(self) -> &'g Graph<T> {
        self.graph
    }

    /// Its shape. After a mistake in the recording it is only a guess.
    #[must_use]
    pub fn shape(self) -> Shape {
        self.graph.shape_at(self.index())
    }

    /// The length of its last axis, the number of features of a batch; 1 without axes.
    #[must_use]
    pub fn features(self) -> usize {
        self.shape().as_rows().1
    }

    /// Its name as plain data.
    #[must_use]
    pub fn id(self) -> NodeId {
        NodeId { graph: self.graph.id(), index: self.index }
    }

    /// The name of the operation that makes it, `None` for inputs, parameters and constants.
    #[must_use]
    pub fn op_name(self) -> Option<String> {
        self.graph.with_node(self.index(), |node| match &node.source {
            Source::Op(op) => Some(op.name().to_owned()),
            _ => None,
        })
    }

    /// The element-wise function that makes it, if it is one without parameters.
    #[must_use]
    pub fn pointwise(self) -> Option<Arc<dyn Pointwise<T>>> {
        self.graph.with_node(self.index(), |node| match &node.source {
            Source::Op(op) => op.pointwise().cloned(),
            _ => None,
        })
    }

    /// The operands of the operation that makes it, in order; none for inputs, parameters and
    /// constants.
    #[must_use]
    pub fn operands(self) -> Vec<Var<'g, T>> {
        let inputs = self.graph.with_node(self.index(), |node| node.inputs.clone());
        inputs.into_iter().map(|index| self.graph.var(index)).collect()
    }

    /// Asks for its value to be readable after a pass, with
    /// [`Workspace::value`](crate::Workspace::value). Inputs and the roots of a plan always are;
    /// the buffer of any other value is reused as soon as nothing needs it.
    #[must_use = "it is the variable itself, to go on with"]
    pub fn keep(self) -> Self {
        self.graph.with_node(self.index(), |node| node.keep = true);
        self
    }

    /// Asks for the gradient with respect to it to be readable after a backward pass, with
    /// [`Workspace::gradient`](crate::Workspace::gradient), be it an input or something computed.
    #[must_use = "it is the variable itself, to go on with"]
    pub fn keep_gradient(self) -> Self {
        self.graph.with_node(self.index(), |node| node.keep_gradient = true);
        self
    }

    pub(crate) fn index(self) -> usize {
        self.index as usize
    }
}

impl<T: Real> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Var<'_, T> {}

impl<T: Real> From<Var<'_, T>> for NodeId {
    fn from(var: Var<'_, T>) -> NodeId {
        var.id()
    }
}

impl<T: Real> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Var({}, {})", self.index, self.shape())
    }
}
