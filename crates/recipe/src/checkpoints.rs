//! The state of a training in files, from which it goes on.

use std::fs;
use std::path::{Path, PathBuf};

use chainrule_checkpoint::{CheckpointError, encode_vectors, load_vectors};
use chainrule_data::{Dataset, Targets};
use chainrule_tensor::Real;
use chainrule_train::{EpochRecord, Memory, OptimizerMemory, Scores, Snapshot, metric};

use crate::field::Field;
use crate::text::{FITTED, lines, read};
use crate::{Prepared, Recipe, RecipeError};

/// A folder with the state of a training after its last epochs and after its best one. From it the
/// training goes on with the bits of one that was never stopped.
///
/// A file is written aside, and takes its name once it is on the disk, so that a process that is
/// killed leaves the ones before. Each holds its recipe, a mark of the data and a check sum.
///
/// ```
/// use chainrule_data::Digits;
/// use chainrule_recipe::{Checkpoints, Recipe};
///
/// let digits = Digits::load()?.dataset::<f32>().select(&(0..200).collect::<Vec<_>>())?;
/// let folder = std::env::temp_dir().join("chainrule-doc-checkpoints");
/// let checkpoints = Checkpoints::new(&folder);
/// let half = Recipe { epochs: 2, ..Recipe::default() };
/// let prepared = half.prepare(&digits, None)?;
/// prepared.fit_kept(prepared.trainer()?, &checkpoints, None)?;
///
/// let whole = Recipe { epochs: 4, ..half };
/// let prepared = whole.prepare(&digits, None)?;
/// let found = checkpoints.latest(&prepared)?;
/// let run = prepared.fit_kept(prepared.trainer()?, &checkpoints, found)?;
/// assert_eq!(run.epochs.len(), 4);
/// let straight = whole.run(&digits, None, &mut [])?;
/// assert_eq!(run.network.params().values(), straight.network.params().values());
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
}

/// The newest state in a folder that is whole.
#[derive(Clone, Debug)]
pub struct Found<T: Real = f32> {
    /// The state.
    pub snapshot: Snapshot<T>,
    /// Its file.
    pub path: PathBuf,
    /// Newer files that are damaged, each with what is wrong with it.
    pub damaged: Vec<(PathBuf, String)>,
}

/// The part of a file's text that stands beside the recipe.
#[derive(Default)]
struct Beside {
    data: String,
    check_sum: String,
    optimizer: String,
    stopped: bool,
    metrics: Vec<String>,
    /// `name: number, number; vector, vector`, for each callback.
    callbacks: Vec<String>,
}

impl Beside {
    fn fields(&mut self) -> Vec<(&'static str, Field<'_>)> {
        vec![
            ("data", Field::Text(&mut self.data)),
            ("check_sum", Field::Text(&mut self.check_sum)),
            ("optimizer_name", Field::Text(&mut self.optimizer)),
            ("stopped", Field::Flag(&mut self.stopped)),
            ("measured", Field::Texts(&mut self.metrics)),
            ("callbacks", Field::Texts(&mut self.callbacks)),
        ]
    }
}

impl Checkpoints {
    /// States in this folder, which is made if it is not there: the last two and the best.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Checkpoints { folder: folder.into(), keep: 2 }
    }

    /// Keeps the last so many, at least one.
    #[must_use]
    pub fn keep(mut self, last: usize) -> Self {
        self.keep = last.max(1);
        self
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The newest state that is whole; none in a folder without any.
    ///
    /// # Errors
    /// A folder that cannot be read; a state of another recipe or other data than these, the number
    /// of epochs excepted; states of which none is whole.
    pub fn latest<T: Real>(
        &self,
        prepared: &Prepared<'_, T>,
    ) -> Result<Option<Found<T>>, RecipeError> {
        let mut damaged = Vec::new();
        for (_, path) in self.files()?.into_iter().rev() {
            match self.load(&path, prepared) {
                Ok(snapshot) => return Ok(Some(Found { snapshot, path, damaged })),
                Err(Fault::Damaged(why)) => damaged.push((path, why)),
                Err(Fault::Other(why)) => return Err(RecipeError::File(path, why)),
            }
        }
        match damaged.into_iter().next() {
            None => Ok(None),
            Some((path, why)) => Err(RecipeError::File(
                path,
                format!("{why}; no older state is whole either: begin the training anew"),
            )),
        }
    }

    /// Writes the state after an epoch, and removes those that are no longer needed.
    ///
    /// # Errors
    /// A folder or a file that cannot be written.
    pub fn save<T: Real>(
        &self,
        prepared: &Prepared<'_, T>,
        snapshot: &Snapshot<T>,
    ) -> Result<PathBuf, RecipeError> {
        let path = self.folder.join(format!("epoch-{:06}.safetensors", snapshot.epochs.len()));
        let failed = |source: std::io::Error| {
            let advice = chainrule_files::advice(&source);
            RecipeError::File(path.clone(), format!("cannot write it: {source}{advice}"))
        };
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let bytes = encode(prepared, snapshot)?;
        chainrule_files::replace(&path, &bytes).map_err(failed)?;
        let best = prepared.network().recipe().best_epoch(&snapshot.epochs)?;
        let files = self.files()?;
        let old = files.len().saturating_sub(self.keep);
        for (epoch, path) in &files[..old] {
            if best.is_none_or(|(best, _)| *epoch != best) {
                // One that cannot be removed is in nobody's way.
                let _ = fs::remove_file(path);
            }
        }
        Ok(path)
    }

    /// The files of states by epoch, in order.
    fn files(&self) -> Result<Vec<(usize, PathBuf)>, RecipeError> {
        let listed = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed,
        };
        let failed =
            |error: std::io::Error| RecipeError::File(self.folder.clone(), error.to_string());
        let mut files = Vec::new();
        for entry in listed.map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let number = name.strip_prefix("epoch-").and_then(|n| n.strip_suffix(".safetensors"));
            if let Some(epoch) = number.and_then(|number| number.parse().ok()) {
                files.push((epoch, path));
            }
        }
        files.sort();
        Ok(files)
    }

    fn load<T: Real>(&self, path: &Path, prepared: &Prepared<'_, T>) -> Result<Snapshot<T>, Fault> {
        let (text, vectors) = load_vectors(path).map_err(|error| match error {
            CheckpointError::Format { source, .. } => Fault::Damaged(source.to_string()),
            error => Fault::Other(error.to_string()),
        })?;
        let mut beside = Beside::default();
        let recipe = read(&text, Some(&mut beside.fields()))
            .map_err(|error| Fault::Damaged(error.to_string()))?;
        let vector = |name: &str| {
            let found = vectors.get(name);
            found.ok_or_else(|| Fault::Damaged(format!("`{name}` is missing")))
        };
        let sums = vectors.iter().map(|(name, vector)| summed(name, vector, |x| x));
        let sum = sums.fold(0, u64::wrapping_add);
        if beside.check_sum != format!("{sum:016x}") {
            return Err(Fault::Damaged("its numbers do not give its check sum".to_owned()));
        }
        let ours = prepared.network().recipe();
        if let Some(key) = different(&recipe, ours) {
            return Err(Fault::Other(format!(
                "it was left by another training: `{key}` is not the same; take its recipe, or \
                 another folder"
            )));
        }
        if beside.data != prepared.mark() {
            let why = "it was left by a training on other data; take those, or another folder";
            return Err(Fault::Other(why.to_owned()));
        }
        snapshot(ours, beside, vector)
    }
}

/// Why a file gives no state.
enum Fault {
    /// It is not whole; one before it may be.
    Damaged(String),
    /// It is whole, but of no use here.
    Other(String),
}

/// The first key by which recipes differ, the number of epochs excepted.
fn different(theirs: &Recipe, ours: &Recipe) -> Option<&'static str> {
    let (mut theirs, mut ours) =
        (Recipe { epochs: 1, ..theirs.clone() }, Recipe { epochs: 1, ..ours.clone() });
    let (theirs, ours) = (theirs.fields(), ours.fields());
    let pairs = theirs.iter().zip(&ours);
    pairs.filter(|((_, a), (_, b))| a.toml() != b.toml()).map(|((key, _), _)| *key).next()
}

/// Numbers mixed into a sum of 64 bits; another order or another bit gives another sum.
fn mixed<X: Copy>(sum: u64, values: &[X], number: impl Fn(X) -> f64) -> u64 {
    let step =
        |sum: u64, bits: u64| (sum ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let begun = step(sum, values.len() as u64);
    values.iter().fold(begun, |sum, &value| step(sum, number(value).to_bits()))
}

/// The part of a named vector in a check sum, whatever the order of the vectors.
fn summed<X: Copy>(name: &str, values: &[X], number: impl Fn(X) -> f64) -> u64 {
    mixed(mixed(0, name.as_bytes(), f64::from), values, number)
}

/// A mark of the data that a training goes by: that of another table is another.
pub(crate) fn mark<T: Real>(prepared: &Prepared<'_, T>) -> String {
    let of = |sum: u64, data: &Dataset<T>| {
        let sum = mixed(sum, data.inputs().values(), T::to_f64);
        match data.targets() {
            Targets::Classes { indices, classes } => {
                mixed(mixed(sum, &[*classes], |count| count as f64), indices, f64::from)
            }
            Targets::Values(tensor) | Targets::Probabilities(tensor) | Targets::Labels(tensor) => {
                mixed(sum, tensor.values(), T::to_f64)
            }
        }
    };
    let sum = of(0, prepared.train());
    format!("{:016x}", prepared.validation().map_or(sum, |data| of(sum, data)))
}

/// The numbers of each epoch, side by side.
fn record(epoch: &EpochRecord) -> Vec<f64> {
    let scores = |scores: &Scores| {
        let metrics = scores.metrics.iter().map(|(_, value)| *value);
        [scores.loss].into_iter().chain(metrics).collect::<Vec<_>>()
    };
    let validation = epoch.validation.as_ref().map_or_else(Vec::new, scores);
    let time = [epoch.learning_rate, epoch.seconds, epoch.samples_per_second];
    [&time[..], &scores(&epoch.train), &validation].concat()
}

fn encode<T: Real>(
    prepared: &Prepared<'_, T>,
    snapshot: &Snapshot<T>,
) -> Result<Vec<u8>, RecipeError> {
    let OptimizerMemory { name, steps, largest_rate, squares, slots } = &snapshot.optimizer;
    let last = snapshot.epochs.last();
    let metrics = last.into_iter().flat_map(|epoch| &epoch.train.metrics);
    let records: Vec<f64> = snapshot.epochs.iter().flat_map(record).collect();
    let optimizer = [*steps as f64, *largest_rate, *squares];
    let done = [snapshot.epochs.len() as f64];
    let mut values: Vec<(String, &[T])> = vec![
        ("weights".to_owned(), &snapshot.weights),
        ("statistics".to_owned(), &snapshot.statistics),
    ];
    values.extend(slots.iter().zip(0..).map(|(slot, i)| (format!("slot.{i}"), &slot[..])));
    let memories = || snapshot.callbacks.iter().zip(0..);
    for ((_, memory), i) in memories() {
        let vectors = memory.vectors.iter();
        values.extend(vectors.map(|(name, vector)| (format!("callback.{i}.{name}"), &vector[..])));
    }
    let remembered: Vec<(String, Vec<f64>)> = memories()
        .map(|((_, memory), i)| {
            let numbers = memory.numbers.iter().map(|(_, number)| *number).collect();
            (format!("numbers.{i}"), numbers)
        })
        .collect();
    let mut numbers: Vec<(&str, &[f64])> =
        vec![("epochs", &records), ("done", &done), ("optimizer", &optimizer)];
    numbers.extend(remembered.iter().map(|(name, numbers)| (name.as_str(), &numbers[..])));
    let values: Vec<(&str, &[T])> = values.iter().map(|(name, x)| (name.as_str(), *x)).collect();

    let of_values = values.iter().map(|(name, x)| summed(name, x, T::to_f64));
    let of_numbers = numbers.iter().map(|(name, x)| summed(name, x, |x| x));
    let sum = of_values.chain(of_numbers).fold(0, u64::wrapping_add);
    let mut beside = Beside {
        data: prepared.mark().to_owned(),
        check_sum: format!("{sum:016x}"),
        optimizer: name.clone(),
        stopped: snapshot.stopped,
        metrics: metrics.map(|(name, _)| (*name).to_owned()).collect(),
        callbacks: snapshot.callbacks.iter().map(named).collect(),
    };
    let recipe = prepared.network().recipe().to_toml();
    let text = format!("{recipe}\n[{FITTED}]\n{}", lines(beside.fields().iter()));
    Ok(encode_vectors(&text, &values, &numbers)?)
}

/// A callback's name with those of its numbers and vectors.
fn named<T: Real>((name, memory): &(String, Memory<T>)) -> String {
    let numbers: Vec<&str> = memory.numbers.iter().map(|(name, _)| name.as_str()).collect();
    let vectors: Vec<&str> = memory.vectors.iter().map(|(name, _)| name.as_str()).collect();
    format!("{name}: {}; {}", numbers.join(", "), vectors.join(", "))
}

fn each(names: &str) -> impl Iterator<Item = &str> {
    names.split(", ").filter(|name| !name.is_empty())
}

/// The state that a file's vectors make.
fn snapshot<'v, T: Real>(
    recipe: &Recipe,
    beside: Beside,
    vector: impl Fn(&str) -> Result<&'v Vec<f64>, Fault>,
) -> Result<Snapshot<T>, Fault> {
    let damaged = |why: &str| Fault::Damaged(why.to_owned());
    let values =
        |values: &[f64]| values.iter().map(|&value| T::from_f64(value)).collect::<Vec<T>>();
    let names: Vec<&'static str> = recipe
        .metrics
        .iter()
        .filter_map(|text| metric::by_name::<T>(text).ok().map(|metric| metric.name()))
        .collect();
    if names != beside.metrics {
        return Err(damaged("its metrics are not those of its recipe"));
    }
    let [steps, largest_rate, squares] = vector("optimizer")?[..] else {
        return Err(damaged("`optimizer` must be three numbers"));
    };
    let mut slots = Vec::new();
    while let Ok(slot) = vector(&format!("slot.{}", slots.len())) {
        slots.push(values(slot));
    }
    let callbacks = beside.callbacks.iter().zip(0..).map(|(text, i)| {
        let (name, known) = text.split_once(": ").unwrap_or((text, ""));
        let (numbers, vectors) = known.split_once("; ").unwrap_or((known, ""));
        let mut memory = Memory::default();
        for (number, value) in each(numbers).zip(vector(&format!("numbers.{i}"))?) {
            memory.put(number, Some(*value));
        }
        for known in each(vectors) {
            memory.put_vector(known, &values(vector(&format!("callback.{i}.{known}"))?));
        }
        Ok((name.to_owned(), memory))
    });
    let (done, records) = (vector("done")?, vector("epochs")?);
    let done = done.first().map_or(0, |&done| done as usize);
    let width = records.len().checked_div(done).unwrap_or(0);
    let one = 1 + names.len();
    if width * done != records.len() || (width != 3 + one && width != 3 + 2 * one) {
        return Err(damaged("`epochs` has not the numbers of its epochs"));
    }
    let scores = |numbers: &[f64]| Scores {
        loss: numbers[0],
        metrics: names.iter().copied().zip(numbers[1..].iter().copied()).collect(),
    };
    let epochs = records.chunks(width).zip(1..).map(|(numbers, epoch)| EpochRecord {
        epoch,
        train: scores(&numbers[3..3 + one]),
        validation: numbers.get(3 + one..3 + 2 * one).map(scores),
        learning_rate: numbers[0],
        seconds: numbers[1],
        samples_per_second: numbers[2],
    });
    Ok(Snapshot {
        epochs: epochs.collect(),
        stopped: beside.stopped,
        weights: values(vector("weights")?),
        statistics: values(vector("statistics")?),
        optimizer: OptimizerMemory {
            name: beside.optimizer,
            steps: steps as u64,
            largest_rate,
            squares,
            slots,
        },
        callbacks: callbacks.collect::<Result<_, Fault>>()?,
    })
}
