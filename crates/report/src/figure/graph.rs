use chainrule_data::Targets;
use chainrule_graph::Graph;
use chainrule_nn::Reduction;
use chainrule_plot::GraphDrawing;
use chainrule_tensor::Real;

use super::counted;
use crate::{Material, ReportError};

/// A drawing with more nodes than this is larger than a page.
const MOST: usize = 150;

/// The operations of the model for a batch of the run's data, up to the loss where that is there.
///
/// # Errors
/// Model, parameters, loss and data that do not fit together.
pub fn graph<T: Real>(material: &Material<'_, T>) -> Result<Option<GraphDrawing>, ReportError> {
    let Some((model, params, data)) = material.trained() else { return Ok(None) };
    let samples = data.len().clamp(1, 32);
    let graph = Graph::with_params(params).evaluating();
    let prediction = model.forward(graph.input("inputs", data.input_shape(samples)));
    if let Some(loss) = material.evidence.loss {
        let targets = match data.targets() {
            Targets::Classes { classes, .. } => graph.class_input("targets", samples, *classes),
            other => graph.input("targets", other.shape(samples)),
        };
        let _ = loss.forward(prediction, targets, Reduction::Mean);
    }
    graph.check_error()?;
    let drawing =
        GraphDrawing::from_dot(format!("The graph for {}", counted(samples)), &graph.to_dot())?;
    Ok((drawing.nodes.len() <= MOST).then_some(drawing))
}
