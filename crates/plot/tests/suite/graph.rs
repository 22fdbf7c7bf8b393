//! A recording as `chainrule-graph` writes it can be drawn.

use chainrule_graph::Graph;
use chainrule_plot::{Figure, GraphDrawing, NodeKind, Theme};

#[test]
fn a_recording_is_read_and_drawn() {
    let graph = Graph::<f32>::new();
    let mut x = graph.input("the \"x\"", [32, 8]);
    for index in 0..12 {
        x = graph.layer("layers", "sequential", || {
            graph.layer(&index.to_string(), "linear", || {
                x.affine(graph.param("weight", [8, 8], 0.0), graph.param("bias", [8], 0.0))
            })
        });
        x = x.square();
    }
    let _ = x.mean(..);
    let drawing =
        GraphDrawing::from_dot("Model", &graph.to_dot()).expect("what to_dot writes can be read");
    let count = |kind| drawing.nodes.iter().filter(|node| node.kind == kind).count();
    assert_eq!(
        (count(NodeKind::Input), count(NodeKind::Parameter), count(NodeKind::Operation)),
        (1, 24, 25)
    );
    assert_eq!(drawing.edges.len(), 12 * 3 + 12 + 1);
    let svg = drawing.svg(Theme::Light);
    assert_eq!(
        (svg.matches("class=\"node\"").count(), svg.matches("class=\"edge\"").count()),
        (50, 49)
    );
    if let Ok(path) = std::env::var("CHAINRULE_PLOT_KEEP") {
        drawing.save(path).expect("the picture can be written");
    }
}
