use chainrule::recipe::Recipe;

/// Why a flag of this key cannot act in a recipe; `None` if it can.
pub fn idle(recipe: &Recipe, key: &str) -> Option<&'static str> {
    let is_whole = recipe.layers.is_some();
    let watches =
        recipe.early_stopping.is_some() || recipe.best_weights || recipe.plateau.is_some();
    match key {
        "hidden" | "activation" | "init" | "output_activation" | "normalise" | "dropout"
            if is_whole =>
        {
            Some("the model is given as a whole, by --model or the recipe; leave one of both out")
        }
        "activation" | "normalise" | "dropout" if recipe.hidden.is_empty() => {
            Some("there is no hidden layer that it could act on; give --hidden, or leave it out")
        }
        "margin" if recipe.early_stopping.is_none() => {
            Some("has no effect without --early-stopping; give it, or leave this out")
        }
        "monitor" if !watches => Some(
            "nothing watches it; give --early-stopping, --best-weights or --plateau, or leave it \
             out",
        ),
        _ => None,
    }
}
