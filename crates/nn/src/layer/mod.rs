//! The trait of layers, and the layers.
//!
//! | layer | what it does | training and evaluation |
//! |---|---|---|
//! | [`Linear`] | `x w + b` | alike |
//! | [`NtkLinear`] | `x w / sqrt(inputs) + b` | alike |
//! | [`Scale`] | `s x`, a factor for each feature | alike |
//! | [`WeightNorm`] | `x w + b` with `w = g v / norm(v)` | alike |
//! | [`Bilinear`] | `x1 A x2 + b` | alike |
//! | [`Embedding`] | the row of a table for each index | alike |
//! | [`EmbedColumns`] | the same for the last columns of a table | alike |
//! | [`PeriodicEmbedding`] | waves of each number of a table | alike |
//! | [`LearnedMissing`] | a learned value for each number that is missing | alike |
//! | [`BatchNorm`] | mean 0 and variance 1 for each channel | the batch's statistics, then running ones |
//! | [`LayerNorm`] | mean 0 and variance 1 for each sample | alike |
//! | [`RmsNorm`] | mean square 1 for each sample | alike |
//! | [`Dropout`] | drops elements at random | differ: nothing is dropped in evaluation |
//! | [`AlphaDropout`] | the same behind SELU | differ |
//! | [`Flatten`] | each sample as one row | alike |
//! | [`Sequential`] | one layer after the other | as its layers |
//! | [`Residual`] | `x + inner(x)` | as its layer |
//! | [`Parallel`] | several layers side by side | as its layers |

mod alpha_dropout;
mod batch_norm;
mod batch_norm_op;
mod bilinear;
#[cfg(test)]
mod check;
mod dropout;
mod embed_columns;
mod embedding;
mod flatten;
mod layer_norm;
mod learned_missing;
mod linear;
mod listed;
mod noise;
mod ntk_linear;
mod parallel;
mod periodic_embedding;
mod periodic_embedding_op;
mod residual;
mod rms_norm;
mod row_norm;
mod scale;
mod sequential;
#[cfg(test)]
mod squares;
mod table;
mod weight_norm;

use std::fmt::Debug;
use std::sync::Arc;

use chainrule_graph::{BuildError, Graph, Params, Var};
use chainrule_tensor::{Real, Shape, Tensor};

use crate::config::Family;
use crate::summary::Summary;
use crate::{Configure, PredictError, Predictor, activation};

pub use alpha_dropout::AlphaDropout;
pub use batch_norm::BatchNorm;
pub use bilinear::Bilinear;
pub use dropout::Dropout;
pub use embed_columns::EmbedColumns;
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use layer_norm::LayerNorm;
pub use learned_missing::LearnedMissing;
pub use linear::Linear;
pub use listed::{ALIASES, Listed, Sample, by_name};
pub use ntk_linear::NtkLinear;
pub use parallel::Parallel;
pub use periodic_embedding::PeriodicEmbedding;
pub use residual::Residual;
pub use rms_norm::RmsNorm;
pub use scale::Scale;
pub use sequential::Sequential;
pub use weight_norm::WeightNorm;

/// Every layer with its default settings, in the order of the table above. Names and gradient
/// checks come from this list.
#[must_use]
pub fn family<T: Real>() -> Family<dyn Listed<T>> {
    let entries: Vec<Box<dyn Listed<T>>> = vec![
        Box::new(Linear::to(1)),
        Box::new(NtkLinear::to(1)),
        Box::new(Scale::default()),
        Box::new(WeightNorm::to(1)),
        Box::new(Bilinear::new(2, 3, 1)),
        Box::new(Embedding::new(5, 3)),
        Box::new(EmbedColumns::default()),
        Box::new(PeriodicEmbedding::default()),
        Box::new(LearnedMissing { numbers: None, missing: vec![1] }),
        Box::new(BatchNorm::default()),
        Box::new(LayerNorm::default()),
        Box::new(RmsNorm::default()),
        Box::new(Dropout::default()),
        Box::new(AlphaDropout::default()),
        Box::new(Flatten),
        Box::new(Sequential::default().layer_norm().layer(Linear::to(2)).tanh()),
        Box::new(Residual::new(LayerNorm::default())),
        Box::new(Parallel::default().layer(Linear::to(2)).layer(activation::Identity)),
    ];
    Family::new("layer", |layer| layer.kind(), entries).with_aliases(ALIASES)
}

/// The entries of the [`family`], with their default settings.
#[must_use]
pub fn all<T: Real>() -> Vec<Box<dyn Listed<T>>> {
    family().all()
}

/// A layer: a function from variable to variable, with parameters that it names.
///
/// A layer says what a part of a model is; it holds no weights. It asks the graph for its
/// parameters by name, each with a shape and a rule for its first values; the weights themselves
/// are in [`Params`]. A layer of one's own is one function:
///
/// ```
/// use chainrule_graph::{Var, gradcheck};
/// use chainrule_nn::{Layer, Linear, Model, Sequential};
/// use chainrule_tensor::{Real, Tensor};
///
/// /// `y = v(x) * sigmoid(u(x))`: one affine map opens and closes the gates of another.
/// #[derive(Debug)]
/// struct Gated {
///     value: Linear,
///     gate: Linear,
/// }
///
/// impl<T: Real> Layer<T> for Gated {
///     fn kind(&self) -> &str {
///         "gated"
///     }
///     fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
///         let graph = x.graph();
///         let value = graph.scope("value", || self.value.forward(x));
///         let gate = graph.scope("gate", || self.gate.forward(x));
///         value * gate.map(chainrule_nn::activation::Sigmoid)
///     }
/// }
///
/// let gated = Gated { value: Linear::new(8, 3), gate: Linear::new(8, 3) };
/// gradcheck(&[Tensor::ones([2, 8])], |_, x| gated.forward(x[0]))?;
///
/// let model = Sequential::new().linear(4, 8).relu().layer(gated);
/// let params = model.init([4], 0)?;
/// assert_eq!(params.get("2.gate.weight").unwrap().shape(), [8, 3].into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Layer<T: Real = f32>: Debug + Send + Sync {
    /// The kind of layer, as shown in summaries, such as `linear`.
    fn kind(&self) -> &str;

    /// Records the layer's value for the input `x`, of shape `[batch, ..]`.
    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T>;

    /// How deep layers lie in each other: 1 for a layer without others, at most [`MAX_DEPTH`]. A
    /// layer that holds others of any kind adds 1 to theirs.
    fn depth(&self) -> usize {
        1
    }
}

/// How deep layers may lie in each other: all that a text can name, of which each `residual[..]` is
/// two.
///
/// What is nested is recorded, printed and dropped on the stack of a thread, which it must not
/// overflow. A layer that would lie deeper is left out, and planning reports it.
pub const MAX_DEPTH: usize = 2 * crate::config::MAX_DEPTH + 1;

/// A layer to be put into another one, and its depth; in place of one that would lie too deep, what
/// reports it.
fn nested<T: Real>(layer: impl Layer<T> + 'static) -> (Box<dyn Layer<T>>, usize) {
    match layer.depth() {
        depth if depth < MAX_DEPTH => (Box::new(layer), depth),
        _ => (Box::new(TooDeep), 1),
    }
}

/// Stands for what would lie too deep.
#[derive(Debug)]
struct TooDeep;

impl<T: Real> Layer<T> for TooDeep {
    fn kind(&self) -> &str {
        "too_deep"
    }

    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        x.graph().fail(format!("layers may lie at most {MAX_DEPTH} deep in each other"));
        x
    }
}

impl<T: Real, L: Layer<T> + ?Sized> Layer<T> for Box<L> {
    fn kind(&self) -> &str {
        (**self).kind()
    }
    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        (**self).forward(x)
    }
    fn depth(&self) -> usize {
        (**self).depth()
    }
}

impl<T: Real, L: Layer<T> + ?Sized> Layer<T> for &L {
    fn kind(&self) -> &str {
        (**self).kind()
    }
    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        (**self).forward(x)
    }
    fn depth(&self) -> usize {
        (**self).depth()
    }
}

impl<T: Real, L: Layer<T> + ?Sized> Layer<T> for Arc<L> {
    fn kind(&self) -> &str {
        (**self).kind()
    }
    fn forward<'g>(&self, x: Var<'g, T>) -> Var<'g, T> {
        (**self).forward(x)
    }
    fn depth(&self) -> usize {
        (**self).depth()
    }
}

/// The operations on any [`Layer`] as a whole model.
pub trait Model<T: Real = f32>: Layer<T> {
    /// The first values of all parameters, for samples of this shape (without the batch axis).
    ///
    /// # Errors
    /// The first mistake in the model, or an initialiser that cannot fill its parameter.
    #[track_caller]
    fn init(&self, sample: impl Into<Shape>, seed: u64) -> Result<Params<T>, BuildError> {
        // One sample is too few for some layers in training.
        let graph = Graph::new().evaluating();
        let _ = self.forward(one_sample(&graph, sample.into()));
        graph.check_error()?;
        Params::init(graph.layout(), seed)
    }

    /// A table of layers, output shapes and numbers of parameters, for samples of this shape
    /// (without the batch axis).
    ///
    /// # Errors
    /// The first mistake in the model.
    fn summary(&self, sample: impl Into<Shape>) -> Result<Summary, BuildError> {
        let graph = Graph::new().evaluating();
        let _ = self.forward(one_sample(&graph, sample.into()));
        graph.check_error()?;
        Ok(Summary::new(&graph.layers(), &graph.layout()))
    }

    /// The model's output for a batch of inputs `[samples, ..]`, layers behaving as in evaluation.
    ///
    /// Records and plans the model for this call alone. For many calls, keep a [`Predictor`].
    ///
    /// # Errors
    /// Inputs without a batch axis, or inputs and parameters that do not fit the model.
    fn predict(&self, params: &Params<T>, inputs: &Tensor<T>) -> Result<Tensor<T>, PredictError> {
        Ok(Predictor::new(self).predict(params, inputs)?.to_tensor())
    }
}

impl<T: Real, L: Layer<T> + ?Sized> Model<T> for L {}

/// The input for a batch of one sample of this shape.
#[track_caller]
fn one_sample<T: Real>(graph: &Graph<T>, sample: Shape) -> Var<'_, T> {
    let lengths = [&[1], &*sample].concat();
    if lengths.len() > Shape::MAX_RANK {
        let most = Shape::MAX_RANK - 1;
        graph.fail(format!(
            "a sample has at most {most} axes beside that of the batch, {sample} has more"
        ));
        return graph.input("input", sample);
    }
    graph.input("input", Shape::new(&lengths))
}

/// Notes settings that make no sense.
#[track_caller]
fn checked<T: Real>(graph: &Graph<T>, layer: &impl Configure) {
    if let Err(why) = layer.check() {
        graph.fail(why);
    }
}

/// The shape of the last axes of a batch; with the batch axis there must be one more.
#[track_caller]
fn trailing<T: Real>(x: Var<'_, T>, layer: &str, axes: usize) -> Shape {
    let shape = x.shape();
    if axes == 0 || axes >= shape.rank() {
        let advice =
            if axes == 0 { "name at least one" } else { "there must be a batch axis beside them" };
        x.graph().fail(format!("{layer}: the last {axes} axes of {shape} are asked for; {advice}"));
        return Shape::new(&[x.features()]);
    }
    Shape::new(&shape[shape.rank() - axes..])
}
