use chainrule_tensor::Real;

use super::Reach;
use super::draft::{Draft, is_seen};
use crate::graph::{Node, Source};

/// The nodes that are needed for the roots, and those that a gradient reaches.
pub(super) struct Reachability {
    /// Ancestors of a root, or kept.
    pub(super) needed: Vec<bool>,
    /// Ancestors of the root from which the gradient starts.
    behind: Vec<bool>,
    /// On a differentiable way from that root to a parameter or to a value whose gradient is asked
    /// for.
    pub(super) reached: Vec<bool>,
}

impl Reachability {
    pub(super) fn of<T: Real>(
        nodes: &[Node<T>],
        roots: &[usize],
        start: Option<usize>,
    ) -> Reachability {
        let ancestors = |mut of: Vec<bool>| {
            for (index, node) in nodes.iter().enumerate().rev() {
                if of[index] {
                    node.inputs.iter().for_each(|&input| of[input] = true);
                }
            }
            of
        };
        let needed =
            ancestors(nodes.iter().enumerate().map(|(i, node)| is_seen(node, i, roots)).collect());
        let behind = ancestors((0..nodes.len()).map(|i| start == Some(i)).collect());
        let mut carries = vec![false; nodes.len()];
        let mut reached = vec![false; nodes.len()];
        if let Some(root) = start {
            for (index, node) in nodes.iter().enumerate() {
                let to_leaf = node.differentiable_inputs().any(|input| carries[input]);
                carries[index] =
                    matches!(node.source, Source::Param(_)) || node.keep_gradient || to_leaf;
            }
            reached[root] = carries[root];
            for (index, node) in nodes.iter().enumerate().rev() {
                if reached[index] {
                    node.differentiable_inputs()
                        .filter(|&input| carries[input])
                        .for_each(|input| reached[input] = true);
                }
            }
        }
        Reachability { needed, behind, reached }
    }

    /// Returns true if the gradient goes back through an operation, not merely up to its value.
    pub(super) fn has_back<T: Real>(&self, draft: &Draft<T>) -> bool {
        self.reached[draft.node]
            && draft
                .inputs
                .iter()
                .enumerate()
                .any(|(i, &input)| draft.op.differentiable(i) && self.reached[input])
    }

    /// How the gradient reaches each of the parameters, which have these nodes; those that are not
    /// used have none.
    pub(super) fn reach<T: Real>(
        &self,
        nodes: &[Node<T>],
        params: impl Iterator<Item = Option<usize>>,
    ) -> impl Iterator<Item = Reach> {
        let barriers = self.barriers(nodes);
        params.map(move |param| match param {
            Some(param) if self.reached[param] => Reach::Reached,
            Some(param) => {
                barriers[param].map_or(Reach::Unreached, |(_, op)| Reach::Cut { op: op.to_owned() })
            }
            None => Reach::Unreached,
        })
    }

    /// For each value the first operation on its ways to the root that holds the gradient back. All
    /// of them are found at once, since a look for each parameter would take time that grows with
    /// the square of the depth.
    fn barriers<'a, T: Real>(&self, nodes: &'a [Node<T>]) -> Vec<Option<(usize, &'a str)>> {
        let mut barriers = vec![None; nodes.len()];
        for (index, node) in nodes.iter().enumerate().rev().filter(|(index, _)| self.behind[*index])
        {
            let Source::Op(op) = &node.source else { continue };
            for (i, &input) in node.inputs.iter().enumerate() {
                let barrier =
                    if op.differentiable(i) { barriers[index] } else { Some((index, op.name())) };
                barriers[input] = [barriers[input], barrier].into_iter().flatten().min();
            }
        }
        barriers
    }
}

impl<T: Real> Node<T> {
    fn differentiable_inputs(&self) -> impl Iterator<Item = usize> {
        let op = match &self.source {
            Source::Op(op) => Some(op),
            _ => None,
        };
        let passes = move |i| op.is_some_and(|op| op.differentiable(i));
        self.inputs.iter().enumerate().filter(move |(i, _)| passes(*i)).map(|(_, &input)| input)
    }
}
