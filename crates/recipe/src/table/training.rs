use chainrule_data::{ColumnScaling, Dataset, Frame, TableEncoder, Target};
use chainrule_tensor::Real;
use chainrule_train::callback::Callback;
use chainrule_train::{EpochRecord, Scores, StopReason, TrainError, Trainer};

use super::{Parts, TableInputs, TableNetwork};
use crate::{Prepared, Recipe, RecipeError, Run};

/// A training on a table: the recipe, and the rows as they are learned from.
#[derive(Debug)]
pub struct TableTraining<T: Real = f32> {
    recipe: Recipe,
    inputs: TableInputs,
    targets: Vec<String>,
    task: chainrule_data::Task,
    names: Vec<String>,
    train: Dataset<T>,
    validation: Dataset<T>,
    test: Dataset<T>,
}

/// All that is known of a training on a table that happened.
#[derive(Debug)]
pub struct TableRun<T: Real = f32> {
    /// The network as training left it.
    pub network: TableNetwork<T>,
    /// Epoch by epoch; as far as it came.
    pub epochs: Vec<EpochRecord>,
    /// Why it ended.
    pub end: Result<StopReason, TrainError>,
    /// The epoch, from 1, with the best watched number, and that number.
    pub best: Option<(usize, f64)>,
    /// Loss and metrics on the rows that nothing saw before the end; `None` where the network gives
    /// no finite answers.
    pub test: Option<Scores>,
}

impl<T: Real> TableTraining<T> {
    /// Learns from the training rows how the columns become inputs, and encodes all rows so.
    /// `targets` names the columns that are predicted.
    ///
    /// # Errors
    /// Columns that cannot be encoded, or that memory cannot hold.
    pub fn new(
        recipe: &Recipe,
        inputs: &Frame,
        target: &Target<T>,
        targets: &[impl ToString],
        parts: &Parts,
    ) -> Result<Self, RecipeError> {
        let encoder = TableEncoder::fit(&inputs.select(&parts.train)?, ColumnScaling::Standard)?;
        TableTraining::encoded(recipe, encoder, inputs, target, targets, parts)
    }

    /// The same with an encoder that has learned from the training rows, such as one that scales
    /// as a [`Preset`](crate::Preset) says.
    ///
    /// # Errors
    /// Columns that the encoder does not know, or inputs that memory cannot hold.
    pub fn encoded(
        recipe: &Recipe,
        encoder: TableEncoder,
        inputs: &Frame,
        target: &Target<T>,
        targets: &[impl ToString],
        parts: &Parts,
    ) -> Result<Self, RecipeError> {
        let learned = TableInputs::of(recipe, encoder);
        let dataset = |rows: &[usize]| -> Result<Dataset<T>, RecipeError> {
            let inputs = learned.tensor(&inputs.select(rows)?)?;
            Ok(Dataset::new(inputs, target.targets.select(rows)?)?)
        };
        Ok(TableTraining {
            recipe: recipe.clone(),
            targets: targets.iter().map(ToString::to_string).collect(),
            task: target.task,
            names: target.names.clone(),
            train: dataset(&parts.train)?,
            validation: dataset(&parts.validation)?,
            test: dataset(&parts.test)?,
            inputs: learned,
        })
    }

    /// The rows to learn from.
    #[must_use]
    pub fn train(&self) -> &Dataset<T> {
        &self.train
    }

    /// The rows that choose the best epoch.
    #[must_use]
    pub fn validation(&self) -> &Dataset<T> {
        &self.validation
    }

    /// The rows that nothing sees before the end.
    #[must_use]
    pub fn test(&self) -> &Dataset<T> {
        &self.test
    }

    /// Checks and builds everything, down to the first weights.
    ///
    /// # Errors
    /// A recipe that makes no sense, or a model and data that do not fit together.
    pub fn prepare(&self) -> Result<Prepared<'_, T>, RecipeError> {
        self.recipe.prepare(&self.train, Some(&self.validation))
    }

    /// Trains, and gives what is known of it.
    ///
    /// # Errors
    /// As [`Recipe::run`].
    pub fn run(&self, callbacks: &mut [&mut dyn Callback<T>]) -> Result<TableRun<T>, RecipeError> {
        let prepared = self.prepare()?;
        let mut trainer = prepared.trainer()?;
        for callback in callbacks {
            trainer = trainer.callback(&mut **callback);
        }
        self.fit(&prepared, trainer)
    }

    /// Trains with a trainer of what was prepared.
    ///
    /// # Errors
    /// As [`Prepared::fit`].
    pub fn fit<'a>(
        &self,
        prepared: &'a Prepared<'_, T>,
        trainer: Trainer<'a, T>,
    ) -> Result<TableRun<T>, RecipeError> {
        let Run { network, epochs, end, best, .. } = prepared.fit(trainer)?;
        let test = prepared.scores(&network, &self.test).ok();
        let names = self.names.iter().map(String::as_str);
        let network = TableNetwork::new(
            network.with_class_names(names),
            self.inputs.clone(),
            self.targets.clone(),
            self.task,
        );
        Ok(TableRun { network, epochs, end, best, test })
    }
}
