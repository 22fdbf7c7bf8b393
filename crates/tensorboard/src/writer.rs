use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::protobuf::Message;
use crate::{EventError, Histogram, event, image, record};

/// Writes an event file that TensorBoard reads: numbers, histograms and pictures under names,
/// called tags, by step.
///
/// The part of a tag before its first `/` is the group under which TensorBoard shows it. What is
/// written reaches the file after at most two seconds, or as long as
/// [`flush_every`](EventWriter::flush_every) says, once the next value is written; at once by
/// [`flush`](EventWriter::flush).
///
/// ```
/// use chainrule_tensorboard::{EventWriter, Histogram};
///
/// # let folder = tempfile::tempdir()?;
/// # let runs = folder.path();
/// let mut events = EventWriter::create(runs.join("first"))?;
/// for step in 1..=100 {
///     let weights: Vec<f64> = (0..50).map(|i| f64::from(i) / step as f64).collect();
///     events.scalar("loss/training", step, 1.0 / step as f64)?;
///     events.histogram("weights/0", step, &Histogram::of(&weights, 30))?;
/// }
/// events.flush()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    file: BufWriter<File>,
    flush_every: Duration,
    flushed: Instant,
}

impl EventWriter {
    /// Begins a new event file in this folder, which is made if there is none. What is there stays
    /// as it is.
    ///
    /// TensorBoard takes all event files in one folder for one run: give each run its own.
    ///
    /// # Errors
    /// A folder in which no file can be made.
    pub fn create(folder: impl AsRef<Path>) -> Result<Self, EventError> {
        let folder = folder.as_ref();
        let failed = |source| EventError::Folder { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let now = seconds();
        let (path, file) = new_file(folder, now as u64).map_err(failed)?;
        let file = BufWriter::new(file);
        let mut writer = EventWriter {
            path,
            file,
            flush_every: Duration::from_secs(2),
            flushed: Instant::now(),
        };
        writer.write(&event::version(now))?;
        // So that TensorBoard knows of the run before its first value.
        writer.flush()?;
        Ok(writer)
    }

    /// How long values may wait in memory for the next one.
    #[must_use]
    pub fn flush_every(mut self, time: Duration) -> Self {
        self.flush_every = time;
        self
    }

    /// The file: `events.out.tfevents.` with the time in seconds and the number of the process.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A number at a step. It is stored in single precision; NaN and infinities are shown as such.
    ///
    /// # Errors
    /// An empty tag; a file that cannot be written.
    pub fn scalar(&mut self, tag: &str, step: u64, value: f64) -> Result<(), EventError> {
        self.value(tag, step, |tag| Ok(event::scalar(tag, value as f32)))
    }

    /// How values are distributed at a step.
    ///
    /// # Errors
    /// An empty tag; edges and counts that do not fit together; a file that cannot be written.
    pub fn histogram(
        &mut self,
        tag: &str,
        step: u64,
        histogram: &Histogram,
    ) -> Result<(), EventError> {
        self.value(tag, step, |tag| {
            histogram.check()?;
            Ok(event::histogram(tag, histogram))
        })
    }

    /// A picture at a step, as the bytes of a PNG file.
    ///
    /// # Errors
    /// An empty tag; bytes of something else; a file that cannot be written.
    pub fn image(&mut self, tag: &str, step: u64, png: &[u8]) -> Result<(), EventError> {
        self.value(tag, step, |tag| Ok(event::image(tag, image::header(png)?, png)))
    }

    /// Hands everything written so far to the operating system, so that a running TensorBoard sees
    /// it.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn flush(&mut self) -> Result<(), EventError> {
        self.flushed = Instant::now();
        self.file.flush().map_err(|source| EventError::Write { path: self.path.clone(), source })
    }

    fn value(
        &mut self,
        tag: &str,
        step: u64,
        message: impl FnOnce(&str) -> Result<Message, String>,
    ) -> Result<(), EventError> {
        if tag.is_empty() {
            return Err(EventError::value(tag, "the tag is empty"));
        }
        let step = i64::try_from(step)
            .map_err(|_| EventError::value(tag, format!("step {step} is too large")))?;
        let message = message(tag).map_err(|reason| EventError::value(tag, reason))?;
        self.write(&event::summary(seconds(), step, message))?;
        if self.flushed.elapsed() >= self.flush_every { self.flush() } else { Ok(()) }
    }

    fn write(&mut self, event: &[u8]) -> Result<(), EventError> {
        let written = self.file.write_all(&record::framed(event));
        written.map_err(|source| EventError::Write { path: self.path.clone(), source })
    }
}

/// A file under a name that is not taken. TensorBoard reads the files of a folder in the order of
/// their names.
fn new_file(folder: &Path, seconds: u64) -> std::io::Result<(PathBuf, File)> {
    let process = std::process::id();
    for number in 0_u64.. {
        let path =
            folder.join(format!("events.out.tfevents.{seconds:010}.chainrule.{process}.{number}"));
        match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            file => return Ok((path, file?)),
        }
    }
    unreachable!("no folder holds that many files")
}

/// Since 1970; 0 by a clock that is set to an earlier time.
fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_writer_has_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let writers: Vec<EventWriter> =
            (0..3).map(|_| EventWriter::create(folder.path()).unwrap()).collect();
        let mut paths: Vec<&Path> = writers.iter().map(EventWriter::path).collect();
        assert!(paths.is_sorted());
        paths.dedup();
        assert_eq!(paths.len(), 3);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn what_was_there_before_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (first, mut file) = new_file(folder.path(), 7).unwrap();
        file.write_all(b"before").unwrap();
        let (second, _) = new_file(folder.path(), 7).unwrap();
        assert_ne!(first, second);
        assert_eq!(fs::read(first).unwrap(), b"before");
    }

    #[test]
    fn values_wait_no_longer_than_they_are_allowed_to() {
        let folder = tempfile::tempdir().unwrap();
        let length = |writer: &EventWriter| fs::metadata(writer.path()).unwrap().len();
        let mut patient = EventWriter::create(folder.path()).unwrap().flush_every(Duration::MAX);
        let before = length(&patient);
        assert!(before > 0, "the version is there at once");
        patient.scalar("a", 1, 1.0).unwrap();
        assert_eq!(length(&patient), before);
        patient.flush().unwrap();
        assert!(length(&patient) > before);
        let mut hasty = EventWriter::create(folder.path()).unwrap().flush_every(Duration::ZERO);
        hasty.scalar("a", 1, 1.0).unwrap();
        assert_eq!(length(&hasty), length(&patient));
    }

    #[test]
    fn mistakes_are_named_and_leave_the_file_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(folder.path()).unwrap();
        let before = fs::read(writer.path()).unwrap();
        let wrong = Histogram { edges: vec![0.0], counts: vec![1], ..Histogram::default() };
        let told = [
            writer.scalar("", 1, 0.0).unwrap_err().to_string(),
            writer.scalar("loss", u64::MAX, 0.0).unwrap_err().to_string(),
            writer.histogram("h", 1, &wrong).unwrap_err().to_string(),
            writer.image("digits", 1, b"GIF89a").unwrap_err().to_string(),
        ];
        let expected = [
            "cannot write ``: the tag is empty",
            "cannot write `loss`: step 18446744073709551615 is too large",
            "cannot write `h`: 1 parts of a histogram have 2 edges, not 1",
            "cannot write `digits`: the bytes are not those of a PNG file",
        ];
        assert_eq!(told, expected);
        writer.flush().unwrap();
        assert_eq!(fs::read(writer.path()).unwrap(), before);
    }

    #[test]
    fn a_folder_that_cannot_be_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "kept").unwrap();
        for path in [file.clone(), file.join("below")] {
            let error = EventWriter::create(&path).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("cannot write event files in {}: ", path.display()))
            );
        }
        assert_eq!(fs::read(file).unwrap(), b"kept");
    }
}
