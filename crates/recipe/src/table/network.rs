use std::path::Path;

use chainrule_checkpoint as checkpoint;
use chainrule_data::{
    ColumnScaling, Dataset, EncodedColumn, EncodedKind, Frame, Line, TableEncoder, Targets, Task,
};
use chainrule_tensor::Real;
use chainrule_train::{Scores, Trainer, metric};

use super::{Answers, TableInputs};
use crate::check::named;
use crate::field::{Field, Word};
use crate::text::{TABLE, lines, read_table};
use crate::{Network, RecipeError};

/// A network that answers for the rows of a table. It knows which columns it takes and how they
/// become its inputs, what it predicts, and how the classes are called.
///
/// One file holds all of it.
///
/// ```
/// use chainrule_data::{Column, Frame, Target};
/// use chainrule_recipe::{Answers, Parts, Recipe, TableNetwork, TableTraining};
///
/// let sizes: Vec<f64> = (0..60).map(f64::from).collect();
/// let kinds = Column::categories((0..60).map(|row| if row < 30 { "small" } else { "large" }));
/// let inputs = Frame::new(vec![("size".into(), Column::Numbers(sizes))])?;
/// let target = Target::<f32>::new(&Frame::new(vec![("kind".into(), kinds)])?, None)?;
/// let parts = Parts::stratified(&target.targets, 0.2, 0)?;
///
/// let recipe = Recipe { epochs: 40, learning_rate: Some(0.01), ..Recipe::default() };
/// let training = TableTraining::new(&recipe, &inputs, &target, &["kind"], &parts)?;
/// let run = training.run(&mut [])?;
///
/// let path = std::env::temp_dir().join("chainrule-doc-table.safetensors");
/// run.network.save(&path)?;
/// let network = TableNetwork::<f32>::load(&path)?;
/// let rows = Frame::new(vec![("size".into(), Column::Numbers(vec![3.0, 55.0]))])?;
/// let Answers::Classes { classes, .. } = network.answers(&rows)? else { panic!("two classes") };
/// let names: Vec<_> = classes.iter().map(|&class| &network.names()[class]).collect();
/// assert_eq!(names, ["small", "large"]);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TableNetwork<T: Real = f32> {
    network: Network<T>,
    inputs: TableInputs,
    about: About,
}

/// The part of a file that is of the table, beside the columns.
#[derive(Clone, Debug, Default)]
struct About {
    targets: Vec<String>,
    task: TaskWord,
    /// The form of the cells of each column, in the words of whoever read them.
    forms: Vec<String>,
    scores: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TaskWord(Option<Task>);

impl Word for TaskWord {
    fn words(&self) -> Vec<&'static str> {
        vec!["classes", "values", "labels"]
    }

    fn word(&self) -> &'static str {
        match self.0 {
            Some(Task::Values) => "values",
            Some(Task::Labels) => "labels",
            _ => "classes",
        }
    }

    fn choose(&mut self, word: &str) -> Option<()> {
        self.0 = Some(match word {
            "classes" => Task::Classes,
            "values" => Task::Values,
            "labels" => Task::Labels,
            _ => return None,
        });
        Some(())
    }
}

impl<T: Real> TableNetwork<T> {
    pub(super) fn new(
        network: Network<T>,
        inputs: TableInputs,
        targets: Vec<String>,
        task: Task,
    ) -> Self {
        let about = About { targets, task: TaskWord(Some(task)), ..About::default() };
        TableNetwork { network, inputs, about }
    }

    /// With words on the form of the cells of each input, one for each, which its file then holds.
    #[must_use]
    pub fn with_forms(mut self, forms: Vec<String>) -> Self {
        self.about.forms = forms;
        self
    }

    /// With lines on how good it is, which its file then holds.
    #[must_use]
    pub fn with_scores(mut self, scores: Vec<String>) -> Self {
        self.about.scores = scores;
        self
    }

    /// The network behind the columns.
    #[must_use]
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// The columns that it takes, with what was learned of them.
    #[must_use]
    pub fn columns(&self) -> &[EncodedColumn] {
        self.inputs.columns()
    }

    /// The words on the form of the cells of each input; none where nobody gave them.
    #[must_use]
    pub fn forms(&self) -> &[String] {
        &self.about.forms
    }

    /// The lines on how good it is.
    #[must_use]
    pub fn scores(&self) -> &[String] {
        &self.about.scores
    }

    /// The columns that it predicts.
    #[must_use]
    pub fn targets(&self) -> &[String] {
        &self.about.targets
    }

    /// The kind of its answers.
    #[must_use]
    pub fn task(&self) -> Task {
        self.about.task.0.unwrap_or(Task::Classes)
    }

    /// The names of the classes or labels; for values those of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self.task() {
            Task::Values => &self.about.targets,
            _ => self.network.class_names(),
        }
    }

    /// The answers for the rows of a table, whose columns are found by name.
    ///
    /// # Errors
    /// A column that is not there, or of another kind.
    pub fn answers(&self, rows: &Frame) -> Result<Answers<T>, RecipeError> {
        let inputs = self.inputs.tensor(rows)?;
        Ok(match self.task() {
            Task::Classes => Answers::Classes {
                classes: self.network.classes(&inputs)?,
                probabilities: match self.network.probabilities(&inputs) {
                    Err(RecipeError::NoProbabilities(_)) => None,
                    probabilities => Some(probabilities?),
                },
            },
            Task::Values => Answers::Values(self.network.predict(&inputs)?),
            Task::Labels => Answers::Labels(self.network.probabilities(&inputs)?),
        })
    }

    /// Loss and metrics of its recipe on the rows of a table, with these targets.
    ///
    /// # Errors
    /// As [`answers`](TableNetwork::answers); targets that are not as those of the training were.
    pub fn scores_on(&self, rows: &Frame, targets: Targets<T>) -> Result<Scores, RecipeError> {
        let recipe = self.network.recipe();
        let loss = recipe.loss::<T>(None)?;
        let data = Dataset::new(self.inputs.tensor(rows)?, targets)?;
        let data = self.network.preprocessing().dataset(&data, &loss)?;
        let optimizer = recipe.optimizer::<T>()?;
        let mut trainer = Trainer::new(self.network.model(), &loss, optimizer);
        for text in &recipe.metrics {
            trainer = trainer.metric(named("metrics", metric::by_name(text))?);
        }
        Ok(trainer.evaluate(self.network.params(), &data)?)
    }

    /// Saves all of it in one safetensors file.
    ///
    /// # Errors
    /// A file that cannot be written; parameters that are not finite.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RecipeError> {
        Ok(checkpoint::save(self.network.params(), path, &self.description())?)
    }

    /// The text that stands beside the parameters in a file.
    #[must_use]
    pub fn description(&self) -> String {
        let mut columns = Columns::of(&self.inputs);
        let mut about = self.about.clone();
        let table = lines(columns.fields().iter().chain(about.fields().iter()));
        format!("{}\n[{TABLE}]\n{table}", self.network.description())
    }

    /// Loads a network that [`save`](TableNetwork::save) has written.
    ///
    /// # Errors
    /// A file that cannot be read, that says nothing of a table, or that does not fit its recipe.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, RecipeError> {
        let path = path.as_ref();
        let network = Network::load(path)?;
        let described = |why: String| RecipeError::Description { path: path.to_owned(), why };
        let text = checkpoint::description(path)?.unwrap_or_default();
        let (mut columns, mut about) = (Columns::default(), About::default());
        let mut fields = columns.fields();
        fields.extend(about.fields());
        let found = read_table(&text, &mut fields).map_err(|error| described(error.to_string()))?;
        drop(fields);
        if !found {
            return Err(described("it is of no table".to_owned()));
        }
        let encoder = columns.encoder().map_err(described)?;
        let inputs = TableInputs::of(network.recipe(), encoder);
        Ok(TableNetwork { network, inputs, about })
    }
}

impl About {
    fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
        vec![
            ("targets", Field::Names(&mut self.targets)),
            ("task", Field::Word(&mut self.task)),
            ("forms", Field::Names(&mut self.forms)),
            ("scores", Field::Names(&mut self.scores)),
        ]
    }
}

/// The columns with what was learned of them, as lists side by side.
#[derive(Debug, Default)]
struct Columns {
    names: Vec<String>,
    /// The columns of numbers of which some were missing, by position.
    missing: Option<Vec<usize>>,
    /// The columns of categories, by position, and how many names each has.
    categories: Option<Vec<usize>>,
    counts: Option<Vec<usize>>,
    /// Their names, one column behind the other.
    category_names: Vec<String>,
    /// The lines of all columns, one behind the other.
    centres: Option<Vec<f64>>,
    scales: Option<Vec<f64>>,
    is_robust: bool,
}

impl Columns {
    fn of(inputs: &TableInputs) -> Self {
        let mut all = Columns {
            is_robust: inputs.encoder().scaling() == ColumnScaling::Robust,
            ..Columns::default()
        };
        let (mut missing, mut categories, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        let (mut centres, mut scales) = (Vec::new(), Vec::new());
        for (at, EncodedColumn { name, kind }) in inputs.columns().iter().enumerate() {
            all.names.push(name.clone());
            let lines = match kind {
                EncodedKind::Numbers { line, missing: some } => {
                    missing.extend(some.then_some(at));
                    std::slice::from_ref(line)
                }
                EncodedKind::Categories { names, lines } => {
                    categories.push(at);
                    counts.push(names.len());
                    all.category_names.extend(names.iter().cloned());
                    &lines[..]
                }
            };
            centres.extend(lines.iter().map(|line| line.centre));
            scales.extend(lines.iter().map(|line| line.scale));
        }
        (all.missing, all.categories, all.counts) = (Some(missing), Some(categories), Some(counts));
        (all.centres, all.scales) = (Some(centres), Some(scales));
        all
    }

    fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
        vec![
            ("columns", Field::Names(&mut self.names)),
            ("missing", Field::Positions(&mut self.missing)),
            ("categories", Field::Positions(&mut self.categories)),
            ("category_counts", Field::Positions(&mut self.counts)),
            ("category_names", Field::Names(&mut self.category_names)),
            ("centres", Field::Numbers(&mut self.centres)),
            ("scales", Field::Numbers(&mut self.scales)),
            ("robust", Field::Flag(&mut self.is_robust)),
        ]
    }

    /// The encoder again.
    ///
    /// # Errors
    /// Lists that do not fit together.
    fn encoder(self) -> Result<TableEncoder, String> {
        let list = |list: Option<Vec<usize>>| list.unwrap_or_default();
        let (missing, categories, counts) =
            (list(self.missing), list(self.categories), list(self.counts));
        let (centres, scales) = (self.centres.unwrap_or_default(), self.scales.unwrap_or_default());
        let unfit = || "its lists of columns are not of the lengths that they must be".to_owned();
        if counts.len() != categories.len() || centres.len() != scales.len() {
            return Err(unfit());
        }
        let mut lines =
            centres.into_iter().zip(scales).map(|(centre, scale)| Line { centre, scale });
        let mut names = self.category_names.into_iter();
        let mut columns = Vec::with_capacity(self.names.len());
        for (at, name) in self.names.into_iter().enumerate() {
            let kind = match categories.iter().position(|&column| column == at) {
                None => {
                    let line = lines.next().ok_or_else(unfit)?;
                    EncodedKind::Numbers { line, missing: missing.contains(&at) }
                }
                Some(category) => {
                    let count = counts[category];
                    let of: Vec<String> = names.by_ref().take(count).collect();
                    // One for each input that the category becomes; codes have none.
                    let inputs = match count {
                        1 | 2 => 1,
                        3..=8 => count,
                        _ => 0,
                    };
                    let of_inputs: Vec<Line> = lines.by_ref().take(inputs).collect();
                    if of.len() < count || of_inputs.len() < inputs {
                        return Err(unfit());
                    }
                    EncodedKind::Categories { names: of, lines: of_inputs }
                }
            };
            columns.push(EncodedColumn { name, kind });
        }
        if lines.next().is_some() || names.next().is_some() {
            return Err(unfit());
        }
        let scaling = if self.is_robust { ColumnScaling::Robust } else { ColumnScaling::Standard };
        TableEncoder::from_parts(scaling, columns).map_err(|error| error.to_string())
    }
}
