//! Recordings: what a training leaves for reading later.

mod error;
mod fields;
mod json;
#[cfg(test)]
mod tests;

use std::path::Path;

use chainrule_tensor::parallel::Pool;
use chainrule_train::{EpochRecord, History, TrainError};
use serde_json::{Value, json};

use crate::finding::Failure;
use crate::{Finding, Log};
use json::{Json, Wrong, member, no_others};

pub use error::RecordingError;

/// All that a training leaves but its weights, as one JSON file: to be drawn, compared, or
/// diagnosed anew without model and data.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_insight::{Diagnosis, Evidence, Instruments, Recording};
/// use chainrule_nn::{Model, Sequential, loss::CrossEntropy};
/// use chainrule_train::{Trainer, optimizer::Adam};
///
/// let data = Digits::load()?.dataset().select(&(0..320).collect::<Vec<_>>())?;
/// let model = Sequential::new().linear(64, 16).relu().linear(16, 10);
/// let mut params = model.init([64], 0)?;
/// let mut instruments = Instruments::new();
/// let fitted = Trainer::new(&model, CrossEntropy, Adam::new(0.01))
///     .epochs(3)
///     .callback(&mut instruments)
///     .fit(&mut params, &data, None);
///
/// let mut recording = Recording::of(&fitted)
///     .log(instruments.into_log())
///     .configuration([("optimizer", "adam"), ("learning rate", "0.01")]);
/// let evidence = Evidence::new().recording(&recording).model(&model).params(&params).data(&data);
/// recording.findings = Diagnosis::new().findings(&evidence);
///
/// let path = std::env::temp_dir().join("chainrule-doc-recording.json");
/// recording.save(&path)?;
///
/// let loaded = Recording::load(&path)?;
/// assert_eq!(loaded, recording);
/// let anew = Diagnosis::<f32>::new().findings(&Evidence::new().recording(&loaded));
/// assert!(
///     anew.iter().all(|finding| loaded.findings.iter().any(|known| known.kind == finding.kind))
/// );
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// The network and how it was trained: names and values, in the order in which they are to be
    /// shown.
    pub configuration: Vec<(String, String)>,
    /// The environment that it was trained in.
    pub environment: Environment,
    /// How it went, epoch by epoch; `None` if it ended with an error, when [`Log::epochs`] has the
    /// epochs before that.
    pub history: Option<History>,
    /// The instruments' log; empty without them.
    pub log: Log,
    /// The findings when the training was over, the worst first.
    pub findings: Vec<Finding>,
    /// The error that ended it, if one did.
    pub failure: Option<Failure>,
}

/// The environment of a training. Nothing in it names the machine or its user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// The version of this library.
    pub version: String,
    /// The number of threads that work on large products.
    pub threads: usize,
    /// The kind of machine: architecture and operating system, such as `x86_64 linux`.
    pub machine: String,
}

impl Environment {
    /// That of this process, with the threads of the [shared pool](Pool::shared).
    #[must_use]
    pub fn here() -> Self {
        Environment {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            threads: Pool::shared().threads(),
            machine: format!("{} {}", std::env::consts::ARCH, std::env::consts::OS),
        }
    }
}

impl Recording {
    /// The version of the file's format that this library writes and reads.
    pub const VERSION: u64 = 1;

    /// The recording of a training that ended like this, in the environment of this process.
    #[must_use]
    pub fn of(fitted: &Result<History, TrainError>) -> Self {
        let (history, failure) = match fitted {
            Ok(history) => (Some(history.clone()), None),
            Err(error) => (None, Some(Failure::of(error))),
        };
        Recording { environment: Environment::here(), history, failure, ..Recording::default() }
    }

    /// With what the instruments have seen.
    #[must_use]
    pub fn log(mut self, log: Log) -> Self {
        self.log = log;
        self
    }

    /// With these names and values behind those that are there.
    #[must_use]
    pub fn configuration<K: ToString, V: ToString>(
        mut self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.configuration
            .extend(pairs.into_iter().map(|(name, value)| (name.to_string(), value.to_string())));
        self
    }

    /// The epochs that were completed, also of a training that ended with an error if there were
    /// instruments.
    #[must_use]
    pub fn epochs(&self) -> &[EpochRecord] {
        self.history.as_ref().map_or(&self.log.epochs, |history| &history.epochs)
    }

    /// Writes it as JSON. The file is written beside its place and then moved there, so that an
    /// interruption or a full disk leaves what was there before.
    ///
    /// Every number comes back as it is, NaN and infinities too. The same recording gives the same
    /// bytes.
    ///
    /// # Errors
    /// [`RecordingError::Io`] if the file cannot be written, and [`RecordingError::Inconsistent`],
    /// with nothing written, for a log whose parts do not belong together, since that could not be
    /// loaded.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), RecordingError> {
        let path = path.as_ref();
        self.check().map_err(|Wrong { at, expected }| RecordingError::Inconsistent {
            path: path.to_owned(),
            at,
            expected,
        })?;
        let io = |source| RecordingError::Io { action: "write", path: path.to_owned(), source };
        chainrule_files::replace(path, self.to_json().as_bytes()).map_err(io)
    }

    /// Reads what [`save`](Recording::save) wrote.
    ///
    /// # Errors
    /// A file that cannot be read, is no recording, is of another version of the format, ends too
    /// early, or is damaged.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, RecordingError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path);
        let bytes = bytes.map_err(|source| RecordingError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        Recording::from_json(path, &bytes)
    }

    /// Reads what [`save`](Recording::save) wrote, from its bytes; errors name the path that they
    /// came from.
    ///
    /// # Errors
    /// As [`load`](Recording::load), for all but reading.
    pub fn from_json(path: impl AsRef<Path>, bytes: &[u8]) -> Result<Self, RecordingError> {
        let owned = || path.as_ref().to_owned();
        let file: Value = serde_json::from_slice(bytes).map_err(|error| match error.is_eof() {
            true => RecordingError::Truncated { path: owned() },
            false => RecordingError::NotARecording { path: owned() },
        })?;
        if file.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(RecordingError::NotARecording { path: owned() });
        }
        let damaged =
            |Wrong { at, expected }| RecordingError::Damaged { path: owned(), at, expected };
        let found: u64 = member(&file, "version").map_err(damaged)?;
        if found != Self::VERSION {
            return Err(RecordingError::Version { path: owned(), found });
        }
        no_others(&file, &["format", "version", "recording"]).map_err(damaged)?;
        let recording: Recording = member(&file, "recording").map_err(damaged)?;
        recording.check().map_err(damaged)?;
        Ok(recording)
    }

    fn to_json(&self) -> String {
        format!(
            "{}\n",
            json!({ "format": FORMAT, "version": Self::VERSION, "recording": self.write() })
        )
    }

    /// Checks the rules that everyone who reads a log relies on: that there is an entry for each
    /// layer and each parameter.
    fn check(&self) -> Result<(), Wrong> {
        let Log { layers, parameters, records, windows, .. } = &self.log;
        for (i, record) in records.iter().enumerate() {
            if (record.layers.len(), record.parameters.len()) != (layers.len(), parameters.len()) {
                return Err(Wrong::new("an entry for each layer and each parameter")
                    .within(&format!("recording.log.records[{i}]")));
            }
        }
        for (i, window) in windows.iter().enumerate() {
            if window.layers.len() != layers.len() {
                return Err(Wrong::new("an entry for each layer")
                    .within(&format!("recording.log.windows[{i}]")));
            }
        }
        Ok(())
    }
}

/// The mark of such a file.
const FORMAT: &str = "chainrule recording";
