use chainrule_data::Dataset;
use chainrule_graph::Params;
use chainrule_insight::{Evidence, Recording};
use chainrule_nn::Layer;
use chainrule_tensor::Real;

/// Model, parameters and data.
type Trained<'a, T> = (&'a dyn Layer<T>, &'a Params<T>, &'a Dataset<T>);

/// The material of a report on a run: its recording, and the [`Evidence`] that there is beside it,
/// with data to show the model's answers on, best a test set. Each figure uses what it needs, and
/// is left out where that is not given or where it makes no sense.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_insight::{Evidence, Instruments, Recording};
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
/// let known = Evidence::new().model(&model).params(&params).loss(&loss).data(&test);
/// let material = Material::new("Digits", &recording).evidence(known).images(8, 8);
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
    /// Model, parameters, loss, and data to show the model's answers on.
    pub evidence: Evidence<'a, T>,
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
            evidence: Evidence::new(),
            classes: Vec::new(),
            inputs: Vec::new(),
            image: None,
        }
    }

    /// With what is known beside the recording.
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence<'a, T>) -> Self {
        self.evidence = evidence;
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
        Some((self.evidence.model?, self.evidence.params?, self.evidence.data?))
    }
}
