use chainrule::nn::activation;
use chainrule::recipe::Recipe;

use super::error::FlagError;

/// More parameters than this would not fit into the memory of a common machine.
const MOST_PARAMETERS: u128 = 50_000_000;

/// That the linear layers of a recipe's widths fit into the memory, for so many inputs and outputs;
/// the activation divides the width of each hidden layer.
///
/// # Errors
/// How many parameters there would be.
pub fn check(recipe: &Recipe, inputs: usize, outputs: usize) -> Result<(), FlagError> {
    if recipe.layers.is_some() {
        return Ok(());
    }
    let parameters = parameters(recipe, inputs, outputs);
    if parameters <= MOST_PARAMETERS {
        return Ok(());
    }
    let widths = recipe.hidden.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let why = format!("makes {parameters} parameters; at most {MOST_PARAMETERS} are allowed");
    Err(FlagError::Value { flag: "hidden", value: widths, why })
}

/// In a type that no widths overflow.
fn parameters(recipe: &Recipe, inputs: usize, outputs: usize) -> u128 {
    let divisor = activation::by_name::<f32>(&recipe.activation).map_or(1, |found| found.divisor());
    let from = [inputs].into_iter().chain(recipe.hidden.iter().copied()).map(|n| n as u128);
    let before_activation =
        recipe.hidden.iter().map(|&n| (n as u128).saturating_mul(divisor as u128));
    let to = before_activation.chain([outputs as u128]);
    from.zip(to).fold(0, |sum: u128, (i, o)| sum.saturating_add((i + 1).saturating_mul(o)))
}
