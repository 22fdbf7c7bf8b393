//! The way back as an observer sees it.

use crate::common;

use chainrule_graph::{Graph, WatchedBack, on_backward};
use chainrule_tensor::gemm::Put;
use common::{Random, Session, Tanh};

#[test]
fn the_watched_way_back_gives_the_same_bits_and_shows_every_operation() {
    let (graph, mut random) = (Graph::<f32>::new(), Random(1));
    let x = graph.constant(&random.tensor([5, 3]));
    let (w, b) = (graph.param("w", [3, 4], 0.3), graph.param("b", [4], 0.1));
    let hidden = graph.layer("hidden", "affine", || x.affine(w, b).map(Tanh));
    // Several consumers, one of which reads it twice, and a parameter with two uses.
    let loss = (hidden * hidden + hidden * b + hidden.exp().detach()).mean(..);
    let mut run = Session::new(graph.plan(loss).unwrap()).forward().backward();
    let expected = run.grads.values().to_vec();
    run.grads.clear();

    let (mut seen, mut of_b, mut line) = (Vec::new(), vec![0.0; 4], 0);
    let mut observer = on_backward(|watched: WatchedBack<'_, f32>| {
        assert_eq!(watched.upstream.len(), watched.op.shape().elements());
        let cotangents = watched.cotangents();
        for (input, cotangent) in cotangents.iter().enumerate() {
            assert_eq!(cotangent.is_some(), watched.wants(input));
            if watched.op.parameter(input) == Some("b") {
                of_b.iter_mut().zip(&**cotangent.as_ref().unwrap()).for_each(|(sum, g)| *sum += g);
            }
        }
        if watched.op.layer() == "hidden" {
            line = watched.op.location().line();
        }
        let wanted: Vec<bool> = cotangents.iter().map(Option::is_some).collect();
        seen.push((watched.op.name().to_owned(), watched.op.layer().to_owned(), wanted));
    });
    let whole = (Put::Set, &[1.0][..]);
    let (workspace, grads) = (&mut run.workspace, &mut run.grads);
    run.plan.backward_watched(&run.params, workspace, grads, whole, &mut observer);
    drop(observer);
    assert_eq!(run.grads.values().iter().map(|g| g.to_bits()).collect::<Vec<_>>(), bits(&expected));
    let op = |name: &str, layer: &str, wanted: &[bool]| {
        (name.to_owned(), layer.to_owned(), wanted.to_vec())
    };
    assert_eq!(
        seen,
        [
            op("mean", "", &[true]),
            op("add", "", &[true, false]),
            op("add", "", &[true, true]),
            op("mul", "", &[true, true]),
            op("mul", "", &[true, true]),
            op("affine + tanh", "hidden", &[false, true, true]),
        ]
    );
    assert!(line > 0 && run.grads.get("b").is_some());
    // What each operation gives by itself adds up to the gradient.
    for (sum, g) in of_b.iter().zip(run.grads.get("b").unwrap().values()) {
        assert!((sum - g).abs() < 1e-6 * g.abs().max(1.0), "{sum} {g}");
    }
}

#[test]
fn a_loss_without_parameters_shows_nothing() {
    let graph = Graph::<f64>::new();
    let x = graph.input("x", [2]);
    let mut run = Session::new(graph.plan(x.sum(..)).unwrap()).set(x, &[1.0, 2.0]).forward();
    let mut observer = on_backward(|watched: WatchedBack<'_, f64>| panic!("{watched:?}"));
    let whole = (Put::Set, &[1.0][..]);
    let (workspace, grads) = (&mut run.workspace, &mut run.grads);
    run.plan.backward_watched(&run.params, workspace, grads, whole, &mut observer);
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}
