//! Where the nodes of a graph go.
//!
//! Source: Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System
//! Structures", 1981. Nodes stand in rows by their distance from the inputs, order within rows by
//! the mean of neighbours, and edges over several rows through a place in each of them.

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

/// The gap between boxes that an arrow needs to be seen.
const ARROW: f64 = 20.0;

/// A node's rectangle.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) one_line: bool,
}

impl Placed {
    fn corners(&self) -> (Point, Point) {
        ((self.left, self.top), (self.left + self.width, self.top + self.height))
    }
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

/// A thing that takes room in a row: a node with the parameters on its left, or an edge that
/// passes.
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
                    false => (font::width(node.short(), false) * LABEL)
                        .max(font::width(&node.shape, false) * SMALL),
                };
                let height = if one_line { SIDE } else { NODE };
                Placed {
                    width: (width + 18.0).clamp(48.0, 190.0),
                    height,
                    one_line,
                    ..Placed::default()
                }
            })
            .collect();

        let mut slots: Vec<Slot> = Vec::new();
        let mut slot_of = vec![usize::MAX; count];
        for index in (0..count).filter(|&index| beside_of(index).is_none()) {
            let beside: Vec<usize> =
                (0..count).filter(|&side| beside_of(side) == Some(index)).collect();
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
            let (start, end) =
                (slot_of[beside_of(from).unwrap_or(from)], slot_of[beside_of(to).unwrap_or(to)]);
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
        let mut table: Vec<Vec<usize>> =
            vec![Vec::new(); slots.iter().map(|slot| slot.row + 1).max().unwrap_or(0)];
        (0..slots.len()).for_each(|slot| table[slots[slot].row].push(slot));
        arrange(&mut slots, &mut table);
        straighten(&mut slots, &table, &chains);

        // Rows are as high as what stands in them, and as far apart as the boxes that begin and end
        // between them need.
        let row_of = |node: usize| rows[beside_of(node).unwrap_or(node)];
        let nesting = nesting(graph, &row_of, table.len());
        let mut top = 18.0;
        let mut tops = Vec::new();
        let mut heights = Vec::new();
        for (index, row) in table.iter().enumerate() {
            let side = |slot: &usize| slots[*slot].beside.len() as f64 * (SIDE + 4.0) - 4.0;
            let height = row.iter().map(side).fold(NODE, f64::max);
            tops.push(top);
            heights.push(height);
            let begin = nesting.get(index + 1).map_or(0, |(begin, _)| *begin) as f64;
            let boxes = begin * (MARGIN + NAME) + nesting[index].1 as f64 * MARGIN;
            top += height + GAP.1.max(boxes + ARROW);
        }
        for slot in &slots {
            let Some(index) = slot.node else { continue };
            let middle = tops[slot.row] + heights[slot.row] / 2.0;
            (nodes[index].left, nodes[index].top) =
                (slot.x + slot.anchor - nodes[index].width / 2.0, middle - NODE / 2.0);
            let all = slot.beside.len() as f64 * (SIDE + 4.0) - 4.0;
            for (position, &side) in slot.beside.iter().enumerate() {
                let left = nodes[index].left - BESIDE - nodes[side].width;
                (nodes[side].left, nodes[side].top) =
                    (left, middle - all / 2.0 + position as f64 * (SIDE + 4.0));
            }
        }
        let edges: Vec<Vec<Point>> = graph
            .edges
            .iter()
            .zip(&chains)
            .map(|(&(from, to), chain)| {
                path(&nodes[from], &nodes[to], chain, &slots, &tops, &heights)
            })
            .collect();
        let mut layout =
            Layout { size: (0.0, 0.0), boxes: boxes(graph, &nodes, &edges), nodes, edges };
        layout.fit();
        layout
    }

    /// Moves everything so that it starts at 0, 0, and says how large it is.
    fn fit(&mut self) {
        let nodes = self.nodes.iter().map(Placed::corners);
        let boxes = self.boxes.iter().map(|(_, _, low, high)| (*low, *high));
        let edges = self.edges.iter().flatten().map(|&point| (point, point));
        let (low, high) = nodes.chain(boxes).chain(edges).fold(NOWHERE, grown);
        if !(low.0.is_finite() && high.0.is_finite()) {
            return;
        }
        let move_point = |point: &mut Point| *point = (point.0 - low.0, point.1 - low.1);
        self.nodes
            .iter_mut()
            .for_each(|node| (node.left, node.top) = (node.left - low.0, node.top - low.1));
        self.edges.iter_mut().flatten().for_each(move_point);
        for (_, _, from, to) in &mut self.boxes {
            move_point(from);
            move_point(to);
        }
        self.size = (high.0 - low.0, high.1 - low.1);
    }
}

/// The row of each node: one below the lowest that it reads; what reads nothing stands right above
/// its first reader.
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

/// Orders the rows by the mean of neighbours, then moves slots toward their neighbours without
/// overlap.
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
                    let neighbours =
                        if sweep % 2 == 0 { &slots[slot].above } else { &slots[slot].below };
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
                    let all: Vec<usize> =
                        slots[slot].above.iter().chain(&slots[slot].below).copied().collect();
                    mean(slots, &all).map_or(slots[slot].x, |middle| middle - slots[slot].anchor)
                })
                .collect();
            // Pushed apart from the left and from the right; the mean of both keeps rows centred.
            let row = &table[index];
            let (mut left, mut right) = (wanted.clone(), wanted);
            for position in 1..row.len() {
                left[position] =
                    left[position].max(left[position - 1] + slots[row[position - 1]].width + GAP.0);
            }
            for position in (1..row.len()).rev() {
                right[position - 1] = right[position - 1]
                    .min(right[position] - slots[row[position - 1]].width - GAP.0);
            }
            for (position, &slot) in row.iter().enumerate() {
                slots[slot].x = (left[position] + right[position]) / 2.0;
            }
        }
    }
}

/// Lets edges that pass at the end of every row on their way go straight down, clear of the boxes
/// beside them.
fn straighten(slots: &mut [Slot], table: &[Vec<usize>], chains: &[Vec<usize>]) {
    for chain in chains.iter().filter(|chain| chain.len() > 2) {
        let passing = &chain[1..chain.len() - 1];
        if passing.iter().all(|&slot| table[slots[slot].row].last() == Some(&slot)) {
            let right = passing.iter().map(|&slot| slots[slot].x).fold(f64::NEG_INFINITY, f64::max);
            passing.iter().for_each(|&slot| slots[slot].x = right + MARGIN);
        }
    }
}

/// From the lower edge of a node to the upper edge of another, or sideways to what it stands
/// beside.
fn path(
    from: &Placed,
    to: &Placed,
    chain: &[usize],
    slots: &[Slot],
    tops: &[f64],
    heights: &[f64],
) -> Vec<Point> {
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

/// The members of each layer, by depth and path.
type Members<'a> = BTreeMap<(usize, &'a [String]), Vec<usize>>;

fn members(graph: &GraphDrawing) -> Members<'_> {
    let mut layers = Members::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        (1..=node.layer.len())
            .for_each(|depth| layers.entry((depth, &node.layer[..depth])).or_default().push(index));
    }
    layers
}

/// For each row, how many layers begin there one inside of the other, and how many end so.
fn nesting(
    graph: &GraphDrawing,
    row_of: &impl Fn(usize) -> usize,
    rows: usize,
) -> Vec<(usize, usize)> {
    let span = |members: Vec<usize>| {
        let rows = || members.iter().map(|&node| row_of(node));
        (rows().min(), rows().max())
    };
    let spans: BTreeMap<_, _> =
        members(graph).into_iter().map(|(layer, members)| (layer, span(members))).collect();
    let mut counts = vec![(0, 0); rows];
    for (index, node) in graph.nodes.iter().enumerate() {
        let row = row_of(index);
        let around =
            || (1..=node.layer.len()).filter_map(|depth| spans.get(&(depth, &node.layer[..depth])));
        let (begin, end) = &mut counts[row];
        *begin = around().filter(|(first, _)| *first == Some(row)).count().max(*begin);
        *end = around().filter(|(_, last)| *last == Some(row)).count().max(*end);
    }
    counts
}

/// Between a layer's box and what is inside of it, and the room for its name.
const MARGIN: f64 = 6.0;
const NAME: f64 = 13.0;

/// A box around each layer that has no other node inside of it, the outer ones first. It encloses
/// those of the layers inside, below its own name.
fn boxes(graph: &GraphDrawing, nodes: &[Placed], edges: &[Vec<Point>]) -> Vec<LayerBox> {
    let layers = members(graph);
    let mut boxes: BTreeMap<(usize, &[String]), (Point, Point)> = BTreeMap::new();
    for (&(depth, path), members) in layers.iter().rev() {
        let around = |corners: &mut dyn Iterator<Item = (Point, Point)>| {
            let (low, high) = corners.fold(NOWHERE, grown);
            ((low.0 - MARGIN, low.1 - MARGIN - NAME), (high.0 + MARGIN, high.1 + MARGIN))
        };
        let own = || members.iter().map(|&node| nodes[node].corners());
        let inner =
            || boxes.iter().filter(|((at, inner), _)| *at == depth + 1 && inner.starts_with(path));
        let inner = || inner().map(|(_, corners)| *corners);
        let inside = |edge: &(usize, usize)| members.contains(&edge.0) && members.contains(&edge.1);
        let within = graph
            .edges
            .iter()
            .zip(edges)
            .filter(|(edge, _)| inside(edge))
            .flat_map(|(_, path)| path);
        let within = within.map(|&point| (point, point));
        let foreign = |&(low, high): &(Point, Point)| {
            nodes.iter().enumerate().any(|(index, node)| {
                let (from, to) = node.corners();
                !members.contains(&index)
                    && from.0 < high.0
                    && to.0 > low.0
                    && from.1 < high.1
                    && to.1 > low.1
            })
        };
        // With the edges between its own nodes, where there is room.
        let wide = around(&mut own().chain(inner()).chain(within));
        let narrow = around(&mut own().chain(inner()));
        if let Some(corners) = [wide, narrow].into_iter().find(|corners| !foreign(corners)) {
            boxes.insert((depth, path), corners);
        }
    }
    boxes
        .into_iter()
        .map(|((depth, path), (low, high))| (depth - 1, path[depth - 1].clone(), low, high))
        .collect()
}

/// Corners that any others enlarge.
const NOWHERE: (Point, Point) =
    ((f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NEG_INFINITY));

fn grown((low, high): (Point, Point), (from, to): (Point, Point)) -> (Point, Point) {
    ((low.0.min(from.0), low.1.min(from.1)), (high.0.max(to.0), high.1.max(to.1)))
}

#[cfg(test)]
mod tests {
    use super::super::GraphNode;
    use super::*;

    #[test]
    fn a_box_encloses_those_inside_of_it_below_its_own_name() {
        let mut graph = GraphDrawing::new("nested");
        let path = ["encoder with a long name", "block", "inner", "0"];
        for (index, depth) in [0, 1, 4, 4, 2, 4, 0].into_iter().enumerate() {
            let layer = path[..depth].iter().map(|&name| name.to_owned()).collect();
            let (label, shape) = (format!("op {index}"), "[2]".to_owned());
            graph.nodes.push(GraphNode { label, shape, kind: NodeKind::Operation, layer });
        }
        graph.edges = (1..7).map(|to| (to - 1, to)).chain([(1, 5)]).collect();
        let layout = Layout::of(&graph);
        let depths: Vec<usize> = layout.boxes.iter().map(|(depth, ..)| *depth).collect();
        // Between its nodes stands one of a layer further out, so that the last two have no box.
        assert_eq!(depths, [0, 1]);
        graph.nodes[4].layer = graph.nodes[3].layer.clone();
        let layout = Layout::of(&graph);
        assert_eq!(layout.boxes.iter().map(|(_, name, ..)| &**name).collect::<Vec<_>>(), path);
        for pair in layout.boxes.windows(2) {
            let ((_, _, low, high), (_, _, inner_low, inner_high)) = (&pair[0], &pair[1]);
            assert!(low.0 < inner_low.0 && high.0 > inner_high.0 && high.1 > inner_high.1);
            assert!(inner_low.1 - low.1 >= NAME, "its name has room: {low:?} {inner_low:?}");
        }
        // What stands outside stays outside.
        let (_, _, low, high) = layout.boxes[0];
        assert!(layout.nodes[0].corners().1.1 < low.1 - 8.0 && layout.nodes[6].top > high.1 + 8.0);
    }
}
