//! Reads what `Graph::to_dot` writes.

use super::{GraphNode, NodeKind};

/// Nodes in order of their numbers, and edges.
pub(super) type Parts = (Vec<GraphNode>, Vec<(usize, usize)>);

pub(super) fn dot(text: &str) -> Result<Parts, String> {
    let (mut nodes, mut edges, mut layer, mut depth) =
        (Vec::new(), Vec::new(), Vec::<String>::new(), 0);
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim().trim_end_matches(';');
        let bad = || format!("line {} is not one of Graph::to_dot: {line}", index + 1);
        if trimmed.is_empty() || trimmed.starts_with("node [") {
            continue;
        } else if trimmed.ends_with('{') {
            depth += 1;
        } else if trimmed == "}" {
            layer.pop();
            depth -= 1;
        } else if let Some(label) = trimmed.strip_prefix("label=") {
            layer.push(quoted(label).ok_or_else(bad)?.0);
        } else if let Some((from, to)) = trimmed.split_once(" -> ") {
            edges.push((number(from).ok_or_else(bad)?, number(to).ok_or_else(bad)?));
        } else {
            nodes.push(node(trimmed, &layer).ok_or_else(bad)?);
        }
    }
    if depth != 0 {
        return Err("the text ends within a graph".to_owned());
    }
    nodes.sort_by_key(|&(number, _)| number);
    let position = |number: usize| {
        let found = nodes.binary_search_by_key(&number, |&(known, _)| known);
        found.map_err(|_| format!("an edge names node n{number}, which there is not"))
    };
    let edges: Result<Vec<_>, String> =
        edges.into_iter().map(|(from, to)| Ok((position(from)?, position(to)?))).collect();
    let edges = edges?;
    Ok((nodes.into_iter().map(|(_, node)| node).collect(), edges))
}

/// `n3 [label="affine\n[32, 2]", shape=box, ...]`.
fn node(line: &str, layer: &[String]) -> Option<(usize, GraphNode)> {
    let (name, attributes) = line.split_once(" [label=")?;
    let (text, rest) = quoted(attributes)?;
    let (label, shape) = text.rsplit_once('\n').unwrap_or((&text, ""));
    let kind = match rest.strip_prefix(", shape=")?.split([',', ']']).next()? {
        "ellipse" => NodeKind::Input,
        "cylinder" => NodeKind::Parameter,
        "note" => NodeKind::Constant,
        _ => NodeKind::Operation,
    };
    let (label, shape, layer) = (label.to_owned(), shape.to_owned(), layer.to_vec());
    Some((number(name)?, GraphNode { label, shape, kind, layer }))
}

fn number(name: &str) -> Option<usize> {
    name.strip_prefix('n')?.parse().ok()
}

/// A text in quotes at the start, without its escapes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let (mut out, mut characters) = (String::new(), inner.char_indices());
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((out, &inner[index + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => out.push('\n'),
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r##"digraph {
    node [fontname="sans-serif", style=filled];
    n0 [label="the \"x\"\n[32, 4]", shape=ellipse, fillcolor="#d6eaf8"];
    n4 [label="constant\n[]", shape=note, fillcolor="#eaeded"];
    subgraph cluster_0 {
        label="encoder";
        subgraph cluster_1 {
            label="0";
            n1 [label="encoder.0.weight\n[4, 2]", shape=cylinder, fillcolor="#fdebd0"];
            n3 [label="affine\n[32, 2]", shape=box, fillcolor="#ffffff"];
        }
    }
    n0 -> n3;
    n1 -> n3;
}
"##;

    #[test]
    fn nodes_layers_and_edges() {
        let (nodes, edges) = dot(SMALL).unwrap();
        let labels: Vec<&str> = nodes.iter().map(|node| node.label.as_str()).collect();
        assert_eq!(labels, ["the \"x\"", "encoder.0.weight", "affine", "constant"]);
        assert_eq!(nodes[1].layer, ["encoder", "0"]);
        assert!(nodes[3].layer.is_empty());
        assert_eq!((nodes[0].shape.as_str(), nodes[1].short()), ("[32, 4]", "weight"));
        let kinds: Vec<NodeKind> = nodes.iter().map(|node| node.kind).collect();
        assert_eq!(
            kinds,
            [NodeKind::Input, NodeKind::Parameter, NodeKind::Operation, NodeKind::Constant]
        );
        assert_eq!(edges, [(0, 2), (1, 2)]);
    }

    #[test]
    fn other_text_is_an_error_with_its_line() {
        assert_eq!(
            dot("digraph {\n  a b c\n}").unwrap_err(),
            "line 2 is not one of Graph::to_dot:   a b c"
        );
        assert_eq!(
            dot("digraph {\n n0 -> n1;\n}").unwrap_err(),
            "an edge names node n0, which there is not"
        );
        assert_eq!(dot("digraph {\n").unwrap_err(), "the text ends within a graph");
        assert!(dot("digraph {\n n0 [label=\"open\n}").is_err());
        assert!(dot("").is_ok());
    }
}
