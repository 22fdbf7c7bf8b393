//! The flags of `chainrule compare`, checked.

use std::path::PathBuf;

use chainrule::prelude::*;
use chainrule::recipe::{Recipe, RecipeError};

use super::args::CompareArgs;
use super::place::check_place;
use crate::flags::error::FlagError;
use crate::flags::size;
use crate::flags::training::usual;
use crate::text::shown::place;

/// Networks with more layers would take hours.
const MOST_LAYERS: usize = 1000;

/// The keys that the plan varies.
const VARIED: [&str; 3] = ["hidden", "activation", "layers"];

/// The flags, checked.
#[derive(Debug)]
pub struct Plan {
    pub activations: Vec<String>,
    pub depths: Vec<usize>,
    pub width: usize,
    pub seeds: usize,
    /// All that is the same in each training.
    pub recipe: Recipe,
    pub picture: Option<PathBuf>,
}

impl Plan {
    /// Checks the flags.
    ///
    /// # Errors
    /// The first flag whose value makes no sense.
    pub fn resolve(args: &CompareArgs) -> Result<Self, FlagError> {
        args.training
            .refuse(&VARIED, "compare varies it, by --activations, --depths and --width")?;
        let why = "the digits have no targets that are numbers; leave it out";
        args.training.refuse(&["scale_targets"], why)?;
        let recipe = args.training.recipe(&Recipe { epochs: 20, ..usual() })?;
        if recipe.layers.is_some() {
            let why = "the recipe describes a whole model, but compare varies the hidden layers";
            return Err(FlagError::File(why.to_owned()));
        }
        let names = without_repeats(list(&args.activations));
        for name in &names {
            let recipe = Recipe { activation: name.clone(), ..Recipe::default() };
            recipe.check().map_err(|error| match error {
                RecipeError::Value { why, .. } => {
                    FlagError::Value { flag: "activations", value: name.clone(), why }
                }
                error => FlagError::File(error.to_string()),
            })?;
        }
        let depths = args.depths.split(',').map(|depth| {
            depth.trim().parse().ok().filter(|depth| (1..=MOST_LAYERS).contains(depth))
        });
        let depths = depths.collect::<Option<Vec<usize>>>().ok_or_else(|| {
            let why = format!(
                "must be whole numbers from 1 to {MOST_LAYERS}, separated by commas, such as 2,4,8"
            );
            FlagError::Value { flag: "depths", value: args.depths.clone(), why }
        })?;
        let depths = without_repeats(depths);
        let width = at_least_one("width", args.width)?;
        let deepest = depths.iter().copied().max().unwrap_or(1);
        for name in &names {
            let largest = Recipe {
                hidden: vec![width; deepest],
                activation: name.clone(),
                ..Recipe::default()
            };
            size::check(&largest, Digits::PIXELS, Digits::CLASSES).map_err(
                |error| match error {
                    FlagError::Value { why, .. } => {
                        let value = format!("{width} for {deepest} times");
                        FlagError::Value { flag: "width", value, why }
                    }
                    other => other,
                },
            )?;
        }
        if let Some(path) = &args.picture {
            check_place(path).map_err(|source| FlagError::Value {
                flag: "picture",
                value: place(path),
                why: source.to_string(),
            })?;
        }
        Ok(Plan {
            activations: names,
            depths,
            width,
            seeds: at_least_one("seeds", args.seeds)?,
            recipe,
            picture: args.picture.clone(),
        })
    }
}

fn at_least_one(flag: &'static str, value: i64) -> Result<usize, FlagError> {
    usize::try_from(value).ok().filter(|&value| value > 0).ok_or_else(|| {
        let why = "must be a whole number of at least 1".to_owned();
        FlagError::Value { flag, value: value.to_string(), why }
    })
}

/// Each once, in the order in which they come first.
fn without_repeats<T: Clone + PartialEq>(all: Vec<T>) -> Vec<T> {
    let first = |i: &usize| !all[..*i].contains(&all[*i]);
    (0..all.len()).filter(first).map(|i| all[i].clone()).collect()
}

/// The parts between commas; those within parentheses belong to settings.
fn list(text: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let parts = text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(|part| part.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        compare: CompareArgs,
    }

    fn plan(flags: &[&str]) -> Result<Plan, String> {
        let flags = Flags::try_parse_from(["compare"].iter().chain(flags)).unwrap();
        Plan::resolve(&flags.compare).map_err(|error| error.to_string())
    }

    #[test]
    fn lists_are_split_outside_of_parentheses() {
        let plan = plan(&[
            "--activations",
            "threshold(threshold=0.1, value=0), relu",
            "--depths",
            "3, 1,3",
        ])
        .unwrap();
        assert_eq!(plan.activations, ["threshold(threshold=0.1, value=0)", "relu"]);
        assert_eq!((plan.depths, plan.recipe.rate().unwrap()), (vec![3, 1], 0.001));
    }

    #[test]
    fn wrong_values_are_told_with_the_flag() {
        for (flags, expected) in [
            (
                &["--activations", "relu,tahn"][..],
                "--activations tahn: there is no activation `tahn` (did you mean `tanh`?)",
            ),
            (&["--activations", "relu,"], "--activations : there is no activation ``"),
            (
                &["--activations", "softmax"],
                "--activations softmax: `softmax` turns the outputs of a whole layer into",
            ),
            (&["--depths", "2,0"], "--depths 2,0: must be whole numbers from 1 to 1000"),
            (&["--width", "0"], "--width 0: must be a whole number of at least 1"),
            (&["--seeds", "-1"], "--seeds -1: must be a whole number of at least 1"),
            (&["--hidden", "8"], "--hidden: compare varies it, by --activations, --depths"),
            (&["--width", "100000"], "at most 50000000 are allowed"),
            (&["--picture", "depth.pdf"], "--picture depth.pdf: end the name in .svg or .png"),
            (
                &["--picture", "no/such/depth.svg"],
                "--picture no/such/depth.svg: there is no folder no/such",
            ),
        ] {
            let error = plan(flags).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
