//! A training, seen in TensorBoard while it goes on.

use std::error::Error;
use std::fmt::{self, Debug};
use std::fs;
use std::path::{Path, PathBuf};

use chainrule_graph::Params;
use chainrule_insight::Instruments;
use chainrule_insight::monitor::{LayerInfo, LayerRecord, Log, Record, Statistics};
use chainrule_tensor::Real;
use chainrule_train::Scores;
use chainrule_train::callback::{
    BatchEnd, Callback, EpochEnd, FitPlan, Flow, Monitor, StepEnd, TraceEvent,
};

use crate::{EventError, EventWriter, Histogram};

/// A callback that writes one training as event files, without an effect on it.
///
/// Its folder gets two subfolders, `training` and `validation`, which TensorBoard shows as two
/// curves in one chart.
///
/// | tags | by | what |
/// |---|---|---|
/// | `epoch/loss`, `epoch/accuracy`, ... | epoch | loss and metrics on the training and the validation data |
/// | `step/loss`, `step/learning_rate` | step | the mean loss of the step's samples, and the learning rate |
/// | `weights/...` | step | histogram of each parameter after each epoch, as it is validated |
///
/// With [instruments](TensorBoard::instruments), at the steps that they observe:
///
/// | tags | what |
/// |---|---|
/// | `step/gradient_norm`, `gradient_norm/...` | norms of the whole gradient and of each parameter's |
/// | `update_ratio/...` | by what part of itself the step changed each parameter |
/// | `saturated/...`, `sparsity/...` | the parts of a layer's units that saturate, and that are exactly zero |
/// | `weight_gradients/...` | histogram of each parameter's gradient |
/// | `activations/...`, `pre_activations/...` | histograms of what layers compute |
/// | `activation_gradients/...`, `pre_activation_gradients/...` | histograms of the gradients with respect to them |
///
/// An error stops the writing, not the training: [`finish`](TensorBoard::finish) gives it.
///
/// A folder is for one training: in a second one, whose steps begin anew, the trainer refuses it
/// before the first step.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_insight::Instruments;
/// use chainrule_nn::{Model, Sequential, loss::CrossEntropy};
/// use chainrule_tensorboard::TensorBoard;
/// use chainrule_train::{Trainer, optimizer::Adam};
///
/// # let folder = tempfile::tempdir()?;
/// # let runs = folder.path();
/// let data = Digits::load()?.dataset().select(&(0..320).collect::<Vec<_>>())?;
/// let model = Sequential::new().linear(64, 16).tanh().linear(16, 10);
/// let mut params = model.init([64], 0)?;
///
/// let mut instruments = Instruments::new().every(5);
/// let mut tensorboard = TensorBoard::create(runs.join("tanh"))?.instruments(&mut instruments);
/// Trainer::new(&model, CrossEntropy, Adam::new(0.01))
///     .epochs(2)
///     .callback(&mut tensorboard)
///     .fit(&mut params, &data, None)?;
/// tensorboard.finish()?;
/// assert_eq!(instruments.log().records.len(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TensorBoard<'a, T: Real = f32> {
    folder: PathBuf,
    training: EventWriter,
    /// True if a training has begun.
    used: bool,
    /// Made at the first epoch that is validated.
    validation: Option<EventWriter>,
    bins: usize,
    instruments: Option<&'a mut Instruments<T>>,
    images: Vec<(String, Draw<'a, T>)>,
    failed: Option<EventError>,
    step: Progress,
    /// The names of the instruments' layers, each once.
    layers: Vec<String>,
    /// The step of the last of the instruments' records that is written.
    recorded: u64,
    gradients: Vec<Histogram>,
}

type Draw<'a, T> =
    Box<dyn FnMut(&EpochEnd<'_, T>) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> + 'a>;

/// The step that is being made.
#[derive(Debug, Default)]
struct Progress {
    /// The last one made, over all epochs.
    number: u64,
    /// Its learning rate, until it is written.
    learning_rate: Option<f64>,
    /// Divisor and sum of the mean loss of the epoch so far, and of what the last written step had
    /// of them.
    divisor: f64,
    loss: f64,
    before: (f64, f64),
}

impl<'a, T: Real> TensorBoard<'a, T> {
    /// Begins the events of one training in this folder, which is made if there is none.
    ///
    /// # Errors
    /// A folder that holds the events of another training, or in which no file can be made.
    pub fn create(folder: impl AsRef<Path>) -> Result<Self, EventError> {
        let folder = folder.as_ref().to_owned();
        for part in [TRAINING, VALIDATION] {
            let part = folder.join(part);
            let mut entries = fs::read_dir(&part).into_iter().flatten().flatten();
            if entries.any(|entry| entry.file_name().to_string_lossy().contains("tfevents")) {
                return Err(EventError::Occupied { path: folder });
            }
        }
        Ok(TensorBoard {
            training: EventWriter::create(folder.join(TRAINING))?,
            used: false,
            validation: None,
            folder,
            bins: 32,
            instruments: None,
            images: Vec::new(),
            failed: None,
            step: Progress::default(),
            layers: Vec::new(),
            recorded: 0,
            gradients: Vec::new(),
        })
    }

    /// Writes what these see as well. They are not to be handed to the trainer themselves.
    #[must_use]
    pub fn instruments(mut self, instruments: &'a mut Instruments<T>) -> Self {
        self.instruments = Some(instruments);
        self
    }

    /// Makes histograms of weights and of their gradients with so many parts; by default 32, and 0
    /// for none.
    #[must_use]
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = bins;
        self
    }

    /// Writes a picture after each epoch under this tag. It is the bytes of a PNG file that `draw`
    /// makes of the parameters or of the epoch's scores, such as first-layer weights or a confusion
    /// matrix. The trainer refuses two of one tag.
    #[must_use]
    pub fn image<E: Into<Box<dyn Error + Send + Sync>>>(
        mut self,
        tag: impl Into<String>,
        mut draw: impl FnMut(&EpochEnd<'_, T>) -> Result<Vec<u8>, E> + 'a,
    ) -> Self {
        self.images.push((tag.into(), Box::new(move |epoch| draw(epoch).map_err(Into::into))));
        self
    }

    /// Ends the files.
    ///
    /// # Errors
    /// The first thing that could not be written; all before it is there.
    pub fn finish(mut self) -> Result<(), EventError> {
        self.attempt(|this| {
            this.training.flush()?;
            this.validation.as_mut().map_or(Ok(()), EventWriter::flush)
        });
        self.failed.map_or(Ok(()), Err)
    }

    /// Does something unless an earlier thing has failed.
    fn attempt(&mut self, what: impl FnOnce(&mut Self) -> Result<(), EventError>) {
        if self.failed.is_none() {
            self.failed = what(self).err();
        }
    }

    fn write_step(&mut self, end: &BatchEnd) -> Result<(), EventError> {
        let step = &mut self.step;
        if end.batch == 1 {
            (step.divisor, step.loss, step.before) = (0.0, 0.0, (0.0, 0.0));
        }
        if end.divisor > 0.0 {
            step.divisor += end.divisor;
            step.loss = end.loss * step.divisor;
        }
        let Some(learning_rate) = step.learning_rate.take() else { return Ok(()) };
        let loss = (step.loss - step.before.1) / (step.divisor - step.before.0);
        step.before = (step.divisor, step.loss);
        self.training.scalar("step/loss", step.number, loss)?;
        self.training.scalar("step/learning_rate", step.number, learning_rate)
    }

    /// The records that the instruments have made since the last ones written.
    fn write_records(&mut self) -> Result<(), EventError> {
        let Some(instruments) = &self.instruments else { return Ok(()) };
        let log = instruments.log();
        if self.layers.len() != log.layers.len() {
            self.layers = names(&log.layers);
        }
        // By their steps, since instruments may thin out what they keep.
        for record in log.records.iter().filter(|record| record.step > self.recorded) {
            write_record(&mut self.training, log, &self.layers, record)?;
            for (parameter, gradient) in log.parameters.iter().zip(&self.gradients) {
                let tag = format!("weight_gradients/{}", parameter.name);
                self.training.histogram(&tag, record.step, gradient)?;
            }
        }
        self.recorded = log.records.last().map_or(self.recorded, |record| record.step);
        Ok(())
    }

    fn write_epoch(&mut self, end: &EpochEnd<'_, T>) -> Result<(), EventError> {
        let epoch = end.record.epoch as u64;
        write_scores(&mut self.training, epoch, &end.record.train)?;
        if let Some(scores) = &end.record.validation {
            if self.validation.is_none() {
                self.validation = Some(EventWriter::create(self.folder.join(VALIDATION))?);
            }
            let Some(writer) = &mut self.validation else { return Ok(()) };
            write_scores(writer, epoch, scores)?;
            writer.flush()?;
        }
        if self.bins > 0 {
            for (name, tensor) in end.params.iter() {
                let values = Histogram::from(&Statistics::of(tensor.values(), self.bins));
                self.training.histogram(&format!("weights/{name}"), self.step.number, &values)?;
            }
        }
        for (tag, draw) in &mut self.images {
            let png = draw(end).map_err(|error| EventError::value(tag, error.to_string()))?;
            self.training.image(tag, epoch, &png)?;
        }
        self.training.flush()
    }
}

const TRAINING: &str = "training";
const VALIDATION: &str = "validation";

fn write_scores(writer: &mut EventWriter, epoch: u64, scores: &Scores) -> Result<(), EventError> {
    writer.scalar("epoch/loss", epoch, scores.loss)?;
    scores
        .metrics
        .iter()
        .try_for_each(|(name, value)| writer.scalar(&format!("epoch/{name}"), epoch, *value))
}

fn write_record(
    writer: &mut EventWriter,
    log: &Log,
    layers: &[String],
    record: &Record,
) -> Result<(), EventError> {
    let step = record.step;
    writer.scalar("step/gradient_norm", step, record.gradient_norm)?;
    for (parameter, seen) in log.parameters.iter().zip(&record.parameters) {
        writer.scalar(&format!("gradient_norm/{}", parameter.name), step, seen.gradient_norm)?;
        if let Some(ratio) = seen.update_ratio() {
            writer.scalar(&format!("update_ratio/{}", parameter.name), step, ratio)?;
        }
    }
    for ((info, name), seen) in log.layers.iter().zip(layers).zip(&record.layers) {
        if info.activation.is_some() {
            writer.scalar(&format!("saturated/{name}"), step, seen.saturated)?;
            writer.scalar(&format!("sparsity/{name}"), step, seen.sparsity())?;
        }
        let LayerRecord {
            pre_activations,
            activations,
            pre_activation_gradients,
            activation_gradients,
            ..
        } = seen;
        for (group, statistics) in [
            ("pre_activations", pre_activations),
            ("activations", activations),
            ("pre_activation_gradients", pre_activation_gradients),
            ("activation_gradients", activation_gradients),
        ] {
            // Instruments may have been told to make no histograms.
            if let Some(statistics) =
                statistics.as_ref().filter(|seen| !seen.histogram.counts.is_empty())
            {
                writer.histogram(&format!("{group}/{name}"), step, &Histogram::from(statistics))?;
            }
        }
    }
    Ok(())
}

/// The layers' paths; one that comes again, as that of a layer which is applied twice, has its turn
/// behind it.
fn names(layers: &[LayerInfo]) -> Vec<String> {
    let named = |layer: &LayerInfo| {
        if layer.path.is_empty() { layer.op.clone() } else { layer.path.clone() }
    };
    let paths: Vec<String> = layers.iter().map(named).collect();
    let turn = |i: usize| paths[..i].iter().filter(|path| **path == paths[i]).count() + 1;
    let name = |i: usize| {
        if turn(i) == 1 { paths[i].clone() } else { format!("{} ({})", paths[i], turn(i)) }
    };
    (0..paths.len()).map(name).collect()
}

impl From<&Statistics> for Histogram {
    fn from(statistics: &Statistics) -> Self {
        Histogram {
            edges: statistics.histogram.edges().collect(),
            counts: statistics.histogram.counts.iter().map(|&count| count.into()).collect(),
            sum: statistics.mean * (statistics.count - statistics.non_finite) as f64,
            sum_of_squares: statistics.norm.powi(2),
        }
    }
}

impl<T: Real> Callback<T> for TensorBoard<'_, T> {
    fn monitors(&self) -> Vec<&Monitor> {
        self.instruments
            .as_ref()
            .map_or(Vec::new(), |instruments| Callback::<T>::monitors(&**instruments))
    }

    fn accepts(&self, plan: &FitPlan) -> Result<(), String> {
        if self.used {
            return Err(format!(
                "TensorBoard: {} already holds the events of a training, and the steps of another \
                 one begin anew; create \
                 another `TensorBoard`, with a folder of its own, for each training",
                self.folder.display()
            ));
        }
        self.instruments
            .as_ref()
            .map_or(Ok(()), |instruments| Callback::<T>::accepts(&**instruments, plan))
    }

    fn start(&mut self, plan: &FitPlan) {
        self.used = true;
        if let Some(instruments) = &mut self.instruments {
            instruments.start(plan);
        }
    }

    fn wants_trace(&self, step: u64) -> bool {
        self.instruments.as_ref().is_some_and(|instruments| instruments.wants_trace(step))
    }

    fn traced(&mut self, event: &TraceEvent<'_, T>) {
        if let Some(instruments) = &mut self.instruments {
            instruments.traced(event);
        }
        if let (TraceEvent::End(end), true) = (event, self.bins > 0) {
            // Of accumulated batches the last one has all of the gradient.
            let gradients =
                end.grads.iter().map(|(_, tensor)| Statistics::of(tensor.values(), self.bins));
            self.gradients = gradients.map(|seen| Histogram::from(&seen)).collect();
        }
    }

    fn step_end(&mut self, step: &StepEnd<'_, T>) {
        (self.step.number, self.step.learning_rate) = (step.step, Some(step.learning_rate));
        if let Some(instruments) = &mut self.instruments {
            instruments.step_end(step);
            self.attempt(Self::write_records);
        }
    }

    fn batch_end(&mut self, batch: &BatchEnd) {
        if let Some(instruments) = &mut self.instruments {
            Callback::<T>::batch_end(*instruments, batch);
        }
        self.attempt(|this| this.write_step(batch));
    }

    fn epoch_end(&mut self, epoch: &EpochEnd<'_, T>) -> Flow {
        let flow = self
            .instruments
            .as_mut()
            .map_or(Flow::Continue, |instruments| instruments.epoch_end(epoch));
        self.attempt(|this| this.write_epoch(epoch));
        flow
    }

    fn end(&mut self, params: &mut Params<T>) {
        if let Some(instruments) = &mut self.instruments {
            instruments.end(params);
        }
        self.attempt(|this| this.training.flush());
    }

    fn check(&self) -> Result<(), String> {
        let mut tags = self.images.iter().map(|(tag, _)| tag).enumerate();
        if let Some((_, tag)) =
            tags.find(|(i, tag)| self.images[..*i].iter().any(|(other, _)| other == *tag))
        {
            return Err(format!(
                "TensorBoard: two pictures have the tag `{tag}`; give each a tag of its own"
            ));
        }
        self.instruments.as_ref().map_or(Ok(()), |instruments| Callback::<T>::check(&**instruments))
    }
}

impl<T: Real> Debug for TensorBoard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TensorBoard").field("folder", &self.folder).finish_non_exhaustive()
    }
}
