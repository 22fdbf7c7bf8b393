//! The graph of a model.

mod layout;
mod parse;

use layout::{Layout, Placed};

use crate::canvas::{Canvas, LABEL, Mark, SMALL};
use crate::error::PlotError;
use crate::figure::Figure;
use crate::font::{self, Align};
use crate::surface::Point;
use crate::theme::{Color, Theme};

/// The operations of a model from the input at the top to the loss at the bottom, with parameters
/// beside those that read them and boxes around layers.
///
/// ```
/// use chainrule_plot::{Figure, GraphDrawing, Theme};
///
/// let dot = r##"digraph {
///     n0 [label="x\n[32, 64]", shape=ellipse, fillcolor="#d6eaf8"];
///     n1 [label="square\n[32, 64]", shape=box, fillcolor="#ffffff"];
///     n0 -> n1;
/// }"##;
/// let graph = GraphDrawing::from_dot("Model", dot)?;
/// assert_eq!((graph.nodes.len(), graph.edges.as_slice()), (2, &[(0, 1)][..]));
/// let svg = graph.svg(Theme::Light);
/// assert_eq!(svg.matches("class=\"node\"").count(), 2);
/// # Ok::<(), chainrule_plot::PlotError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphDrawing {
    /// The title.
    pub title: String,
    /// The nodes in order of recording: each after those that it reads.
    pub nodes: Vec<GraphNode>,
    /// Pairs of nodes; the second one reads the first one.
    pub edges: Vec<(usize, usize)>,
}

/// A node of a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphNode {
    /// The name of an operation, or that of an input or parameter.
    pub label: String,
    /// The shape of its value, such as `[32, 64]`.
    pub shape: String,
    /// The value itself.
    pub kind: NodeKind,
    /// The names of the layers that it is in, from the outermost one.
    pub layer: Vec<String>,
}

/// The kind of a node of a graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// Computed from other nodes.
    #[default]
    Operation,
    /// Given for each batch.
    Input,
    /// Learned, or remembered from step to step.
    Parameter,
    /// Fixed when the graph was recorded.
    Constant,
}

impl NodeKind {
    fn name(self) -> &'static str {
        match self {
            NodeKind::Operation => "operation",
            NodeKind::Input => "input",
            NodeKind::Parameter => "parameter",
            NodeKind::Constant => "constant",
        }
    }

    fn color(self, theme: Theme) -> Color {
        let (color, share) = match self {
            NodeKind::Operation => (theme.foreground(), 0.04),
            NodeKind::Input => (theme.series(0), 0.3),
            NodeKind::Parameter => (theme.series(1), 0.3),
            NodeKind::Constant => (theme.foreground(), 0.22),
        };
        theme.background().mix(color, share)
    }
}

impl GraphDrawing {
    /// Without nodes.
    #[must_use]
    pub fn new(title: impl Into<String>) -> GraphDrawing {
        GraphDrawing { title: title.into(), ..GraphDrawing::default() }
    }

    /// Reads the drawing of a recording that `Graph::to_dot` of `chainrule-graph` writes.
    ///
    /// # Errors
    /// A line that is not written so, with its number; other programs' files may not be readable.
    pub fn from_dot(title: impl Into<String>, dot: &str) -> Result<GraphDrawing, PlotError> {
        let title = title.into();
        match parse::dot(dot) {
            Ok((nodes, edges)) => Ok(GraphDrawing { title, nodes, edges }),
            Err(reason) => Err(PlotError::Data { title, reason }),
        }
    }

    fn layout(&self) -> Layout {
        if self.check().is_ok() { Layout::of(self) } else { Layout::default() }
    }
}

impl GraphNode {
    /// The name without the layers, which are boxes around it.
    fn short(&self) -> &str {
        let path = self.layer.join(".");
        let inside = self.label.strip_prefix(&path).and_then(|rest| rest.strip_prefix('.'));
        inside.filter(|rest| !rest.is_empty()).unwrap_or(&self.label)
    }
}

const MARGIN: f64 = 14.0;
const TOP: f64 = 64.0;
/// Far more than a screen; what is beyond is not drawn.
const MOST: f64 = 30_000.0;

impl Figure for GraphDrawing {
    fn title(&self) -> &str {
        &self.title
    }

    fn description(&self) -> String {
        let names: Vec<&str> = self
            .nodes
            .iter()
            .filter(|node| node.kind == NodeKind::Operation)
            .map(GraphNode::short)
            .collect();
        let parameters = self.nodes.iter().filter(|node| node.kind == NodeKind::Parameter).count();
        let order = if names.len() <= 40 {
            names.join(", ")
        } else {
            format!("{}, ...", names[..40].join(", "))
        };
        format!("Graph of {} operations and {parameters} parameters: {order}.", names.len())
    }

    fn size(&self) -> (u32, u32) {
        let (width, height) = self.layout().size;
        let title = font::width(&self.title, true) * crate::canvas::TITLE;
        let width = (width.max(460.0).max(title.min(700.0)) + 2.0 * MARGIN).min(MOST);
        (width.ceil() as u32, (height + TOP + 20.0).clamp(160.0, MOST) as u32)
    }

    fn check(&self) -> Result<(), String> {
        let count = self.nodes.len();
        for &(from, to) in &self.edges {
            if from >= count || to >= count {
                return Err(format!(
                    "there is an edge from node {from} to node {to}, but there are {count} nodes"
                ));
            }
            if from >= to {
                return Err(format!("node {to} reads node {from}, which must come before it"));
            }
        }
        Ok(())
    }

    fn draw(&self, canvas: &Canvas) {
        let (theme, below) = (canvas.theme(), canvas.titled(&self.title));
        if self.nodes.is_empty() {
            return below.nothing("There are no nodes to show.");
        }
        let kinds = [NodeKind::Input, NodeKind::Parameter, NodeKind::Constant, NodeKind::Operation];
        let known =
            kinds.into_iter().filter(|kind| self.nodes.iter().any(|node| node.kind == *kind));
        let marks: Vec<(&str, Mark)> =
            known.map(|kind| (kind.name(), Mark::Fill(kind.color(theme)))).collect();
        let _ = below.legend(&marks);
        let layout = self.layout();
        let across = ((canvas.width() - layout.size.0) / 2.0).max(MARGIN);
        let plane = canvas.inside(across, TOP, 0.0, 0.0);
        for (depth, name, (left, top), (right, bottom)) in &layout.boxes {
            canvas.group("layer", name, || {
                let shade =
                    theme.background().mix(theme.series(2), 0.05 + 0.04 * (*depth).min(4) as f64);
                plane.rectangle(*left, *top, right - left, bottom - top, shade);
                plane.frame(
                    *left,
                    *top,
                    right - left,
                    bottom - top,
                    theme.background().mix(theme.series(2), 0.5),
                    1.0,
                );
                let name = plane.shorten(name, SMALL, right - left - 10.0);
                plane.text(&name, left + 5.0, top + 9.0, SMALL, theme.muted(), Align::Start);
            });
        }
        for path in &layout.edges {
            canvas.group("edge", "", || edge(&plane, path, theme.muted()));
        }
        for (node, place) in self.nodes.iter().zip(&layout.nodes) {
            canvas.group("node", &format!("{} {}", node.label, node.shape), || {
                draw_node(&plane, node, place)
            });
        }
    }
}

/// A smooth line through places, upright at each, with an arrow at its end.
fn edge(canvas: &Canvas, path: &[Point], color: Color) {
    let mut line: Vec<Point> = path.iter().copied().take(1).collect();
    for pair in path.windows(2) {
        let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
        if (x - to_x).abs() < 0.5 || (y - to_y).abs() < 0.5 {
            line.push(pair[1]);
            continue;
        }
        for step in 1..=12 {
            let t = f64::from(step) / 12.0;
            // A cubic curve that leaves and arrives upright.
            let s = t * t * (3.0 - 2.0 * t);
            line.push((x + (to_x - x) * s, y + (to_y - y) * t));
        }
    }
    canvas.line(&line, color, 1.2);
    if let [.., (from_x, from_y), (x, y)] = line[..] {
        let length = (x - from_x).hypot(y - from_y).max(1e-9);
        let (dx, dy) = ((x - from_x) / length * 7.0, (y - from_y) / length * 7.0);
        canvas.polygon(
            &[
                (x, y),
                (x - dx - dy * 0.45, y - dy + dx * 0.45),
                (x - dx + dy * 0.45, y - dy - dx * 0.45),
            ],
            color,
        );
    }
}

fn draw_node(canvas: &Canvas, node: &GraphNode, place: &Placed) {
    let theme = canvas.theme();
    let (left, top, width, height) = (place.left, place.top, place.width, place.height);
    let outline = match node.kind {
        NodeKind::Operation => theme.foreground(),
        NodeKind::Input => theme.series(0),
        NodeKind::Parameter => theme.series(1),
        NodeKind::Constant => theme.muted(),
    };
    // Inputs have round ends, constants cut corners, so that kinds are told apart without colours.
    let corner = match node.kind {
        NodeKind::Input => height / 2.0,
        NodeKind::Constant => 7.0,
        NodeKind::Operation | NodeKind::Parameter => 0.0,
    };
    let steps = if node.kind == NodeKind::Input { 8 } else { 1 };
    let mut path = Vec::new();
    let corners = [
        (left + corner, top + corner),
        (left + width - corner, top + corner),
        (left + width - corner, top + height - corner),
        (left + corner, top + height - corner),
    ];
    for (index, (x, y)) in corners.into_iter().enumerate() {
        for step in 0..=steps {
            let angle = std::f64::consts::FRAC_PI_2
                * (index as f64 + 2.0 + f64::from(step) / f64::from(steps));
            path.push((x + corner * angle.cos(), y + corner * angle.sin()));
        }
    }
    canvas.polygon(&path, node.kind.color(theme));
    path.push(path[0]);
    canvas.line(&path, outline, 1.2);
    let (middle, ink) = (left + width / 2.0, theme.foreground());
    if place.one_line {
        let text = canvas.shorten(&format!("{} {}", node.short(), node.shape), SMALL, width - 10.0);
        canvas.text(&text, middle, top + height / 2.0, SMALL, ink, Align::Middle);
    } else {
        let label = canvas.shorten(node.short(), LABEL, width - 10.0);
        let shape = canvas.shorten(&node.shape, SMALL, width - 10.0);
        canvas.text(&label, middle, top + height * 0.32, LABEL, ink, Align::Middle);
        canvas.text(&shape, middle, top + height * 0.7, SMALL, theme.muted(), Align::Middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    fn node(label: &str, kind: NodeKind, layer: &[&str]) -> GraphNode {
        let layer = layer.iter().map(|&name| name.to_owned()).collect();
        GraphNode { label: label.into(), shape: "[32, 64]".into(), kind, layer }
    }

    fn mlp(depth: usize) -> GraphDrawing {
        let mut graph = GraphDrawing::new("Model");
        graph.nodes.push(node("x", NodeKind::Input, &[]));
        let mut last = 0;
        for index in 0..depth {
            let name = format!("layers.{index}");
            let layer = ["layers", &index.to_string()];
            for (parameter, kind) in [
                ("weight", NodeKind::Parameter),
                ("bias", NodeKind::Parameter),
                ("affine", NodeKind::Operation),
            ] {
                let label = if kind == NodeKind::Parameter {
                    format!("{name}.{parameter}")
                } else {
                    parameter.to_owned()
                };
                graph.nodes.push(node(&label, kind, &layer));
            }
            let affine = graph.nodes.len() - 1;
            graph.edges.extend([(last, affine), (affine - 2, affine), (affine - 1, affine)]);
            if index % 2 == 1 {
                graph.nodes.push(node("add", NodeKind::Operation, &[]));
                graph.edges.extend([(last, affine + 1), (affine, affine + 1)]);
            }
            last = graph.nodes.len() - 1;
        }
        graph
    }

    #[test]
    fn every_node_edge_and_layer_is_drawn() {
        let graph = mlp(4);
        let picture = check::picture(&graph);
        assert_eq!(
            (picture.count("node"), picture.count("edge")),
            (graph.nodes.len(), graph.edges.len())
        );
        assert!(picture.count("layer") >= 4, "{}", picture.count("layer"));
        assert!(
            ["x", "weight [32, 64]", "affine", "add", "0"].iter().all(|text| picture.says(text)),
            "{:?}",
            picture.texts
        );
    }

    #[test]
    fn nothing_one_deep_and_wide() {
        assert!(check::picture(&GraphDrawing::new("a")).says("There are no nodes to show."));
        check::picture(&GraphDrawing {
            nodes: vec![node("x", NodeKind::Parameter, &[])],
            ..GraphDrawing::new("a")
        });
        let nodes = (0..30)
            .map(|_| node(&"long".repeat(40), NodeKind::Operation, &["one", "two"]))
            .collect();
        let edges = (0..29).map(|index| (index, 29)).chain([(0, 29), (0, 29)]).collect();
        check::picture(&GraphDrawing { nodes, edges, ..GraphDrawing::new("a") });
        check::picture(&mlp(30));
    }

    #[test]
    fn edges_must_lead_forward() {
        let graph = |edges| GraphDrawing { edges, ..mlp(1) };
        assert_eq!(
            graph(vec![(0, 9)]).check().unwrap_err(),
            "there is an edge from node 0 to node 9, but there are 4 nodes"
        );
        assert_eq!(
            graph(vec![(2, 2)]).check().unwrap_err(),
            "node 2 reads node 2, which must come before it"
        );
        check::picture(&graph(vec![(2, 1)]));
    }
}
