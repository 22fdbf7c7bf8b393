use chainrule_insight::monitor::{LayerInfo, Units};
use chainrule_insight::survey;
use chainrule_plot::{Unit, UnitMap};
use chainrule_tensor::Real;

use super::{counted, label};
use crate::{Material, ReportError};

/// The part of the rows on which a unit saturates, from which on it counts as saturated.
const NEARLY_ALL: f64 = 0.9;

/// Which units of hidden layers are dead, and which saturated: over the run's data where model and
/// parameters are there, else over the last window of observed steps. Layers whose activation can
/// do neither are left out.
///
/// # Errors
/// Parameters or data that do not fit the model.
pub fn units<T: Real>(material: &Material<'_, T>) -> Result<Option<UnitMap>, ReportError> {
    let surveyed;
    let (title, layers): (_, Vec<(&LayerInfo, &Units)>) =
        match (material.trained(), material.recording.log.windows.last()) {
            (Some((model, params, data)), _) => {
                surveyed = survey(model, params, data)?;
                let layers = surveyed.iter().map(|seen| (&seen.layer, &seen.units)).collect();
                (format!("Dead and saturated units over {}", counted(data.len())), layers)
            }
            (None, Some(window)) => {
                let title = format!(
                    "Dead and saturated units over steps {} to {}",
                    window.steps.0, window.steps.1
                );
                (title, material.recording.log.layers.iter().zip(&window.layers).collect())
            }
            (None, None) => return Ok(None),
        };
    let may_fail = |layer: &LayerInfo| {
        let (low, high) = layer.properties.responsive;
        layer.activation.is_some()
            && !layer.output
            && (layer.properties.can_die || low.is_finite() || high.is_finite())
    };
    let shown = layers.into_iter().filter(|(layer, units)| may_fail(layer) && units.rows > 0);
    let figure = shown
        .fold(UnitMap::new(title), |map, (layer, units)| map.layer(label(layer), states(units)));
    Ok((!figure.layers.is_empty()).then_some(figure))
}

fn states(units: &Units) -> Vec<Unit> {
    let state = |(active, saturated): (&u32, &u32)| match (*active, f64::from(*saturated)) {
        (0, _) => Unit::Dead,
        (_, rows) if rows >= NEARLY_ALL * units.rows as f64 => Unit::Saturated,
        _ => Unit::Alive,
    };
    units.active.iter().zip(&units.saturated).map(state).collect()
}
