use chainrule_data::Dataset;
use chainrule_graph::{BuildError, DerivativeReads, Graph, Params, Watched, on_forward};
use chainrule_nn::Layer;
use chainrule_tensor::Real;

use super::roles::Roles;
use super::{LayerInfo, Units};

/// The units of one layer over a whole data set.
#[derive(Clone, Debug, PartialEq)]
pub struct SurveyedLayer {
    /// The layer.
    pub layer: LayerInfo,
    /// Its units. One that is [inactive](Units::inactive) here is dead: no sample gets a gradient
    /// through it.
    pub units: Units,
}

/// Runs the model over all samples, layers behaving as in evaluation, and counts what the units of
/// each activation do.
///
/// ```
/// use chainrule_data::{Dataset, Targets};
/// use chainrule_insight::survey;
/// use chainrule_nn::{Linear, Model, Sequential};
/// use chainrule_tensor::Tensor;
///
/// let model = Sequential::double()
///     .layer(Linear::new(1, 2).weight_init(1.0).bias_init(0.0))
///     .relu()
///     .linear(2, 1);
/// let mut params = model.init([1], 0)?;
/// params.get_mut("0.bias").unwrap()[1] = -5.0;
/// let inputs = Tensor::from_rows([[-1.0], [2.0], [3.0]]);
/// let data = Dataset::new(inputs.clone(), Targets::Values(inputs))?;
///
/// let layers = survey(&model, &params, &data)?;
/// assert_eq!(layers[0].units.active, [2, 0]);
/// assert_eq!(layers[0].units.inactive().collect::<Vec<_>>(), [1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Parameters or data that do not fit the model.
pub fn survey<T: Real>(
    model: &dyn Layer<T>,
    params: &Params<T>,
    data: &Dataset<T>,
) -> Result<Vec<SurveyedLayer>, BuildError> {
    let (mut layers, mut units, mut roles) = (Vec::new(), Vec::<Units>::new(), Roles::default());
    let all: Vec<usize> = (0..data.len()).collect();
    let mut z = Vec::new();
    // All full batches with one plan, the rest with another.
    let rest = data.len() % BATCH;
    for (size, part) in [(BATCH, &all[..data.len() - rest]), (rest, &all[data.len() - rest..])] {
        if part.is_empty() {
            continue;
        }
        let graph = Graph::with_params(params).evaluating();
        let x = graph.input("inputs", data.input_shape(size));
        let plan = graph.plan_forward(&[model.forward(x)])?;
        let mut workspace = plan.workspace();
        let mut targets = vec![T::ZERO; data.targets().shape(size).elements()];
        for samples in part.chunks(size) {
            data.gather(samples, workspace.input_mut(x), &mut targets);
            let mut observer = on_forward(|watched: Watched<'_, T>| {
                if roles.of(watched.op).is_none() {
                    roles.add(watched.op, &mut layers);
                    units.extend(
                        layers[units.len()..]
                            .iter()
                            .map(|layer: &LayerInfo| Units::new(layer.units)),
                    );
                }
                let Some(role) = roles.of(watched.op).filter(|role| role.activation) else {
                    return;
                };
                if !watched.pre_activation(&mut z) {
                    z.clear();
                    z.extend_from_slice(watched.input(0));
                }
                let (layer, units) = (&layers[role.layer], &mut units[role.layer]);
                units.add_rows(&z, layer.properties.responsive);
                match watched.op.function().filter(|_| layer.properties.can_die) {
                    None => units.all_active(),
                    Some(function) => {
                        let at = if function.derivative_reads() == DerivativeReads::Output {
                            watched.values
                        } else {
                            &z
                        };
                        let slopes: Vec<T> = at.iter().map(|&at| function.derivative(at)).collect();
                        units.add_derivatives(&slopes);
                    }
                }
            });
            plan.forward_watched(params, &mut workspace, &mut observer);
        }
    }
    if let Some(last) = layers.last_mut() {
        last.output = true;
    }
    let surveyed =
        layers.into_iter().zip(units).map(|(layer, units)| SurveyedLayer { layer, units });
    Ok(surveyed.filter(|surveyed| surveyed.layer.activation.is_some()).collect())
}

const BATCH: usize = 256;
