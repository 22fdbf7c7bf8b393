//! Whole trainings of the presets for tables: the same weights and batches for 50 steps, and then
//! the losses and every weight.

use chainrule::data::FeatureLayout;
use chainrule::prelude::*;
use chainrule::recipe::{Preset, Recipe, TableTask};
use serde_json::Value;

use crate::case::numbers;
use crate::{Case, Tolerance, close};

/// Adam divides by the size of the gradient: it makes the rounding of small gradients as large as
/// that of large ones. The 50 steps build on each other.
const TOLERANCE: Tolerance = Tolerance { absolute: 1e-10, relative: 1e-10 };

pub(crate) fn check(case: &Case) -> Result<(), String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let counts = |key: &str| -> Result<Vec<usize>, String> {
        Ok(case.numbers(key)?.into_iter().map(|x| x as usize).collect())
    };
    let count = |key: &str| case.number(key).map(|x| x as usize);
    let preset: Preset = case.text("preset")?.parse().map_err(|error| said(&error))?;
    let (outputs, targets) = (count("outputs")?, case.tensor("targets")?);
    let (task, targets) = match case.text("task")? {
        "values" => (TableTask::Values(outputs), Targets::Values(targets)),
        _ => {
            let indices = targets.values().iter().map(|&class| class as u32).collect();
            (TableTask::Classes(outputs), Targets::Classes { indices, classes: outputs })
        }
    };
    let features = FeatureLayout {
        numbers: count("numbers")?,
        missing: counts("missing")?,
        one_hot: count("one_hot")?,
        codes: counts("codes")?,
    };
    let recipe = Recipe::for_table(preset, task, &features, count("rows")?);
    let layers = recipe.layers.as_deref().ok_or("the preset says its layers")?;
    let narrow = layers
        .replace("outputs=256", &format!("outputs={}", count("width")?))
        .replace("dropout(p=0.15)", "dropout(p=0)");
    let recipe = Recipe {
        layers: Some(narrow),
        init_from_data: None,
        epochs: count("epochs")?,
        batch_size: count("batch_size")?,
        shuffle: false,
        best_weights: false,
        last_of_equals: false,
        ..recipe
    };
    let data = Dataset::new(case.tensor("inputs")?, targets).map_err(|error| said(&error))?;
    let prepared = recipe.prepare(&data, None).map_err(|error| said(&error))?;
    let mut trainer = prepared.trainer().map_err(|error| said(&error))?;
    let mut params = prepared.network().params().clone();
    let names = case.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> = names.filter_map(Value::as_str).collect();
    let held: Vec<&str> = params.iter().map(|(name, _)| name).collect();
    if held != names {
        return Err(format!("has {held:?}, expected are {names:?}"));
    }
    for name in &names {
        let values = case.tensor(&format!("parameter {name}"))?;
        let held = params.get_mut(name).ok_or("the name is gone")?;
        if held.len() != values.values().len() {
            return Err(format!("{name} has {} values, not {}", held.len(), values.shape()));
        }
        held.copy_from_slice(values.values());
    }
    let history = trainer.fit(&mut params, prepared.train(), None).map_err(|error| said(&error))?;
    let losses: Vec<f64> = history.epochs.iter().map(|epoch| epoch.train.loss).collect();
    let expected = case.get("losses").and_then(numbers).ok_or("the case has no losses")?;
    let steps = expected.len() / losses.len().max(1);
    let expected: Vec<f64> = expected
        .chunks(steps.max(1))
        .map(|losses| losses.iter().sum::<f64>() / losses.len() as f64)
        .collect();
    close("losses", &losses, &expected, TOLERANCE)?;
    for name in names {
        let trained = case.tensor(&format!("trained {name}"))?;
        let got = params.get(name).ok_or("the name is gone")?;
        close(name, got.values(), trained.values(), TOLERANCE)?;
    }
    Ok(())
}
