use chainrule_tensor::Real;
use chainrule_tensor::gemm::Put;

use super::buffers::Buffers;
use super::draft::Draft;
use super::flow::Reachability;
use super::{Back, Slot};
use crate::graph::{Recording, Source};

/// The buffers of the gradients with respect to values.
pub(super) struct Adjoints {
    pub(super) buffers: Buffers,
    pub(super) of: Vec<Option<usize>>,
}

/// The way back through each step, the slot of the root's gradient, and the buffers.
pub(super) fn place_adjoints<T: Real>(
    recording: &Recording<T>,
    start: Option<usize>,
    flow: &Reachability,
    drafts: &[Draft<T>],
) -> (Vec<Option<Back>>, Slot, Adjoints) {
    let nodes = &recording.nodes;
    let mut adjoints = Adjoints { buffers: Buffers::default(), of: vec![None; nodes.len()] };
    let mut written = vec![false; nodes.len()];
    let mut slot = |adjoints: &mut Adjoints, index: usize| {
        let put = if std::mem::replace(&mut written[index], true) { Put::Add } else { Put::Set };
        if let Source::Param(position) = nodes[index].source {
            return Slot::Grad { range: recording.layout.entries()[position].range.clone(), put };
        }
        let len = nodes[index].shape.elements();
        let buffer = *adjoints.of[index].get_or_insert_with(|| adjoints.buffers.take(len));
        Slot::Adjoint { buffer, len, put }
    };
    let root = start.filter(|&root| flow.reached[root]);
    let upstream = root.map_or(Slot::Unwanted, |root| slot(&mut adjoints, root));
    let mut backs: Vec<Option<Back>> = Vec::new();
    for draft in drafts.iter().rev() {
        if !flow.has_back(draft) {
            backs.push(None);
            continue;
        }
        let wanted = |i: usize, input: usize| draft.op.differentiable(i) && flow.reached[input];
        let inputs = draft.inputs.iter().enumerate();
        let slots =
            inputs.map(
                |(i, &input)| {
                    if wanted(i, input) { slot(&mut adjoints, input) } else { Slot::Unwanted }
                },
            );
        let mut slots: Vec<Slot> = slots.collect();
        let shared = share(&draft.inputs, &mut slots);
        let upstream =
            adjoints.of[draft.node].expect("a consumer has written the gradient before it is read");
        adjoints.buffers.give_back(upstream);
        let node = &nodes[draft.node];
        let kept = node.keep_gradient.then(|| adjoints.buffers.own(node.shape.elements()));
        adjoints.of[draft.node] = kept;
        backs.push(Some(Back { upstream, kept, slots, shared }));
    }
    backs.reverse();
    (backs, upstream, adjoints)
}

/// Where an operation reads one value several times, its gradients meet in one place. Which of them
/// comes first is for the operation to choose, so all of them add; the places that are to be
/// cleared before are returned.
fn share(inputs: &[usize], slots: &mut [Slot]) -> Vec<Slot> {
    let mut shared = Vec::new();
    for (i, input) in inputs.iter().enumerate() {
        let again = inputs[i + 1..].contains(input);
        let before = slots[i].clone();
        if let (true, Some(put @ Put::Set)) = (again, slots[i].put()) {
            *put = Put::Add;
            shared.push(before);
        }
    }
    shared
}
