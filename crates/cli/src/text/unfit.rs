//! Parts of a training that do not fit together, told without places in the source of the library.

use chainrule::graph::BuildError;
use chainrule::recipe::RecipeError;
use chainrule::train::TrainError;

/// A mistake of a model, with the layer.
pub fn build(error: &BuildError) -> String {
    match error.layer.as_str() {
        "" => error.kind.to_string(),
        layer => format!("{} in layer `{layer}`", error.kind),
    }
}

/// An error of a training.
pub fn train(error: &TrainError) -> String {
    match error {
        TrainError::Build(error) => build(error),
        error => error.to_string(),
    }
}

/// An error of a recipe.
pub fn recipe(error: &RecipeError) -> String {
    match error {
        RecipeError::Build(error) => build(error),
        RecipeError::Train(error) => train(error),
        error => error.to_string(),
    }
}
