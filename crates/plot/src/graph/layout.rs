//! Where the nodes of a graph go.
//!
//! Source: Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981: nodes
//! in rows by their distance from the inputs, order within rows by the mean of neighbours, and edges over several rows
//! through a place in each of them.

use std::collections::BTreeMap;

use super::{GraphDrawing, NodeKind};
use crate::canvas::{LABEL, SMALL};
use crate::font;
use crate::surface::Point;

const GAP: (f64, f64) = (26.0, 46.0);
const NODE: f64 = 36.0;
const SIDE: f64 = 22.0;
/// Between a parameter and what reads it.
const BESIDE: f64 = 18.0;

/// A node's rectangle.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) one_line: bool,
}

/// A layer's depth, name and corners.
pub(super) type LayerBox = (usize, String, Point, Point);

/// Places in points from the upper left corner.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) size: (f64, f64),
    pub(super) nodes: Vec<Placed>,
    pub(super) edges: Vec<Vec<Point>>,
    pub(super) boxes: Vec<LayerBox>,
}

/// What takes room in a row: a node with the parameters on its left, or an edge that passes.
struct Slot {
    row: usize,
    node: Option<usize>,
    beside: Vec<usize>,
    width: f64,
    /// Where the middle of the node itself is, from the slot's left.
    anchor: f64,
    x: f64,
    above: Vec<usize>,
    below: Vec<usize>,
}

impl Layout {
    pub(super) fn of(graph: &GraphDrawing) -> Layout {
        let count = graph.nodes.len();
        // A parameter or constant stands beside the first that reads it.
        let mut reader: Vec<Option<usize>> = vec![None; count];
        for &(from, to) in &graph.edges {
            let side = matches!(graph.nodes[from].kind, NodeKind::Parameter | NodeKind::Constant);
            if side && reader[from].is_none_or(|known| to < known) {
                reader[from] = Some(to);
            }
        }
        // What stands beside another node is not a row of its own.
        let beside_of = |node: usize| reader[node].filter(|&reader_of| reader[reader_of].is_none());
        let rows = rows(graph, &beside_of);

        let mut nodes: Vec<Placed> = graph
            .nodes
            .iter()
            .enumerate()
            .map(|(index, node)| {
                let one_line = beside_of(index).is_some();
                let width = match one_line {
                    true => font::width(&format!("{} {}", node.short(), node.shape), false) * SMALL,
                    false => (font::width(node.short(), false) * LABEL).max(font::width(&node.shape, false) * SMALL),
                };
                let height = if one_line { SIDE } else { NODE };
                Placed { width: (width + 18.0).clamp(48.0, 190.0), height, one_line, ..Placed::default() }
            })
            .collect();

        let mut slots: Vec<Slot> = Vec::new();
        let mut slot_of = vec![usize::MAX; count];
        for index in (0..count).filter(|&index| beside_of(index).is_none()) {
            let beside: Vec<usize> = (0..count).filter(|&side| beside_of(side) == Some(index)).collect();
            let side = beside.iter().map(|&side| nodes[side].width + BESIDE).fold(0.0, f64::max);
            let width = side + nodes[index].width;
            slot_of[index] = slots.len();
            let anchor = side + nodes[index].width / 2.0;
            slots.push(Slot {
                row: rows[index],
                node: Some(index),
                beside,
                width,
                anchor,
                x: 0.0,
                above: vec![],
                below: vec![],
            });
        }
        // Edges as chains of slots.
        let mut chains = Vec::new();
        for &(from, to) in &graph.edges {
            let (start, end) = (slot_of[beside_of(from).unwrap_or(from)], slot_of[beside_of(to).unwrap_or(to)]);
            let mut chain = vec![start];
            if start != end {
                for row in slots[start].row + 1..slots[end].row {
                    chain.push(slots.len());
                    slots.push(Slot {
                        row,
                        node: None,
                        beside: vec![],
                        width: 8.0,
                        anchor: 4.0,
                        x: 0.0,
                        above: vec![],
                        below: vec![],
                    });
                }
                chain.push(end);
            }
            for pair in chain.windows(2) {
                slots[pair[0]].below.push(pair[1]);
                slots[pair[1]].above.push(pair[0]);
            }
            chains.push(chain);
        }
        let mut table: Vec<Vec<usize>> = vec![Vec::new(); slots.iter().map(|slot| slot.row + 1).max().unwrap_or(0)];
        (0..slots.len()).for_each(|slot| table[slots[slot].row].push(slot));
        arrange(&mut slots, &mut table);

        // Rows are as high as what stands in them.
        let mut top = 18.0;
        let mut tops = Vec::new();
        let mut heights = Vec::new();
        for row in &table {
            let side = |slot: &usize| slots[*slot].beside.len() as f64 * (SIDE + 4.0) - 4.0;
            let height = row.iter().map(side).fold(NODE, f64::max);
            tops.push(top);
            heights.push(height);
            top += height + GAP.1;
        }
        for slot in &slots {
            let Some(index) = slot.node else { continue };
            let middle = tops[slot.row] + heights[slot.row] / 2.0;
            (nodes[index].left, nodes[index].top) =
                (slot.x + slot.anchor - nodes[index].width / 2.0, middle - NODE / 2.0);
            let all = slot.beside.len() as f64 * (SIDE + 4.0) - 4.0;
            for (position, &side) in slot.beside.iter().enumerate() {
                let left = nodes[index].left - BESIDE - nodes[side].width;
                (nodes[side].left, nodes[side].top) = (left, middle - all / 2.0 + position as f64 * (SIDE + 4.0));
            }
        }
        let edges = graph
            .edges
            .iter()
            .zip(&chains)
            .map(|(&(from, to), chain)| path(&nodes[from], &nodes[to], chain, &slots, &tops, &heights))
            .collect();
        let mut layout = Layout { size: (0.0, 0.0), boxes: boxes(graph, &nodes), nodes, edges };
        layout.fit();
        layout
    }

    /// Moves everything so that it starts at 0, 0, and says how large it is.
    fn fit(&mut self) {
        let node_corners =
            self.nodes.iter().map(|node| ((node.left, node.top), (node.left + node.width, node.top + node.height)));
        let box_corners = self.boxes.iter().map(|(_, _, low, high)| (*low, *high));
        let edge_corners = self.edges.iter().flatten().map(|&point| (point, point));
        let start = ((f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NEG_INFINITY));
        let (low, high) = node_corners.chain(box_corners).chain(edge_corners).fold(start, |(low, high), (from, to)| {
            ((low.0.min(from.0), low.1.min(from.1)), (high.0.max(to.0), high.1.max(to.1)))
        });
        if !(low.0.is_finite() && high.0.is_finite()) {
            return;
        }
        let move_point = |point: &mut Point| *point = (point.0 - low.0, point.1 - low.1);
        self.nodes.iter_mut().for_each(|node| (node.left, node.top) = (node.left - low.0, node.top - low.1));
        self.edges.iter_mut().flatten().for_each(move_point);
        for (_, _, from, to) in &mut self.boxes {
            move_point(from);
            move_point(to);
        }
        self.size = (high.0 - low.0, high.1 - low.1);
    }
}

/// The row of each node: one below the lowest that it reads; what reads nothing stands right above its first reader.
fn rows(graph: &GraphDrawing, beside_of: &impl Fn(usize) -> Option<usize>) -> Vec<usize> {
    let count = graph.nodes.len();
    let (mut rows, mut reads) = (vec![0_usize; count], vec![false; count]);
    let mut edges = graph.edges.clone();
    edges.sort_by_key(|edge| edge.1);
    for &(from, to) in &edges {
        // An edge from a parameter to a later reader counts from where the parameter stands.
        let from = beside_of(from).unwrap_or(from);
        if from != to {
            (rows[to], reads[to]) = (rows[to].max(rows[from] + 1), true);
        }
    }
    for node in 0..count {
        let first = edges.iter().filter(|edge| edge.0 == node).map(|edge| rows[edge.1]).min();
        if let (false, Some(first)) = (reads[node], first) {
            rows[node] = first.saturating_sub(1);
        }
    }
    rows
}

/// Orders the rows by the mean of neighbours, then moves slots toward their neighbours without overlap.
fn arrange(slots: &mut [Slot], table: &mut [Vec<usize>]) {
    let place = |slots: &mut [Slot], row: &[usize]| {
        let mut x = 0.0;
        for &slot in row {
            slots[slot].x = x;
            x += slots[slot].width + GAP.0;
        }
    };
    table.iter().for_each(|row| place(slots, row));
    let mean = |slots: &[Slot], neighbours: &[usize]| {
        let sum: f64 = neighbours.iter().map(|&slot| slots[slot].x + slots[slot].anchor).sum();
        if neighbours.is_empty() { None } else { Some(sum / neighbours.len() as f64) }
    };
    for sweep in 0..8 {
        for index in 0..table.len() {
            let index = if sweep % 2 == 0 { index } else { table.len() - 1 - index };
            let mut keys: Vec<(f64, usize)> = table[index]
                .iter()
                .map(|&slot| {
                    let neighbours = if sweep % 2 == 0 { &slots[slot].above } else { &slots[slot].below };
                    (mean(slots, neighbours).unwrap_or(slots[slot].x + slots[slot].anchor), slot)
                })
                .collect();
            keys.sort_by(|a, b| a.0.total_cmp(&b.0));
            table[index] = keys.into_iter().map(|(_, slot)| slot).collect();
            place(slots, &table[index]);
        }
    }
    for sweep in 0..200 {
        for index in 0..table.len() {
            let index = if sweep % 2 == 0 { index } else { table.len() - 1 - index };
            let wanted: Vec<f64> = table[index]
                .iter()
                .map(|&slot| {
                    let all: Vec<usize> = slots[slot].above.iter().chain(&slots[slot].below).copied().collect();
                    mean(slots, &all).map_or(slots[slot].x, |middle| middle - slots[slot].anchor)
                })
                .collect();
            // Pushed apart from the left and from the right; the mean of both keeps rows centred.
            let row = &table[index];
            let (mut left, mut right) = (wanted.clone(), wanted);
            for position in 1..row.len() {
                left[position] = left[position].max(left[position - 1] + slots[row[position - 1]].width + GAP.0);
            }
            for position in (1..row.len()).rev() {
                right[position - 1] = right[position - 1].min(right[position] - slots[row[position - 1]].width - GAP.0);
            }
            for (position, &slot) in row.iter().enumerate() {
                slots[slot].x = (left[position] + right[position]) / 2.0;
            }
        }
    }
}

/// From the lower edge of a node to the upper edge of another, or sideways to what it stands beside.
fn path(from: &Placed, to: &Placed, chain: &[usize], slots: &[Slot], tops: &[f64], heights: &[f64]) -> Vec<Point> {
    if chain.len() == 1 {
        let (y, low, high) = (from.top + from.height / 2.0, to.top + 5.0, to.top + to.height - 5.0);
        return vec![(from.left + from.width, y), (to.left, y.clamp(low, high))];
    }
    let mut points = vec![(from.left + from.width / 2.0, from.top + from.height)];
    for &slot in &chain[1..chain.len() - 1] {
        let (x, top) = (slots[slot].x + slots[slot].anchor, tops[slots[slot].row]);
        points.extend([(x, top), (x, top + heights[slots[slot].row])]);
    }
    points.push((to.left + to.width / 2.0, to.top));
    points
}

/// A box around each layer that has no other node inside of it, the outer ones first.
fn boxes(graph: &GraphDrawing, nodes: &[Placed]) -> Vec<LayerBox> {
    let deepest = graph.nodes.iter().map(|node| node.layer.len()).max().unwrap_or(0);
    let mut layers: BTreeMap<(usize, &[String]), Vec<usize>> = BTreeMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        (1..=node.layer.len()).for_each(|depth| layers.entry((depth, &node.layer[..depth])).or_default().push(index));
    }
    let mut boxes = Vec::new();
    for ((depth, path), members) in layers {
        let margin = 6.0 + 5.0 * (deepest - depth).min(3) as f64;
        let edge = |value: &dyn Fn(&Placed) -> f64, pick: fn(f64, f64) -> f64| {
            members.iter().map(|&node| value(&nodes[node])).reduce(pick).unwrap_or(0.0)
        };
        let low = (edge(&|node| node.left, f64::min) - margin, edge(&|node| node.top, f64::min) - margin - 11.0);
        let right = edge(&|node| node.left + node.width, f64::max) + margin;
        let high = (right, edge(&|node| node.top + node.height, f64::max) + margin);
        let foreign = nodes.iter().enumerate().any(|(index, node)| {
            !members.contains(&index)
                && node.left < high.0
                && node.left + node.width > low.0
                && node.top < high.1
                && node.top + node.height > low.1
        });
        if !foreign {
            boxes.push((depth - 1, path[depth - 1].clone(), low, high));
        }
    }
    boxes
}
