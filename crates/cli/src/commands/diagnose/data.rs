//! The data of a training.

use std::path::{Path, PathBuf};

use chainrule::prelude::*;

use super::args::DiagnoseArgs;
use crate::data::digits;
use crate::data::table::{self, TableError};

/// Samples to train on and samples to validate on.
#[derive(Debug)]
pub struct Data {
    pub train: Dataset,
    pub validation: Dataset,
    /// The file; `None` for the digits.
    pub path: Option<PathBuf>,
    /// The column that is predicted.
    pub label: String,
    /// The names of the classes, where they have some.
    pub classes: Vec<String>,
}

impl Data {
    /// The digits, dealt as for training, or the table of a file, a fifth of it to validate on.
    ///
    /// # Errors
    /// A file that is no table, or too small to be split.
    pub fn load(
        source: Option<(&Path, Vec<u8>)>,
        args: &DiagnoseArgs,
        seed: u64,
    ) -> Result<Self, TableError> {
        let Some((path, text)) = source else {
            let digits::Parts { train, validation, .. } = digits::Parts::load(seed)?;
            return Ok(Data {
                train,
                validation,
                path: None,
                label: "the digit".to_owned(),
                classes: Vec::new(),
            });
        };
        let table = table::read(path, text, args.target.as_deref(), args.task)?;
        let (train, validation) = table.split(path, seed)?;
        let (label, classes) = (format!("column {}", table.label), table.classes);
        Ok(Data { train, validation, path: Some(path.to_owned()), label, classes })
    }

    /// The loss that suits the targets.
    pub fn default_loss(&self) -> &'static str {
        if self.has_classes() { "cross_entropy" } else { "mse" }
    }

    /// Returns true if classes are predicted.
    pub fn has_classes(&self) -> bool {
        !matches!(self.train.targets(), Targets::Values(_))
    }
}
