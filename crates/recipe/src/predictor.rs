use std::fmt;
use std::sync::Arc;

use chainrule_graph::Params;
use chainrule_nn::activation::{Sigmoid, Softmax};
use chainrule_nn::loss::{self, Predictions};
use chainrule_nn::{Layer, Model, TargetKind};
use chainrule_tensor::{Real, Shape, TensorView};

use crate::{Network, RecipeError};

/// A [`Network`] ready to answer, again and again: it is planned once for each shape of inputs, and
/// after that a call allocates nothing. [`Network::predictor`] makes it.
///
/// It holds the network, whose parts are shared, so that it may go to another thread.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_recipe::Recipe;
///
/// let digits = Digits::load()?.dataset::<f32>().select(&(0..400).collect::<Vec<_>>())?;
/// let run = Recipe { hidden: vec![16], ..Recipe::default() }.run(&digits, None, &mut [])?;
/// let mut predictor = run.network.predictor();
/// for row in 0..20 {
///     let sample = digits.inputs().view().slice_rows(row..row + 1)?;
///     assert!(predictor.classes(sample)?[0] < 10);
/// }
/// assert_eq!(predictor.plans(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Predictor<T: Real = f32> {
    network: Network<T>,
    model: chainrule_nn::Predictor<'static, T>,
    /// The step from outputs to `probabilities`, once it was asked for.
    chances: Option<Chances<T>>,
    inputs: Vec<T>,
    outputs: Vec<T>,
    classes: Vec<usize>,
}

/// How outputs become probabilities.
enum Chances<T: Real> {
    Through(chainrule_nn::Predictor<'static, T>, Params<T>),
    Exponential,
    AsTheyAre,
}

impl<T: Real> Predictor<T> {
    pub(crate) fn new(network: Network<T>) -> Self {
        let model = chainrule_nn::Predictor::new(Arc::clone(network.shared_model()));
        let (inputs, outputs, classes) = (Vec::new(), Vec::new(), Vec::new());
        Predictor { network, model, chances: None, inputs, outputs, classes }
    }

    /// The network that answers.
    #[must_use]
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// How often the model was planned so far.
    #[must_use]
    pub fn plans(&self) -> usize {
        self.model.plans()
    }

    /// The answers for inputs `[samples, ...]`: see [`Network::predict`].
    ///
    /// # Errors
    /// Inputs that are not as those of the training were.
    pub fn predict<'v>(
        &mut self,
        inputs: impl Into<TensorView<'v, T>>,
    ) -> Result<TensorView<'_, T>, RecipeError> {
        let shape = self.answer(inputs.into())?;
        Ok(filled(shape, &self.outputs))
    }

    /// The probability of each class, or of each label: see [`Network::probabilities`].
    ///
    /// # Errors
    /// As [`predict`](Predictor::predict); a loss whose predictions are no probabilities.
    pub fn probabilities<'v>(
        &mut self,
        inputs: impl Into<TensorView<'v, T>>,
    ) -> Result<TensorView<'_, T>, RecipeError> {
        let shape = self.answer(inputs.into())?;
        let chances = match &mut self.chances {
            Some(chances) => chances,
            none => none.insert(Chances::of(&self.network, shape)?),
        };
        match chances {
            Chances::Through(layer, none) => {
                return Ok(layer.predict(none, filled(shape, &self.outputs))?);
            }
            Chances::Exponential => self.outputs.iter_mut().for_each(|x| *x = x.exp()),
            Chances::AsTheyAre => {}
        }
        Ok(filled(shape, &self.outputs))
    }

    /// The most likely class of each sample, the first of equals: see [`Network::classes`].
    ///
    /// # Errors
    /// As [`predict`](Predictor::predict).
    pub fn classes<'v>(
        &mut self,
        inputs: impl Into<TensorView<'v, T>>,
    ) -> Result<&[usize], RecipeError> {
        let shape = self.answer(inputs.into())?;
        let outputs = filled(shape, &self.outputs);
        let largest = |row: &[T]| {
            let better = |best: usize, i: usize| if row[i] > row[best] { i } else { best };
            (1..row.len()).fold(0, better)
        };
        self.classes.clear();
        self.classes.extend((0..shape[0]).map(|sample| largest(outputs.row(sample))));
        Ok(&self.classes)
    }

    /// Leaves the answers in `outputs`; their shape.
    fn answer(&mut self, inputs: TensorView<'_, T>) -> Result<Shape, RecipeError> {
        let preprocessing = self.network.preprocessing();
        let inputs = preprocessing.prepare(inputs, &mut self.inputs)?;
        let outputs = self.model.predict(self.network.params(), inputs)?;
        self.outputs.clear();
        self.outputs.extend_from_slice(outputs.values());
        let shape = outputs.shape();
        preprocessing.restore(shape, &mut self.outputs)?;
        Ok(shape)
    }
}

impl<T: Real> Chances<T> {
    fn of(network: &Network<T>, outputs: Shape) -> Result<Self, RecipeError> {
        let name = &network.recipe().loss;
        let loss = loss::by_name::<T>(name).map_err(|why| RecipeError::of("loss", why))?;
        let is_of_classes =
            loss.accepts(TargetKind::Classes) || loss.accepts(TargetKind::Probabilities);
        let sample = outputs.without_axis(0);
        Ok(match loss.domain().predictions {
            Predictions::Logits if is_of_classes => Chances::through(Softmax, sample)?,
            Predictions::Logits => Chances::through(Sigmoid, sample)?,
            Predictions::LogProbabilities => Chances::Exponential,
            Predictions::Probabilities => Chances::AsTheyAre,
            _ => return Err(RecipeError::NoProbabilities(name.clone())),
        })
    }

    fn through(layer: impl Layer<T> + 'static, sample: Shape) -> Result<Self, RecipeError> {
        let none = layer.init(sample, 0)?;
        Ok(Chances::Through(chainrule_nn::Predictor::new(layer), none))
    }
}

fn filled<T: Real>(shape: Shape, values: &[T]) -> TensorView<'_, T> {
    TensorView::new(shape, values).expect("they have the model's shape")
}

impl<T: Real> fmt::Debug for Predictor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predictor").field("model", &self.model).finish_non_exhaustive()
    }
}
