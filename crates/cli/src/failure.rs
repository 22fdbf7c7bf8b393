//! Why the program cannot do what it was asked to.

use std::fmt::Display;
use std::io;

use chainrule::data::DataError;
use chainrule::graph::BuildError;
use chainrule::insight::RecordingError;
use chainrule::nn::PredictError;
use chainrule::recipe::RecipeError;
use chainrule::train::TrainError;
use chainrule_plot::PlotError;
use chainrule_tensorboard::EventError;

use crate::flags::error::FlagError;
use crate::output::place::PlaceError;
use crate::output::traces::TracesError;
use crate::text::unfit;

/// A message of one line for each error, and what kind of error it is.
#[derive(Debug)]
pub struct Failure {
    pub kind: Kind,
    pub message: String,
}

/// Whose fault it is, which decides what the program exits with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A flag is wrong.
    Flag,
    /// A file that was given to be read is wrong.
    Input,
    /// Something else went wrong.
    Other,
}

impl Failure {
    /// A flag is wrong.
    pub fn flag(error: impl Display) -> Self {
        Failure { kind: Kind::Flag, message: error.to_string() }
    }

    /// A file that was given to be read is wrong.
    pub fn input(error: impl Display) -> Self {
        Failure { kind: Kind::Input, message: error.to_string() }
    }

    /// The operating system does not let signals be handled.
    pub fn signals(error: io::Error) -> Self {
        Failure::other(format!("cannot handle Ctrl-C: {error}"))
    }

    /// Something else went wrong.
    pub fn other(error: impl Display) -> Self {
        Failure { kind: Kind::Other, message: error.to_string() }
    }

    /// The code that the program exits with.
    pub fn code(&self) -> u8 {
        if self.kind == Kind::Other { 1 } else { 2 }
    }
}

impl From<FlagError> for Failure {
    fn from(error: FlagError) -> Self {
        Failure::flag(error)
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Failure::other(unfit::build(&error))
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        Failure::other(unfit::train(&error))
    }
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Self {
        Failure::other(unfit::recipe(&error))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::other(format!("cannot write to standard output: {error}"))
    }
}

macro_rules! told_as_they_are {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Failure::other(error)
            }
        })+
    };
}

told_as_they_are!(
    DataError,
    PredictError,
    PlotError,
    EventError,
    PlaceError,
    TracesError,
    RecordingError,
);
