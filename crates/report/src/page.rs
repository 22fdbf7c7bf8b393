//! The page: which figures there are, and what is said between them.

use std::io::Write;
use std::path::Path;

use chainrule_insight::Recording;
use chainrule_insight::finding;
use chainrule_plot::{Figure, Finding, PlotError, Report, Severity};
use chainrule_tensor::Real;
use chainrule_train::{Scores, StopReason};

use crate::{ReportError, Run, figure};

type Section = (&'static str, Vec<Box<dyn Figure>>);

impl<T: Real> Run<'_, T> {
    /// All figures that apply, in sections with their headings; a section without figures is left out.
    ///
    /// # Errors
    /// Model, parameters, loss and data that do not fit together.
    pub fn figures(&self) -> Result<Vec<Section>, ReportError> {
        let recording = self.recording;
        let mut training = some(figure::losses(recording));
        training.extend(figure::metrics(recording).into_iter().map(boxed));
        training.extend(some(figure::learning_rate(recording)));
        training.extend(some(figure::updates(recording)));

        let mut answers = some(figure::confusion(self)?);
        answers.extend(some(figure::pictures(self)?));
        answers.extend(some(figure::decision(self)?));

        let mut layers = some(figure::gradient_flow(recording));
        layers.extend(some(figure::activations(recording)));
        layers.extend(some(figure::units(self)?));
        layers.extend(some(figure::weights(self)));
        layers.extend(some(figure::landscape(self)?));

        let mut model = some(figure::functions(self)?);
        model.extend(some(figure::graph(self)?));
        let sections = [("Training", training), ("Answers", answers), ("Layers", layers), ("Model", model)];
        Ok(sections.into_iter().filter(|(_, figures)| !figures.is_empty()).collect())
    }

    /// The page: how it ended, the findings, all figures that apply, the configuration and the environment.
    ///
    /// # Errors
    /// Model, parameters, loss and data that do not fit together.
    pub fn report(&self) -> Result<Report, ReportError> {
        let recording = self.recording;
        let page = Report::new(&self.title).section("Result").pairs(result(recording));
        let page = page.section("Findings").findings(recording.findings.iter().map(told));
        let page = self.figures()?.into_iter().fold(page, |page, (heading, figures)| {
            figures.iter().fold(page.section(heading), |page, figure| page.figure(figure))
        });
        let page = match recording.configuration.is_empty() {
            true => page,
            false => {
                page.section("Configuration").pairs(recording.configuration.iter().map(|(name, value)| (name, value)))
            }
        };
        Ok(page.section("Environment").pairs(environment(recording)))
    }

    /// Writes the page. The file is written beside its place and then moved there, so that an interruption or a full disk
    /// leaves what was there before.
    ///
    /// # Errors
    /// As [`report`](Run::report), or a file that cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        let (path, html) = (path.as_ref(), self.report()?.html());
        write(path, &html).map_err(|source| PlotError::Write { path: path.to_owned(), source }.into())
    }
}

fn boxed(figure: impl Figure + 'static) -> Box<dyn Figure> {
    Box::new(figure)
}

fn some(figure: Option<impl Figure + 'static>) -> Vec<Box<dyn Figure>> {
    figure.into_iter().map(boxed).collect()
}

fn result(recording: &Recording) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut pair = |name: String, value: String| pairs.push((name, value));
    let epochs = recording.epochs();
    let ended = match (&recording.failure, recording.history.as_ref().map(|history| history.stop)) {
        (Some(failure), _) => format!("failed: {}", failure.message),
        (None, Some(StopReason::Finished)) => "all epochs done".to_owned(),
        (None, Some(StopReason::Callback)) => "a callback had seen enough".to_owned(),
        (None, Some(StopReason::Interrupted)) => "interrupted".to_owned(),
        (None, None) => "not known".to_owned(),
    };
    pair("ended".to_owned(), ended);
    pair("epochs".to_owned(), epochs.len().to_string());
    if let Some(last) = epochs.last() {
        let mut tell = |what: &str, scores: &Scores| {
            pair(format!("{what} loss"), number(scores.loss));
            for (name, value) in &scores.metrics {
                pair(format!("{what} {}", name.replace('_', " ")), number(*value));
            }
        };
        tell("training", &last.train);
        if let Some(validation) = &last.validation {
            tell("validation", validation);
        }
        pair("training time".to_owned(), format!("{:.2} s", epochs.iter().map(|record| record.seconds).sum::<f64>()));
    }
    pairs
}

fn environment(recording: &Recording) -> [(&'static str, String); 3] {
    let environment = &recording.environment;
    [
        ("chainrule", environment.version.clone()),
        ("machine", environment.machine.clone()),
        ("threads", environment.threads.to_string()),
    ]
}

/// A number for a table: four digits.
fn number(x: f64) -> String {
    if x == 0.0 || (1e-3..1e6).contains(&x.abs()) { format!("{x:.4}") } else { format!("{x:.3e}") }
}

/// A finding as the page shows it.
fn told(found: &chainrule_insight::Finding) -> Finding {
    let severity = match found.severity {
        finding::Severity::Info => Severity::Note,
        finding::Severity::Warning => Severity::Warning,
        finding::Severity::Error => Severity::Problem,
    };
    let layer = found.layer.as_ref().map_or_else(String::new, |layer| format!(" ({layer})"));
    Finding::new(severity, format!("{}{layer}", found.kind)).because(&found.evidence).advice(&found.remedy)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".chainrule-");
    // The permissions that any new file gets.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
