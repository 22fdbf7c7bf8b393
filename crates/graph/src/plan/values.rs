use std::collections::HashMap;

use chainrule_tensor::Real;

use super::buffers::Buffers;
use super::draft::{Draft, is_seen};
use super::flow::Reachability;
use crate::graph::{Node, Source};

/// The buffers of all values.
pub(super) struct Values {
    pub(super) buffers: Buffers,
    pub(super) of: Vec<Option<usize>>,
    pub(super) saved: Vec<Option<(usize, usize)>>,
}

impl Values {
    pub(super) fn place<T: Real>(
        nodes: &[Node<T>],
        roots: &[usize],
        flow: &Reachability,
        drafts: &[Draft<T>],
    ) -> Values {
        // The last step of the way forward that reads each value; none where it is kept, or read on
        // the way back.
        let mut last: Vec<Option<usize>> = vec![Some(0); nodes.len()];
        for (step, draft) in drafts.iter().enumerate() {
            let reads = flow.has_back(draft).then(|| draft.op.reads());
            for (i, &input) in draft.inputs.iter().enumerate() {
                let kept = reads.is_some_and(|reads| reads.reads_input(i));
                last[input] = if kept { None } else { last[input].map(|_| step) };
            }
            let kept = reads.is_some_and(crate::op::Reads::reads_output);
            last[draft.node] = if kept { None } else { last[draft.node].map(|_| step) };
        }
        for (index, node) in nodes.iter().enumerate() {
            if is_seen(node, index, roots) || matches!(node.source, Source::Input { .. }) {
                last[index] = None;
            }
        }
        let mut values =
            Values { buffers: Buffers::default(), of: vec![None; nodes.len()], saved: Vec::new() };
        for (index, node) in nodes.iter().enumerate() {
            if matches!(node.source, Source::Input { .. }) {
                values.of[index] = Some(values.buffers.own(node.shape.elements()));
            }
        }
        let mut ending: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, step) in last.iter().enumerate() {
            if let Some(step) = step {
                ending.entry(*step).or_default().push(index);
            }
        }
        for (step, draft) in drafts.iter().enumerate() {
            values.of[draft.node] = Some(values.buffers.take(nodes[draft.node].shape.elements()));
            let shapes: Vec<_> = draft.inputs.iter().map(|&input| nodes[input].shape).collect();
            let saves = if flow.has_back(draft) { draft.op.saves(&shapes) } else { 0 };
            values.saved.push((saves > 0).then(|| (values.buffers.own(saves), saves)));
            let ended = ending.get(&step).into_iter().flatten();
            ended
                .filter_map(|&index| values.of[index])
                .for_each(|buffer| values.buffers.give_back(buffer));
        }
        values
    }
}
