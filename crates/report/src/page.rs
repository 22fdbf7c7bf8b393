//! The page: which figures there are, and what is said between them.

use std::path::Path;

use chainrule_insight::Recording;
use chainrule_insight::finding;
use chainrule_plot::{Figure, Finding, Report, Severity};
use chainrule_tensor::Real;

use crate::{Material, ReportError, figure, result};

/// A figure, and how to read it where that is not plain.
type Shown = (Box<dyn Figure>, &'static str);

impl<T: Real> Material<'_, T> {
    /// All figures that apply, in the order of the page.
    ///
    /// # Errors
    /// Model, parameters, loss and data that do not fit together.
    pub fn figures(&self) -> Result<Vec<Box<dyn Figure>>, ReportError> {
        let shown = self.sections()?.into_iter().flat_map(|(_, shown)| shown);
        Ok(shown.map(|(figure, _)| figure).collect())
    }

    /// The page: how it ended, the findings, all figures that apply, the configuration and the
    /// environment.
    ///
    /// # Errors
    /// Model, parameters, loss and data that do not fit together.
    pub fn report(&self) -> Result<Report, ReportError> {
        let recording = self.recording;
        let page = Report::new(&self.title).section("Result").pairs(result::pairs(self)?);
        let page = page.section("Findings").findings(recording.findings.iter().map(told));
        let sections = self.sections()?.into_iter().filter(|(_, shown)| !shown.is_empty());
        let page = sections.fold(page, |page, (heading, shown)| {
            shown.iter().fold(page.section(heading), |page, (figure, note)| {
                let page = if note.is_empty() { page } else { page.text(note) };
                page.figure(figure)
            })
        });
        let configuration = recording.configuration.iter().map(|(name, value)| (name, value));
        let page = match recording.configuration.is_empty() {
            true => page,
            false => page.section("Configuration").pairs(configuration),
        };
        Ok(page.section("Environment").pairs(environment(recording)))
    }

    fn sections(&self) -> Result<[(&'static str, Vec<Shown>); 4], ReportError> {
        let recording = self.recording;
        let mut training = some(figure::losses(recording), LOSSES);
        training.extend(
            figure::metrics(recording).into_iter().flat_map(|metric| some(Some(metric), "")),
        );
        training.extend(some(figure::learning_rate(recording), ""));
        training.extend(some(figure::updates(recording), UPDATES));

        let mut answers = some(figure::confusion(self)?, CONFUSION);
        answers.extend(some(figure::pictures(self)?, ""));
        answers.extend(some(figure::decision(self)?, ""));

        let mut layers = some(figure::gradient_flow(recording), FLOW);
        layers.extend(some(figure::activations(recording), ACTIVATIONS));
        layers.extend(some(figure::units(self)?, UNITS));
        layers.extend(some(figure::weights(self), WEIGHTS));
        layers.extend(some(figure::landscape(self)?, LANDSCAPE));

        let mut model = some(figure::functions(self)?, FUNCTIONS);
        model.extend(some(figure::graph(self)?, ""));
        Ok([("Training", training), ("Answers", answers), ("Layers", layers), ("Model", model)])
    }

    /// Writes the page. The file is written beside its place and then moved there, so that an
    /// interruption or a full disk leaves what was there before.
    ///
    /// # Errors
    /// As [`report`](Material::report), or a file that cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        Ok(self.report()?.save(path)?)
    }
}

const LOSSES: &str = "The training loss of an epoch is the mean over its batches, taken while the \
                      weights still change, \
    and so often lies above the validation loss of the first epochs. Where it goes on falling \
    while the validation loss \
    rises, the model learns its training data by heart.";
const CONFUSION: &str =
    "A row for each true class, a column for each answer: what is right lies on the diagonal.";
const ACTIVATIONS: &str = "How often each layer gives which values. A single spike is a layer \
                           whose units all say the \
    same; mass at the ends of a sigmoid or tanh is saturation.";
const WEIGHTS: &str = "A picture for each unit of the first layer: pixels on orange raise it, \
                       pixels on blue lower it. What \
    looks like noise has hardly moved from its first, random weights.";
const FUNCTIONS: &str = "On the way back, a gradient is multiplied by the derivative: where that \
                         is near zero, little \
    is left.";
const UPDATES: &str = "By what part of itself each step changes a matrix of weights: about a \
                       thousandth is common \
    where training goes well. Far more makes the loss jump, far less learns next to nothing.";
const FLOW: &str = "The size of the signal that comes back to each layer. Where it falls from the \
                    last layer to the \
    first by orders of magnitude, gradients vanish; where it grows so, they explode.";
const UNITS: &str = "A dead unit lets no gradient through for any of these samples, so that they \
                     do not change what \
    leads into it; it may come back as the layers before it change. A saturated one is at an end \
    of its range for at \
    least nine samples in ten.";
const LANDSCAPE: &str = "The cross marks the trained weights. A step of 1 along either random \
                         direction changes the \
    weights into each unit by as much as they are.";

fn some(figure: Option<impl Figure + 'static>, note: &'static str) -> Vec<Shown> {
    figure.into_iter().map(|figure| (Box::new(figure) as Box<dyn Figure>, note)).collect()
}

fn environment(recording: &Recording) -> [(&'static str, String); 3] {
    let environment = &recording.environment;
    [
        ("chainrule", environment.version.clone()),
        ("machine", environment.machine.clone()),
        ("threads", environment.threads.to_string()),
    ]
}

/// A finding as the page shows it.
fn told(found: &chainrule_insight::Finding) -> Finding {
    let severity = match found.severity {
        finding::Severity::Info => Severity::Note,
        finding::Severity::Warning => Severity::Warning,
        finding::Severity::Error => Severity::Problem,
    };
    let layer = found.layer.as_ref().map_or_else(String::new, |layer| format!(" in layer {layer}"));
    Finding::new(severity, format!("{}{layer}", found.kind))
        .because(&found.evidence)
        .advice(&found.remedy)
}
