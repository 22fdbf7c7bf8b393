use chainrule_tensor::Real;

use super::Reach;
use super::draft::{Draft, is_seen};
use crate::graph::{Node, Source};

/// What is needed for the roots, and where a gradient flows.
pub(super) struct Flow {
    /// Ancestors of a root, or kept.
    pub(super) needed: Vec<bool>,
    /// Ancestors of the root from which the gradient starts.
    behind: Vec<bool>,
    /// On a differentiable way from that root to a parameter or to a value whose gradient is asked for.
    pub(super) reached: Vec<bool>,
}

impl Flow {
    pub(super) fn of<T: Real>(nodes: &[Node<T>], roots: &[usize], start: Option<usize>) -> Flow {
        let ancestors = |mut of: Vec<bool>| {
            for (index, node) in nodes.iter().enumerate().rev() {
                if of[index] {
                    node.inputs.iter().for_each(|&input| of[input] = true);
                }
            }
            of
        };
        let needed = ancestors(nodes.iter().enumerate().map(|(i, node)| is_seen(node, i, roots)).collect());
        let behind = ancestors((0..nodes.len()).map(|i| start == Some(i)).collect());
        let mut carries = vec![false; nodes.len()];
        let mut reached = vec![false; nodes.len()];
        if let Some(root) = start {
            for (index, node) in nodes.iter().enumerate() {
                let to_leaf = node.differentiable_inputs().any(|input| carries[input]);
                carries[index] = matches!(node.source, Source::Param(_)) || node.keep_gradient || to_leaf;
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
        Flow { needed, behind, reached }
    }

    /// Whether the gradient goes back through an operation, not merely up to its value.
    pub(super) fn has_back<T: Real>(&self, draft: &Draft<T>) -> bool {
        self.reached[draft.node]
            && draft.inputs.iter().enumerate().any(|(i, &input)| draft.op.differentiable(i) && self.reached[input])
    }

    pub(super) fn reach<T: Real>(&self, nodes: &[Node<T>], position: usize) -> Reach {
        let Some(param) = nodes.iter().position(|n| matches!(n.source, Source::Param(p) if p == position)) else {
            return Reach::Unreached;
        };
        if self.reached[param] {
            return Reach::Reached;
        }
        // Follow the parameter's influence to the first operation that holds the gradient back.
        let mut influenced = vec![false; nodes.len()];
        influenced[param] = true;
        for (index, node) in nodes.iter().enumerate().skip(param) {
            let Source::Op(op) = &node.source else { continue };
            for (i, &input) in node.inputs.iter().enumerate() {
                if self.behind[index] && influenced[input] {
                    if !op.differentiable(i) {
                        return Reach::Cut { op: op.name().to_owned() };
                    }
                    influenced[index] = true;
                }
            }
        }
        Reach::Unreached
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
