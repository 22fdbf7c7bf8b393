use chainrule_data::Dataset;
use chainrule_graph::Params;
use chainrule_insight::Recording;
use chainrule_nn::{Layer, Loss};
use chainrule_tensor::Real;

/// Model, parameters and data.
type Trained<'a, T> = (&'a dyn Layer<T>, &'a Params<T>, &'a Dataset<T>);

/// The material of a report on a run: its recording, and as much of the trained model and of data
/// that it was not trained on as there is. Each figure uses what it needs, and is left out where
/// that is not given or where it makes no sense.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_insight::{Instruments, Recording};
/// use chainrule_nn::{Model, Sequential, loss::CrossEntropy};
/// use chainrule_report::Material;
/// use chainrule_train::{Trainer, optimizer::Adam};
///
/// let digits = Digits::load()?.dataset();
/// let part = |from: usize, to: usize| digits.select(&(from..to).collect::<Vec<_>>());
/// let (data, test) = (part(0, 256)?, part(256, 320)?);
/// let model = Sequential::new().linear(64, 16).tanh().linear(16, 10);
/// let (mut params, loss) = (model.init([64], 0)?, CrossEntropy);
/// let mut instruments = Instruments::new();
/// let fitted = Trainer::new(&model, &loss, Adam::new(0.01))
///     .epochs(2)
///     .callback(&mut instruments)
///     .fit(&mut params, &data, None);
///
/// let recording =
///     Recording::of(&fitted).log(instruments.into_log()).configuration([("optimizer", "adam")]);
/// let material = Material::new("Digits", &recording)
///     .model(&model)
///     .params(&params)
///     .loss(&loss)
///     .data(&test)
///     .images(8, 8);
/// let html = material.report()?.html();
/// assert!(html.contains("Loss by epoch") && html.contains("First-layer weights"));
///
/// // Without the model, what the recording tells.
/// let html = Material::<f32>::new("Digits", &recording).report()?.html();
/// assert!(html.contains("Loss by epoch") && !html.contains("First-layer weights"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Material<'a, T: Real = f32> {
    /// The title of the page.
    pub title: String,
    /// How the training went.
    pub recording: &'a Recording,
    /// The model.
    pub model: Option<&'a dyn Layer<T>>,
    /// Its parameters after the training.
    pub params: Option<&'a Params<T>>,
    /// The loss.
    pub loss: Option<&'a dyn Loss<T>>,
    /// Data to show the model's answers on; best a test set.
    pub data: Option<&'a Dataset<T>>,
    /// The names of the classes; their numbers where there are none.
    pub classes: Vec<String>,
    /// The names of the inputs, for a model of two; `x` and `y` where there are none.
    pub inputs: Vec<String>,
    /// Width and height in pixels, if each sample is an image, row by row from the upper left.
    pub image: Option<(usize, usize)>,
}

impl<'a, T: Real> Material<'a, T> {
    /// A run of which there is the recording.
    #[must_use]
    pub fn new(title: impl Into<String>, recording: &'a Recording) -> Self {
        Material {
            title: title.into(),
            recording,
            model: None,
            params: None,
            loss: None,
            data: None,
            classes: Vec::new(),
            inputs: Vec::new(),
            image: None,
        }
    }

    /// With the model.
    #[must_use]
    pub fn model(mut self, model: &'a dyn Layer<T>) -> Self {
        self.model = Some(model);
        self
    }

    /// With the model's parameters after the training.
    #[must_use]
    pub fn params(mut self, params: &'a Params<T>) -> Self {
        self.params = Some(params);
        self
    }

    /// With the loss.
    #[must_use]
    pub fn loss(mut self, loss: &'a dyn Loss<T>) -> Self {
        self.loss = Some(loss);
        self
    }

    /// With data to show the model's answers on.
    #[must_use]
    pub fn data(mut self, data: &'a Dataset<T>) -> Self {
        self.data = Some(data);
        self
    }

    /// With names of the classes.
    #[must_use]
    pub fn classes<S: ToString>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.classes = names.into_iter().map(|name| name.to_string()).collect();
        self
    }

    /// With names of the inputs.
    #[must_use]
    pub fn inputs<S: ToString>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.inputs = names.into_iter().map(|name| name.to_string()).collect();
        self
    }

    /// Each sample is an image of so many pixels.
    #[must_use]
    pub fn images(mut self, width: usize, height: usize) -> Self {
        self.image = Some((width, height));
        self
    }

    /// Model, parameters and data, if all are there.
    pub(crate) fn trained(&self) -> Option<Trained<'a, T>> {
        Some((self.model?, self.params?, self.data?))
    }
}
