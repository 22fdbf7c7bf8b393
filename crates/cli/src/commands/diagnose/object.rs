//! The diagnosis as JSON.

use chainrule::insight::fix::{Fixed, Verdict};
use chainrule::insight::gain::GainReport;
use chainrule::prelude::*;
use chainrule::recipe::{Recipe, Scaling};
use serde_json::{Value, json};

use super::data::Data;
use crate::flags::told::difference;

/// All of it as one object.
pub fn diagnosis(recipe: &Recipe, data: &Data, verdict: &Verdict, fixed: Option<&Fixed>) -> Value {
    let mut object = json!({
        "data": {
            "file": data.path.as_ref().map(|path| path.to_string_lossy()),
            "predicts": data.label,
            "classes": data.classes,
            "task": if data.has_classes() { "classes" } else { "values" },
            "training_samples": data.train.len(),
            "validation_samples": data.validation.len(),
            "inputs": data.train.input_width(),
            "outputs": data.train.targets().outputs(),
        },
        "training": training(recipe),
        "recipe": recipe.to_toml(),
        "gain": verdict.gain.as_ref().map(gain),
    });
    extend(&mut object, scores(recipe, verdict));
    if let Some(fixed) = fixed {
        object["fix"] = fix(recipe, fixed);
    }
    object
}

fn training(recipe: &Recipe) -> Value {
    json!({
        "hidden": recipe.hidden,
        "activation": recipe.activation,
        "init": recipe.init,
        "output_activation": recipe.output_activation,
        "loss": recipe.loss,
        "optimizer": recipe.optimizer,
        "learning_rate": recipe.rate().ok(),
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "seed": recipe.seed,
        "normalise": recipe.normalise,
        "dropout": recipe.dropout,
        "class_weights": recipe.class_weights,
        "clip_norm": recipe.clip_norm,
        "early_stopping": recipe.early_stopping,
        "standardise_inputs": recipe.scale_inputs == Scaling::Standard,
        "standardise_targets": recipe.scale_targets == Scaling::Standard,
        "drop_constant_inputs": recipe.drop_constant_inputs,
    })
}

fn gain(gain: &GainReport) -> Value {
    let repairs = gain.repairs.iter().map(|repair| {
        json!({
            "activation": repair.activation,
            "now": repair.now,
            "usual": repair.usual,
            "gain": repair.gain,
        })
    });
    json!({
        "forward": gain.forward,
        "backward": gain.backward,
        "underflow": gain.underflow,
        "overflow": gain.overflow,
        "repairs": repairs.collect::<Vec<_>>(),
    })
}

/// How a training went, and what was found.
fn scores(recipe: &Recipe, verdict: &Verdict) -> Value {
    let metric = |name| verdict.scores.as_ref().and_then(|scores| scores.metric(name));
    json!({
        "epochs": verdict.epochs,
        "validation_loss": verdict.loss(),
        "validation_accuracy": metric("accuracy"),
        "validation_balanced_accuracy": metric("balanced_accuracy"),
        "validation_r2": metric("r2"),
        "training_loss": verdict.train_loss,
        "failure": verdict.failure,
        "interrupted": verdict.interrupted,
        "healthy": verdict.is_healthy(),
        "findings": findings(&verdict.findings, Some(recipe)),
    })
}

/// The findings, the worst first.
pub fn findings(findings: &[Finding], recipe: Option<&Recipe>) -> Value {
    let finding = |finding: &Finding| {
        let remedies = finding.remedies.iter().map(|remedy| {
            let changed =
                recipe.and_then(|recipe| Some(difference(recipe, &remedy.apply(recipe).ok()??)));
            json!({ "remedy": remedy.to_string(), "flags": changed })
        });
        json!({
            "kind": finding.kind.to_string(),
            "severity": finding.severity.to_string(),
            "layer": finding.layer,
            "evidence": finding.evidence,
            "remedy": finding.remedy,
            "remedies": remedies.collect::<Vec<_>>(),
        })
    };
    findings.iter().map(finding).collect()
}

fn fix(recipe: &Recipe, fixed: &Fixed) -> Value {
    let trials = fixed.trials.iter().map(|trial| {
        let mut object = json!({
            "finding": trial.kind.to_string(),
            "remedy": trial.label(),
            "flags": difference(recipe, &trial.recipe),
            "gone": trial.cured,
            "kept": trial.kept,
        });
        extend(&mut object, scores(&trial.recipe, &trial.verdict));
        object
    });
    let left = fixed.verdict.faults().map(
        |finding| json!({ "finding": finding.kind.to_string(), "why": fixed.left(finding), "remedy": finding.remedy }),
    );
    let mut object = json!({
        "trials": trials.collect::<Vec<_>>(),
        "left": left.collect::<Vec<_>>(),
        "flags": difference(recipe, &fixed.recipe),
        "training": training(&fixed.recipe),
    });
    extend(&mut object, scores(&fixed.recipe, &fixed.verdict));
    object["interrupted"] = fixed.interrupted.into();
    object
}

fn extend(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}
