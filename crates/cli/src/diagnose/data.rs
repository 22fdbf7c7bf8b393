//! What is trained on.

use std::path::{Path, PathBuf};

use chainrule::data::DataError;
use chainrule::nn::TargetKind;
use chainrule::prelude::*;

use super::args::DiagnoseArgs;
use super::recipe::Recipe;
use super::table::{self, TableError};
use crate::digits;

/// Samples to train on and samples to validate on.
#[derive(Debug)]
pub struct Data {
    pub train: Dataset,
    pub validation: Dataset,
    /// The file; `None` for the digits.
    pub path: Option<PathBuf>,
    /// What is predicted.
    pub label: String,
    /// The names of the classes, where they have some.
    pub classes: Vec<String>,
}

impl Data {
    /// The digits, dealt as for training, or the table of a file, a fifth of it to validate on.
    ///
    /// # Errors
    /// A file that is no table, or too small to be split.
    pub fn load(source: Option<(&Path, Vec<u8>)>, args: &DiagnoseArgs) -> Result<Self, TableError> {
        let Some((path, text)) = source else {
            let digits::Parts { train, validation, .. } = digits::Parts::load(args.seed)?;
            return Ok(Data { train, validation, path: None, label: "the digit".to_owned(), classes: Vec::new() });
        };
        let table = table::read(path, text, args.label.as_deref(), args.task)?;
        let (train, validation) = table.split(path, args.seed)?;
        let (label, classes) = (format!("column {}", table.label), table.classes);
        Ok(Data { train, validation, path: Some(path.to_owned()), label, classes })
    }

    /// The loss that suits the targets.
    pub fn default_loss(&self) -> &'static str {
        if self.has_classes() { "cross_entropy" } else { "mse" }
    }

    /// Whether classes are predicted.
    pub fn has_classes(&self) -> bool {
        !matches!(self.train.targets(), Targets::Values(_))
    }

    /// The data as a recipe has them: without constant columns, scaled by the training data, with class indices as rows
    /// where the loss takes rows only.
    ///
    /// # Errors
    /// Numbers that cannot be scaled.
    pub fn prepared(&self, recipe: &Recipe, loss: &dyn Loss) -> Result<(Dataset, Dataset), DataError> {
        let mut inputs = [&self.train, &self.validation].map(|part| part.inputs().clone());
        if recipe.drop_constant_inputs {
            let varying = varying(&inputs[0]);
            inputs = [columns(&inputs[0], &varying)?, columns(&inputs[1], &varying)?];
        }
        if recipe.standardise_inputs {
            let (scaler, scaled) = StandardScaler::fit_transform(&inputs[0])?;
            inputs = [scaled, scaler.transform(&inputs[1])?];
        }
        let mut targets = [&self.train, &self.validation].map(|part| part.targets().clone());
        if let ([Targets::Values(train), Targets::Values(validation)], true) = (&targets, recipe.standardise_targets) {
            let (scaler, scaled) = StandardScaler::fit_transform(train)?;
            targets = [Targets::Values(scaled), Targets::Values(scaler.transform(validation)?)];
        }
        if self.has_classes() && !loss.accepts(TargetKind::Classes) && loss.accepts(TargetKind::Probabilities) {
            targets = [targets[0].one_hot()?, targets[1].one_hot()?];
        }
        let [train, validation] = inputs;
        let [train_targets, validation_targets] = targets;
        Ok((Dataset::new(train, train_targets)?, Dataset::new(validation, validation_targets)?))
    }
}

/// The columns that vary.
fn varying(inputs: &Tensor) -> Vec<usize> {
    let width = inputs.shape().as_rows().1;
    let first = inputs.row(0);
    (0..width).filter(|&i| inputs.values().iter().skip(i).step_by(width).any(|x| *x != first[i])).collect()
}

fn columns(inputs: &Tensor, chosen: &[usize]) -> Result<Tensor, DataError> {
    let rows = inputs.shape().as_rows().0;
    let values = (0..rows).flat_map(|row| chosen.iter().map(move |&column| inputs.row(row)[column])).collect();
    Ok(Tensor::new([rows, chosen.len()], values)?)
}
