//! Sizes of values and gradients from layer to layer before training, what theory says, and which
//! gain would repair it: one pass forward and one back at initialisation.
//!
//! Sizes are mean squares, over all samples and features: variances about zero. The weights `w` are
//! independent of what they meet, of mean zero and mean square `v`. In front of an activation `f`
//! stands a normal `z` of mean square `q`. Then theory says:
//!
//! | layer | values, out to in | gradients, in to out |
//! |---|---|---|
//! | linear, biases of mean square `b` | `fan in v + b / q` | `fan out v` |
//! | activation | `E f(z)^2 / q` | `E f'(z)^2` |
//!
//! `v` and `b` are those of the weights as drawn, `q` is the one measured. The gain of a linear
//! layer is `sqrt(fan in v)`: 1 for [`LeCun`](chainrule_nn::init::LeCun), `sqrt 2` for
//! [`He`](chainrule_nn::init::He).
//!
//! Which gain would repair it, for an activation:
//! - the usual one, [`Properties::gain`](chainrule_graph::Properties::gain): 5/3 for tanh, `sqrt 2`
//!   for ReLU; unless with it, after many layers, a gradient's mean square is halved or doubled in
//!   each, as theory has it;
//! - then the gain that keeps gradients, `g^2 E f'(z)^2 = 1` at the mean square of `z` that the
//!   same gain keeps. For a sigmoid it is large, and most units are saturated: it repairs the size
//!   of the gradient, not the activation.
//!
//! Theory holds for layers one after the other, wide, with weights drawn independently. Sources:
//! Glorot and Bengio, 2010; He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", 2015; Poole et
//! al., "Exponential expressivity in deep neural networks through transient chaos", 2016;
//! Schoenholz et al., "Deep information propagation", 2017.

mod display;
mod measure;
mod moments;
#[cfg(test)]
mod tests;

use chainrule_data::Dataset;
use chainrule_graph::{BuildError, Params};
use chainrule_nn::{Layer, Loss};
use chainrule_tensor::{Real, Shape};

/// How the sizes of values and gradients change on their way through a model. Its `Display` is a
/// table with what follows from it in words.
#[derive(Clone, Debug, PartialEq)]
pub struct GainReport {
    /// Each layer without layers inside, in order.
    pub layers: Vec<LayerGain>,
    /// The factor of the values' mean square from one linear layer to the next, a geometric mean
    /// over the model; `None` with less than two linear layers.
    pub forward: Option<f64>,
    /// The factor of the gradient's mean square from one linear layer to the one before, likewise.
    pub backward: Option<f64>,
    /// After how many linear layers on the way back the gradient is below the smallest normal
    /// number of its type, if it goes on shrinking so. `None` if it does not shrink.
    pub underflow: Option<usize>,
    /// After how many it is above the largest, likewise.
    pub overflow: Option<usize>,
    /// The settings that would keep the sizes, for each activation.
    pub repairs: Vec<Repair>,
    /// The type of the numbers: `f32` or `f64`.
    pub dtype: &'static str,
}

/// The effect of one layer on the sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerGain {
    /// Its path, such as `2`.
    pub path: String,
    /// The kind of layer.
    pub kind: String,
    /// The shape of what comes out.
    pub output: Shape,
    /// The mean square of what comes out.
    pub mean_square: f64,
    /// The root of the mean square of the gradient with respect to what comes out; `None` where
    /// there is none.
    pub gradient: Option<f64>,
    /// The factor of the values' mean square, out to in.
    pub forward: Ratio,
    /// The factor of the gradient's mean square, in to out.
    pub backward: Ratio,
    /// `sqrt(fan in v)` of a linear layer.
    pub gain: Option<f64>,
    /// The rule that draws its weights.
    pub initialiser: Option<String>,
}

/// A factor of mean squares, as it is and as theory has it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ratio {
    /// As measured; `None` where there is nothing to compare.
    pub measured: Option<f64>,
    /// By the formulas of the [module](self); `None` for layers that they do not speak of.
    pub theory: Option<f64>,
}

/// Gains of the linear layers in front of one activation.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// The activation's name.
    pub activation: String,
    /// The gain now, a geometric mean.
    pub now: f64,
    /// The usual one.
    pub usual: f64,
    /// The one that keeps the mean square of values at 1.
    pub for_values: Option<f64>,
    /// The one that keeps that of gradients.
    pub for_gradients: Option<f64>,
    /// The one to use, by the rule of the [module](self).
    pub gain: f64,
}

impl Repair {
    /// The factor that the weights as they are would need.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.gain / self.now
    }
}

/// Measures one pass forward and one back with all samples of `data`, layers behaving as in
/// training.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_insight::gain;
/// use chainrule_nn::init::LeCun;
/// use chainrule_nn::{Linear, Model, Sequential, loss::CrossEntropy};
///
/// let linear = |outputs| Linear::to(outputs).weight_init(LeCun::normal()).bias_init(0.0);
/// let model = (0..6)
///     .fold(Sequential::new(), |model, _| model.layer(linear(128)).relu())
///     .layer(linear(10));
/// let data = Digits::load()?.dataset().select(&(0..32).collect::<Vec<_>>())?;
/// let report = gain::report(&model, &CrossEntropy, &model.init([64], 0)?, &data)?;
///
/// // Each ReLU halves the mean square, and these weights do not make up for it.
/// assert!((report.forward.unwrap() - 0.5).abs() < 0.1);
/// assert_eq!(report.repairs[0].gain, 2.0_f64.sqrt());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The first mistake in model and loss, or what does not fit the data.
///
/// # Panics
/// If the parameters have another layout than the model, or there is no sample.
#[track_caller]
pub fn report<T: Real>(
    model: &dyn Layer<T>,
    loss: &dyn Loss<T>,
    params: &Params<T>,
    data: &Dataset<T>,
) -> Result<GainReport, BuildError> {
    measure::measure(model, loss, params, data)
}
