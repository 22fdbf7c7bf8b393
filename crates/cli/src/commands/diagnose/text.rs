//! The diagnosis as a person reads it.

use chainrule::insight::Recording;
use chainrule::insight::fix::Verdict;
use chainrule::insight::gain::GainReport;
use chainrule::prelude::*;
use chainrule::recipe::Recipe;
use chainrule::train::Scores;

use super::data::Data;
use crate::flags::told::{difference, rate};
use crate::terminal::paint::Paint;
use crate::text::shown::shown;
use crate::text::wrap::wrapped;
use chainrule::config::number::{fixed, percent, thousands};

/// So many classes are told by name.
const NAMED_CLASSES: usize = 12;

/// The network that is about to be trained, and its data.
pub fn plan(recipe: &Recipe, data: &Data) -> String {
    let name = data
        .path
        .as_ref()
        .map_or("Handwritten digits".to_owned(), |path| path.display().to_string());
    let [train, validation] =
        [&data.train, &data.validation].map(|part| thousands(part.len() as u64));
    let what = match data.has_classes() {
        true => format!("one of {} classes", data.train.targets().outputs()),
        false => "a number".to_owned(),
    };
    let named = data.classes.iter().enumerate().filter(|(index, name)| **name != index.to_string());
    let mut named: Vec<String> =
        named.map(|(index, name)| format!("{index} is {}", shown(name))).collect();
    if named.len() > NAMED_CLASSES {
        named.truncate(NAMED_CLASSES);
        named.push("and so on".to_owned());
    }
    let named =
        if named.is_empty() { String::new() } else { format!(" Class {}.", named.join(", ")) };
    let list =
        |widths: &[usize]| widths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let layers = match &recipe.hidden[..] {
        [] => "No hidden layer".to_owned(),
        [width] => format!("1 hidden layer of {width} units, with {}", recipe.activation),
        widths => {
            let same = widths.iter().all(|width| *width == widths[0]);
            let each = if same { widths[0].to_string() } else { list(widths) };
            format!("{} hidden layers of {each} units, with {}", widths.len(), recipe.activation)
        }
    };
    let init = match recipe.init.as_str() {
        "fitting" => "weights that fit the activation",
        init => init,
    };
    let output = recipe
        .output_activation
        .as_ref()
        .map_or(String::new(), |name| format!(", {name} at the output"));
    let Recipe { loss, optimizer, batch_size, epochs, seed, .. } = recipe;
    let learning_rate = rate(recipe);
    wrapped(
        &format!(
            "{name}: {train} samples to train on, {validation} to validate on. From {} inputs to \
             {}, which is {what}.{named}\n\
             {layers}; {init}{output}.\n\
             {loss}, {optimizer}, learning rate {learning_rate}, batches of {batch_size}, {epochs} \
             epochs, seed {seed}.",
            data.train.input_width(),
            shown(&data.label),
        ),
        0,
    )
}

/// How sizes change from layer to layer before training.
pub fn gain(gain: &GainReport, paint: Paint) -> String {
    let mut text = String::new();
    if let (Some(forward), Some(backward)) = (gain.forward, gain.backward) {
        text += &format!(
            "From one layer to the next, the mean square of values changes by a factor of {}, that \
             of gradients on \
             their way back by {}.",
            fixed(forward, 2),
            fixed(backward, 2)
        );
    }
    let wrong: Vec<_> =
        gain.repairs.iter().filter(|repair| !(0.8..1.25).contains(&repair.factor())).collect();
    for (what, layers) in [("underflows", gain.underflow), ("overflows", gain.overflow)] {
        if let Some(layers) = layers.filter(|layers| *layers < 1000 && !wrong.is_empty()) {
            text += &format!(" Going on so, a gradient {what} after {layers} layers.");
        }
    }
    for repair in wrong {
        text += &format!("\n{repair}.");
    }
    if text.is_empty() {
        text
    } else {
        format!("\n{}\n{}", paint.bold("Before training"), wrapped(&text, 2))
    }
}

/// How the training went.
pub fn course(verdict: &Verdict, paint: Paint) -> String {
    let mut text = match verdict.epochs {
        1 => "After 1 epoch".to_owned(),
        epochs => format!("After {epochs} epochs"),
    };
    text += &scores(verdict.scores.as_ref(), verdict.train_loss);
    match &verdict.failure {
        Some(_) if verdict.faults().next().is_some() => {
            text += " It failed, as the findings explain."
        }
        Some(failure) => text += &format!("\nIt failed: {failure}."),
        None => {}
    }
    format!("\n{}\n{}", paint.bold("The training"), wrapped(&text, 2))
}

fn scores(scores: Option<&Scores>, train_loss: Option<f64>) -> String {
    let quality = scores.and_then(|scores| {
        let accuracy = scores
            .metric("accuracy")
            .map(|accuracy| format!("validation accuracy {}, ", percent(accuracy)));
        accuracy.or(scores.metric("r2").map(|r2| format!("explained variance {}, ", percent(r2))))
    });
    let [validation, training] =
        [scores.map(|scores| scores.loss), train_loss].map(|loss| loss.map(|loss| fixed(loss, 4)));
    let number = |loss: Option<String>| loss.unwrap_or_else(|| "-".to_owned());
    format!(
        ": {}validation loss {}, training loss {}.",
        quality.unwrap_or_default(),
        number(validation),
        number(training)
    )
}

/// The recorded training, in words.
pub fn recorded(recording: &Recording, paint: Paint) -> String {
    let pairs = recording.configuration.iter().map(|(name, value)| format!("{name}: {value}"));
    let mut text = wrapped(&pairs.collect::<Vec<_>>().join("\n"), 0);
    let epochs = recording.epochs();
    let last = epochs.last();
    let mut course = format!(
        "After {} epochs{}",
        epochs.len(),
        scores(last.and_then(|last| last.validation.as_ref()), last.map(|last| last.train.loss))
    );
    if let Some(failure) = &recording.failure {
        course += &format!("\nIt failed: {}.", failure.message);
    }
    text += &format!("\n{}\n{}", paint.bold("The training"), wrapped(&course, 2));
    text
}

/// The findings, the worst first; with flags for what a program can change, where there is a
/// recipe.
pub fn findings(
    findings: &[Finding],
    recipe: Option<&Recipe>,
    learned: bool,
    paint: Paint,
) -> String {
    let faults = findings.iter().filter(|finding| finding.severity >= Severity::Warning).count();
    let mut text = match (faults, learned) {
        (0, true) => {
            format!("\n{}: nothing holds it back.\n", paint.green("This training is healthy"))
        }
        (0, false) => {
            let but = "It does hardly better than a constant answer, though: give it more epochs, \
                       or see whether the \
                       inputs say anything about what is to be predicted.";
            format!("\n{}\n{}", paint.red("No fault was found"), wrapped(but, 0))
        }
        _ => format!("\n{}: {}\n", paint.red("This training is not healthy"), counted(findings)),
    };
    if faults == 0 && !findings.is_empty() {
        text += "Worth knowing:\n";
    }
    for (number, finding) in (1..).zip(findings) {
        let place = finding.layer.as_ref().map_or(String::new(), |layer| format!(", in `{layer}`"));
        let title = format!("{number}. {}: {}{place}", finding.severity, finding.kind);
        text += &format!("\n{}\n", paint.bold(&title));
        text += &wrapped(&format!("What shows it: {}.", finding.evidence), 3);
        text += &wrapped(&format!("What to do: {}.", finding.remedy), 3);
        let change = |recipe: &Recipe| {
            let changed =
                finding.remedies.iter().find_map(|remedy| remedy.apply(recipe).ok()?)?;
            Some(difference(recipe, &changed))
        };
        if let Some(flags) = recipe.and_then(change) {
            text += &wrapped(&format!("Try: {flags}"), 3);
        }
    }
    text
}

/// How many of each severity, such as `1 error, 2 warnings`.
pub fn counted<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let findings: Vec<&Finding> = findings.into_iter().collect();
    let words =
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "info")];
    let counts = words.map(|(severity, word)| {
        match findings.iter().filter(|f| f.severity == severity).count() {
            0 => None,
            1 => Some(format!("1 {word}")),
            count => Some(format!("{count} {word}s")),
        }
    });
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") }
}
