//! One training with the instruments on, its errors told as those of flags.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chainrule::data::DataError;
use chainrule::graph::BuildErrorKind;
use chainrule::insight::fix::{Verdict, observe};
use chainrule::prelude::*;
use chainrule::recipe::{Recipe, RecipeError};
use chainrule::train::TrainError;

use super::data::Data;
use crate::flags::error::FlagError;
use crate::flags::size;
use crate::text::unfit;

/// Why there is nothing to diagnose.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("{}", unfit::recipe(.0))]
    Recipe(#[from] RecipeError),
    #[error(transparent)]
    Flag(#[from] FlagError),
}

/// Trains a recipe on the data, observed, and judges it. The flag ends it early; `tell` hears how
/// it goes.
///
/// # Errors
/// Data and network that do not fit together. A training that is ended by numbers that are not
/// finite, or by a loss that is for other targets, is no error but a verdict.
pub fn train(
    recipe: &Recipe,
    data: &Data,
    stop: &Arc<AtomicBool>,
    tell: Box<dyn FnMut(ProgressEvent<'_>)>,
) -> Result<Verdict, TrainingError> {
    size::check(recipe, data.train.input_width(), data.train.targets().outputs())?;
    let verdict =
        observe(recipe, &data.train, &data.validation, stop, &mut [&mut Progress::new(tell)]);
    verdict.map_err(|error| match of_flag(recipe, &error) {
        Some(flag) => flag.into(),
        None => error.into(),
    })
}

/// The flag that an error goes back to, if it does to one.
fn of_flag(recipe: &Recipe, error: &RecipeError) -> Option<FlagError> {
    let error = match error {
        RecipeError::Build(error) | RecipeError::Train(TrainError::Build(error)) => error,
        RecipeError::Train(error @ TrainError::Classes { .. }) => {
            let (flag, value) = ("output-activation", recipe.output_activation.clone()?);
            return Some(FlagError::Value { flag, value, why: error.to_string() });
        }
        _ => return None,
    };
    if let BuildErrorKind::Initialiser { why, .. } = &error.kind {
        return Some(FlagError::Value {
            flag: "init",
            value: recipe.init.clone(),
            why: why.clone(),
        });
    }
    let (value, why) = (recipe.loss.clone(), error.kind.to_string());
    let is_of_loss = why.starts_with(recipe.loss::<f32>(None).ok()?.name());
    // What ends the model is chosen by a flag, too.
    let why = why.replace("end it in ", "add --output-activation ");
    is_of_loss.then_some(FlagError::Value { flag: "loss", value, why })
}
