//! The files that a training leaves beside the network: a recording, and a report to be looked at.

use std::path::PathBuf;

use chainrule::insight::{Log, RecordingError};
use chainrule::prelude::*;
use chainrule::recipe::{Network, Recipe};
use chainrule::report::{Material, ReportError};
use chainrule::train::TrainError;

use crate::data::digits::Parts;
use crate::flags::config::Settings;
use crate::output::place::{Place, PlaceError};

/// More steps than this make a recording large, about 5 MB for the default network, and no picture
/// better.
const MOST: usize = 1000;

/// The files that were asked for.
#[derive(Debug)]
pub struct Traces {
    report: Option<Place>,
    record: Option<Place>,
}

/// Where they were written.
#[derive(Debug, Default)]
pub struct Left {
    pub report: Option<PathBuf>,
    pub record: Option<PathBuf>,
    /// The folder of the event files.
    pub tensorboard: Option<PathBuf>,
}

/// A training that is over, well or not.
pub struct Seen<'a> {
    pub settings: &'a Settings,
    pub network: &'a Network,
    pub parts: &'a Parts,
    pub fitted: &'a Result<History, TrainError>,
    pub log: Log,
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    #[error(transparent)]
    Record(#[from] RecordingError),
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl Traces {
    pub fn new(report: Option<PathBuf>, record: Option<PathBuf>) -> Self {
        let place = |flag, path: Option<PathBuf>| path.map(|path| Place::asked_for(flag, path));
        Traces { report: place("report", report), record: place("record", record) }
    }

    /// The places of those that were asked for.
    pub fn places(&self) -> Vec<&Place> {
        self.report.iter().chain(&self.record).collect()
    }

    /// The instruments, if anything is to be told of what they see.
    pub fn instruments(&self) -> Option<Instruments> {
        (!self.places().is_empty()).then(|| Instruments::new().at_most(MOST))
    }

    /// Checks that the files can be written, before there is anything to lose.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn check(&self) -> Result<(), PlaceError> {
        self.places().into_iter().try_for_each(Place::check)
    }

    /// Writes the files. One that cannot be written does not keep the other from being.
    pub fn leave(&self, seen: Seen<'_>) -> (Left, Result<(), TracesError>) {
        let (mut left, mut done) = (Left::default(), Ok(()));
        if self.places().is_empty() {
            return (left, done);
        }
        let Seen { settings, network, parts, fitted, log } = seen;
        let params = network.params();
        let mut recording = Recording::of(fitted).log(log).configuration(configuration(
            settings,
            network.recipe(),
            parts,
        ));
        let (model, loss) = (network.model(), CrossEntropy);
        let evidence = Evidence::new()
            .recording(&recording)
            .model(model)
            .params(params)
            .loss(&loss)
            .data(&parts.train);
        recording.findings = Diagnosis::new().findings(&evidence);
        if let Some(place) = &self.record {
            match recording.save(place.path()) {
                Ok(()) => left.record = Some(place.path().to_owned()),
                Err(error) => done = Err(error.into()),
            }
        }
        if let Some(place) = &self.report {
            let material =
                Material::new(format!("Handwritten digits, seed {}", settings.seed), &recording);
            let material = material
                .model(model)
                .params(params)
                .loss(&loss)
                .data(&parts.test)
                .images(Digits::SIDE, Digits::SIDE);
            match material.save(place.path()) {
                Ok(()) => left.report = Some(place.path().to_owned()),
                Err(error) => done = done.and(Err(error.into())),
            }
        }
        (left, done)
    }
}

impl Left {
    /// A line for each file.
    pub fn told(&self) -> String {
        let line = |what: &str, path: &Option<PathBuf>| {
            path.as_ref()
                .map_or_else(String::new, |path| format!("The {what} is in {}\n", path.display()))
        };
        let events = self.tensorboard.as_ref().map_or_else(String::new, |folder| {
            let folder = folder.display();
            format!("The events are in {folder}, for tensorboard --logdir {folder}\n")
        });
        line("recording", &self.record) + &line("report", &self.report) + &events
    }
}

fn configuration(
    settings: &Settings,
    recipe: &Recipe,
    parts: &Parts,
) -> Vec<(&'static str, String)> {
    let Settings { seed, epochs, batch_size, optimizer_text, learning_rate, .. } = settings;
    let hidden: Vec<String> = recipe.hidden.iter().map(usize::to_string).collect();
    let hidden = if hidden.is_empty() { "none".to_owned() } else { hidden.join(", ") };
    let digits = |part: &Dataset| part.len().to_string();
    vec![
        ("hidden layers", hidden),
        ("activation", recipe.activation.clone()),
        ("loss", Loss::<f32>::name(&CrossEntropy).to_owned()),
        ("optimizer", optimizer_text.clone()),
        ("learning rate", learning_rate.to_string()),
        ("batch size", batch_size.to_string()),
        ("epochs asked for", epochs.to_string()),
        ("seed", seed.to_string()),
        ("weights kept", "those of the epoch with the lowest validation loss".to_owned()),
        ("digits to train on", digits(&parts.train)),
        ("digits to choose the best epoch by", digits(&parts.validation)),
        ("digits to test on", digits(&parts.test)),
    ]
}
