use std::collections::HashMap;
use std::sync::Arc;

use chainrule_tensor::{Aligned, Real};

use super::adjoints::place_adjoints;
use super::draft::{Draft, draft, is_seen};
use super::flow::Reachability;
use super::values::Values;
use super::{Back, Binding, Bindings, Derivatives, Operand, Plan, PlanStep, Slot, Update};
use crate::graph::{Node, Recording, Source};

impl<T: Real> Plan<T> {
    /// Plans the way to `roots`, and from the first of them back if `training`; then there is one.
    pub(crate) fn build(
        graph: u32,
        recording: &Recording<T>,
        roots: &[usize],
        training: bool,
        fuse: bool,
    ) -> Self {
        let start = if training { roots.first().copied() } else { None };
        let flow = Reachability::of(&recording.nodes, roots, start);
        let drafts = draft(&recording.nodes, roots, &flow, fuse);
        let values = Values::place(&recording.nodes, roots, &flow, &drafts);
        let (backs, upstream, adjoints) = place_adjoints(recording, start, &flow, &drafts);
        let constants = Constants::collect(&recording.nodes, &flow);

        let binding = |(index, node): (usize, &Node<T>)| {
            let (is_input, classes) = match node.source {
                Source::Input { classes, .. } => (true, classes),
                _ => (false, None),
            };
            Binding {
                name: node.name(&recording.layout).to_owned(),
                shape: node.shape,
                is_input,
                is_param: matches!(node.source, Source::Param(_)),
                classes,
                value: if is_input || is_seen(node, index, roots) {
                    values.of[index]
                } else {
                    None
                },
                gradient: if node.keep_gradient { adjoints.of[index] } else { None },
            }
        };
        let bindings =
            Bindings { graph, nodes: recording.nodes.iter().enumerate().map(binding).collect() };

        let update = |&position: &usize| {
            let node = recording.statistic_nodes[&position];
            let buffer = values.of[node].expect("the new value of a statistic is kept");
            Update { range: recording.layout.statistics()[position].range.clone(), value: buffer }
        };
        let updates = recording.updated.iter().map(update).collect();
        let root = drafts.iter().position(|draft| Some(&draft.node) == roots.first());
        let derivatives = count_derivatives(&drafts, &backs, recording.nodes.len(), start);
        let param_nodes =
            (0..recording.layout.entries().len()).map(|p| recording.param_nodes.get(&p).copied());
        let reach = flow.reach(&recording.nodes, param_nodes).collect();
        let operand = |&input: &usize| match recording.nodes[input].source {
            Source::Param(position) => {
                Operand::Param(recording.layout.entries()[position].range.clone())
            }
            Source::Statistic(position) => {
                Operand::Statistic(recording.layout.statistics()[position].range.clone())
            }
            Source::Constant(_) => Operand::Constant(constants.position[&input]),
            Source::Input { .. } | Source::Op(_) => {
                let buffer = values.of[input]
                    .expect("an operand is placed before the operations that read it");
                Operand::Value { buffer, len: recording.nodes[input].shape.elements() }
            }
        };
        let steps =
            drafts.into_iter().zip(backs).zip(values.saved).map(|((draft, back), saved)| {
                let node = &recording.nodes[draft.node];
                PlanStep {
                    operands: draft.inputs.iter().map(operand).collect(),
                    shapes: draft
                        .inputs
                        .iter()
                        .map(|&input| recording.nodes[input].shape)
                        .collect(),
                    output: values.of[draft.node].expect("every operation has an output"),
                    shape: node.shape,
                    len: node.shape.elements(),
                    saved,
                    back,
                    layer: node.layer.clone(),
                    first_layer: recording.nodes[draft.first].layer.clone(),
                    location: node.location,
                    unfused: draft.unfused,
                    node: u32::try_from(draft.node).expect("a graph holds fewer than 2^32 values"),
                    op: draft.op,
                }
            });
        Plan {
            layout: Arc::clone(&recording.layout),
            steps: steps.collect(),
            updates,
            constants: constants.values,
            bindings: Arc::new(bindings),
            value_lens: values.buffers.into_lens(),
            adjoint_lens: adjoints.buffers.into_lens(),
            root,
            root_len: start.map(|root| recording.nodes[root].shape.elements()),
            upstream,
            reach,
            derivatives,
        }
    }
}

/// The constants that are needed, and where each is.
struct Constants<T: Real> {
    values: Vec<Aligned<T>>,
    position: HashMap<usize, usize>,
}

impl<T: Real> Constants<T> {
    fn collect(nodes: &[Node<T>], flow: &Reachability) -> Self {
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

/// Each edge back is evaluated once with the table; without it, once for each path from the root
/// that goes over it.
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
