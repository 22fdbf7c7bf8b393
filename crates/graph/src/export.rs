//! Drawings of a recording, as text for Graphviz and for Mermaid.

use std::fmt::Write;

use chainrule_tensor::Real;

use crate::graph::{Graph, Node, Source};

impl<T: Real> Graph<T> {
    /// The recording as a drawing for [Graphviz](https://graphviz.org):
    /// `dot -Tsvg graph.dot > graph.svg`.
    ///
    /// A node carries its name and its shape, a box around nodes is a layer. Inputs are ellipses,
    /// parameters cylinders, constants notes, operations boxes.
    ///
    /// ```
    /// use chainrule_graph::Graph;
    ///
    /// let graph = Graph::<f32>::new();
    /// let x = graph.input("x", [32, 64]);
    /// let _ = x.square().mean(..);
    /// assert!(graph.to_dot().contains(r#"n0 -> n1;"#));
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        self.with_nodes(|nodes, layout| {
            let mut out =
                String::from("digraph {\n    node [fontname=\"sans-serif\", style=filled];\n");
            let mut boxes = 0;
            Layer::of(nodes).draw(1, &mut |depth, item| {
                let indent = "    ".repeat(depth);
                let written = match item {
                    Item::Node(index) => {
                        let (node, style) = (&nodes[index], Style::of(&nodes[index]));
                        let name = escape_dot(node.name(layout));
                        writeln!(
                            out,
                            "{indent}n{index} [label=\"{name}\\n{}\", shape={}, fillcolor=\"{}\"];",
                            node.shape, style.dot_shape, style.color
                        )
                    }
                    Item::Open(name) => {
                        boxes += 1;
                        let name = escape_dot(name);
                        writeln!(
                            out,
                            "{indent}subgraph cluster_{} {{\n{indent}    label=\"{name}\";",
                            boxes - 1
                        )
                    }
                    Item::Close => writeln!(out, "{indent}}}"),
                };
                written.expect("a string can always be written to");
            });
            edges(nodes, |from, to| out.push_str(&format!("    n{from} -> n{to};\n")));
            out + "}\n"
        })
    }

    /// The recording as a drawing for [Mermaid](https://mermaid.js.org), which many Markdown
    /// viewers show in place.
    ///
    /// A node carries its name and its shape, a box around nodes is a layer. Inputs are rounded,
    /// parameters cylinders, constants hexagons, operations boxes.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        self.with_nodes(|nodes, layout| {
            let mut out = String::from("flowchart TD\n");
            let mut boxes = 0;
            Layer::of(nodes).draw(1, &mut |depth, item| {
                let indent = "    ".repeat(depth);
                let written = match item {
                    Item::Node(index) => {
                        let (node, style) = (&nodes[index], Style::of(&nodes[index]));
                        let (open, close) = style.mermaid_shape;
                        let name = escape_mermaid(node.name(layout));
                        writeln!(
                            out,
                            "{indent}n{index}{open}\"{name}<br/>{}\"{close}:::{}",
                            node.shape, style.kind
                        )
                    }
                    Item::Open(name) => {
                        boxes += 1;
                        writeln!(
                            out,
                            "{indent}subgraph layer{} [\"{}\"]",
                            boxes - 1,
                            escape_mermaid(name)
                        )
                    }
                    Item::Close => writeln!(out, "{indent}end"),
                };
                written.expect("a string can always be written to");
            });
            edges(nodes, |from, to| out.push_str(&format!("    n{from} --> n{to}\n")));
            for style in [INPUT, PARAMETER, CONSTANT, OPERATION] {
                out.push_str(&format!("    classDef {} fill:{}\n", style.kind, style.color));
            }
            out
        })
    }
}

/// How a kind of node looks.
#[derive(Clone, Copy)]
struct Style {
    kind: &'static str,
    dot_shape: &'static str,
    mermaid_shape: (&'static str, &'static str),
    color: &'static str,
}

const INPUT: Style =
    Style { kind: "input", dot_shape: "ellipse", mermaid_shape: ("([", "])"), color: "#d6eaf8" };
const PARAMETER: Style = Style {
    kind: "parameter",
    dot_shape: "cylinder",
    mermaid_shape: ("[(", ")]"),
    color: "#fdebd0",
};
const CONSTANT: Style =
    Style { kind: "constant", dot_shape: "note", mermaid_shape: ("{{", "}}"), color: "#eaeded" };
const OPERATION: Style =
    Style { kind: "operation", dot_shape: "box", mermaid_shape: ("[", "]"), color: "#ffffff" };

impl Style {
    fn of<T: Real>(node: &Node<T>) -> Style {
        match node.source {
            Source::Input { .. } => INPUT,
            Source::Param(_) | Source::Statistic(_) => PARAMETER,
            Source::Constant(_) => CONSTANT,
            Source::Op(_) => OPERATION,
        }
    }
}

/// A layer with what is in it, in order of recording.
#[derive(Default)]
struct Layer<'a> {
    name: &'a str,
    nodes: Vec<usize>,
    layers: Vec<Layer<'a>>,
}

/// The next thing in a drawing.
enum Item<'a> {
    Node(usize),
    Open(&'a str),
    Close,
}

impl<'a> Layer<'a> {
    /// The whole recording as one nameless layer.
    fn of<T: Real>(nodes: &'a [Node<T>]) -> Layer<'a> {
        let mut whole = Layer::default();
        for (index, node) in nodes.iter().enumerate() {
            let path = node.layer.split('.').filter(|name| !name.is_empty());
            path.fold(&mut whole, Layer::inner).nodes.push(index);
        }
        whole
    }

    /// The layer of this name inside of this one.
    fn inner(&mut self, name: &'a str) -> &mut Layer<'a> {
        let known = self.layers.iter().position(|layer| layer.name == name);
        let position = known.unwrap_or_else(|| {
            self.layers.push(Layer { name, ..Layer::default() });
            self.layers.len() - 1
        });
        &mut self.layers[position]
    }

    fn draw(&self, depth: usize, item: &mut impl FnMut(usize, Item<'_>)) {
        self.nodes.iter().for_each(|&node| item(depth, Item::Node(node)));
        for layer in &self.layers {
            item(depth, Item::Open(layer.name));
            layer.draw(depth + 1, item);
            item(depth, Item::Close);
        }
    }
}

fn edges<T: Real>(nodes: &[Node<T>], mut edge: impl FnMut(usize, usize)) {
    for (to, node) in nodes.iter().enumerate() {
        node.inputs.iter().for_each(|&from| edge(from, to));
    }
}

fn escape_dot(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// Mermaid takes character references, with `#` for `&`.
fn escape_mermaid(text: &str) -> String {
    let escape = |c: char| match c {
        '#' | '"' | '<' | '>' | '&' | '`' | '\\' => format!("#{};", u32::from(c)),
        '\n' => "<br/>".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use chainrule_tensor::Tensor;

    use crate::{Graph, Var};

    fn small(graph: &Graph<f32>) -> Var<'_> {
        let x = graph.input("the \"x\"", [32, 4]);
        let y = graph.layer("encoder", "block", || {
            graph.layer("0", "linear", || {
                x.affine(graph.param("weight", [4, 2], 0.0), graph.param("bias", [2], 0.0))
            })
        });
        (y * graph.constant(&Tensor::scalar(2.0))).mean(..)
    }

    #[test]
    fn a_small_graph_as_dot() {
        let graph = Graph::new();
        let _ = small(&graph);
        let expected = r##"digraph {
    node [fontname="sans-serif", style=filled];
    n0 [label="the \"x\"\n[32, 4]", shape=ellipse, fillcolor="#d6eaf8"];
    n4 [label="constant\n[]", shape=note, fillcolor="#eaeded"];
    n5 [label="mul\n[32, 2]", shape=box, fillcolor="#ffffff"];
    n6 [label="mean\n[]", shape=box, fillcolor="#ffffff"];
    subgraph cluster_0 {
        label="encoder";
        subgraph cluster_1 {
            label="0";
            n1 [label="encoder.0.weight\n[4, 2]", shape=cylinder, fillcolor="#fdebd0"];
            n2 [label="encoder.0.bias\n[2]", shape=cylinder, fillcolor="#fdebd0"];
            n3 [label="affine\n[32, 2]", shape=box, fillcolor="#ffffff"];
        }
    }
    n0 -> n3;
    n1 -> n3;
    n2 -> n3;
    n3 -> n5;
    n4 -> n5;
    n5 -> n6;
}
"##;
        assert_eq!(graph.to_dot(), expected);
    }

    #[test]
    fn a_small_graph_as_mermaid() {
        let graph = Graph::new();
        let _ = small(&graph);
        let expected = r##"flowchart TD
    n0(["the #34;x#34;<br/>[32, 4]"]):::input
    n4{{"constant<br/>[]"}}:::constant
    n5["mul<br/>[32, 2]"]:::operation
    n6["mean<br/>[]"]:::operation
    subgraph layer0 ["encoder"]
        subgraph layer1 ["0"]
            n1[("encoder.0.weight<br/>[4, 2]")]:::parameter
            n2[("encoder.0.bias<br/>[2]")]:::parameter
            n3["affine<br/>[32, 2]"]:::operation
        end
    end
    n0 --> n3
    n1 --> n3
    n2 --> n3
    n3 --> n5
    n4 --> n5
    n5 --> n6
    classDef input fill:#d6eaf8
    classDef parameter fill:#fdebd0
    classDef constant fill:#eaeded
    classDef operation fill:#ffffff
"##;
        assert_eq!(graph.to_mermaid(), expected);
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(super::escape_dot("a\\b \"c\"\nd"), r#"a\\b \"c\"\nd"#);
        assert_eq!(
            super::escape_mermaid("a<b> \"#1\" `c`\nd"),
            "a#60;b#62; #34;#35;1#34; #96;c#96;<br/>d"
        );
    }
}
