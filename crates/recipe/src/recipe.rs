use chainrule_tensor::gemm::Precision;
use chainrule_train::optimizer::{self, Optimizer};
use chainrule_train::schedule::Interval;

use crate::field::Field;
use crate::{RecipeError, Scaling};

/// All that makes a training but the data, by name. Each field is a key of its
/// [text](Recipe::to_toml); what is chosen by text has the form of its family's `by_name`.
///
/// ```
/// use chainrule_recipe::Recipe;
///
/// let recipe = Recipe::from_toml(
///     r#"
///     layers = "sequential[linear(outputs=32), batch_norm, relu, linear(outputs=10)]"
///     optimizer = "adam(beta1=0.8)"
///     schedule = "cosine(total=20)"
///     epochs = 20
///     "#,
/// )?;
/// assert_eq!(recipe.batch_size, 32);
/// assert_eq!(Recipe::from_toml(&recipe.to_toml())?, recipe);
/// # Ok::<(), chainrule_recipe::RecipeError>(())
/// ```
///
/// How many threads work is no part of it, since they change no bit.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The model, as [`layer::by_name`](chainrule_nn::layer::by_name) reads it. By default none:
    /// the model is then `hidden` layers and a linear output, with as many outputs as the data ask
    /// for.
    pub layers: Option<String>,
    /// The widths of the hidden layers, behind their activation; 32 and 32 by default.
    pub hidden: Vec<usize>,
    /// The activation of each hidden layer; `relu` by default.
    pub activation: String,
    /// The rule for the first weights of the short form; `fitting`, the default, is He's or
    /// Glorot's, by the activation behind the weights. Biases begin at zero.
    pub init: String,
    /// The activation behind the output of the short form; none by default.
    pub output_activation: Option<String>,
    /// Layer normalisation in front of each activation of the short form; false by default.
    pub normalise: bool,
    /// The share of the hidden values that is left out at random in training, in the short form;
    /// none by default.
    pub dropout: Option<f64>,
    /// Rules for the first values of parameters by name, as `pattern: initialiser`, such as
    /// `0.*: orthogonal(gain=2)`. Where several choose a parameter, the last one counts.
    pub initialisers: Vec<String>,
    /// A rule that gives the layers first values by looking at the first batch, such as
    /// `unit_columns`, after all others; none by default.
    pub init_from_data: Option<String>,
    /// The loss; `cross_entropy` by default.
    pub loss: String,
    /// Weights in the loss that make all classes of the training data count the same; false by
    /// default.
    pub class_weights: bool,
    /// The rule that moves the weights; `adam` by default.
    pub optimizer: String,
    /// The learning rate in place of the optimizer's own; none by default.
    pub learning_rate: Option<f64>,
    /// How the learning rate goes; constant by default.
    pub schedule: Option<String>,
    /// The course of the weight decay of the groups, such as `flat_cosine`; constant by default.
    pub decay_schedule: Option<String>,
    /// The course of the share that dropout drops, such as `flat_cosine`; constant by default.
    pub dropout_schedule: Option<String>,
    /// The unit that the schedules count: `epoch`, the default, or `step`.
    pub schedule_by: Interval,
    /// When the learning rate is lowered, such as `reduce_on_plateau(patience=3)`; never by
    /// default.
    pub plateau: Option<String>,
    /// Parameters with settings of their own, such as `group(on=*.bias, learning_rate=2)`.
    pub groups: Vec<String>,
    /// Penalties on large weights, such as `penalty(l2=1e-4, on=*.weight)`.
    pub penalties: Vec<String>,
    /// The conditions on weights after each step, as `pattern: constraint`, such as
    /// `*.weight: max_norm(max_norm=3)`.
    pub constraints: Vec<String>,
    /// The largest norm of the gradient; none by default.
    pub clip_norm: Option<f64>,
    /// The largest magnitude of an element of the gradient, limited before the norm; none by
    /// default.
    pub clip_value: Option<f64>,
    /// The metrics, such as `accuracy`; none by default.
    pub metrics: Vec<String>,
    /// How often to go through the data; 10 by default.
    pub epochs: usize,
    /// How many samples make a batch; 32 by default.
    pub batch_size: usize,
    /// True if the last batch of an epoch is left out where it is smaller than the others; false by
    /// default.
    pub drop_last: bool,
    /// How many batches make a step; 1 by default.
    pub accumulate: usize,
    /// After how many epochs without a better watched number to stop; never by default.
    pub early_stopping: Option<usize>,
    /// The least change of the watched number that counts as better; 0 by default.
    pub margin: f64,
    /// To end with the weights of the epoch with the best watched number; false by default.
    pub best_weights: bool,
    /// True if the best epoch is the last of equally good ones; false by default: the first.
    pub last_of_equals: bool,
    /// The number that early stopping, the best weights and the plateau watch: `loss`, the
    /// default, or as `highest accuracy` or `lowest log_loss` a metric.
    pub monitor: String,
    /// The seed of first weights, of the order of samples and of what is random within the model;
    /// 0 by default.
    pub seed: u64,
    /// Samples in a new order in each epoch; true by default.
    pub shuffle: bool,
    /// How exactly large products are computed: `f32`, the default, `fast` or `bf16`.
    pub precision: Precision,
    /// How inputs are scaled, by the training data: `none`, the default, `standard` or `min_max`.
    pub scale_inputs: Scaling,
    /// How targets that are values are scaled.
    pub scale_targets: Scaling,
    /// Answers that are values are kept within those of the training data; false by default.
    pub clamp_answers: bool,
    /// Inputs that never change in the training data are left out; false by default.
    pub drop_constant_inputs: bool,
}

impl Default for Recipe {
    fn default() -> Self {
        Recipe {
            layers: None,
            hidden: vec![32, 32],
            activation: "relu".to_owned(),
            init: FITTING.to_owned(),
            output_activation: None,
            normalise: false,
            dropout: None,
            initialisers: Vec::new(),
            init_from_data: None,
            loss: "cross_entropy".to_owned(),
            class_weights: false,
            optimizer: "adam".to_owned(),
            learning_rate: None,
            schedule: None,
            decay_schedule: None,
            dropout_schedule: None,
            schedule_by: Interval::Epoch,
            plateau: None,
            groups: Vec::new(),
            penalties: Vec::new(),
            constraints: Vec::new(),
            clip_norm: None,
            clip_value: None,
            metrics: Vec::new(),
            epochs: 10,
            batch_size: 32,
            drop_last: false,
            accumulate: 1,
            early_stopping: None,
            margin: 0.0,
            best_weights: false,
            last_of_equals: false,
            monitor: "loss".to_owned(),
            seed: 0,
            shuffle: true,
            precision: Precision::F32,
            scale_inputs: Scaling::None,
            scale_targets: Scaling::None,
            clamp_answers: false,
            drop_constant_inputs: false,
        }
    }
}

/// The initialiser that follows the activation.
pub(crate) const FITTING: &str = "fitting";

/// The keys of the short form of a model, which mean nothing beside `layers`.
pub(crate) const SHORT_FORM: [&str; 6] =
    ["hidden", "activation", "init", "output_activation", "normalise", "dropout"];

impl Recipe {
    /// All values by key: the one list that reading, writing and changes follow.
    pub(crate) fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
        vec![
            ("layers", Field::OptionalText(&mut self.layers)),
            ("hidden", Field::Counts(&mut self.hidden)),
            ("activation", Field::Text(&mut self.activation)),
            ("init", Field::Text(&mut self.init)),
            ("output_activation", Field::OptionalText(&mut self.output_activation)),
            ("normalise", Field::Flag(&mut self.normalise)),
            ("dropout", Field::OptionalNumber(&mut self.dropout)),
            ("initialisers", Field::Texts(&mut self.initialisers)),
            ("init_from_data", Field::OptionalText(&mut self.init_from_data)),
            ("loss", Field::Text(&mut self.loss)),
            ("class_weights", Field::Flag(&mut self.class_weights)),
            ("optimizer", Field::Text(&mut self.optimizer)),
            ("learning_rate", Field::OptionalNumber(&mut self.learning_rate)),
            ("schedule", Field::OptionalText(&mut self.schedule)),
            ("decay_schedule", Field::OptionalText(&mut self.decay_schedule)),
            ("dropout_schedule", Field::OptionalText(&mut self.dropout_schedule)),
            ("schedule_by", Field::Word(&mut self.schedule_by)),
            ("plateau", Field::OptionalText(&mut self.plateau)),
            ("groups", Field::Texts(&mut self.groups)),
            ("penalties", Field::Texts(&mut self.penalties)),
            ("constraints", Field::Texts(&mut self.constraints)),
            ("clip_norm", Field::OptionalNumber(&mut self.clip_norm)),
            ("clip_value", Field::OptionalNumber(&mut self.clip_value)),
            ("metrics", Field::Texts(&mut self.metrics)),
            ("epochs", Field::Count(&mut self.epochs)),
            ("batch_size", Field::Count(&mut self.batch_size)),
            ("drop_last", Field::Flag(&mut self.drop_last)),
            ("accumulate", Field::Count(&mut self.accumulate)),
            ("early_stopping", Field::OptionalCount(&mut self.early_stopping)),
            ("margin", Field::Number(&mut self.margin)),
            ("best_weights", Field::Flag(&mut self.best_weights)),
            ("last_of_equals", Field::Flag(&mut self.last_of_equals)),
            ("monitor", Field::Text(&mut self.monitor)),
            ("seed", Field::Seed(&mut self.seed)),
            ("shuffle", Field::Flag(&mut self.shuffle)),
            ("precision", Field::Word(&mut self.precision)),
            ("scale_inputs", Field::Word(&mut self.scale_inputs)),
            ("scale_targets", Field::Word(&mut self.scale_targets)),
            ("clamp_answers", Field::Flag(&mut self.clamp_answers)),
            ("drop_constant_inputs", Field::Flag(&mut self.drop_constant_inputs)),
        ]
    }

    /// The names of all keys, in the order of the text.
    #[must_use]
    pub fn keys() -> Vec<&'static str> {
        Recipe::default().fields().into_iter().map(|(key, _)| key).collect()
    }

    /// Gives a key a value in plain text, as behind a flag: `none` for an absent one, lists in
    /// brackets. The text alone is looked at; [`check`](Recipe::check) says whether the value makes
    /// sense.
    ///
    /// ```
    /// use chainrule_recipe::Recipe;
    ///
    /// let mut recipe = Recipe::default();
    /// recipe.set("hidden", "[64, 32]")?;
    /// recipe.set("metrics", "[accuracy, f1(average=micro)]")?;
    /// assert_eq!(recipe.values("metrics"), ["accuracy", "f1(average=micro)"]);
    /// # Ok::<(), chainrule_recipe::RecipeError>(())
    /// ```
    ///
    /// # Errors
    /// A key that there is not, or a value of another kind.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), RecipeError> {
        let mut fields = self.fields();
        match fields.iter_mut().find(|(known, _)| *known == key) {
            Some((_, field)) => field.parse(value).map_err(|why| RecipeError::of(key, why)),
            None => Err(RecipeError::unknown(key, &fields)),
        }
    }

    /// The value of a key in plain text, which [`set`](Recipe::set) reads. It is one text for each
    /// entry of a list of texts, one for any other value, none for an absent one or an unknown key.
    #[must_use]
    pub fn values(&self, key: &str) -> Vec<String> {
        let mut copy = self.clone();
        let fields = copy.fields();
        let field = fields.iter().find(|(known, _)| *known == key);
        field.map_or_else(Vec::new, |(_, field)| field.values())
    }

    /// The learning rate: its own, or the optimizer's.
    ///
    /// # Errors
    /// An optimizer that there is not.
    pub fn rate(&self) -> Result<f64, RecipeError> {
        match self.learning_rate {
            Some(rate) => Ok(rate),
            None => Ok(self.optimizer::<f64>()?.learning_rate()),
        }
    }

    /// Returns true if the losses of both are the same quantity.
    #[must_use]
    pub fn same_loss(&self, other: &Recipe) -> bool {
        let quantity =
            |recipe: &Recipe| (recipe.loss.clone(), recipe.class_weights, recipe.scale_targets);
        quantity(self) == quantity(other)
    }

    /// Returns true if the model has hidden layers that the keys of the short form describe.
    #[must_use]
    pub fn has_hidden(&self) -> bool {
        self.layers.is_none() && !self.hidden.is_empty()
    }

    /// The optimizer with the learning rate.
    ///
    /// # Errors
    /// A text that names none, or a learning rate that is none.
    pub fn optimizer<T: chainrule_tensor::Real>(
        &self,
    ) -> Result<Box<dyn optimizer::Listed<T>>, RecipeError> {
        if self.optimizer.split('(').next().is_some_and(|name| name.trim() == "lbfgs") {
            let why = "lbfgs takes all samples at once and no steps of batches: call `Lbfgs::fit` \
                       of the library, or choose another";
            return Err(RecipeError::of("optimizer", why));
        }
        let found = optimizer::by_name::<T>(&self.optimizer);
        let mut found = found.map_err(|why| RecipeError::of("optimizer", why))?;
        if let Some(rate) = self.learning_rate {
            optimizer::set_learning_rate(&mut *found, rate);
        }
        let rate = found.learning_rate();
        if rate > 0.0 && rate.is_finite() {
            return Ok(found);
        }
        let why = format!("must be a number above 0, such as 0.001, but it is {rate}");
        Err(RecipeError::of("learning_rate", why))
    }
}
