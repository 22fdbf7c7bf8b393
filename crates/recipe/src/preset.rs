use chainrule_data::FeatureLayout;
use chainrule_nn::config::UnknownName;
use chainrule_train::schedule::Interval;

use crate::{Recipe, Scaling};

/// A recipe for a table that is good without being tuned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// A plain network: two hidden layers of 32 with ReLU, Adam, and the best of 100 epochs, fewer
    /// where the last ten were no better.
    Plain,
    /// The simple form of RealMLP: three wide layers in the parametrisation of the tangent kernel
    /// behind learned factors of the inputs, with a learning rate in four cycles.
    TdS,
    /// RealMLP: besides, waves of each number, first weights from data, activations of which each
    /// unit learns its part, dropout and weight decay. The default.
    ///
    /// Source: Holzmüller, Grinsztajn and Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    /// Boosted Trees on Tabular Data", 2024, and its package pytabkit 1.8.0.
    #[default]
    Td,
}

/// The question to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableTask {
    /// One of so many classes, as often right as can be: with label smoothing, which costs
    /// probabilities their meaning.
    Classes(usize),
    /// The probability of each of so many classes.
    Probabilities(usize),
    /// A yes or no for each of so many labels.
    Labels(usize),
    /// So many numbers.
    Values(usize),
}

impl Preset {
    /// All of them.
    pub const ALL: [Preset; 3] = [Preset::Plain, Preset::TdS, Preset::Td];

    /// The name: `plain`, `td-s` or `td`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Preset::Plain => "plain",
            Preset::TdS => "td-s",
            Preset::Td => "td",
        }
    }

    /// The scaling of the columns of the table.
    #[must_use]
    pub fn scaling(self) -> chainrule_data::ColumnScaling {
        match self {
            Preset::Plain => chainrule_data::ColumnScaling::Standard,
            Preset::TdS | Preset::Td => chainrule_data::ColumnScaling::Robust,
        }
    }
}

impl std::str::FromStr for Preset {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let found = Preset::ALL.into_iter().find(|preset| preset.name() == text.trim());
        found.ok_or_else(|| {
            UnknownName::new("preset", text, Preset::ALL.map(Preset::name).into_iter())
        })
    }
}

impl TableTask {
    fn outputs(self) -> usize {
        match self {
            TableTask::Classes(count)
            | TableTask::Probabilities(count)
            | TableTask::Labels(count)
            | TableTask::Values(count) => count,
        }
    }

    fn loss(self, preset: Preset) -> &'static str {
        match (self, preset) {
            (TableTask::Classes(_), Preset::TdS | Preset::Td) => {
                "cross_entropy(label_smoothing=0.1)"
            }
            (TableTask::Classes(_) | TableTask::Probabilities(_), _) => "cross_entropy",
            (TableTask::Labels(_), _) => "binary_cross_entropy",
            (TableTask::Values(_), _) => "mean_squared_error",
        }
    }

    /// The number that decides on the best epoch, and the metrics that it takes.
    fn monitor(self) -> (&'static str, Vec<String>) {
        let metrics = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        match self {
            TableTask::Classes(_) => ("highest accuracy", metrics(&["accuracy"])),
            TableTask::Probabilities(_) => ("loss", metrics(&["accuracy"])),
            TableTask::Labels(_) => ("loss", metrics(&["label_accuracy"])),
            TableTask::Values(_) => ("loss", Vec::new()),
        }
    }
}

impl Recipe {
    /// The recipe of a preset for a table with these features, of which `rows` are trained on. The
    /// epoch that is best on the validation data is kept, so there should be some.
    ///
    /// It is a recipe like any other: its [text](Recipe::to_toml) shows every part, and each can be
    /// changed.
    ///
    /// ```
    /// use chainrule_data::{Column, Frame, TableEncoder};
    /// use chainrule_recipe::{Preset, Recipe, TableTask};
    ///
    /// let frame = Frame::new(vec![("size".into(), Column::Numbers(vec![1.0, 3.0, 5.0]))])?;
    /// let encoder = TableEncoder::fit(&frame, Preset::Td.scaling())?;
    /// let task = TableTask::Classes(2);
    /// let recipe = Recipe::for_table(Preset::Td, task, &encoder.layout(), frame.rows());
    /// assert!(recipe.to_toml().contains("periodic_embedding(numbers=1, missing=[])"));
    /// # Ok::<(), chainrule_data::DataError>(())
    /// ```
    #[must_use]
    pub fn for_table(
        preset: Preset,
        task: TableTask,
        features: &FeatureLayout,
        rows: usize,
    ) -> Recipe {
        let (monitor, metrics) = task.monitor();
        let recipe = Recipe {
            loss: task.loss(preset).to_owned(),
            metrics,
            monitor: monitor.to_owned(),
            best_weights: true,
            ..Recipe::default()
        };
        let recipe = match task {
            TableTask::Values(_) => Recipe {
                scale_targets: Scaling::Standard,
                clamp_answers: preset != Preset::Plain,
                ..recipe
            },
            _ => recipe,
        };
        match preset {
            Preset::Plain => plain(recipe, task, features),
            Preset::TdS | Preset::Td => wide(recipe, preset, task, features, rows),
        }
    }
}

fn plain(recipe: Recipe, task: TableTask, features: &FeatureLayout) -> Recipe {
    let recipe = Recipe { epochs: 100, early_stopping: Some(10), ..recipe };
    if features.codes.is_empty() {
        return recipe;
    }
    let hidden = recipe.hidden.iter().map(|width| format!("linear(outputs={width}), relu"));
    let hidden: Vec<String> = hidden.collect();
    let (embedding, outputs) = (embedding(features), task.outputs());
    let layers =
        format!("sequential[{embedding}, {}, linear(outputs={outputs})]", hidden.join(", "));
    Recipe { layers: Some(layers), ..recipe }
}

fn embedding(features: &FeatureLayout) -> String {
    format!("embed_columns(classes={}, width=8)", list(&features.codes))
}

fn list(counts: &[usize]) -> String {
    let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
    format!("[{}]", counts.join(", "))
}

/// The width of each of the three hidden layers.
const WIDTH: usize = 256;

fn wide(
    recipe: Recipe,
    preset: Preset,
    task: TableTask,
    features: &FeatureLayout,
    rows: usize,
) -> Recipe {
    let full = preset == Preset::Td;
    let mut layers = Vec::new();
    let (numbers, missing) = (features.numbers, list(&features.missing));
    // The layer of waves stands first, so that the pattern `0.*` chooses it.
    if full && numbers > 0 {
        layers.push(format!("periodic_embedding(numbers={numbers}, missing={missing})"));
    } else if !features.missing.is_empty() {
        layers.push(format!("learned_missing(numbers={numbers}, missing={missing})"));
    }
    if !features.codes.is_empty() {
        layers.push(embedding(features));
    }
    layers.push("scale".to_owned());
    let is_of_values = matches!(task, TableTask::Values(_));
    let activation = if is_of_values { "mish" } else { "selu" };
    for _ in 0..3 {
        layers.push(format!("ntk_linear(outputs={WIDTH})"));
        if full {
            layers.push(format!("parametric(of={activation})"));
            layers.push("dropout(p=0.15)".to_owned());
        } else {
            layers.push(activation.to_owned());
        }
    }
    let last = layers.len();
    layers.push(format!("ntk_linear(outputs={})", task.outputs()));
    let text = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let mut groups = match full {
        true => text(&[
            "group(on=*.weight, weight_decay=0.02)",
            "group(on=*.bias, learning_rate=0.1)",
            "group(on=*.scale, learning_rate=6, weight_decay=0.12)",
            "group(on=*.amount, learning_rate=0.1, weight_decay=0.002)",
        ]),
        false => {
            text(&["group(on=*.bias, learning_rate=0.1)", "group(on=*.scale, learning_rate=6)"])
        }
    };
    if full && numbers > 0 {
        groups.push("group(on=0.*, learning_rate=0.1, weight_decay=0.002)".to_owned());
    }
    let flat = || full.then(|| "flat_cosine".to_owned());
    Recipe {
        layers: Some(format!("sequential[{}]", layers.join(", "))),
        initialisers: match full {
            true => Vec::new(),
            false => vec![format!("{last}.*: constant(value=0)")],
        },
        init_from_data: full.then(|| "unit_columns".to_owned()),
        optimizer: "adam(beta2=0.95)".to_owned(),
        learning_rate: Some(match (full, is_of_values) {
            (true, true) => 0.2,
            (false, true) => 0.07,
            (_, false) => 0.04,
        }),
        schedule: Some("coslog".to_owned()),
        decay_schedule: flat(),
        dropout_schedule: flat(),
        schedule_by: Interval::Step,
        groups,
        epochs: 256,
        batch_size: batch_size(rows),
        drop_last: true,
        last_of_equals: true,
        ..recipe
    }
}

/// More samples for a step where there are more of them.
fn batch_size(rows: usize) -> usize {
    let size = match rows {
        0..=1024 => 64,
        1025..=8192 => 128,
        8193..=30_000 => 256,
        30_001..=100_000 => 512,
        _ => 1024,
    };
    size.min(rows.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_data::{Dataset, Targets};
    use chainrule_tensor::Tensor;
    use chainrule_tensor::random::generator;

    fn layouts() -> Vec<FeatureLayout> {
        let all = FeatureLayout { numbers: 3, missing: vec![1], one_hot: 2, codes: vec![12, 10] };
        vec![
            FeatureLayout { numbers: 4, ..FeatureLayout::default() },
            FeatureLayout { codes: vec![10], ..FeatureLayout::default() },
            FeatureLayout { one_hot: 3, ..FeatureLayout::default() },
            FeatureLayout { missing: vec![0, 2], codes: Vec::new(), ..all.clone() },
            all,
        ]
    }

    fn table(features: &FeatureLayout, rows: usize) -> Tensor<f64> {
        let noise: Tensor<f64> =
            Tensor::uniform([rows, features.width()], 0.0..1.0, &mut generator(3)).unwrap();
        let (numbers, codes) = (features.numbers, features.width() - features.codes.len());
        Tensor::from_fn(noise.shape(), |i| {
            let (x, column) = (noise.values()[i], i % features.width());
            match usize::checked_sub(column, codes) {
                Some(place) => (x * features.codes[place] as f64).floor(),
                None if column >= numbers && column < numbers + features.missing.len() => {
                    f64::from(u8::from(x < 0.2))
                }
                None => 4.0 * x - 2.0,
            }
        })
    }

    /// Kind: every preset for every task and every kind of features is a recipe that comes back
    /// from its text, is checked, and trains.
    #[test]
    fn every_preset_trains_on_every_kind_of_table() {
        let rows = 80;
        for preset in Preset::ALL {
            for features in layouts() {
                for task in [
                    TableTask::Classes(3),
                    TableTask::Probabilities(2),
                    TableTask::Labels(2),
                    TableTask::Values(2),
                ] {
                    let what = format!("{} {features:?} {task:?}", preset.name());
                    let recipe = Recipe::for_table(preset, task, &features, rows);
                    assert_eq!(Recipe::from_toml(&recipe.to_toml()).unwrap(), recipe, "{what}");
                    let inputs = table(&features, rows);
                    let count = task.outputs();
                    let targets = match task {
                        TableTask::Classes(classes) | TableTask::Probabilities(classes) => {
                            let indices = (0..rows).map(|i| (i % classes) as u32).collect();
                            Targets::Classes { indices, classes }
                        }
                        TableTask::Labels(_) => {
                            Targets::Labels(Tensor::from_fn([rows, count], |i| (i % 3 / 2) as f64))
                        }
                        TableTask::Values(_) => {
                            Targets::Values(Tensor::from_fn([rows, count], |i| {
                                5.0 + (i as f64).sin()
                            }))
                        }
                    };
                    let data = Dataset::new(inputs, targets).unwrap();
                    let narrow = recipe.layers.clone().map(|text| text.replace("=256", "=6"));
                    let recipe = Recipe { epochs: 2, layers: narrow, ..recipe };
                    let run = recipe.run(&data, Some(&data), &mut []);
                    let run = run.unwrap_or_else(|error| panic!("{what}: {error}"));
                    assert!(run.end.is_ok(), "{what}: {:?}", run.end);
                    let answers = run.network.predict(data.inputs()).unwrap();
                    assert_eq!(answers.shape(), [rows, count].into(), "{what}");
                    if recipe.clamp_answers {
                        assert!(answers.values().iter().all(|x| (4.0..=6.0).contains(x)), "{what}");
                    }
                }
            }
        }
    }

    #[test]
    fn presets_are_chosen_by_name() {
        for preset in Preset::ALL {
            assert_eq!(preset.name().parse(), Ok(preset));
        }
        let error = "td_s".parse::<Preset>().unwrap_err().to_string();
        assert!(error.starts_with("there is no preset `td_s` (did you mean `td-s`?)"), "{error}");
    }

    #[test]
    fn batches_grow_with_the_rows() {
        let sizes = [10, 64, 1024, 1025, 8192, 8193, 30_000, 100_000, 100_001].map(batch_size);
        assert_eq!(sizes, [10, 64, 64, 128, 128, 256, 256, 512, 1024]);
    }
}
