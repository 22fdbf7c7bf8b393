//! Before and after, as a table.

use chainrule::insight::fix::{Fixed, Verdict};
use chainrule::recipe::Recipe;

use super::text::counted;
use crate::flags::told::difference;
use crate::terminal::paint::Paint;
use crate::text::wrap::wrapped;
use chainrule::config::number::{fixed, percent};

/// A line for what was there and one for each remedy, then what is left.
pub fn table(recipe: &Recipe, before: &Verdict, fixed: &Fixed, paint: Paint) -> String {
    if before.faults().next().is_none() {
        return "\nThere is nothing to repair.\n".to_owned();
    }
    let quality = match before.scores.as_ref().or(fixed.verdict.scores.as_ref()) {
        Some(scores) if scores.metric("r2").is_some() => "R2",
        _ => "accuracy",
    };
    let mut text = format!(
        "\n{}\n",
        paint.bold("Remedies, one after another, each with the same seed and batches")
    );
    text += &format!("  {:<46}  {:<4}  {:>8}  {:>8}  kept\n", "", "gone", quality, "loss");
    text += &row("as given", "", before, "");
    let mut kind = None;
    for trial in &fixed.trials {
        if kind != Some(trial.kind) {
            text += &format!("  against {}\n", trial.kind);
            kind = Some(trial.kind);
        }
        let word = |holds| if holds { "yes" } else { "no" };
        text += &row(
            &format!("  {}", trial.label()),
            word(trial.cured),
            &trial.verdict,
            word(trial.kept),
        );
    }
    let [then, now] = [before, &fixed.verdict].map(|verdict| counted(verdict.faults()));
    let [was, is] =
        [before, &fixed.verdict].map(|verdict| match (verdict.quality(), &verdict.failure) {
            (_, Some(_)) => "a failure".to_owned(),
            (quality, _) => percent(quality),
        });
    let summary = format!("Before: {then}, {quality} {was}. After: {now}, {quality} {is}.");
    text += &format!("\n{}", wrapped(&summary, 2));
    for finding in fixed.verdict.faults() {
        text += &wrapped(
            &format!("Left: {}; {}: {}.", finding.kind, fixed.left(finding), finding.remedy),
            2,
        );
    }
    let flags = difference(recipe, &fixed.recipe);
    if !flags.is_empty() {
        text += &wrapped(&format!("The repaired training has these flags: {flags}"), 2);
    }
    text
}

fn row(label: &str, gone: &str, verdict: &Verdict, kept: &str) -> String {
    let (quality, loss) = match verdict.failure {
        Some(_) => ("failed".to_owned(), "-".to_owned()),
        None => (percent(verdict.quality()), fixed(verdict.loss(), 4)),
    };
    format!("{}\n", format!("  {label:<46}  {gone:<4}  {quality:>8}  {loss:>8}  {kept}").trim_end())
}
