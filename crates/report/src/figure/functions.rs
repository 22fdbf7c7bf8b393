use std::sync::Arc;

use chainrule_graph::{DerivativeReads, Graph, Pointwise, Watched, on_forward};
use chainrule_nn::activation;
use chainrule_plot::Functions;
use chainrule_tensor::Real;

use crate::{Material, ReportError};

/// Where they are shown: within it every common activation bends or saturates.
const RANGE: (f64, f64) = (-5.0, 5.0);

/// The activations that the model applies, each once, with their derivatives. With model and
/// parameters those with their settings; from the recording alone those whose settings are the
/// default.
///
/// # Errors
/// Parameters that do not fit the model.
pub fn functions<T: Real>(material: &Material<'_, T>) -> Result<Option<Functions>, ReportError> {
    let found = match material.trained() {
        Some(_) => applied(material)?,
        None => recorded(material),
    };
    let mut figure = Functions::new("Activations and their derivatives", RANGE);
    for function in found {
        let value = |x: f64| function.value(T::from_f64(x));
        let derivative = |x: f64| match function.derivative_reads() {
            DerivativeReads::Output => function.derivative(value(x)),
            _ => function.derivative(T::from_f64(x)),
        };
        figure = figure.function(function.name(), |x| (value(x).to_f64(), derivative(x).to_f64()));
    }
    Ok((!figure.functions.is_empty()).then_some(figure))
}

type Found<T> = Vec<Arc<dyn Pointwise<T>>>;

/// Those that a pass over one sample meets.
fn applied<T: Real>(material: &Material<'_, T>) -> Result<Found<T>, ReportError> {
    let Some((model, params, data)) = material.trained() else {
        return Ok(Vec::new());
    };
    let known: Vec<String> =
        activation::all::<T>().iter().map(|activation| activation.kind().to_owned()).collect();
    let graph = Graph::with_params(params).evaluating();
    let x = graph.input("inputs", data.input_shape(1));
    let plan = graph.plan_forward(&[model.forward(x)])?;
    let mut workspace = plan.workspace();
    workspace.input_mut(x).copy_from_slice(&data.inputs().values()[..data.input_width()]);
    let mut found: Found<T> = Vec::new();
    let mut observer = on_forward(|watched: Watched<'_, T>| {
        let Some(function) = watched
            .op
            .function()
            .filter(|function| known.iter().any(|name| name == function.name()))
        else {
            return;
        };
        // Two settings of one function differ in what is known of them.
        let same = |other: &Arc<dyn Pointwise<T>>| {
            other.name() == function.name() && other.properties() == function.properties()
        };
        if !found.iter().any(same) {
            found.push(Arc::clone(function));
        }
    });
    plan.forward_watched(params, &mut workspace, &mut observer);
    drop(observer);
    Ok(found)
}

/// Those of the recorded layers.
fn recorded<T: Real>(material: &Material<'_, T>) -> Found<T> {
    let mut found: Found<T> = Vec::new();
    for layer in &material.recording.log.layers {
        let function = layer
            .activation
            .as_deref()
            .and_then(|name| activation::by_name::<T>(name).ok()?.pointwise());
        let function = function.filter(|function| function.properties() == layer.properties);
        found.extend(
            function.filter(|function| !found.iter().any(|known| known.name() == function.name())),
        );
    }
    found
}
