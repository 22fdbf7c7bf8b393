use std::collections::HashMap;
use std::sync::Arc;

use chainrule_tensor::gemm::Put;
use chainrule_tensor::{Aligned, Real};

use super::buffers::Buffers;
use super::copy::Copy;
use super::{Back, Binding, Bindings, Derivatives, Operand, Plan, Reach, Slot, Step};
use crate::graph::{Node, Recording, Source};
use crate::op::Op;

impl<T: Real> Plan<T> {
    /// Plans the way to `roots`, and from the first of them back if `training`; then there is one.
    pub(crate) fn build(graph: u32, recording: &Recording<T>, roots: &[usize], training: bool) -> Self {
        let start = if training { roots.first().copied() } else { None };
        let flow = Flow::of(&recording.nodes, roots, start);
        let drafts = draft(&recording.nodes, roots, &flow);
        let values = Values::place(&recording.nodes, roots, &flow, &drafts);
        let (backs, seed, adjoints) = place_adjoints(recording, start, &flow, &drafts);
        let constants = Constants::collect(&recording.nodes, &flow);

        let binding = |(index, node): (usize, &Node<T>)| {
            let (is_input, classes) = match node.source {
                Source::Input { classes, .. } => (true, classes),
                _ => (false, None),
            };
            let binding = Binding {
                name: node.name(&recording.layout).to_owned(),
                shape: node.shape,
                is_input,
                is_param: matches!(node.source, Source::Param(_)),
                classes,
                value: if is_input || is_seen(node, index, roots) { values.of[index] } else { None },
                gradient: if node.keep_gradient { adjoints.of[index] } else { None },
            };
            (index as u32, binding)
        };
        let bindings = Bindings { graph, nodes: recording.nodes.iter().enumerate().map(binding).collect() };

        let derivatives = count_derivatives(&drafts, &backs, recording.nodes.len(), start);
        let reach = (0..recording.layout.entries().len()).map(|p| flow.reach(&recording.nodes, p)).collect();
        let operand = |&input: &usize| match recording.nodes[input].source {
            Source::Param(position) => Operand::Param(recording.layout.entries()[position].range.clone()),
            Source::Constant(_) => Operand::Constant(constants.position[&input]),
            Source::Input { .. } | Source::Op(_) => {
                Operand::Value(values.of[input].expect("an operand is placed before the operations that read it"))
            }
        };
        let steps = drafts.into_iter().zip(backs).zip(values.saved).map(|((draft, back), saved)| {
            let node = &recording.nodes[draft.node];
            Step {
                operands: draft.inputs.iter().map(operand).collect(),
                shapes: draft.inputs.iter().map(|&input| recording.nodes[input].shape).collect(),
                output: values.of[draft.node].expect("every operation has an output"),
                shape: node.shape,
                saved,
                back,
                layer: node.layer.clone(),
                location: node.location,
                op: draft.op,
            }
        });
        Plan {
            layout: Arc::clone(&recording.layout),
            steps: steps.collect(),
            constants: constants.values,
            bindings: Arc::new(bindings),
            value_lens: values.buffers.into_lens(),
            adjoint_lens: adjoints.buffers.into_lens(),
            root_len: start.map(|root| recording.nodes[root].shape.elements()),
            seed,
            reach,
            derivatives,
        }
    }
}

/// Whether the outside may read a value.
fn is_seen<T: Real>(node: &Node<T>, index: usize, roots: &[usize]) -> bool {
    node.keep || roots.contains(&index)
}

/// An operation that will run: a node, or an affine node together with the function that follows it.
struct Draft<T: Real> {
    op: Arc<dyn Op<T>>,
    inputs: Vec<usize>,
    node: usize,
}

/// What is needed for the roots, and where a gradient flows.
struct Flow {
    /// Ancestors of a root, or kept.
    needed: Vec<bool>,
    /// Ancestors of the root from which the gradient starts.
    behind: Vec<bool>,
    /// On a differentiable way from that root to a parameter or to a value whose gradient is asked for.
    reached: Vec<bool>,
}

impl Flow {
    fn of<T: Real>(nodes: &[Node<T>], roots: &[usize], start: Option<usize>) -> Flow {
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
    fn has_back<T: Real>(&self, draft: &Draft<T>) -> bool {
        self.reached[draft.node]
            && draft.inputs.iter().enumerate().any(|(i, &input)| draft.op.differentiable(i) && self.reached[input])
    }

    fn reach<T: Real>(&self, nodes: &[Node<T>], position: usize) -> Reach {
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

/// The needed operations in order, parameters and constants that the outside reads copied first, and each function fused into the affine operation before it where no one else reads what is in between.
fn draft<T: Real>(nodes: &[Node<T>], roots: &[usize], flow: &Flow) -> Vec<Draft<T>> {
    let mut consumers = vec![0_usize; nodes.len()];
    for (_, node) in nodes.iter().enumerate().filter(|(index, _)| flow.needed[*index]) {
        node.inputs.iter().for_each(|&input| consumers[input] += 1);
    }
    let mut drafts: Vec<Option<Draft<T>>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        if matches!(node.source, Source::Param(_) | Source::Constant(_)) && is_seen(node, index, roots) {
            drafts.push(Some(Draft { op: Arc::new(Copy), inputs: vec![index], node: index }));
        }
    }
    let mut draft_of = vec![None; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        let Source::Op(op) = &node.source else { continue };
        if !flow.needed[index] {
            continue;
        }
        let mut draft = Draft { op: Arc::clone(op), inputs: node.inputs.clone(), node: index };
        if let (Some(function), [input]) = (op.pointwise(), node.inputs.as_slice()) {
            let before = &nodes[*input];
            let private = consumers[*input] == 1 && !before.keep_gradient && !is_seen(before, *input, roots);
            if let (true, Source::Op(first), Some(position)) = (private, &before.source, draft_of[*input])
                && let Some(fused) = first.fuse(function)
            {
                drafts[position] = None;
                draft = Draft { op: fused, inputs: before.inputs.clone(), node: index };
            }
        }
        draft_of[index] = Some(drafts.len());
        drafts.push(Some(draft));
    }
    drafts.into_iter().flatten().collect()
}

/// The buffers of all values.
struct Values {
    buffers: Buffers,
    of: Vec<Option<usize>>,
    saved: Vec<Option<(usize, usize)>>,
}

impl Values {
    fn place<T: Real>(nodes: &[Node<T>], roots: &[usize], flow: &Flow, drafts: &[Draft<T>]) -> Values {
        // The last step of the way forward that reads each value; none where it is kept, or read on the way back.
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
        let mut values = Values { buffers: Buffers::default(), of: vec![None; nodes.len()], saved: Vec::new() };
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
            ended.filter_map(|&index| values.of[index]).for_each(|buffer| values.buffers.give_back(buffer));
        }
        values
    }
}

/// The buffers of the gradients with respect to values.
struct Adjoints {
    buffers: Buffers,
    of: Vec<Option<usize>>,
}

/// The way back through each step, the slot of the root's gradient, and the buffers.
fn place_adjoints<T: Real>(
    recording: &Recording<T>,
    start: Option<usize>,
    flow: &Flow,
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
    let seed = root.map_or(Slot::Unwanted, |root| slot(&mut adjoints, root));
    let mut backs: Vec<Option<Back>> = Vec::new();
    for draft in drafts.iter().rev() {
        if !flow.has_back(draft) {
            backs.push(None);
            continue;
        }
        let wanted = |i: usize, input: usize| draft.op.differentiable(i) && flow.reached[input];
        let inputs = draft.inputs.iter().enumerate();
        let slots =
            inputs.map(|(i, &input)| if wanted(i, input) { slot(&mut adjoints, input) } else { Slot::Unwanted });
        let mut slots: Vec<Slot> = slots.collect();
        let shared = share(&draft.inputs, &mut slots);
        let upstream = adjoints.of[draft.node].expect("a consumer has written the gradient before it is read");
        adjoints.buffers.give_back(upstream);
        let node = &nodes[draft.node];
        let kept = node.keep_gradient.then(|| adjoints.buffers.own(node.shape.elements()));
        adjoints.of[draft.node] = kept;
        backs.push(Some(Back { upstream, kept, slots, shared }));
    }
    backs.reverse();
    (backs, seed, adjoints)
}

/// Where an operation reads one value several times, its gradients meet in one place. Which of them comes first is for the operation to choose, so all of them
/// add; the places that are to be cleared before are returned.
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

/// The constants that are needed, and where each is.
struct Constants<T: Real> {
    values: Vec<Aligned<T>>,
    position: HashMap<usize, usize>,
}

impl<T: Real> Constants<T> {
    fn collect(nodes: &[Node<T>], flow: &Flow) -> Self {
        let mut constants = Constants { values: Vec::new(), position: HashMap::new() };
        for (index, node) in nodes.iter().enumerate() {
            if let (true, Source::Constant(values)) = (flow.needed[index], &node.source) {
                constants.position.insert(index, constants.values.len());
                constants.values.push(values.clone());
            }
        }
        constants
    }
}

/// Each edge back is evaluated once with the table; without it, once for each path from the root that goes over it.
fn count_derivatives<T: Real>(
    drafts: &[Draft<T>],
    backs: &[Option<Back>],
    nodes: usize,
    start: Option<usize>,
) -> Derivatives {
    let mut paths = vec![0.0; nodes];
    start.into_iter().for_each(|root| paths[root] = 1.0);
    let mut derivatives = Derivatives { memoised: 0, expanded: 0.0 };
    for (draft, back) in drafts.iter().zip(backs).rev() {
        let Some(back) = back else { continue };
        for (&input, slot) in draft.inputs.iter().zip(&back.slots) {
            if !matches!(slot, Slot::Unwanted) {
                derivatives.memoised += 1;
                derivatives.expanded += paths[draft.node];
                paths[input] += paths[draft.node];
            }
        }
    }
    derivatives
}
