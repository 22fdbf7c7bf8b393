use chainrule_insight::Recording;
use chainrule_plot::GradientFlow;

use super::label;

/// The norm of the backpropagated signal `dL/dz` at each layer with weights, from the first
/// observed step to the last.
#[must_use]
pub fn gradient_flow(recording: &Recording) -> Option<GradientFlow> {
    let log = &recording.log;
    let weighted: Vec<usize> =
        (0..log.layers.len()).filter(|&layer| log.layers[layer].weighted).collect();
    let names = weighted.iter().map(|&layer| label(&log.layers[layer])).collect();
    let figure = GradientFlow::new("Gradients by layer and step", names);
    let figure = log.records.iter().fold(figure, |figure, record| {
        // A layer that no gradient reaches has none.
        let norm = |&layer: &usize| {
            record.layers[layer].pre_activation_gradients.as_ref().map_or(0.0, |seen| seen.norm)
        };
        figure.step(record.step as f64, weighted.iter().map(norm).collect())
    });
    (!weighted.is_empty() && !figure.steps.is_empty()).then_some(figure)
}
