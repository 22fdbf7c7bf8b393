use std::sync::Arc;

use chainrule_tensor::Real;

use super::copy::Copy;
use super::flow::Reachability;
use crate::graph::{Node, Source};
use crate::op::Op;

/// Returns true if the outside may read a value.
pub(super) fn is_seen<T: Real>(node: &Node<T>, index: usize, roots: &[usize]) -> bool {
    node.keep || roots.contains(&index)
}

/// An operation that will run: a node, or an affine node together with the function that follows
/// it.
pub(super) struct Draft<T: Real> {
    pub(super) op: Arc<dyn Op<T>>,
    pub(super) inputs: Vec<usize>,
    pub(super) node: usize,
    /// The affine node, else the same.
    pub(super) first: usize,
    /// The affine operation alone, where a function was fused onto it.
    pub(super) unfused: Option<Arc<dyn Op<T>>>,
}

/// The needed operations in order: first copies of the parameters and constants that the outside
/// reads. Each function is fused, if `fuse`, into the affine operation before it where no one else
/// reads what is in between.
pub(super) fn draft<T: Real>(
    nodes: &[Node<T>],
    roots: &[usize],
    flow: &Reachability,
    fuse: bool,
) -> Vec<Draft<T>> {
    let mut consumers = vec![0_usize; nodes.len()];
    for (_, node) in nodes.iter().enumerate().filter(|(index, _)| flow.needed[*index]) {
        node.inputs.iter().for_each(|&input| consumers[input] += 1);
    }
    let mut drafts: Vec<Option<Draft<T>>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        if matches!(node.source, Source::Param(_) | Source::Statistic(_) | Source::Constant(_))
            && is_seen(node, index, roots)
        {
            let op = Arc::new(Copy);
            drafts.push(Some(Draft {
                op,
                inputs: vec![index],
                node: index,
                first: index,
                unfused: None,
            }));
        }
    }
    let mut draft_of = vec![None; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        let Source::Op(op) = &node.source else { continue };
        if !flow.needed[index] {
            continue;
        }
        let inputs = node.inputs.clone();
        let mut draft =
            Draft { op: Arc::clone(op), inputs, node: index, first: index, unfused: None };
        if let (Some(function), [input]) = (op.pointwise(), node.inputs.as_slice()) {
            let before = &nodes[*input];
            let private = fuse
                && consumers[*input] == 1
                && !before.keep_gradient
                && !is_seen(before, *input, roots);
            if let (true, Source::Op(first), Some(position)) =
                (private, &before.source, draft_of[*input])
                && let Some(fused) = first.fuse(function)
            {
                drafts[position] = None;
                let unfused = Some(Arc::clone(first));
                draft = Draft {
                    op: fused,
                    inputs: before.inputs.clone(),
                    node: index,
                    first: *input,
                    unfused,
                };
            }
        }
        draft_of[index] = Some(drafts.len());
        drafts.push(Some(draft));
    }
    drafts.into_iter().flatten().collect()
}
