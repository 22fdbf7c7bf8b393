use std::path::Path;
use std::sync::Arc;

use chainrule_checkpoint as checkpoint;
use chainrule_data::{Batches, Dataset};
use chainrule_graph::Params;
use chainrule_nn::{Layer, init};
use chainrule_tensor::{Real, Shape, Tensor};

use crate::check::named;
use crate::field::Field;
use crate::preprocessing::Learned;
use crate::text::{FITTED, lines, read};
use crate::{Predictor, Preprocessing, Recipe, RecipeError};

/// A network with all that it takes to use it: model, parameters, preprocessing, names of classes,
/// and the recipe that it was made by. Its file is loaded without any of them being known.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_recipe::{Network, Recipe};
///
/// let digits = Digits::load()?.dataset::<f32>().select(&(0..400).collect::<Vec<_>>())?;
/// let run = Recipe { hidden: vec![16], ..Recipe::default() }.run(&digits, None, &mut [])?;
/// let path = std::env::temp_dir().join("chainrule-doc-network.safetensors");
/// run.network.save(&path)?;
///
/// let network = Network::<f32>::load(&path)?;
/// assert_eq!(network.recipe().hidden, [16]);
/// let chances = network.probabilities(digits.inputs())?;
/// assert_eq!(chances.shape(), [400, 10].into());
/// assert_eq!(network.predict(digits.inputs())?, run.network.predict(digits.inputs())?);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Network<T: Real = f32> {
    recipe: Recipe,
    model: Arc<dyn Layer<T>>,
    params: Arc<Params<T>>,
    preprocessing: Preprocessing,
    /// Of a sample as the model takes it.
    sample: Shape,
    outputs: usize,
    names: Vec<String>,
}

/// The content of a file beside recipe and parameters.
#[derive(Default)]
struct Fitted {
    sample: Vec<usize>,
    outputs: usize,
    names: Vec<String>,
    learned: Learned,
}

impl Fitted {
    fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
        let mut fields = vec![
            ("sample", Field::Counts(&mut self.sample)),
            ("outputs", Field::Count(&mut self.outputs)),
            ("classes", Field::Texts(&mut self.names)),
        ];
        fields.extend(self.learned.fields());
        fields
    }
}

impl<T: Real> Network<T> {
    /// The network with its first weights, for samples of this shape as the model takes them, and
    /// so many outputs where the recipe leaves their number open.
    ///
    /// # Errors
    /// A model that does not take such samples.
    pub fn untrained(
        recipe: &Recipe,
        preprocessing: Preprocessing,
        sample: Shape,
        outputs: usize,
    ) -> Result<Self, RecipeError> {
        let model: Arc<dyn Layer<T>> = Arc::from(recipe.model(outputs)?);
        let params = Arc::new(recipe.first_values(&*model, sample)?);
        let (recipe, names) = (recipe.clone(), Vec::new());
        Ok(Network { recipe, model, params, preprocessing, sample, outputs, names })
    }

    /// The same network with first values from the first batch of these data, as the model takes
    /// them.
    pub(crate) fn fitted(self, rule: &str, train: &Dataset<T>) -> Result<Self, RecipeError> {
        let Recipe { batch_size, seed, .. } = self.recipe;
        let rule = named("init_from_data", init::from_data_by_name::<T>(rule))?;
        let mut batches = match self.recipe.shuffle {
            true => Batches::shuffled(train.len(), batch_size, seed)?,
            false => Batches::in_order(train.len(), batch_size)?,
        };
        let first = batches.epoch().next().unwrap_or_default();
        let inputs = train.select(first)?;
        let mut params = Params::clone(&self.params);
        rule.initialise(&*self.model, &mut params, inputs.inputs(), seed)?;
        Ok(self.with_params(Arc::new(params)))
    }

    /// The same network with other parameters.
    pub(crate) fn with_params(&self, params: Arc<Params<T>>) -> Self {
        Network { params, ..self.clone() }
    }

    /// With the names of the classes, one for each output, which its file then holds.
    #[must_use]
    pub fn with_class_names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names = names.into_iter().map(Into::into).collect();
        self
    }

    /// The recipe that it was made by.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &dyn Layer<T> {
        &*self.model
    }

    pub(crate) fn shared_model(&self) -> &Arc<dyn Layer<T>> {
        &self.model
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &Params<T> {
        &self.params
    }

    /// The preprocessing of samples before the model sees them.
    #[must_use]
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// The shape of a sample, as the model takes it.
    #[must_use]
    pub fn sample(&self) -> Shape {
        self.sample
    }

    /// The names of the classes; none where they have no names.
    #[must_use]
    pub fn class_names(&self) -> &[String] {
        &self.names
    }

    /// A value that answers again and again, without planning anew and without an allocation.
    #[must_use]
    pub fn predictor(&self) -> Predictor<T> {
        Predictor::new(self.clone())
    }

    /// The answers for inputs `[samples, ...]` as they stand in the data: the model's outputs, in
    /// the units of the targets. For many calls, keep a [`predictor`](Network::predictor).
    ///
    /// # Errors
    /// Inputs that are not as those of the training were.
    pub fn predict(&self, inputs: &Tensor<T>) -> Result<Tensor<T>, RecipeError> {
        Ok(self.predictor().predict(inputs)?.to_tensor())
    }

    /// The probability of each class, or of each label, for inputs `[samples, ...]`: by softmax or
    /// sigmoid where the loss takes logits.
    ///
    /// # Errors
    /// As [`predict`](Network::predict); a loss whose predictions are no probabilities.
    pub fn probabilities(&self, inputs: &Tensor<T>) -> Result<Tensor<T>, RecipeError> {
        Ok(self.predictor().probabilities(inputs)?.to_tensor())
    }

    /// The most likely class of each sample, the first of equals: the position of the largest
    /// output.
    ///
    /// # Errors
    /// As [`predict`](Network::predict).
    pub fn classes(&self, inputs: &Tensor<T>) -> Result<Vec<usize>, RecipeError> {
        Ok(self.predictor().classes(inputs)?.to_vec())
    }

    /// Saves parameters, recipe and all else in one safetensors file.
    ///
    /// # Errors
    /// A file that cannot be written; parameters that are not finite.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RecipeError> {
        Ok(checkpoint::save(&self.params, path, &self.description())?)
    }

    /// The text that stands beside the parameters in a file: the recipe, and what the training data
    /// have left.
    #[must_use]
    pub fn description(&self) -> String {
        let mut fitted = Fitted {
            sample: self.sample.to_vec(),
            outputs: self.outputs,
            names: self.names.clone(),
            learned: self.preprocessing.learned(),
        };
        let fitted = lines(fitted.fields().iter());
        format!("{}\n[{FITTED}]\n{fitted}", self.recipe.to_toml())
    }

    /// Loads a network that [`save`](Network::save) has written, whatever it is.
    ///
    /// # Errors
    /// A file that cannot be read, that holds parameters alone, or that does not fit its recipe.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, RecipeError> {
        let path = path.as_ref();
        let described = |why: String| RecipeError::Description { path: path.to_owned(), why };
        let text = checkpoint::description(path)?;
        let text = text.ok_or_else(|| described("it holds parameters alone".to_owned()))?;
        let wrong = |error: RecipeError| described(error.to_string());
        let mut fitted = Fitted::default();
        let recipe = read(&text, Some(&mut fitted.fields())).map_err(wrong)?;
        let Fitted { sample, outputs, names, learned } = fitted;
        if outputs == 0 || sample.len() >= Shape::MAX_RANK {
            let why = format!("its part [{FITTED}] lacks the shape of a sample, or the outputs");
            return Err(described(why));
        }
        let preprocessing = learned.preprocessing(&recipe).map_err(wrong)?;
        let sample = Shape::new(&sample);
        let network = Network::untrained(&recipe, preprocessing, sample, outputs).map_err(wrong)?;
        let mut params = (*network.params).clone();
        checkpoint::load(&mut params, path)?;
        Ok(network.with_params(Arc::new(params)).with_class_names(names))
    }
}
