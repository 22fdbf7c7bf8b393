//! `chainrule config`: the recipe that flags and a file make, with every default and its meaning.

use std::process::ExitCode;

use chainrule::recipe::Recipe;
use clap::Args;

use crate::failure::Failure;
use crate::flags::list::flag_of;
use crate::flags::training::{TrainingArgs, usual};
use crate::terminal::console::print;
use crate::text::wrap::wrapped;

/// The flags of a training.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    #[command(flatten)]
    pub training: TrainingArgs,
}

/// Prints the recipe as TOML, each key behind its meaning. Gives what the program exits with.
///
/// # Errors
/// A flag that is wrong, or standard output that cannot be written.
pub fn run(args: &ConfigArgs) -> Result<ExitCode, Failure> {
    let recipe = args.training.recipe(&usual())?;
    print(&explained(&recipe))?;
    Ok(ExitCode::SUCCESS)
}

/// The recipe as a text that is read as such, with comments.
fn explained(recipe: &Recipe) -> String {
    let toml = recipe.to_toml();
    let value = |key: &str| toml.lines().find(|line| line.split(' ').next() == Some(key));
    let mut text = format!("{}\n", value("format").unwrap_or_default());
    for key in Recipe::keys() {
        let meaning = flag_of(key).map_or("", |flag| flag.meaning());
        let comment: String =
            wrapped(meaning, 0).lines().map(|line| format!("# {line}\n")).collect();
        let line = match value(key) {
            Some(line) => line.to_owned(),
            None => format!("# {key}: none"),
        };
        text += &format!("\n{comment}{line}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_recipe_with_a_meaning_for_every_key() {
        let whole = Recipe { layers: Some("linear(outputs=3)".to_owned()), ..usual() };
        for recipe in [usual(), whole] {
            let text = explained(&recipe);
            // Beside a whole model, the keys of the short form stay at their defaults.
            let read = Recipe::from_toml(&text).unwrap();
            assert_eq!(read.to_toml(), recipe.to_toml(), "{text}");
            for key in Recipe::keys() {
                assert!(
                    text.contains(&format!("\n{key} = "))
                        || text.contains(&format!("# {key}: none"))
                );
            }
            assert!(text.lines().all(|line| line != "# "), "{text}");
        }
    }
}
