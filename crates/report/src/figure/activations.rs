use chainrule_insight::Recording;
use chainrule_insight::monitor::{Histogram, Record};
use chainrule_plot::{Ridge, RidgeRow};

use super::label;

/// More rows than this are hard to compare: then the last observed step alone is shown.
const MOST: usize = 12;

/// How each layer's activations are distributed over a batch, at the first and at the last observed
/// step; for a layer without an activation, what it gives.
#[must_use]
pub fn activations(recording: &Recording) -> Option<Ridge> {
    let log = &recording.log;
    let (first, last) = (log.records.first()?, log.records.last()?);
    let steps: &[&Record] = if first.step == last.step || 2 * log.layers.len() > MOST {
        &[last]
    } else {
        &[first, last]
    };
    let mut figure = Ridge::new("Activations", "value");
    for (layer, info) in log.layers.iter().enumerate() {
        for record in steps {
            let seen = &record.layers[layer];
            let Some(seen) = seen.activations.as_ref().or(seen.pre_activations.as_ref()) else {
                continue;
            };
            if !seen.histogram.counts.is_empty() {
                let label = format!("{}, step {}", label(info), record.step);
                figure = figure.row(row(label, &seen.histogram));
            }
        }
    }
    (!figure.rows.is_empty()).then_some(figure)
}

fn row(label: String, histogram: &Histogram) -> RidgeRow {
    let counts = histogram.counts.iter().map(|&count| f64::from(count)).collect();
    RidgeRow { label, low: histogram.low, high: histogram.high, counts }
}
