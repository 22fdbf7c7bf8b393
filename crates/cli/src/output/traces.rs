//! The files that a training leaves beside the network: a recording, and a report to be looked at.

use std::path::PathBuf;

use chainrule::insight::{Log, RecordingError};
use chainrule::prelude::*;
use chainrule::recipe::Network;
use chainrule::report::{Material, ReportError};
use chainrule::train::TrainError;
use clap::Args;

use crate::output::place::{Place, PlaceError};

/// More steps than this make a recording large, about 5 MB for the default network, and no picture
/// better.
const MOST: usize = 1000;

/// The files that are to be left of a training beside the network.
#[derive(Clone, Debug, Args)]
pub struct TraceArgs {
    /// Watch the training, and show it on one page of HTML: curves, gradients, units, samples,
    /// findings
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,

    /// Watch the training, and write down what was seen as JSON, for reading later
    #[arg(long, value_name = "FILE.json")]
    pub record: Option<PathBuf>,

    /// Write loss, accuracy, gradients and what the layers do for TensorBoard, into a folder of
    /// this training alone
    #[arg(long, value_name = "FOLDER")]
    pub tensorboard: Option<PathBuf>,
}

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
    pub title: String,
    /// The training, as names and values.
    pub about: Vec<(&'static str, String)>,
    pub network: &'a Network,
    pub loss: &'a dyn Loss,
    pub train: &'a Dataset,
    pub test: &'a Dataset,
    /// Samples are pictures of so many pixels a side.
    pub side: Option<usize>,
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
    pub fn new(args: &TraceArgs) -> Self {
        let place = |flag, path: &Option<PathBuf>| {
            path.as_ref().map(|path| Place::asked_for(flag, path.clone()))
        };
        Traces { report: place("report", &args.report), record: place("record", &args.record) }
    }

    /// The places of those that were asked for.
    pub fn places(&self) -> Vec<&Place> {
        self.report.iter().chain(&self.record).collect()
    }

    /// The instruments, if anything is to be told of what they see.
    pub fn instruments(&self) -> Option<Instruments> {
        (!self.places().is_empty()).then(|| Instruments::new().at_most(MOST))
    }

    /// Checks that the files can be written, found out before there is anything to lose.
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
        let Seen { title, about, network, loss, train, test, side, fitted, log } = seen;
        let (model, params) = (network.model(), network.params());
        let mut recording = Recording::of(fitted).log(log).configuration(about);
        let known = Evidence::new().model(model).params(params).loss(loss);
        let evidence = known.recording(&recording).data(train);
        recording.findings = Diagnosis::new().findings(&evidence);
        if let Some(place) = &self.record {
            match recording.save(place.path()) {
                Ok(()) => left.record = Some(place.path().to_owned()),
                Err(error) => done = Err(error.into()),
            }
        }
        if let Some(place) = &self.report {
            let material = Material::new(title, &recording).evidence(known.data(test));
            let material = match side {
                Some(side) => material.images(side, side),
                None => material,
            };
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
